"""Frames packed small: what changes between them, quantised and deflated.

The reader of this format is `static/frames.js`.
"""

import base64
import json
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from d2lattn.figures.leaves import Frame, jsonable, numeric, same
from d2lattn.figures.visible import slack

TYPES = {8: "<u1", 16: "<u2", 32: "<f4", 64: "<f8"}


def pack(
    frames: Sequence[Frame], bits: int = 16
) -> tuple[Frame, list[dict[str, Any]], str]:
    """Split frames into what they share and what moves.

    An array that moves becomes integers with one scale over all frames if
    that shows in none of them (see `visible.slack`), and floats otherwise;
    whole numbers that fit keep their exact value. The top code stands for a
    gap.

    Args:
        frames: figures as leaves, all at the same paths.
        bits: the fewest for a number that is not whole.

    Returns:
        the leaves that never change, None for the others; how each moving
        leaf is packed; the packed arrays of all frames, deflated, in base64.
    """
    still: Frame = {}
    moving: list[dict[str, Any]] = []
    buffer = bytearray()
    for path, first in frames[0].items():
        column = [frame[path] for frame in frames]
        if all(same(first, leaf) for leaf in column[1:]):
            still[path] = jsonable(first)
            continue
        still[path] = None
        arrays = [a for leaf in column if (a := numeric(leaf)) is not None]
        if len(arrays) < len(column):
            moving.append({"path": [*path], **_choices(column)})
            continue
        slacks = [
            slack(frame, path, array)
            for frame, array in zip(frames, arrays, strict=True)
        ]
        codes, scale = _codes(_flat(arrays), _flat(slacks), bits)
        buffer.extend(bytes(-len(buffer) % 8))  # typed arrays want alignment
        moving.append(
            {
                "path": [*path],
                "offset": len(buffer),
                "list": any(isinstance(leaf, list) for leaf in column),
                **scale,
                **_shapes(arrays),
            }
        )
        buffer.extend(codes.tobytes())
    packed = zlib.compress(bytes(buffer), 9)
    return still, moving, base64.b64encode(packed).decode("ascii")


def _flat(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([array.ravel() for array in arrays])


@np.errstate(all="ignore")  # what overflows is off by too much
def _codes(
    flat: np.ndarray, slack: np.ndarray, bits: int
) -> tuple[np.ndarray, dict[str, Any]]:
    """The narrowest codes that keep each number within its slack."""
    gaps = np.isnan(flat)
    known = flat[~gaps] if not gaps.all() else np.zeros(1)
    low, high = known.min(), known.max()
    whole = (known == np.rint(known)).all()
    for width in (8, 16):
        top = 2**width - 2
        exact = whole and high - low <= top
        # Digits that no reader can see do not deflate.
        enough = slack.min(where=~gaps, initial=np.inf) / 5
        # Zero is a code, and so stays zero.
        step = 1.0 if exact else max((high - low) / (top - 1), enough)
        start = np.floor(low / step)
        codes = np.where(gaps, top + 1, np.rint(flat / step) - start)
        close = np.abs((codes + start) * step - flat) <= slack
        if close[~gaps].all() and (exact or width >= bits):
            scale = {"start": float(start), "step": float(step)}
            return codes.astype(TYPES[width]), {"bits": width, **scale}
    short = flat.astype(TYPES[32])
    if (np.abs(short - flat) <= slack)[~gaps].all() and bits <= 32:
        return short, {"bits": 32}
    return flat.astype(TYPES[64]), {"bits": 64}


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
