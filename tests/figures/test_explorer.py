"""Explorers: one function of slider values, in the form a reader can use."""

import itertools
import json
import math
import sys
import warnings
from functools import partial
from types import ModuleType

import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from IPython.core.formatters import DisplayFormatter
from unpacking import unpack_payload

from d2lattn.figures import describe, explore, explorer, heatmap
from d2lattn.figures.explorer import MIME, WIDGET_MIME, form

HOSTS = ("COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE")


def attention_map(temperature=0.5, kernel="softmax", causal=False):
    """Watch the rows sharpen.

    The rest of the docstring is not for readers of the page.
    """
    random = np.random.default_rng(5)
    scores = torch.tensor(random.normal(size=(3, 5))) / temperature
    if causal:
        scores = scores.tril().masked_fill(scores.tril() == 0, -math.inf)
    weights = scores.softmax(-1) if kernel == "softmax" else scores.sigmoid()
    weights = weights.masked_fill(weights == 0, math.nan)
    return describe(heatmap(weights), f"{kernel} at {temperature}")


CONTROLS = {
    "temperature": (0.25, 1.0, 0.25),
    "kernel": {"Softmax": "softmax", "Sigmoid": "sigmoid"},
    "causal": False,
}


@pytest.fixture
def made():
    return explore(attention_map, **CONTROLS)


def test_the_payload_holds_the_figure_of_every_combination(made):
    payload = json.loads(json.dumps(made.payload(), allow_nan=False))
    stops = itertools.product(
        (0.25, 0.5, 0.75, 1.0), ("softmax", "sigmoid"), (False, True)
    )
    for k, (temperature, kernel, causal) in enumerate(stops):
        figure = attention_map(temperature, kernel, causal)
        shown = unpack_payload(payload, k)
        assert shown["layout"]["meta"]["alt"] == f"{kernel} at {temperature}"
        z = np.array(shown["data"][0]["z"], dtype=float)
        assert z == pytest.approx(figure.data[0].z, abs=1e-4, nan_ok=True)
        assert shown["data"][0]["zmax"] == figure.data[0].zmax


def test_the_payload_says_what_the_controls_are(made):
    payload = made.payload()
    assert payload["title"] == "attention map"
    assert payload["caption"] == "Watch the rows sharpen."
    keys = "name", "label", "kind", "labels", "index"
    assert [tuple(map(it.get, keys)) for it in payload["controls"]] == [
        (
            "temperature",
            "temperature",
            "range",
            ["0.25", "0.50", "0.75", "1.00"],
            1,
        ),
        ("kernel", "kernel", "select", ["Softmax", "Sigmoid"], 0),
        ("causal", "causal", "checkbox", ["off", "on"], 0),
    ]


def test_the_grid_is_evaluated_once():
    calls = []

    def draw(x):
        calls.append(x)
        return go.Figure(go.Scatter(y=[x]))

    made = explore(draw, x=(0, 6))
    made.to_html(), made.payload(), made._repr_mimebundle_()
    assert calls == list(range(7))


def test_values_are_where_the_controls_start_and_figure_fills_them_in(made):
    assert made.values == {
        "temperature": 0.5,
        "kernel": "softmax",
        "causal": False,
    }
    assert [control.name for control in made.controls] == list(CONTROLS)
    for given in ({}, {"temperature": 0.3}, {"kernel": "sigmoid"}):
        assert made.figure(**given) == attention_map(**given)
    with pytest.raises(RuntimeError, match="temperature='hot', kernel="):
        made.figure(temperature="hot")


def test_repr_says_what_it_is_and_nothing_that_changes(made):
    wanted = (
        "Explorer(attention_map: temperature 0.25 to 1.00 (4 stops), "
        "kernel Softmax | Sigmoid, causal off | on)"
    )
    assert repr(made) == wanted == repr(explore(attention_map, **CONTROLS))


@pytest.mark.parametrize(
    ("name", "mime"),
    [("page", MIME), ("html", "text/html"), ("live", WIDGET_MIME)],
)
def test_each_form_shows_itself_and_the_same_text(name, mime, made, form):
    form(name)
    shown, _ = DisplayFormatter().format(made)
    assert shown.keys() == {mime, "text/plain"}
    assert shown["text/plain"] == repr(made)
    if name == "live":
        assert shown[mime].keys() == {
            "version_major",
            "version_minor",
            "model_id",
        }
    elif name == "page":
        assert shown[mime] == made.payload()
    else:
        assert 'class="d2l-explorer"' in shown[mime]


@pytest.mark.parametrize("given", [("Map", "Look\n  here."), ("", "")])
def test_title_and_caption_may_be_given(given):
    made = explore(
        attention_map, title=given[0], caption=given[1], causal=True
    )
    assert (made.title, made.caption) == (given[0], " ".join(given[1].split()))


class Drawing:
    """Has no name of its own."""

    def __call__(self, x=1.0):
        return go.Figure(go.Scatter(y=[x]))


def undocumented(x=1, y=2):
    return go.Figure(go.Scatter(y=[x, y]))


@pytest.mark.parametrize(
    ("fn", "title", "caption"),
    [
        (Drawing(), "Drawing", "Has no name of its own."),
        (partial(undocumented, y=3), "undocumented", ""),
        (
            partial(attention_map, causal=True),
            "attention map",
            "Watch the rows sharpen.",
        ),
        (lambda x: undocumented(x), "<lambda>", ""),
    ],
)
def test_anything_to_call_can_be_explored(fn, title, caption):
    name = "temperature" if "map" in title else "x"
    made = explore(fn, **{name: (0.5, 2.0, 0.5)})
    assert (made.title, made.caption) == (title, caption)
    assert made.payload()["figure"]["data"]


def failing(step):
    return go.Figure(go.Scatter(y=[1 / (step - 2)]))


def noisy(step, other=0):
    y = np.random.default_rng(step).random(30_000)
    return go.Figure(go.Scatter(y=y)).update_yaxes(range=[0, 9])


@pytest.mark.parametrize(
    ("fn", "given", "message"),
    [
        (undocumented, {}, "explore.undocumented. must have a control"),
        (undocumented, {"x": (0, 9), "bits": 12}, "bits .* is 12"),
        (
            undocumented,
            {"x": (0, 99), "y": (0, 30)},
            "frames of undocumented must be at most max_frames=3000, but are "
            "100 x 31 = 3100; coarsen 'x', which has 100 stops",
        ),
        (
            noisy,
            {"other": (0, 1), "step": (1, 40)},
            "frames of noisy must pack to at most max_megabytes=2.0, but are "
            r"80 of \d\.\d MB; coarsen 'step', which has 40 stops",
        ),
        (
            noisy,
            {"step": (1, 9), "bits": 8, "max_megabytes": 0.1},
            "max_megabytes=0.1, .* coarsen 'step', which has 9 stops$",
        ),
    ],
)
def test_what_goes_wrong_says_so_when_the_figure_is_made(fn, given, message):
    with pytest.raises(ValueError, match=message):
        explore(fn, **given)


def test_there_may_be_as_many_frames_as_are_allowed():
    explore(undocumented, x=(0, 9), max_frames=10)
    with pytest.raises(ValueError, match="at most max_frames=9, but are 10"):
        explore(undocumented, x=(0, 9), max_frames=9)


@pytest.mark.parametrize(
    ("fn", "given", "error"),
    [
        (undocumented, {"x": (0, 99), "y": (0, 99)}, ValueError),
        (undocumented, {"x": (1, 0)}, ValueError),
        (failing, {"step": [2, 1]}, RuntimeError),
    ],
)
def test_a_live_figure_says_so_too(fn, given, error, form):
    form("live")
    with pytest.raises(error):
        explore(fn, **given)


@pytest.mark.parametrize("name", ["live", "html", "page"])
def test_latex_that_is_not_typeset_is_named(name, form):
    def draw(x):
        figure = go.Figure(go.Scatter(y=[x], customdata=["5 $"]))
        figure.update_layout(meta={"alt": "5 $"}, xaxis_title_text="5 $")
        return figure.update_layout(title_text=rf"$\alpha_{x}$")

    form(name)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = explore(draw, x=(1, 2))
    said = [str(warning.message) for warning in caught]
    shown = {
        "live": [r"here: '$\\alpha_1$'"],
        "html": [r"here: '$\\alpha_1$', '$\\alpha_2$'"],
        "page": [],
    }
    assert [it.rpartition(" its source ")[2] for it in said] == shown[name]
    with pytest.warns(UserWarning, match="typeset in built pages only"):
        made.to_html()


def test_a_live_figure_computes_no_grid(form):
    calls = []

    def draw(x=3):
        calls.append(x)
        return go.Figure()

    form("live")
    explore(draw, x=(0, 1000))
    assert calls == [3]


def test_fewer_bits_make_it_smaller():
    sizes = [
        len(explore(noisy, step=(1, 3), bits=bits).payload()["frames"])
        for bits in (8, 16, 32, 64)
    ]
    assert sizes == sorted(set(sizes))


@pytest.fixture
def bare(monkeypatch):
    """A machine that says nothing of where it is."""
    for name in ("D2LATTN_FIGURES", *HOSTS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, "live"),
        ({"D2LATTN_FIGURES": ""}, "live"),
        *(({name: "1"}, "html") for name in HOSTS),
        *(
            ({"COLAB_RELEASE_TAG": "1", "D2LATTN_FIGURES": name}, name)
            for name in ("live", "page", "html")
        ),
    ],
)
def test_the_form_is_what_a_reader_can_use(variables, wanted, bare):
    for name, value in variables.items():
        bare.setenv(name, value)
    assert form() == wanted


def test_colab_is_known_by_its_module(bare):
    bare.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    assert form() == "html"


@pytest.mark.parametrize(
    ("version", "wanted"), [("5.24.1", "live"), ("10.1", "html")]
)
def test_without_anywidget_plotly_5_is_live_and_later_ones_are_not(
    version, wanted, bare
):
    bare.setitem(sys.modules, "anywidget", None)
    bare.setattr(explorer.plotly, "__version__", version)
    assert form() == wanted


def test_an_unknown_form_says_which_there_are(form):
    form("print")
    with pytest.raises(
        ValueError, match="must be live, page or html, but is 'print'"
    ):
        explore(undocumented, x=(0, 1))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("option", ["title", "caption"])
def test_a_slider_cannot_have_the_name_of_an_option(option):
    with pytest.raises(ValueError, match=f"{option} must be text, but is"):
        explore(undocumented, x=(0, 9), **{option: (0, 1)})
