"""Packing: an independent reader gets back what was packed."""

import json
import math

import numpy as np
import pytest
from unpacking import inflate, unpack_leaf

from d2lattn.figures.packing import pack

NAN, INF = math.nan, math.inf
PATH = ("data", 0, "y")


def column(*leaves, **others):
    """A frame for each of these values of one leaf, beside the others."""
    layout = {("layout", *key.split("_")): it for key, it in others.items()}
    trace = {("data", 0, "type"): "scatter", **layout}
    return [{PATH: leaf, **trace} for leaf in leaves]


def read(packed, k):
    """The leaf in frame k."""
    _, (leaf,), text = packed
    leaf = json.loads(json.dumps(leaf, allow_nan=False))
    assert leaf["path"] == [*PATH]
    return unpack_leaf(leaf, inflate(text), k)


def widths(packed):
    return [leaf["bits"] for leaf in packed[1]]


def errors(frames, packed):
    """The largest error in each frame."""
    return [
        np.nanmax(np.abs(np.array(read(packed, k), float) - frame[PATH]))
        for k, frame in enumerate(frames)
    ]


@pytest.mark.parametrize("scale", [(0, 1), (-5, 3), (1e-9, 1e-7), (1e6, 3e6)])
def test_numbers_of_one_size_are_two_bytes_each(scale):
    random = np.random.default_rng(1)
    frames = column(*(random.uniform(*scale, (11, 7)) for _ in range(5)))
    packed = pack(frames)
    assert widths(packed) == [16]
    width = scale[1] - scale[0]
    assert max(errors(frames, packed)) <= width / 10_000


W = np.linspace(1, 10, 12)


@pytest.mark.parametrize(
    ("leaves", "others", "bits"),
    [
        # Each frame by its own range, not by that of all.
        ([W, W * 1e2], {}, 16),
        ([W, W * 1e4], {}, 32),
        ([W, W * 1e300], {}, 64),
        ([W * 1e-300, W], {}, 64),
        # What does not vary is exact; and zero is zero at any width.
        ([W, W * 0], {}, 16),
        ([W, W * 0 + 0.1], {}, 64),
        # A fixed axis, wider or narrower than the numbers.
        ([W, W * 1e4], {"yaxis_range": [0, 1e5]}, 16),
        ([W * np.pi, W * 0 + 0.1], {"yaxis_range": [100, 0]}, 16),
        ([W * np.pi, W], {"yaxis_range": [1, 1.001]}, 32),
        ([W, W * 1e4], {"yaxis_range": [0, None]}, 32),
        ([W, W * 1e4], {"xaxis_range": [0, 1e5]}, 32),
        (
            [W, W * 1e4],
            {"yaxis_range": [0, 1e5], "yaxis_autorange": "reversed"},
            32,
        ),
        ([W, W * 1e4], {"yaxis_matches": "y2", "yaxis2_range": [0, 1e5]}, 16),
        # What is visible on a logarithmic axis is a ratio.
        ([W, W * 1e4], {"yaxis_type": "log"}, 32),
        ([10**-W, W], {"yaxis_type": "log"}, 32),
        ([10 ** (-9 * W), W], {"yaxis_type": "log"}, 64),
        ([W + 0.1, W], {"yaxis_type": "log", "yaxis_range": [0, 3]}, 16),
        # Numbers that name something.
        ([W, W / 3], {"yaxis_type": "category"}, 64),
    ],
)
def test_numbers_take_the_bits_that_what_is_visible_asks_for(
    leaves, others, bits
):
    frames = column(*leaves, **others)
    packed = pack(frames)
    assert widths(packed) == [bits]
    for k, leaf in enumerate(leaves):
        shown = np.array(read(packed, k))
        if others.get("yaxis_type") == "log":
            error = np.abs(np.log10(shown) - np.log10(leaf)).max()
            visible = np.ptp(others.get("yaxis_range", np.log10(leaf)))
        else:
            error = np.abs(shown - leaf).max()
            fixed = "autorange" not in str(others) and None not in others.get(
                "yaxis_range", [None]
            )
            fixed = others["yaxis_range"] if fixed else leaf
            visible = np.ptp(others.get("yaxis2_range", fixed))
        assert error <= visible / 1000


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
def test_bits_are_the_fewest(bits):
    frames = column(W, W / 3, yaxis_range=[0, 100])
    packed = pack(frames, bits)
    assert widths(packed) == [bits]
    assert max(errors(frames, packed)) <= 0.1


@pytest.mark.parametrize(
    ("kind", "key", "others", "bits"),
    [
        ("heatmap", "z", {}, 64),
        ("heatmap", "z", {"zmin": 0, "zmax": 10}, 16),
        ("heatmap", "z", {"zmax": 10}, 64),
        ("heatmap", "z", {"coloraxis": "coloraxis2"}, 16),
        ("scatter", "marker.color", {"marker.cmin": 0, "marker.cmax": 10}, 16),
        ("scatter", "marker.size", {}, 64),
        ("bar", "base", {}, 16),
        ("box", "upperfence", {}, 16),
        ("bar", "base", {"orientation": "h"}, 64),
        ("scatter", "error_y.array", {}, 16),
        ("scatter", "y", {"yaxis": "y2"}, 64),
        ("scatter3d", "z", {}, 16),
        ("scatter3d", "y", {}, 64),
        ("scatterpolar", "r", {}, 16),
        ("scatterpolar", "theta", {}, 64),
        (
            "parcoords",
            "dimensions.0.values",
            {"dimensions.0.range": [0, 9]},
            16,
        ),
        ("scatter", "customdata", {}, 64),
        ("table", "cells.values.0", {}, 64),
        ("histogram", "y", {}, 64),
    ],
)
def test_what_is_visible_is_found_beside_the_numbers(kind, key, others, bits):
    layout = {
        "yaxis.range": [0, 10],
        "coloraxis2.cmin": 0,
        "coloraxis2.cmax": 10,
        "scene.zaxis.range": [0, 10],
        "polar.radialaxis.range": [10, 0],
    }

    def path(root, text):
        keys = (int(it) if it.isdigit() else it for it in text.split("."))
        return (*root, *keys)

    others = {path(("data", 0), k): v for k, v in others.items()}
    others |= {path(("layout",), k): v for k, v in layout.items()}
    others["data", 0, "type"] = kind
    leaf = path(("data", 0), key)
    packed = pack([{leaf: W, **others}, {leaf: W * 0 + 0.1, **others}])
    assert widths(packed) == [bits]


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(
    "numbers",
    [
        range(255),
        range(-30_000, 30_000, 17),
        range(10**12, 10**12 + 300),
        [0.0, 1.0, 2.0],
    ],
)
def test_whole_numbers_come_back_exactly(bits, numbers):
    leaves = [list(numbers), list(reversed(numbers))]
    packed = pack(column(*leaves), bits)
    assert max(widths(packed)) <= 16
    for k, leaf in enumerate(leaves):
        assert read(packed, k) == leaf


@pytest.mark.parametrize("bits", [16, 32])
@pytest.mark.parametrize("make", [list, np.array])
def test_gaps_stay_gaps(bits, make):
    gap = None if make is list else NAN
    leaves = [[0.25, gap, 1.0], [gap, gap, gap], [0.5, 0.75, gap]]
    packed = pack(column(*map(make, leaves)), bits)
    assert packed[1][0]["list"] == (make is list)
    for k, leaf in enumerate(leaves):
        back = read(packed, k)
        gaps = [value in (None, INF, -INF) or value != value for value in leaf]
        assert [value is None for value in back] == gaps


@pytest.mark.parametrize("top", [254, 255, 65_533, 65_534, 65_535, 65_536])
def test_the_gap_is_no_number_at_the_top_of_the_range(top):
    packed = pack(column([0, top], [top, None]))
    assert read(packed, 0)[1] == pytest.approx(top, abs=1)
    assert read(packed, 1)[1] is None


def test_shapes_may_change_from_frame_to_frame():
    random = np.random.default_rng(2)
    shapes = [(2, 3), (5, 7), (0, 3), (1, 1), (11, 2)]
    frames = column(*map(random.random, shapes), yaxis_range=[0, 1])
    packed = pack(frames)
    for k, frame in enumerate(frames):
        back = np.reshape(read(packed, k), shapes[k])
        assert np.allclose(back, frame[PATH], rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    "leaves",
    [
        [True, False, True],
        [[True, False], [False, False]],
        [["a", "b"], ["a"], []],
        [[[1, 2], [3]], [[1], [2, 3]]],
        [0.1 + 0.2, "auto", None],
        [{}, {"a": [[{"b": 1 / 3}]]}],
    ],
)
def test_what_is_no_array_comes_back_as_it_was(leaves):
    packed = pack(column(*leaves))
    for k, leaf in enumerate(leaves):
        assert read(packed, k) == leaf
        assert type(read(packed, k)) is type(leaf)


def test_each_choice_is_written_once():
    _, (leaf,), _ = pack(column(*["red", "blue"] * 50))
    assert leaf["choices"] == ["red", "blue"]
    assert leaf["pick"] == [0, 1] * 50


def test_what_never_changes_is_stored_once_and_as_json():
    x = np.linspace(1.7e9, 1.7e9 + 1, 1001)
    frames = column(*(x * k for k in range(7)), title=x.copy(), meta=None)
    still, moving, text = pack(frames)
    assert still == {
        PATH: None,
        ("data", 0, "type"): "scatter",
        ("layout", "title"): x.tolist(),
        ("layout", "meta"): None,
    }
    assert [leaf["path"] for leaf in moving] == [[*PATH]]
    assert len(inflate(text)) == 7 * 1001 * 8  # at 0, nothing varies


def test_one_frame_moves_nothing():
    still, moving, text = pack(column(np.array([1.0, INF, 3.0])))
    assert (still[PATH], moving) == ([1, None, 3], [])
    assert inflate(text) == b""


def test_leaves_of_every_width_stand_side_by_side():
    random = np.random.default_rng(3)
    frames = [
        {
            ("data", 0, "type"): "scatter",
            ("data", 0, "x"): random.integers(0, 100, 3),
            ("data", 0, "y"): random.integers(0, 10_000, 5),
            ("data", 0, "text"): random.random(7),
            ("data", 0, "z"): 10.0 ** -(k * random.random((3, 5))),
            ("data", 0, "base"): random.integers(0, 2, 7),
            ("data", 0, "name"): f"frame {k}",
        }
        for k in range(11)
    ]
    _, moving, text = pack(frames)
    widths = sorted(leaf.get("bits", 0) for leaf in moving)
    assert widths == [0, 8, 8, 16, 32, 64]
    for k, frame in enumerate(frames):
        for leaf in moving:
            back = unpack_leaf(leaf, inflate(text), k)
            wanted = frame[tuple(leaf["path"])]
            if leaf.get("bits") == 32:
                assert np.allclose(back, wanted, rtol=1e-7)
            else:
                assert np.array_equal(back, wanted)


def test_leaves_that_draw_the_same_are_one_leaf():
    still, moving, _ = pack(
        column([1.0, None], np.array([1, NAN]), np.array([1.0, INF]))
    )
    assert still[PATH] == [1, None]
    assert moving == []
