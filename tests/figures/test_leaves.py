"""Figures taken apart into leaves, compared, and put together again."""

import itertools
import json
import math

import numpy as np
import plotly.graph_objects as go
import pytest

from d2lattn.figures import leaves

NAN, INF = math.nan, math.inf


def leaf(value):
    """The leaf that a value becomes, wherever it comes in a figure."""
    return leaves.frame(go.Figure(layout={"meta": value}))["layout", "meta"]


def test_a_frame_has_every_leaf_of_the_figure_once():
    figure = go.Figure(
        [
            go.Scatter(x=[1, 2], y=[3, NAN], name="line", uid="abc"),
            go.Heatmap(z=np.arange(6.0).reshape(2, 3), meta={"uid": "mine"}),
            go.Table(cells={"values": [["a"], np.ones(2)]}),
        ],
        layout={
            "template": "plotly_dark",
            "title": {"text": "two"},
            "xaxis": {"range": [0, 1]},
            "shapes": [{}, {"x0": 2, "line": {"color": "red"}}],
            "meta": {"alt": "words", "none": {}, "deep": [[{"x": [[]]}]]},
        },
    )
    found = leaves.frame(figure)
    assert found.keys() == {
        ("data", 0, "type"),
        ("data", 0, "x"),
        ("data", 0, "y"),
        ("data", 0, "name"),
        ("data", 1, "type"),
        ("data", 1, "z"),
        ("data", 1, "meta", "uid"),
        ("data", 2, "type"),
        ("data", 2, "cells", "values"),
        ("layout", "title", "text"),
        ("layout", "xaxis", "range"),
        ("layout", "shapes", 0),
        ("layout", "shapes", 1, "x0"),
        ("layout", "shapes", 1, "line", "color"),
        ("layout", "meta", "alt"),
        ("layout", "meta", "none"),
        ("layout", "meta", "deep"),
    }
    assert found["data", 0, "y"] == [3, None]
    assert found["layout", "shapes", 1, "x0"] == 2
    assert found["layout", "meta", "deep"] == [[{"x": [[]]}]]
    nested = leaves.nest(found)
    wanted = json.loads(figure.to_json())["layout"]
    del wanted["template"]
    assert nested["layout"] == wanted
    kinds = [trace["type"] for trace in nested["data"]]
    assert kinds == ["scatter", "heatmap", "table"]


def test_a_figure_of_nothing_is_two_leaves():
    found = leaves.frame(go.Figure())
    assert found == {("data",): [], ("layout",): {}}
    assert leaves.nest(found) == {"data": [], "layout": {}}


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.int64).reshape(2, 3),
        np.arange(6, dtype=np.uint8).reshape(3, 2),
        np.linspace(-1, 1, 5, dtype=np.float32),
        np.array([[1.5, NAN], [INF, -2.5]]),
    ],
)
def test_arrays_come_back_from_plotlys_own_form(array):
    found = leaves.frame(go.Figure(go.Heatmap(z=array)))["data", 0, "z"]
    assert np.array_equal(found, array, equal_nan=array.dtype.kind == "f")
    wanted = np.where(np.isfinite(array), array.astype(object), None).tolist()
    assert leaves.jsonable([{"z": found}]) == [{"z": wanted}]


def test_a_date_of_numpy_is_a_date():
    for unit in ("h", "s", "ms", "ns"):  # in ns, a number to Plotly
        found = leaf(np.datetime64("2026-01-01T12", unit))
        assert found.startswith("2026-01-01T12")
    assert leaf([[np.datetime64("2026-01-01"), np.datetime64("NaT")]]) == [
        ["2026-01-01", None]
    ]


@pytest.mark.parametrize("odd", [1j, b"bytes", {1, 2}, len])
def test_what_cannot_become_json_says_so(odd):
    with pytest.raises(ValueError, match=r"must be JSON, but is not: .*type"):
        leaf([odd])


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([1, 2.5, -3], [1, 2.5, -3]),
        ([1, None], [1, NAN]),
        ([[1, 2], [3, None]], [[1, 2], [3, NAN]]),
        (np.array([1.0, INF]), [1, NAN]),
        ([], []),
        ([[], []], np.zeros((2, 0))),
        (np.arange(3), [0, 1, 2]),
    ],
)
def test_numbers_become_an_array_with_nan_for_gaps(given, wanted):
    array = leaves.numeric(given)
    assert array.shape == np.shape(wanted)
    assert np.array_equal(array, wanted, equal_nan=True)


@pytest.mark.parametrize(
    "given",
    [
        *("1", 1, None, {}, [1, True], ["a", 1]),
        *([[1, 2], [3]], [1, [2]], [10**400]),
    ],
)
def test_what_is_no_array_of_numbers_is_none(given):
    assert leaves.numeric(given) is None


ALIKE = [
    [[1, 2], np.array([1.0, 2.0]), np.array([1, 2], dtype=np.int8)],
    [[1, 3], np.array([1, 3])],
    [[None, 1], np.array([NAN, 1]), np.array([INF, 1])],
    [[[1, 2]], np.array([[1, 2]])],
    [[], np.array([])],
    ["a"],
    [["a", None]],
    [["a", 1]],
    [["a", True]],
    [None],
    [0.5],
    [1],
    [True],
    [[True, False]],
    [[1, 0]],
    [{}],
    [[[1], [2, 3]]],
    [[{"a": np.array([1.0])}], [{"a": [1.0]}]],
]


@pytest.mark.parametrize("one", range(len(ALIKE)))
@pytest.mark.parametrize("other", range(len(ALIKE)))
def test_leaves_are_the_same_if_they_draw_the_same(one, other):
    for a, b in itertools.product(ALIKE[one], ALIKE[other]):
        assert leaves.same(a, b) == (one == other), (a, b)
