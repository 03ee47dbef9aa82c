"""A Transformer that runs in the page: its weights packed, and the engine.

The engine is plain JavaScript that reads like chapter 6, in `static`. It takes
a Transformer of this package, for translation or for one language alone. In a
running notebook, PyTorch drives a `Translator` of any encoder and decoder.
"""

from d2lattn.engine.packing import (
    Packed,
    model_file,
    pack,
    quantize,
    script,
)
from d2lattn.engine.page import Translator

__all__ = ["Packed", "Translator", "model_file", "pack", "quantize", "script"]
