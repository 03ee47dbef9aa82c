"""The live form: ipywidgets, and what they send to the page."""

import html
import math

import gallery
import ipywidgets
import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from bs4 import BeautifulSoup

from d2lattn.figures import describe, explore, leaves, live


@pytest.fixture(autouse=True)
def _live(form):
    form("live")


def parts(explorer):
    """The pieces of an explorer's widget: inputs by name, figure, sentence."""
    _, *inputs, figure, said, _ = live.widget(explorer).children
    names = [control.name for control in explorer.controls]
    return dict(zip(names, inputs, strict=True)), figure, said


def messages(figure):
    """What the figure sends to the page from now on."""
    sent = []
    figure.observe(
        lambda change: change.new and sent.append(change.new),
        [name for name in figure.trait_names() if name.startswith("_py2js_")],
    )
    return sent


def curve(bandwidth=1.0, kernel="boxcar", mask=False, size=2):
    figure = go.Figure(
        [
            go.Scatter(x=np.arange(5.0), y=np.arange(5.0) * bandwidth),
            go.Heatmap(z=np.eye(size)),
        ]
    )
    figure.update_layout(title={"text": kernel}, showlegend=mask)
    return describe(figure, f"bandwidth {bandwidth}")


CONTROLS = {
    "bandwidth": (0.5, 2.0, 0.5),
    "kernel": {"Boxcar": "boxcar", "Gaussian": "gaussian"},
    "mask": False,
    "size": (2, 10, 4),
}


@pytest.fixture
def made():
    return parts(explore(curve, **CONTROLS))


def test_the_widgets_are_those_of_interact(made):
    inputs, figure, said = made
    oracle = ipywidgets.interactive(lambda **values: None, **CONTROLS)
    for (name, entry), wanted in zip(
        inputs.items(), oracle.kwargs_widgets, strict=True
    ):
        assert type(entry) is type(wanted)
        assert entry.description == name
        if hasattr(wanted, "min"):
            assert (entry.min, entry.max) == (wanted.min, wanted.max)
    assert isinstance(figure, go.FigureWidget)
    assert figure._config["typesetMath"] is False  # or LaTeX may vanish
    assert inputs["bandwidth"].value == 1
    assert inputs["kernel"].label == "Boxcar"
    assert inputs["mask"].value is False
    assert said.value == "bandwidth 1.0"


def test_moving_a_slider_sends_only_what_changed(made):
    inputs, figure, said = made
    sent = messages(figure)
    inputs["bandwidth"].value = 1.5
    (message,) = sent
    assert message["style_traces"] == [0]
    assert message["style_data"].keys() == {"y"}
    assert message["layout_data"] == {"meta": {"alt": "bandwidth 1.5"}}
    assert np.array_equal(figure.data[0].y, np.arange(5) * 1.5)
    assert said.value == "bandwidth 1.5"


def test_only_what_changed_is_set_at_all(made, monkeypatch):
    inputs, _, _ = made
    touched, assign = [], live._assign
    monkeypatch.setattr(
        live, "_assign", lambda *it: touched.append(it[1]) or assign(*it)
    )
    inputs["bandwidth"].value = 1.5
    assert set(touched) == {("data", 0, "y"), ("layout", "meta", "alt")}


def test_other_controls_send_what_they_change(made):
    inputs, figure, _ = made
    sent = messages(figure)
    inputs["kernel"].label = "Gaussian"
    inputs["mask"].value = True
    inputs["size"].value = 10
    assert [message["layout_data"] for message in sent] == [
        {"title.text": "gaussian"},
        {"showlegend": True},
        {},
    ]
    assert sent[-1]["style_traces"] == [1]
    assert figure.data[1].z.shape == (10, 10)


def test_values_between_the_stops_can_be_chosen(made):
    inputs, figure, _ = made
    slider = inputs["bandwidth"]
    assert slider.step < 0.5
    slider.value += slider.step
    assert np.array_equal(figure.data[0].y, np.arange(5) * slider.value)


@pytest.mark.parametrize(
    ("stops", "stands", "meant"),
    [
        ((0.1, 2.0, 0.1), 0.4999999999999999, 0.5),
        ((0.1, 2.0, 0.1), 0.5500000000000003, 0.55),
        ((0.1, 2.0, 0.1), 0.537, 0.537),
        ((-20.0, 20.0, 0.5), 0.30000000000000404, 0.3),
        ((0.0, math.pi, math.pi / 8), 0.7853981633974484, math.pi / 4),
        ((1.7e9, 1.7e9 + 9, 0.1), 1.7e9 + 0.12, 1.7e9 + 0.12),
    ],
)
def test_a_dragged_slider_means_the_value_it_shows(stops, stands, meant):
    given = []

    def draw(x):
        given.append(x)
        return go.Figure(go.Scatter(y=[x]))

    inputs, *_ = parts(explore(draw, x=stops))
    inputs["x"].value = stands
    assert given[-1] == meant


def test_a_start_between_two_stops_is_kept():
    def draw(x=0.3):
        return go.Figure(go.Scatter(y=[x]))

    inputs, figure, _ = parts(explore(draw, x=(0.0, 1.0, 0.5)))
    assert inputs["x"].value == 0.3
    assert figure.data[0].y == (0.3,)


@pytest.mark.parametrize("only", [(0.1, 0.15, 0.1), (0.5, 0.5), (2, 2), [3]])
def test_a_control_may_have_one_stop(only):
    inputs, figure, _ = parts(
        explore(lambda x: go.Figure(go.Scatter(y=[x])), x=only)
    )
    assert figure.data[0].y == (only[0],)
    assert inputs["x"].value == (0 if only == [3] else only[0])


def test_options_may_be_tensors():
    options = {"one": torch.tensor([1, 2]), "two": torch.tensor([3, 5])}
    inputs, figure, _ = parts(
        explore(lambda q: go.Figure(go.Scatter(y=q.tolist())), q=options)
    )
    inputs["q"].label = "two"
    assert figure.data[0].y == (3, 5)


def fragile(x=1, kind="ok"):
    if kind == "raise":
        raise ValueError(f"<b>no</b> {x}")
    if kind == "other":
        return go.Figure(layout={"height": 300})
    return describe(go.Figure(go.Scatter(y=[x])), f"x is {x}")


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("raise", "fragile(x=1, kind='raise') raised ValueError: <b>no</b> 1"),
        ("other", "at x=1, kind='other' the figure must have the structure"),
    ],
)
def test_a_function_that_fails_leaves_the_figure_and_says_so(kind, message):
    inputs, figure, said = parts(
        explore(fragile, x=(1, 9), kind=["ok", "raise", "other"])
    )
    sent = messages(figure)
    inputs["kind"].label = kind
    shown = BeautifulSoup(said.value, "html.parser")
    assert shown.find("b") is None
    assert shown.find(role="alert").text.startswith(message)
    assert sent == []
    assert figure.data[0].y == (1,)
    inputs["kind"].label = "ok"
    inputs["x"].value = 5
    assert figure.data[0].y == (5,)
    assert said.value == "x is 5"


@pytest.mark.parametrize("gap", [math.nan, None, -math.inf])
def test_gaps_travel_as_json(gap):
    def draw(x):
        return go.Figure(go.Scatter(y=[x, gap], customdata=["a", gap]))

    inputs, figure, _ = parts(explore(draw, x=(1, 9)))
    (line,) = figure.to_plotly_json()["data"]
    assert (line["y"], line["customdata"]) == ([5, None], ["a", None])
    sent = messages(figure)
    inputs["x"].value = 2
    (message,) = sent
    assert message["style_data"] == {"y": [[2, None]]}


def test_all_that_changed_in_meta_and_customdata_is_sent():
    def draw(x):
        figure = go.Figure(
            go.Scatter(y=[1], customdata=[{"x": x}, {"y": [x]}])
        )
        return figure.update_layout(meta={"deep": {"x": x}, "y": 1})

    inputs, figure, _ = parts(explore(draw, x=(0, 9)))
    sent = messages(figure)
    inputs["x"].value = 7
    (message,) = sent
    assert message["layout_data"] == {"meta": {"deep": {"x": 7}, "y": 1}}
    assert message["style_data"] == {"customdata": [[{"x": 7}, {"y": [7]}]]}


@pytest.mark.filterwarnings("ignore:LaTeX")
@pytest.mark.parametrize("draw", gallery.FIGURES, ids=lambda it: it.__name__)
def test_every_kind_of_figure_follows(draw):
    inputs, figure, said = parts(explore(draw, t=(0, 3)))
    for t in (3, 0, 2):
        inputs["t"].value = t
        assert "alert" not in said.value
        now = leaves.frame(go.Figure(figure))
        wanted = draw(t).update_layout(autosize=True)
        for path, leaf in leaves.frame(wanted).items():
            assert leaves.same(now.get(path), leaf), (t, path)


def test_widgets_of_one_explorer_do_not_disturb_each_other():
    explorer = explore(curve, **CONTROLS)
    (one, figure, _), (_, other, _) = parts(explorer), parts(explorer)
    one["bandwidth"].value = 2
    assert figure.data[0].y[1] == 2
    assert other.data[0].y[1] == 1


def test_the_functions_own_figure_is_left_alone():
    kept = go.Figure(go.Scatter(y=[1, math.nan]))
    before = repr(kept)  # as JSON, NaN would be null already
    live.widget(explore(lambda x: kept, x=(0, 1)))
    assert repr(kept) == before


@pytest.mark.parametrize("version", ["7.7.1", "10.0.0"])
def test_markup_shows_as_text(version, markup, monkeypatch):
    monkeypatch.setattr(ipywidgets, "__version__", version)

    def draw(**values):
        return describe(go.Figure(), values[markup])

    explorer = explore(
        draw,
        title=markup,
        caption=markup,
        **{markup: {markup: markup, "plain": "plain"}},
    )
    title, menu, _, said, caption = live.widget(explorer).children
    for text in (title, said, caption):
        shown = BeautifulSoup(text.value, "html.parser")
        assert shown.find(["img", "script"]) is None
        assert shown.text == markup
    # ipywidgets 8 takes a description for text, 7 for HTML; a menu's options
    # are text to both.
    if version == "7.7.1":
        assert "<" not in menu.description
        assert html.unescape(menu.description) == markup
    else:
        assert menu.description == markup
        assert not getattr(menu, "description_allow_html", False)
    assert menu.label == markup
