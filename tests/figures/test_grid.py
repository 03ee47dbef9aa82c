"""The grid: a function evaluated at every stop."""

import plotly.graph_objects as go
import pytest

from d2lattn.figures import explore, grid
from d2lattn.figures.controls import parse_controls


def test_a_failing_function_says_with_which_values():
    def divide(x, kernel="boxcar"):
        return 1 / x

    message = r"divide\(x=0, kernel='boxcar'\) raised ZeroDivisionError: div"
    with pytest.raises(RuntimeError, match=message) as caught:
        grid.call(divide, {"x": 0, "kernel": "boxcar"})
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


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
        (go.Figure(), r"has data, data\[0\].type, data\[0\].y;"),
        (
            go.Figure(
                go.Scatter(y=[1]), layout={"shapes": [{"x0": 1, "x1": 2}]}
            ),
            r"layout.shapes\[0\].x0, layout.shapes\[0\].x1;",
        ),
        (
            go.Figure(
                go.Scatter(y=[1], x=[1], name="a", mode="lines", text="b")
            ),
            r"data\[0\].mode, data\[0\].name, data\[0\].text and 1 more;",
        ),
    ],
)
def test_another_structure_says_where_and_at_which_values(second, leaves):
    def draw(step, kernel):
        return second if step == 1 else go.Figure(go.Scatter(y=[step]))

    with pytest.raises(ValueError, match=leaves) as caught:
        grid.evaluate(draw, controls(step=(0, 2), kernel=["boxcar"]))
    assert "at step=1, kernel='boxcar' the figure" in str(caught.value)


IMAGE = "https://example.org/a.png"


@pytest.mark.parametrize("name", ["page", "html", "live"])
@pytest.mark.parametrize(
    ("figure", "message"),
    [
        (
            go.Figure(go.Scatter(y=[1]), frames=[go.Frame(), go.Frame()]),
            r"draw\(x=1\) must be a figure without animation frames, but",
        ),
        (
            go.Figure([go.Bar(), go.Scattergeo()]),
            r"needs no network, but data\[1\] is a scattergeo, a map",
        ),
        (go.Figure(go.Choroplethmap()), "is a choroplethmap"),
        (go.Figure(go.Image(source=IMAGE)), f"an image at '{IMAGE}'"),
        (go.Figure(layout={"images": [{"source": IMAGE}]}), "an image at"),
        (go.Figure(layout={"meta": 1j}), "must be JSON, but"),
        (1.5, r"draw\(x=1\) must be a Plotly Figure, but is float"),
    ],
)
def test_what_no_page_can_show_is_refused_when_it_is_made(
    figure, message, name, form
):
    form(name)

    def draw(x):
        return figure

    with pytest.raises(ValueError, match=message):
        explore(draw, x=[1])
