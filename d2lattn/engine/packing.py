"""Weights packed small: whole numbers, one scale a row, deflated.

The reader of this format is `static/weights.js`.
"""

import base64
import json
import zlib
from collections.abc import Iterable
from importlib.resources import files
from typing import Any, TypedDict

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from d2lattn.corpora.vocabulary import Vocab

STATIC = files("d2lattn.engine") / "static"
#: The parts of the engine, each after those that it needs.
PARTS = (
    *("tensors", "attention", "layers", "transformer", "weights"),
    *("beams", "decoding", "sampling", "vocabulary"),
)


class Packed(TypedDict):
    """A model as it travels: what JSON can hold.

    `weights` is deflated, in base64. It has `floats` numbers of 32 bits, those
    of each vector and the scales of each matrix in the order of `tensors`, and
    then the whole numbers of all matrices. Where they have 16 bits, all low
    bytes come before the high ones, which are nearly alike and so cost little.
    """

    num_heads: int
    norm_first: bool
    bits: int
    floats: int
    tensors: list[tuple[str, list[int]]]
    weights: str
    src_vocab: list[str] | None
    tgt_vocab: list[str]


def quantize(
    weight: Float[Tensor, "m n"], bits: int = 8
) -> tuple[Integer[Tensor, "m n"], Float[Tensor, "m"]]:
    r"""Round each row to whole numbers that share one scale.

    $$w_{ij} \approx s_i\,c_{ij}, \qquad
      s_i = \frac{\max_j |w_{ij}|}{2^{b - 1} - 1}, \qquad
      c_{ij} = \operatorname{round}\left(\frac{w_{ij}}{s_i}\right)$$

    for $b$ = `bits`. A row of zeros has scale 0.

    Raises `ValueError` where `bits` are not between 2 and 16.

    >>> codes, scales = quantize(torch.tensor([[0.5, -2.0], [0.0, 0.0]]))
    >>> codes
    tensor([[  32, -127],
            [   0,    0]])
    >>> scales * 127
    tensor([2., 0.])
    """
    if not 2 <= bits <= 16:
        raise ValueError(f"bits must lie between 2 and 16, but are {bits}")
    scales = weight.float().abs().amax(dim=1) / (2 ** (bits - 1) - 1)  # (m,)
    steps = scales.where(scales > 0, 1.0)[:, None]  # (m, 1)
    return (weight.float() / steps).round().long(), scales


@torch.no_grad()
def pack(
    model: nn.Module,
    src_vocab: Vocab | None,
    tgt_vocab: Vocab,
    *,
    bits: int = 8,
) -> Packed:
    """Pack a Transformer and its vocabularies for the engine.

    The model is an encoder and a decoder, or a decoder alone, which has no
    source and no `src_vocab`. Matrices are rounded by `quantize`; vectors,
    those of the norms and the biases, stay as they are in float32. Weights
    that two layers share travel once.

    Raises `ValueError` where the model is no such Transformer or has heads or
    norms of several kinds, and as `quantize` does.

    >>> from d2lattn.seq2seq import EncoderDecoder
    >>> from d2lattn.transformer import TransformerDecoder, TransformerEncoder
    >>> vocabs = Vocab([["he", "ran"]]), Vocab([["il", "court"]])
    >>> sizes = {"num_hiddens": 8, "ffn_num_hiddens": 16, "num_heads": 2}
    >>> model = EncoderDecoder(
    ...     TransformerEncoder(6, **sizes, num_blks=1),
    ...     TransformerDecoder(6, **sizes, num_blks=1),
    ... )
    >>> packed = pack(model, *vocabs)
    >>> packed["num_heads"], packed["norm_first"], packed["tensors"][0]
    (2, False, ('encoder.embedding.weight', [6, 8]))
    """
    num_heads, norm_first = _sizes(model)
    tensors = dict(model.named_parameters())
    floats, whole, size = [], [], 1 if bits <= 8 else 2
    for name, tensor in tensors.items():
        if tensor.ndim not in (1, 2):
            raise ValueError(
                f"{name} must be a vector or a matrix, but has shape "
                f"{tuple(tensor.shape)}"
            )
        if tensor.ndim == 2:
            codes, tensor = quantize(tensor, bits)
            whole.append(codes.cpu().numpy().astype(f"<i{size}").ravel())
        floats.append(tensor.float().cpu().numpy().astype("<f4"))
    bytes_ = np.concatenate(whole).view("u1").reshape(-1, size)
    data = b"".join(array.tobytes() for array in (*floats, *bytes_.T))
    return {
        "num_heads": num_heads,
        "norm_first": norm_first,
        "bits": 8 * size,
        "floats": sum(map(np.size, floats)),
        "tensors": [(n, list(tensor.shape)) for n, tensor in tensors.items()],
        "weights": base64.b64encode(zlib.compress(data, 9)).decode("ascii"),
        "src_vocab": None if src_vocab is None else list(src_vocab.words),
        "tgt_vocab": list(tgt_vocab.words),
    }


def script(parts: Iterable[str] = PARTS) -> str:
    """The engine, one script. It wants `figures/static/frames.js` before it.

    >>> "class TransformerEncoder" in script()
    True
    """
    texts = ((STATIC / f"{part}.js").read_text("utf-8") for part in parts)
    return "\n".join(texts)


def model_file(key: str, packed: Packed) -> str:
    """The script that delivers a model to the page, as `engine.deliver` does.

    A script and not JSON, which a page that is opened from disk cannot ask
    for.
    """
    return f"d2lattn.engine.deliver({as_json(key)}, {as_json(packed)});\n"


def _sizes(model: Any) -> tuple[int, bool]:
    """The number of heads, and whether norms come first."""
    both = hasattr(model, "encoder"), hasattr(model, "decoder")
    parts = [model.encoder, model.decoder] if all(both) else [model]
    if any(both) != all(both) or not all(hasattr(p, "blks") for p in parts):
        raise ValueError(
            "model must be a Transformer, an encoder and a decoder or a "
            f"decoder alone, each made of blks, but is a {_kind(model)}; "
            "show another in JupyterLab, where PyTorch drives any model"
        )
    # By name: a chapter's model is made of the classes that it shows.
    named = {
        name: {getattr(m, name) for m in model.modules() if hasattr(m, name)}
        for name in ("num_heads", "norm_first")
    }
    for name, found in named.items():
        if len(found) != 1:
            raise ValueError(
                f"{name} must be the same in all blocks of the model, but is "
                f"{' and '.join(map(str, sorted(found))) or 'in none'}"
            )
    return named["num_heads"].pop(), named["norm_first"].pop()


def _kind(model: Any) -> str:
    """The class of a model, and those of its two parts if it has them."""
    parts = [getattr(model, name, None) for name in ("encoder", "decoder")]
    names = [type(part).__name__ for part in parts if part is not None]
    whole = type(model).__name__
    return f"{whole} of {' and '.join(names)}" if names else whole


def as_json(value: Any) -> str:
    """JSON that can stand inside a script element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")
