"""Heat maps of weights, and the text alternative of a figure."""

import math

import numpy as np
import plotly.graph_objects as go
import pytest
import torch

from d2lattn.figures import describe, heatmap, leaves

NAN = math.nan
WEIGHTS = np.arange(15.0).reshape(3, 5) / 14


def leaf(figure, *path):
    return leaves.frame(figure)[path]


@pytest.mark.parametrize(
    "weights",
    [
        WEIGHTS,
        torch.tensor(WEIGHTS, requires_grad=True),
        *(
            torch.tensor(WEIGHTS).to(dtype)
            for dtype in (torch.bfloat16, torch.bool, torch.int64)
        ),
    ],
)
def test_the_map_has_the_weights(weights):
    z = leaf(heatmap(weights), "data", 0, "z")
    assert np.array_equal(z, torch.as_tensor(weights).detach().double())


def test_masked_cells_and_nan_are_gaps_and_the_argument_stays():
    masked = np.ma.masked_array(WEIGHTS.copy(), WEIGHTS > 0.7)
    holes = np.where(WEIGHTS > 0.7, NAN, WEIGHTS)
    nested = [[None if w > 0.7 else w for w in row] for row in WEIGHTS]
    for weights in (masked, holes, torch.tensor(holes), nested):
        z = leaves.numeric(leaf(heatmap(weights), "data", 0, "z"))
        assert np.array_equal(z, holes, equal_nan=True)
    assert np.array_equal(masked.data, WEIGHTS)


def test_the_first_query_stands_at_the_top():
    assert leaf(heatmap(WEIGHTS), "layout", "yaxis", "autorange") == "reversed"


@pytest.mark.parametrize(
    ("weights", "given", "wanted"),
    [
        (WEIGHTS, None, 1),
        (WEIGHTS / 2, None, 0.5),
        (WEIGHTS, 0.5, 0.5),
        (WEIGHTS, torch.tensor(2), 2),
        (np.full((3, 5), NAN), None, 1),
        (np.zeros((0, 5)), None, 1),
        ([[0.25, math.inf]], None, 0.25),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_colours_go_from_zero_to_the_largest_weight(weights, given, wanted):
    figure = heatmap(weights, zmax=given)
    assert leaf(figure, "data", 0, "zmin") == 0  # heeded only beside zmax
    assert leaf(figure, "data", 0, "zmax") == wanted


def test_names_stand_by_position_since_words_repeat():
    figure = heatmap(
        WEIGHTS,
        queries=["le", "chat", "."],
        keys=["the", "the", "a", ".", "."],
    )
    assert list(leaf(figure, "layout", "xaxis", "tickvals")) == [0, 1, 2, 3, 4]
    assert leaf(figure, "layout", "yaxis", "ticktext") == ["le", "chat", "."]


def test_names_with_markup_are_read_as_text():
    figure = heatmap([[1.0, 0.0]], keys=["<eos>", "a<b>&amp;"])
    texts = leaf(figure, "layout", "xaxis", "ticktext")
    assert texts == ["&lt;eos&gt;", "a&lt;b&gt;&amp;amp;"]


def test_the_title_stands_above():
    figure = heatmap(WEIGHTS, title="Alignment")
    assert leaf(figure, "layout", "title", "text") == "Alignment"
    assert ("layout", "title", "text") not in leaves.frame(heatmap(WEIGHTS))


@pytest.mark.parametrize(
    ("shape", "names", "message"),
    [
        ((5,), {}, r"weights must be of shape \(Q, K\), but are \(5,\)"),
        ((2, 3, 5), {}, r"\(2, 3, 5\); pick one batch element and one head"),
        (
            (3, 5),
            {"queries": ["a", "b"]},
            r"queries must be 3 names, one for each along axis 0 .* but are 2",
        ),
        (
            (3, 5),
            {"keys": list("abc")},
            "keys must be 5 names, .* axis 1 .* but are 3",
        ),
    ],
)
def test_what_does_not_fit_says_so(shape, names, message):
    with pytest.raises(ValueError, match=message):
        heatmap(torch.zeros(shape), **names)


def test_describe_sets_the_text_alternative_and_keeps_the_rest():
    figure = go.Figure(layout={"meta": {"step": 3}})
    assert describe(figure, "The loss falls.") is figure
    assert figure.layout.meta == {"step": 3, "alt": "The loss falls."}
    describe(figure, "It rises.")
    assert figure.layout.meta["alt"] == "It rises."
    assert describe(go.Figure(layout={"meta": [1]}), "x").layout.meta == {
        "alt": "x"
    }
