"""Packed frames, read as the format is described, by none of our own code."""

import base64
import json
import math
import re
import zlib
from functools import cache
from typing import Any
from urllib.parse import urljoin
from urllib.request import urlopen

import numpy as np

WIDTHS = {8: "<u1", 16: "<u2", 32: "<f4"}
DELIVERY = re.compile(r"d2lattn\.deliver\((.*?), (.*)\);\n")


def unpack(moving: list[dict], packed: str, k: int) -> dict[tuple, Any]:
    """The leaves of frame `k` that move: arrays with NaN for gaps, or text."""
    data = inflate(packed)
    return {tuple(leaf["path"]): _leaf(leaf, data, k) for leaf in moving}


@cache
def inflate(packed: str) -> bytes:
    """The bytes of all frames."""
    return zlib.decompress(base64.b64decode(packed, validate=True))


def _leaf(leaf: dict, data: bytes, k: int) -> Any:
    if "choices" in leaf:
        return leaf["choices"][leaf["pick"][k]]
    shapes = leaf["shapes"] if "shapes" in leaf else [leaf["shape"]] * (k + 1)
    before = sum(math.prod(shape) for shape in shapes[:k])
    dtype = np.dtype(WIDTHS[leaf["bits"]])
    assert leaf["offset"] % dtype.itemsize == 0  # typed arrays want it
    codes = np.frombuffer(
        data,
        dtype,
        count=math.prod(shapes[k]),
        offset=leaf["offset"] + before * dtype.itemsize,
    )
    if leaf["bits"] == 32:
        return codes.reshape(shapes[k])
    values = leaf["low"] + leaf["step"] * codes.astype(float)
    values[codes == np.iinfo(dtype).max] = np.nan
    return values.reshape(shapes[k])


def read(spec: str, address: str) -> dict[str, Any]:
    """What an explorer's page holds of it, its frames included.

    Args:
        spec: the text of its script element.
        address: the page's; frames may be in a file beside it.
    """
    payload = json.loads(spec)
    if "src" in payload:
        with urlopen(urljoin(address, payload["src"])) as file:
            delivered = DELIVERY.fullmatch(file.read().decode())
        assert json.loads(delivered[1]) == payload["key"]
        payload |= json.loads(delivered[2])
    return payload


def frame(payload: dict[str, Any], stops: list[int]) -> dict[tuple, Any]:
    """The leaves of the figure that a page shows at these stops, as JSON."""
    k = 0
    for control, stop in zip(payload["controls"], stops, strict=True):
        k = k * len(control["labels"]) + stop
    found = dict(_leaves(payload["figure"]))
    for path, leaf in unpack(payload["moving"], payload["frames"], k).items():
        if isinstance(leaf, np.ndarray):
            gaps = np.isnan(leaf)
            leaf = np.where(gaps, None, leaf.astype(object)).tolist()
        found[path] = leaf
    return found


def _leaves(part: Any, path: tuple = ()) -> Any:
    if isinstance(part, dict):
        inside = part.items()
    elif isinstance(part, list) and any(isinstance(x, dict) for x in part):
        inside = enumerate(part)
    else:
        yield path, part
        return
    for key, value in inside:
        yield from _leaves(value, (*path, key))
