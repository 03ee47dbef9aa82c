"""Plotly's own script: as much of it as a figure needs.

The cartesian part weighs a third of the whole and draws all figures of this
book. It comes with this package, for one version of Plotly; where another
version is installed, figures take the whole script, which `plotly` brings.
"""

import gzip
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import plotly.offline

STATIC = files("d2lattn.figures") / "static"
CARTESIAN = "plotly-cartesian.min.js.gz"  # made by tools/plotly_bundle.py
# The kinds of traces that the cartesian part knows.
TRACES = {
    *("bar", "box", "contour", "heatmap", "histogram", "histogram2d"),
    *("histogram2dcontour", "image", "pie", "scatter", "scatterternary"),
    "violin",
}


@cache
def script(part: str) -> str:
    """The script, "cartesian" or "whole"."""
    if part == "whole":
        return plotly.offline.get_plotlyjs()
    return gzip.decompress((STATIC / CARTESIAN).read_bytes()).decode("utf-8")


@cache
def version() -> str:
    """The version of the cartesian part, as its first lines have it."""
    found = re.search(r"v([\d.]+)", script("cartesian")[:100])
    return found[1] if found else ""


def part(shown: dict[str, Any]) -> str:
    """The part that a payload or the JSON of a figure needs."""
    fits = plotly.offline.get_plotlyjs_version() == version()
    return (
        "cartesian" if fits and TRACES.issuperset(_kinds(shown)) else "whole"
    )


def _kinds(shown: dict[str, Any]) -> Iterator[str]:
    """The kinds of traces, at every stop and in every frame."""
    figure = shown.get("figure", shown)
    frames = [figure, *(figure.get("frames") or ())]
    for trace in (trace for one in frames for trace in one.get("data") or ()):
        yield trace.get("type") or "scatter"
    for leaf in shown.get("moving", ()):
        if leaf["path"][0] == "data" and leaf["path"][2:] == ["type"]:
            yield from leaf["choices"]
