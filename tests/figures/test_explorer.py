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

import d2lattn.figures
from d2lattn.figures import (
    Explorer,
    describe,
    explore,
    explorer,
    heatmap,
)
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


def flat(part, path=()):
    """The leaves of nested dicts and lists of dicts, as paths."""
    if isinstance(part, dict):
        items = part.items()
    elif isinstance(part, list) and part and isinstance(part[0], dict):
        items = enumerate(part)
    else:
        return {path: part}
    return {
        k: v for key, it in items for k, v in flat(it, (*path, key)).items()
    }


def test_the_payload_holds_the_figure_of_every_combination(made):
    payload = json.loads(json.dumps(made.payload(), allow_nan=False))
    stops = itertools.product(
        (0.25, 0.5, 0.75, 1.0), ("softmax", "sigmoid"), (False, True)
    )
    for k, (temperature, kernel, causal) in enumerate(stops):
        values = {
            "temperature": temperature,
            "kernel": kernel,
            "causal": causal,
        }
        figure = attention_map(**values)
        shown = unpack_payload(payload, k)
        assert shown["layout"]["meta"]["alt"] == f"{kernel} at {temperature}"
        z = np.array(shown["data"][0]["z"], dtype=float)
        assert z == pytest.approx(figure.data[0].z, abs=1e-5, nan_ok=True)
        assert shown["data"][0]["zmax"] == figure.data[0].zmax


def test_the_payload_says_what_the_controls_are(made):
    payload = made.payload()
    assert payload["title"] == "attention map"
    assert payload["caption"] == "Watch the rows sharpen."
    assert payload["controls"] == [
        {
            "name": "temperature",
            "label": "temperature",
            "kind": "range",
            "labels": ["0.25", "0.50", "0.75", "1.00"],
            "index": 1,
        },
        {
            "name": "kernel",
            "label": "kernel",
            "kind": "select",
            "labels": ["Softmax", "Sigmoid"],
            "index": 0,
        },
        {
            "name": "causal",
            "label": "causal",
            "kind": "checkbox",
            "labels": ["off", "on"],
            "index": 0,
        },
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


@pytest.mark.parametrize(
    ("title", "caption", "wanted"),
    [
        (None, None, ("attention map", "Watch the rows sharpen.")),
        ("Map", "Look\n  here.", ("Map", "Look here.")),
        ("", "", ("", "")),
    ],
)
def test_title_and_caption(title, caption, wanted):
    made = explore(attention_map, title=title, caption=caption, causal=True)
    assert (made.title, made.caption) == wanted


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


def structured(step):
    return go.Figure([go.Scatter(y=[1])] * step)


def failing(step):
    return go.Figure(go.Scatter(y=[1 / (step - 2)]))


def ranged(step):
    return noisy(step).update_yaxes(range=[0, 9])


def noisy(step, other=0):
    return go.Figure(go.Scatter(y=np.random.default_rng(step).random(30_000)))


@pytest.mark.parametrize(
    ("fn", "given", "error", "message"),
    [
        (
            undocumented,
            {},
            ValueError,
            "explore.undocumented. must have a control",
        ),
        (
            undocumented,
            {"z": (0, 1)},
            ValueError,
            r"must fit its parameters \(x, y\), but are z: .* argument 'z'",
        ),
        (undocumented, {"x": (1, 0)}, ValueError, "x must have lo <= hi"),
        (undocumented, {"x": []}, ValueError, "x must have an option"),
        (undocumented, {"x": (0, 9), "bits": 12}, ValueError, "bits .* is 12"),
        (
            undocumented,
            {"x": (0, 99), "y": (0, 30)},
            ValueError,
            "frames of undocumented must be at most max_frames=3000, but are "
            "100 x 31 = 3100; coarsen 'x', which has 100 stops",
        ),
        (
            undocumented,
            {"x": (0, 9), "max_frames": 9},
            ValueError,
            "at most max_frames=9, but",
        ),
        (
            noisy,
            {"other": (0, 1), "step": (1, 40)},
            ValueError,
            "frames of noisy must pack to at most max_megabytes=2.0, but are "
            r"80 of \d\.\d MB; coarsen 'step', which has 40 stops",
        ),
        (
            noisy,
            {"step": (1, 9), "bits": 8, "max_megabytes": 0.1},
            ValueError,
            "max_megabytes=0.1, .* coarsen 'step', which has 9 stops$",
        ),
        (
            structured,
            {"step": (1, 3)},
            ValueError,
            r"at step=2 .* data\[1\].type",
        ),
        (
            failing,
            {"step": (1, 3)},
            RuntimeError,
            "step=2. raised ZeroDivision",
        ),
        (
            lambda x: x,
            {"x": (1, 3)},
            ValueError,
            "x=1. must be a Plotly Figure, but is int",
        ),
    ],
)
def test_what_goes_wrong_says_so_when_the_figure_is_made(
    fn, given, error, message
):
    with pytest.raises(error, match=message):
        explore(fn, **given)


@pytest.mark.parametrize(
    ("fn", "given", "error"),
    [
        (undocumented, {"x": (0, 99), "y": (0, 99)}, ValueError),
        (undocumented, {"x": (0, 9), "bits": 12}, ValueError),
        (undocumented, {"x": (1, 0)}, ValueError),
        (failing, {"step": [2, 1]}, RuntimeError),
        (lambda x: x, {"x": (1, 3)}, ValueError),
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
        len(explore(ranged, step=(1, 3), bits=bits).payload()["frames"])
        for bits in (8, 16, 32, 64)
    ]
    assert sizes == sorted(set(sizes))


def test_the_figure_in_the_payload_is_the_one_given():
    def draw(x):
        figure = go.Figure([go.Bar(y=[x]), go.Scatter(y=[1, x])])
        figure.update_layout(
            template="plotly_dark",
            shapes=[{"x0": 0}, {"x0": x, "line": {"color": "red"}}],
            xaxis={"range": [0, 2], "title": {"text": "cue"}},
            meta={"notes": [1, 2]},
        )
        return figure

    payload = explore(draw, x=(0, 1)).payload()
    wanted = json.loads(draw(0).to_json())
    del wanted["layout"]["template"]
    moving = {tuple(leaf["path"]) for leaf in payload["moving"]}
    shown = flat(payload["figure"])
    assert moving == {
        ("data", 0, "y"),
        ("data", 1, "y"),
        ("layout", "shapes", 1, "x0"),
    }
    assert shown.keys() == flat(wanted).keys()
    for path, leaf in flat(wanted).items():
        assert shown[path] == (None if path in moving else leaf)


@pytest.fixture
def bare(monkeypatch):
    """A machine that says nothing of where it is."""
    for name in ("D2LATTN_FIGURES", *HOSTS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    return monkeypatch


def test_a_notebook_with_widgets_is_live(bare):
    assert form() == "live"
    bare.setenv("D2LATTN_FIGURES", "")
    assert form() == "live"


@pytest.mark.parametrize("name", HOSTS)
def test_hosted_notebooks_show_html(name, bare):
    bare.setenv(name, "1")
    assert form() == "html"


def test_colab_is_known_by_its_module(bare):
    bare.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    assert form() == "html"


@pytest.mark.parametrize(
    ("version", "wanted"),
    [("5.24.1", "live"), ("6.0.0", "html"), ("10.1", "html")],
)
def test_without_anywidget_plotly_5_is_live_and_later_ones_are_not(
    version, wanted, bare
):
    bare.setitem(sys.modules, "anywidget", None)
    bare.setattr(explorer.plotly, "__version__", version)
    assert form() == wanted


@pytest.mark.parametrize("name", ["live", "page", "html"])
def test_the_variable_decides_where_it_is_set(name, bare):
    bare.setenv("COLAB_RELEASE_TAG", "release")
    bare.setenv("D2LATTN_FIGURES", name)
    assert form() == name


def test_an_unknown_form_says_which_there_are(form):
    form("print")
    with pytest.raises(
        ValueError, match="must be live, page or html, but is 'print'"
    ):
        explore(undocumented, x=(0, 1))


def test_the_package_offers_what_chapters_use():
    assert set(d2lattn.figures.__all__) == {
        "COLORS",
        "Explorer",
        "describe",
        "explore",
        "heatmap",
    }
    assert isinstance(explore(undocumented, x=(0, 1)), Explorer)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("option", ["title", "caption"])
def test_a_slider_cannot_have_the_name_of_an_option(option):
    with pytest.raises(ValueError, match=f"{option} must be text, but is"):
        explore(undocumented, x=(0, 9), **{option: (0, 1)})
