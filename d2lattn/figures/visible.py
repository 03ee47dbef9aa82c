"""How far off a number may be: a thousandth of what is visible beside it."""

import re

import numpy as np

from d2lattn.figures.leaves import Frame, Path, numeric

SHARE = 1e-3
# Keys of numbers that are read, or that number something.
EXACT = re.compile(
    "cells|customdata|header|hovertext|i|ids|j|k|labels|parents"
    "|selectedpoints|source|target|text"
)
# Traces in space, and what bars, boxes and candles have along their values.
SOLID = re.compile(
    "cone|isosurface|mesh3d|scatter3d|streamtube|surface|volume"
)
ALONG = re.compile(
    "base|close|high|low|lowerfence|mean|median|notchspan|open|q1|q3|sd"
    "|upperfence"
)
# Keys of colours, and those beside them that may fix what is visible.
ENDS = {"z": "z", "color": "c", "intensity": "c", "surfacecolor": "c"}


def slack(frame: Frame, path: Path, numbers: np.ndarray) -> np.ndarray:
    """How far off each number of a leaf may be in its frame.

    What is visible is the range of the leaf's axis, or of its colours, where
    the figure fixes it, and that of the leaf's own numbers where it does
    not; on a logarithmic axis, in decades. Numbers that are read or decide
    on something, such as the bins of a histogram, may not be off at all.

    Args:
        frame: the whole figure's leaves.
        path: where the leaf stands in it.
        numbers: the leaf, of any shape, NaN for gaps.
    """
    exact = np.zeros(numbers.shape)
    axis = _axis(frame, path) if path[0] == "data" else ()
    scale = frame.get((*axis, "type"), "linear")
    decides = str(frame.get((*path[:2], "type"))).startswith("histogram")
    if not axis or decides or scale not in ("linear", "log"):
        return exact
    if any(EXACT.fullmatch(str(key)) for key in path):
        return exact
    shown = numbers
    if scale == "log":
        shown = np.log10(np.where(numbers > 0, numbers, np.nan))
    if np.isnan(shown).all():
        return exact
    ends = np.array([np.nanmin(shown), np.nanmax(shown)])
    fixed = _fixed(frame, path, axis)
    low, high = (
        ends if fixed is None else np.where(fixed == fixed, fixed, ends)
    )
    width = SHARE * abs(high - low)
    if scale == "log":
        return np.where(numbers > 0, numbers * (1 - 10**-width), 0)
    return exact + width


def _axis(frame: Frame, path: Path) -> Path:
    """Where the axis of a leaf stands, if it lies along one."""
    trace, name = path[:2], str(path[2]).removeprefix("error_")
    if ALONG.fullmatch(name):
        name = "x" if frame.get((*trace, "orientation")) == "h" else "y"
    if SOLID.fullmatch(frame[*trace, "type"]):
        return "layout", frame.get((*trace, "scene"), "scene"), f"{name}axis"
    if name == "r":
        polar = frame.get((*trace, "subplot"), "polar")
        return "layout", polar, "radialaxis"
    name = frame.get((*trace, f"{name}axis"), name)
    axis = "layout", f"{name[0]}axis{name[1:]}"
    name = frame.get((*axis, "matches"), name)
    return "layout", f"{name[0]}axis{name[1:]}"


def _fixed(frame: Frame, path: Path, axis: Path) -> np.ndarray | None:
    """The ends of what is visible, NaN for one that the numbers decide."""
    beside, letter = path[:-1], ENDS.get(str(path[-1]))
    shared = frame.get((*beside, "coloraxis"))
    if letter and shared and frame[*path[:2], "type"] != "surface":
        beside, letter = ("layout", shared), "c"
    colors = [frame.get((*beside, f"{letter}{end}")) for end in ("min", "max")]
    if None not in colors:  # Plotly heeds neither alone
        return numeric(colors)
    if frame.get((*axis, "autorange")) in (True, "reversed"):
        return None
    of_dimension = frame.get((*path[:-1], "range"))
    return numeric(frame.get((*axis, "range"), of_dimension))
