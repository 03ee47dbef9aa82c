"""Packed frames, read as the format is described, by none of our own code."""

import base64
import copy
import json
import math
import re
import zlib
from functools import cache
from typing import Any
from urllib.parse import urljoin
from urllib.request import urlopen

import numpy as np

WIDTHS = {8: "<u1", 16: "<u2", 32: "<f4", 64: "<f8"}
DELIVERY = re.compile(r"d2lattn\.deliver\((.*?), (.*)\);\n")


def unpack_payload(payload: dict[str, Any], k: int) -> dict[str, Any]:
    """The figure of frame `k`."""
    figure = copy.deepcopy(payload["figure"])
    data = inflate(payload["frames"])
    for leaf in payload["moving"]:
        part, *path, last = figure, *leaf["path"]
        for key in path:
            part = part[key]
        part[last] = unpack_leaf(leaf, data, k)
    return figure


@cache
def inflate(packed: str) -> bytes:
    """The bytes of all frames."""
    return zlib.decompress(base64.b64decode(packed, validate=True))


def unpack_leaf(leaf: dict[str, Any], data: bytes, k: int) -> Any:
    """A leaf in frame `k`, with lists for arrays and None for gaps."""
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
    values = codes.astype(float)
    if leaf["bits"] <= 16:
        values = (values + leaf["start"]) * leaf["step"]
        values[codes == np.iinfo(dtype).max] = np.nan
    lists = np.where(np.isnan(values), None, values.astype(object))
    return lists.reshape(shapes[k]).tolist()


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
    return dict(_leaves(unpack_payload(payload, k)))


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
