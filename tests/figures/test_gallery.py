"""Figures of every kind show what their functions say, at every stop."""

import base64
import itertools
import json
import math

import gallery
import numpy as np
import plotly.io
import pytest
from unpacking import unpack_payload

from d2lattn.figures import explore

STOPS = (0, 3)


def wanted(figure):
    """A figure as Plotly itself would send it, with lists for arrays."""
    # Plotly takes a NumPy date in nanoseconds for a number.
    text = plotly.io.to_json(figure, validate=False, engine="json")
    spec = json.loads(text, object_hook=lists)
    spec["layout"].pop("template", None)
    return spec


def lists(part):
    if "bdata" not in part:
        return part
    flat = np.frombuffer(base64.b64decode(part["bdata"]), part["dtype"])
    shape = [int(it) for it in str(part.get("shape", flat.size)).split(",")]
    finite = np.where(np.isfinite(flat), flat.astype(object), None)
    return finite.reshape(shape).tolist()


def numbers(part):
    """The numbers of a rectangular list, or None."""
    try:
        array = np.array(part, dtype=float) if isinstance(part, list) else None
    except (TypeError, ValueError):
        return None
    flat = str(part)
    return None if any(it in flat for it in ("'", "True", "False")) else array


def apart(one, other, path=()):
    """How far two figures are apart at each path, beside which numbers."""
    if type(one) is type(other) is dict and one.keys() == other.keys():
        for key in one:
            yield from apart(one[key], other[key], (*path, key))
        return
    a, b = numbers(one), numbers(other)
    if a is not None and b is not None and a.shape == b.shape:
        gaps = np.isnan(a)
        if a.size and (gaps == np.isnan(b)).all() and not gaps.all():
            yield path, np.abs(a - b)[~gaps].max(), a[~gaps]
            return
    if type(one) is type(other) is list and len(one) == len(other):
        for i, pair in enumerate(zip(one, other, strict=True)):
            yield from apart(*pair, (*path, i))
        return
    same = json.dumps(one) == json.dumps(other)
    if not same and isinstance(one, float | int):
        same = float(one) == other and not isinstance(one, bool)
    yield path, 0 if same else math.inf, [0]


@pytest.mark.parametrize("draw", gallery.FIGURES, ids=lambda it: it.__name__)
@pytest.mark.parametrize("bits", [8, 16])
def test_every_stop_shows_what_the_function_says(draw, bits):
    payload = json.loads(
        json.dumps(explore(draw, t=STOPS, bits=bits).payload())
    )
    moving = {tuple(leaf["path"]) for leaf in payload["moving"]}
    assert moving
    for k, t in enumerate(range(STOPS[0], STOPS[1] + 1)):
        shown = unpack_payload(payload, k)
        for path, error, beside in apart(wanted(draw(t)), shown):
            visible = gallery.VISIBLE.get((draw, *path), np.ptp(beside))
            if moving.isdisjoint(itertools.accumulate((it,) for it in path)):
                visible = 0
            assert error <= visible / 1000, (t, path)
