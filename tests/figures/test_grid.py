"""The grid: every stop evaluated, and figures taken apart into leaves."""

import datetime
import itertools
import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from d2lattn.figures import grid
from d2lattn.figures.controls import parse_controls

NAN, INF = math.nan, math.inf


def test_call_returns_what_the_function_returns():
    figure = go.Figure()
    assert grid.call(lambda x: figure, {"x": 1}) is figure


def divide(x, kernel="boxcar"):
    return 1 / x


@pytest.mark.parametrize(
    ("fn", "values", "error", "message"),
    [
        (
            divide,
            {"x": 0, "kernel": "boxcar"},
            RuntimeError,
            r"divide\(x=0, kernel='boxcar'\) raised ZeroDivisionError: "
            "division by zero",
        ),
        (
            divide,
            {"x": 2, "kernel": "boxcar"},
            TypeError,
            r"divide\(x=2, kernel='boxcar'\) returned float, want a Plotly",
        ),
        (lambda: None, {}, TypeError, "returned NoneType, want a Plotly"),
        (lambda: {"data": []}, {}, TypeError, "returned dict"),
        (lambda: go.Scatter(), {}, TypeError, "returned Scatter"),
    ],
)
def test_a_failing_function_says_with_which_values(fn, values, error, message):
    with pytest.raises(error, match=message) as caught:
        grid.call(fn, values)
    wants_cause = error is RuntimeError
    assert isinstance(caught.value.__cause__, ZeroDivisionError) == wants_cause


def test_a_frame_has_every_leaf_of_the_figure_once():
    figure = go.Figure(
        [
            go.Scatter(x=[1, 2], y=[3, NAN], name="line", uid="abc"),
            go.Heatmap(z=np.arange(6.0).reshape(2, 3)),
        ],
        layout={
            "template": "plotly_dark",
            "title": {"text": "two"},
            "xaxis": {"range": [0, 1]},
            "shapes": [{"x0": 1}, {"x0": 2, "line": {"color": "red"}}],
            "meta": {"alt": "words"},
        },
    )
    found = grid.frame(figure)
    assert found.keys() == {
        ("data", 0, "type"),
        ("data", 0, "x"),
        ("data", 0, "y"),
        ("data", 0, "name"),
        ("data", 1, "type"),
        ("data", 1, "z"),
        ("layout", "title", "text"),
        ("layout", "xaxis", "range"),
        ("layout", "shapes", 0, "x0"),
        ("layout", "shapes", 1, "x0"),
        ("layout", "shapes", 1, "line", "color"),
        ("layout", "meta", "alt"),
    }
    assert found["layout", "shapes", 1, "x0"] == 2
    assert found["layout", "meta", "alt"] == "words"


@pytest.mark.parametrize(
    "array",
    [
        np.arange(7),
        np.arange(6, dtype=np.int64).reshape(2, 3),
        np.arange(6, dtype=np.uint8).reshape(3, 2),
        np.linspace(-1, 1, 5, dtype=np.float32),
        np.array([[1.5, NAN], [INF, -2.5]]),
        np.zeros((3, 0)),
        np.arange(24.0).reshape(2, 3, 4)[0],
    ],
)
def test_arrays_come_back_from_plotlys_own_form(array):
    leaf = grid.frame(go.Figure(go.Heatmap(z=array)))["data", 0, "z"]
    assert np.array_equal(leaf, array, equal_nan=array.dtype.kind == "f")


@pytest.mark.parametrize(
    ("leaf", "wanted"),
    [
        ([1, 2.5, -3], [1, 2.5, -3]),
        ((1, 2), [1, 2]),
        ([1, None, NAN, INF, -INF], [1, NAN, NAN, NAN, NAN]),
        ([[1, 2], [3, None]], [[1, 2], [3, NAN]]),
        (np.array([1.0, INF]), [1, NAN]),
        (np.array([1, None], dtype=object), [1, NAN]),
        ([np.float32(0.5), np.int64(2)], [0.5, 2]),
        ([], []),
        (np.arange(3), [0, 1, 2]),
    ],
)
def test_numbers_become_an_array_with_nan_for_gaps(leaf, wanted):
    array = grid.numeric(leaf)
    assert array.shape == np.shape(wanted)
    assert np.array_equal(array.astype(float), wanted, equal_nan=True)


@pytest.mark.parametrize(
    "leaf",
    [
        "1",
        1,
        2.5,
        None,
        True,
        [True, False],
        [1, True],
        ["a", 1],
        [[1, 2], [3]],
        [1, [2]],
        np.array([True, False]),
        np.array(["2026-01-01"], dtype="datetime64[D]"),
        [datetime.date(2026, 1, 1)],
    ],
)
def test_what_is_no_array_of_numbers_stays_as_it_is(leaf):
    assert grid.numeric(leaf) is None


ALIKE = [
    [[1, 2], (1, 2), np.array([1.0, 2.0]), np.array([1, 2], dtype=np.int8)],
    [[1, 3], np.array([1, 3])],
    [[NAN, 1], [None, 1], [INF, 1], np.array([NAN, 1])],
    [[[1, 2]], np.array([[1, 2]])],
    [[], np.array([])],
    ["a"],
    [["a", NAN], ["a", None], np.array(["a", NAN], dtype=object)],
    [["a", "b"], ("a", "b"), np.array(["a", "b"], dtype=object)],
    [NAN, None, np.float32(NAN)],
    [0.5, np.float64(0.5)],
    [[True, False], np.array([True, False])],
    [[[1], [2, 3]], [(1,), (2, 3)]],
]


@pytest.mark.parametrize("one", range(len(ALIKE)))
@pytest.mark.parametrize("other", range(len(ALIKE)))
def test_leaves_are_the_same_if_they_draw_the_same(one, other):
    for a, b in itertools.product(ALIKE[one], ALIKE[other]):
        assert grid.same(a, b) == (one == other), (a, b)


def controls(**abbreviations):
    return parse_controls(lambda **values: None, abbreviations)


def test_every_combination_of_stops_is_a_frame_the_last_control_fastest():
    called = []

    def draw(a, b, c):
        called.append((a, b, c))
        return go.Figure(layout={"title": {"text": f"{a} {b} {c}"}})

    grid_of = controls(a=(0, 1), b=["x", "y", "z"], c=True)
    frames = grid.evaluate(draw, grid_of)
    assert called == [
        (a, b, c) for a in (0, 1) for b in "xyz" for c in (False, True)
    ]
    texts = [frame["layout", "title", "text"] for frame in frames]
    assert texts == [f"{a} {b} {c}" for a, b, c in called]


@pytest.mark.parametrize(
    ("second", "leaves"),
    [
        (go.Figure(), r"data, data\[0\].type, data\[0\].y in one"),
        (go.Figure([go.Scatter(y=[1]), go.Bar()]), r"data\[1\].type in one"),
        (go.Figure(go.Scatter(x=[1], y=[1])), r"data\[0\].x in one"),
        (
            go.Figure(
                go.Scatter(y=[1]), layout={"shapes": [{"x0": 1, "x1": 2}]}
            ),
            r"layout.shapes\[0\].x0, layout.shapes\[0\].x1 in one",
        ),
        (
            go.Figure(
                go.Scatter(y=[1], x=[1], name="a", mode="lines", text="b")
            ),
            r"data\[0\].mode, data\[0\].name, data\[0\].text and 1 more in",
        ),
    ],
)
def test_another_structure_says_where_and_at_which_values(second, leaves):
    def draw(step, kernel):
        return second if step == 1 else go.Figure(go.Scatter(y=[step]))

    with pytest.raises(ValueError, match=leaves) as caught:
        grid.evaluate(draw, controls(step=(0, 2), kernel=["boxcar"]))
    assert "at step=1, kernel='boxcar' the figure" in str(caught.value)


def test_the_grid_stops_at_the_first_function_that_raises():
    with pytest.raises(RuntimeError, match=r"\(x=-1.0\) raised ZeroDivision"):
        grid.evaluate(
            lambda x: go.Figure(layout={"height": 400 / (x + 1)}),
            controls(x=(-1.0, 1.0, 0.5)),
        )


def test_a_grid_of_too_many_frames_names_the_control_to_coarsen():
    three = controls(a=(0, 4), b=(0, 12), c=["x", "y"])
    grid.check_size("draw", three, 5 * 13 * 2)
    with pytest.raises(
        ValueError,
        match=r"draw: 5 x 13 x 2 = 130 frames, more than max_frames=129; "
        "coarsen 'b', which has 13 stops",
    ):
        grid.check_size("draw", three, 5 * 13 * 2 - 1)


def test_dates_are_leaves():
    days = pd.date_range("2026-01-01", periods=2)
    leaf = grid.frame(go.Figure(go.Scatter(x=days)))["data", 0, "x"]
    assert grid.same(leaf, np.array(days))
