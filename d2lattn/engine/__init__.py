"""A Transformer that runs in the page: its weights packed, and the engine.

The engine is plain JavaScript that reads like chapter 6, in `static`. It takes
a Transformer of this package, to translate or to go on with a text. In a
running notebook, PyTorch drives a `Translator` of any encoder and decoder, and
a `Continuer` of any language model.
"""

from d2lattn.engine.continuer import Continuer
from d2lattn.engine.packing import (
    Packed,
    model_file,
    pack,
    quantize,
    script,
)
from d2lattn.engine.page import Translator

__all__ = [
    "Continuer",
    "Packed",
    "Translator",
    "model_file",
    "pack",
    "quantize",
    "script",
]
