"""Plotly's script: the part that is here, and when the whole is needed."""

import gzip
import os
from importlib.metadata import version
from pathlib import Path

import plotly.graph_objects as go
import plotly.offline
import plotly_bundle
import pytest

from d2lattn.figures import bundle, explore, page

ROOT = Path(__file__).parents[2]


@pytest.fixture
def pinned():
    """Only where the Plotly that the book is built with is installed."""
    pins = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    if f"plotly=={version('plotly')}" not in pins:
        pytest.skip("another Plotly than the book's: it brings its own script")


@pytest.mark.usefixtures("pinned")
def test_the_part_is_of_the_version_that_plotly_carries():
    assert bundle.version() == plotly.offline.get_plotlyjs_version()


@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize(
    ("figure", "part"),
    [
        (go.Figure(), "cartesian"),
        (go.Figure([go.Scatter(), go.Bar(), go.Heatmap()]), "cartesian"),
        (go.Figure(go.Scatter3d()), "whole"),
        (go.Figure([go.Bar(), go.Sankey()]), "whole"),
        (go.Figure(frames=[go.Frame(data=[go.Scattergl()])]), "whole"),
    ],
)
def test_a_figure_takes_the_part_that_knows_its_traces(figure, part):
    assert bundle.part(figure.to_plotly_json()) == part
    assert f'data-part="{part}"' in page.figure(figure.to_plotly_json())


@pytest.mark.usefixtures("pinned")
def test_a_trace_may_change_its_kind():
    def draw(kind):
        return go.Figure({"data": [{"type": kind, "y": [1, 2]}]})

    flat = explore(draw, kind=["bar", "scatter"])
    assert bundle.part(flat.payload()) == "cartesian"
    some = explore(draw, kind=["bar", "scattergl"])
    assert bundle.part(some.payload()) == "whole"
    assert 'class="d2l-plotly-whole"' in some.to_html()


def test_with_another_plotly_figures_take_what_it_brings(monkeypatch):
    monkeypatch.setattr(plotly.offline, "get_plotlyjs_version", lambda: "0.1")
    assert bundle.part({"data": []}) == "whole"
    assert bundle.script("whole") == plotly.offline.get_plotlyjs()


def test_the_part_comes_from_the_npm_package(tmp_path, monkeypatch):
    package = tmp_path / "package"
    package.mkdir()
    one = '(called, () => {\n"use strict";var Plotly={};\nreturn Plotly;\n}));'
    (package / "plotly-cartesian.min.js").write_text(one)
    (package / "LICENSE").write_text("the licence")
    npm = tmp_path / "npm"
    npm.write_text(f"#!/bin/sh\ntar -czf $3.tgz -C {tmp_path} package\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    plotly_bundle.main(tmp_path)
    assert bundle.script("cartesian").endswith(
        "\n})));"
    )  # as it comes with us
    made = gzip.decompress((tmp_path / bundle.CARTESIAN).read_bytes())
    eager = one.replace("() =>", "(() =>").replace("}));", "})));")
    assert made.decode() == eager
    assert (tmp_path / "plotly-LICENSE").read_text() == "the licence"
