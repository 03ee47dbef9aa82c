"""Frames packed small: what changes between them, quantised and deflated.

The reader of this format is `static/frames.js`.
"""

import base64
import json
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from d2lattn.figures.grid import Frame, Path, numeric, same

BITS = (8, 16, 32)


def check_bits(bits: int) -> None:
    """Refuse a width that no packed array has.

    Raises:
        ValueError: `bits` is none of 8, 16 and 32.
    """
    if bits not in BITS:
        raise ValueError(f"bits: got {bits}, want one of {BITS}")


def pack(
    frames: Sequence[Frame], bits: int = 16
) -> tuple[dict[Path, Any], list[dict[str, Any]], str]:
    """Split frames into what they share and what moves.

    An array that moves becomes integers of `bits` bits, with one scale over
    all frames, so that the error is at most the leaf's range / 2**(bits+1)
    or so; whole numbers that fit keep their exact value. The top code
    stands for NaN. With `bits=32` arrays keep float32.

    Returns:
        the leaves that never change; how each moving leaf is packed; the
        packed arrays of all frames, deflated, in base64.

    Raises:
        ValueError: `bits` is none of 8, 16 and 32.
    """
    check_bits(bits)
    constant: dict[Path, Any] = {}
    moving: list[dict[str, Any]] = []
    buffer = bytearray()
    for path, first in frames[0].items():
        column = [frame[path] for frame in frames]
        if all(same(first, leaf) for leaf in column[1:]):
            constant[path] = jsonable(first)
            continue
        arrays = [a for leaf in column if (a := numeric(leaf)) is not None]
        if len(arrays) < len(column):
            moving.append({"path": path, **_choices(column)})
            continue
        buffer.extend(bytes(-len(buffer) % 4))  # typed arrays want alignment
        codes, scale = _quantise(
            np.concatenate([a.ravel() for a in arrays]), bits
        )
        moving.append(
            {"path": path, "offset": len(buffer), **scale, **_shapes(arrays)}
        )
        buffer.extend(codes.tobytes())
    packed = zlib.compress(bytes(buffer), 9)
    return constant, moving, base64.b64encode(packed).decode("ascii")


def _quantise(
    flat: np.ndarray, bits: int
) -> tuple[np.ndarray, dict[str, Any]]:
    flat = flat.astype(np.float64)
    if bits == 32:
        return flat.astype("<f4"), {"bits": 32}
    known = flat[~np.isnan(flat)]
    low, high = (known.min(), known.max()) if known.size else (0.0, 0.0)
    whole = bool((known == np.rint(known)).all())
    for width in BITS[:2]:
        top = 2**width - 2
        if whole and high - low <= top:
            bits, step = width, 1.0
            break
    else:
        top = 2**bits - 2
        step = (high - low) / top or 1.0
    codes = np.full(flat.shape, top + 1)
    codes[~np.isnan(flat)] = np.rint((known - low) / step)
    codes = codes.astype("<u1" if bits == 8 else "<u2")
    return codes, {"bits": bits, "low": float(low), "step": float(step)}


def _shapes(arrays: Sequence[np.ndarray]) -> dict[str, Any]:
    shapes = [list(array.shape) for array in arrays]
    if all(shape == shapes[0] for shape in shapes):
        return {"shape": shapes[0]}
    return {"shapes": shapes}


def _choices(column: Sequence[Any]) -> dict[str, Any]:
    """Text and the like: each distinct value once, and which one when."""
    texts = [json.dumps(jsonable(leaf)) for leaf in column]
    number = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    return {
        "choices": [json.loads(text) for text in number],
        "pick": [number[text] for text in texts],
    }


def jsonable(leaf: Any) -> Any:
    """A leaf as JSON: gaps as null, what is not whole to seven digits."""
    if isinstance(leaf, np.ndarray | list | tuple):
        return [jsonable(value) for value in leaf]
    if isinstance(leaf, np.datetime64):  # whose item may be a bare integer
        return str(leaf)
    if isinstance(leaf, np.generic):
        return jsonable(leaf.item())
    if isinstance(leaf, float):
        if not np.isfinite(leaf):
            return None
        return leaf if leaf.is_integer() else float(f"{leaf:.7g}")
    if leaf is None or isinstance(leaf, bool | int | str):
        return leaf
    return str(leaf)  # dates
