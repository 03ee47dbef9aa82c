"""Packing: an independent reader gets back what was packed."""

import base64
import json
import math
import zlib

import numpy as np
import pytest
import unpacking

from d2lattn.figures import grid
from d2lattn.figures.packing import jsonable, pack

NAN, INF = math.nan, math.inf


def unpack(packed, k):
    """All leaves of frame k, those that stay and those that move."""
    constant, moving, text = packed
    moving = json.loads(json.dumps(moving, allow_nan=False))
    frame = {path: json.loads(json.dumps(constant[path])) for path in constant}
    return frame | unpacking.unpack(moving, text, k)


def column(*leaves):
    """A frame for each of these values of one leaf."""
    return [{("data", 0, "z"): leaf} for leaf in leaves]


def read(packed, k):
    return unpack(packed, k)["data", 0, "z"]


def bound(leaves, bits):
    """The largest error that the width allows: half a step, or float32's."""
    flat = np.concatenate([np.ravel(leaf) for leaf in leaves]).astype(float)
    if bits == 32:
        return np.nanmax(np.abs(flat)) * 2**-24
    steps = 2**bits - 2  # the top code stands for a gap
    return (np.nanmax(flat) - np.nanmin(flat)) / steps / 2 * (1 + 1e-9)


@pytest.mark.parametrize("bits", [8, 16, 32])
@pytest.mark.parametrize("scale", [(0, 1), (-5, 3), (1e-9, 1e-7), (1e6, 3e6)])
def test_arrays_come_back_within_half_a_step(bits, scale):
    random = np.random.default_rng(1)
    leaves = [random.uniform(*scale, (11, 7)) for _ in range(5)]
    packed = pack(column(*leaves), bits)
    for k, leaf in enumerate(leaves):
        error = np.abs(read(packed, k) - leaf).max()
        assert error <= bound(leaves, bits)


@pytest.mark.parametrize(("bits", "error"), [(8, 2e-3), (16, 7.7e-6)])
def test_the_error_on_weights_is_the_one_promised(bits, error):
    leaves = [np.linspace(0, 1, 9973), np.linspace(1, 0, 9973) ** 2]
    packed = pack(column(*leaves), bits)
    for k, leaf in enumerate(leaves):
        assert np.abs(read(packed, k) - leaf).max() <= error


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(
    "numbers",
    [
        range(255),
        range(-200, 40),
        range(0, 65535, 13),
        range(-30_000, 30_000, 17),
        range(10**12, 10**12 + 300),
        [-7, 11],
        [0.0, 1.0, 2.0],
    ],
)
def test_whole_numbers_come_back_exactly(bits, numbers):
    leaves = [list(numbers), list(reversed(numbers))]
    packed = pack(column(*leaves), bits)
    for k, leaf in enumerate(leaves):
        assert read(packed, k).tolist() == leaf


@pytest.mark.parametrize("bits", [8, 16, 32])
@pytest.mark.parametrize("gap", [NAN, None, INF, -INF])
def test_gaps_stay_gaps(bits, gap):
    leaves = [[0.25, gap, 1.0], [gap, gap, gap], [0.5, 0.75, gap]]
    packed = pack(column(*leaves), bits)
    for k, leaf in enumerate(leaves):
        back = read(packed, k)
        gaps = [value in (None, INF, -INF) or value != value for value in leaf]
        assert np.isnan(back).tolist() == gaps
        assert np.nanmax(back, initial=0) <= 1


def test_the_gap_is_no_number_at_the_top_of_the_range():
    for top in (253, 254, 255, 65_533, 65_534, 65_535, 65_536):
        packed = pack(column([0, top], [top, NAN]), 16)
        assert read(packed, 0)[1] == pytest.approx(top, abs=1)
        assert np.isnan(read(packed, 1)).tolist() == [False, True]


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_shapes_may_change_from_frame_to_frame(bits):
    random = np.random.default_rng(2)
    shapes = [(2, 3), (5, 7), (0, 3), (1, 1), (11, 2)]
    leaves = [random.random(shape) for shape in shapes]
    packed = pack(column(*leaves), bits)
    for k, leaf in enumerate(leaves):
        back = read(packed, k)
        assert back.shape == leaf.shape
        assert np.allclose(back, leaf, rtol=0, atol=bound(leaves, bits))


@pytest.mark.parametrize(
    "leaves",
    [
        ["red", "blue", "red"],
        [True, False, True],
        [[True, False], [False, False]],
        [["a", "b"], ["a"], []],
        [[[1, 2], [3]], [[1], [2, 3]]],
        [1, 2.5, None],
        [0.1, "auto"],
        [[1, 2], "none"],
        [["x", 1], ["x", None]],
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


def test_dates_are_written_as_plotly_reads_them():
    days = np.array(["2026-01-01", "2026-02-03"], dtype="datetime64[ns]")
    packed = pack(column(days, days[::-1]))
    assert [day[:10] for day in read(packed, 1)] == [
        "2026-02-03",
        "2026-01-01",
    ]
    constant, _, _ = pack(column(days, days.copy()))
    assert constant["data", 0, "z"][0].startswith("2026-01-01T00:00:00")


def test_what_never_changes_is_stored_once_and_as_json():
    grid_ = np.linspace(0, 1, 1001)
    frames = [
        {
            ("x",): grid_.copy(),
            ("y",): grid_ * k,
            ("name",): "line",
            ("n",): NAN,
        }
        for k in range(7)
    ]
    constant, moving, text = pack(frames)
    assert constant.keys() == {("x",), ("name",), ("n",)}
    assert [leaf["path"] for leaf in moving] == [("y",)]
    assert np.allclose(constant["x",], grid_, rtol=1e-7, atol=0)
    assert constant["n",] is None
    data = zlib.decompress(base64.b64decode(text))
    assert len(data) == 7 * 1001 * 2


@pytest.mark.parametrize("gap", [NAN, None])
def test_one_frame_moves_nothing(gap):
    constant, moving, text = pack(column([1.0, gap, 3.0]))
    assert constant["data", 0, "z"] == [1, None, 3]
    assert moving == []
    assert zlib.decompress(base64.b64decode(text)) == b""


def test_leaves_of_every_width_stand_side_by_side():
    random = np.random.default_rng(3)
    frames = [
        {
            ("small",): random.integers(0, 100, 3),
            ("wide",): random.integers(0, 10_000, 5),
            ("odd",): random.integers(0, 2, 7),
            ("real",): random.random((3, 5)),
            ("text",): f"frame {k}",
        }
        for k in range(11)
    ]
    packed = pack(frames)
    for k, frame in enumerate(frames):
        back = unpack(packed, k)
        for name in ("small", "wide", "odd"):
            assert np.array_equal(back[name,], frame[name,])
        assert np.allclose(back["real",], frame["real",], atol=1e-5)
        assert back["text",] == f"frame {k}"


def test_nothing_that_is_given_is_changed():
    leaf = np.array([[0.5, INF], [NAN, 2.0]])
    copy = leaf.copy()
    pack(column(leaf, leaf + 1), 8)
    assert np.array_equal(leaf, copy, equal_nan=True)


@pytest.mark.parametrize("bits", [0, 7, 12, 64, -8])
def test_unknown_bits_say_which_there_are(bits):
    with pytest.raises(ValueError, match=rf"bits: got {bits}, want .*8, 16"):
        pack(column([1.0]), bits)


@pytest.mark.parametrize(
    ("leaf", "wanted"),
    [
        (np.float32(0.1), 0.1),
        (1 / 3, 0.3333333),
        (123_456_789.0, 123_456_789),
        (2**60, 2**60),
        (np.int64(5), 5),
        (np.bool_(True), True),
        (NAN, None),
        (INF, None),
        ([1.0, (NAN, "a")], [1, [None, "a"]]),
        (np.array([[1, 2]]), [[1, 2]]),
        (np.datetime64("2026-01-01T12:00"), "2026-01-01T12:00"),
    ],
)
def test_leaves_as_json(leaf, wanted):
    back = json.loads(json.dumps(jsonable(leaf), allow_nan=False))
    assert back == wanted
    assert type(back) is type(wanted) or isinstance(back, float)


def test_leaves_that_draw_the_same_are_one_leaf():
    frames = column([1.0, None], [1, NAN], np.array([1.0, INF]))
    constant, moving, _ = pack(frames)
    assert constant["data", 0, "z"] == [1, None]
    assert moving == []
    assert all(
        grid.same(frames[0]["data", 0, "z"], f["data", 0, "z"]) for f in frames
    )
