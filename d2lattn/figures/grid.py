"""A figure's function evaluated at every stop of its controls."""

import base64
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from d2lattn.figures.controls import Control, called_by

Path = tuple[str | int, ...]
Frame = dict[Path, Any]


def call(fn: Callable[..., go.Figure], values: dict[str, Any]) -> go.Figure:
    """`fn(**values)`, with those values in the message if it fails.

    Raises:
        RuntimeError: `fn` raised; the cause is chained.
        TypeError: `fn` returned something other than a Plotly figure.
    """
    said = f"{called_by(fn)}({_listed(values)})"
    try:
        figure = fn(**values)
    except Exception as error:
        raise RuntimeError(
            f"{said} raised {type(error).__name__}: {error}"
        ) from error
    if not isinstance(figure, go.Figure):
        raise TypeError(
            f"{said} returned {type(figure).__name__}, want a Plotly Figure"
        )
    return figure


def frame(figure: go.Figure) -> Frame:
    """The figure as leaves: its path to each value that is no container.

    Templates are left out, since where the figure is shown decides on them.
    """
    parts = figure.to_plotly_json()
    layout = {k: v for k, v in parts["layout"].items() if k != "template"}
    found = dict(_leaves({"data": list(parts["data"]), "layout": layout}))
    return {path: leaf for path, leaf in found.items() if path[-1] != "uid"}


def _leaves(part: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(part, dict) and "bdata" in part:
        yield path, _decode(part)
    elif isinstance(part, dict):
        for key, value in part.items():
            yield from _leaves(value, (*path, key))
    elif isinstance(part, list | tuple) and any(
        isinstance(value, dict) for value in part
    ):
        for i, value in enumerate(part):
            yield from _leaves(value, (*path, i))
    else:
        yield path, part


def _decode(part: dict[str, Any]) -> np.ndarray:
    """Plotly 6 writes an array as {"dtype", "bdata", "shape"}."""
    flat = np.frombuffer(base64.b64decode(part["bdata"]), part["dtype"])
    if "shape" not in part:
        return flat
    return flat.reshape([int(size) for size in str(part["shape"]).split(",")])


def numeric(leaf: Any) -> np.ndarray | None:
    """A list or array of numbers as an array with NaN for gaps, or None."""
    if isinstance(leaf, np.ndarray) and leaf.dtype.kind in "iuf":
        array = leaf
    elif isinstance(leaf, np.ndarray | list | tuple) and _only_numbers(leaf):
        try:
            array = np.array(leaf, dtype=np.float64)
        except ValueError:  # rows of different lengths
            return None
    else:
        return None
    if array.dtype.kind == "f":
        array = np.where(np.isfinite(array), array, np.nan)
    return array


def _only_numbers(leaf: Any) -> bool:
    if isinstance(leaf, list | tuple | np.ndarray):
        return all(map(_only_numbers, leaf))
    if isinstance(leaf, bool | np.bool_):
        return False
    return leaf is None or isinstance(leaf, int | float | np.number)


def same(one: Any, other: Any) -> bool:
    """Whether two leaves draw the same; NaN equals NaN."""
    a, b = numeric(one), numeric(other)
    if a is None or b is None:
        return a is b and plain(one) == plain(other)
    return np.array_equal(a, b, equal_nan=True)


def plain(leaf: Any) -> Any:
    """A leaf in Python's own types, with None for gaps."""
    if isinstance(leaf, np.ndarray | list | tuple):
        return [plain(value) for value in leaf]
    if isinstance(leaf, np.number | np.bool_):
        leaf = leaf.item()
    gap = isinstance(leaf, float) and not math.isfinite(leaf)
    return None if gap else leaf


def check_size(fn_name: str, controls: Sequence[Control], most: int) -> None:
    """Refuse a grid of more than `most` frames, before computing any.

    Raises:
        ValueError: naming the grid and the control with the most stops.
    """
    count = math.prod(len(control.values) for control in controls)
    if count > most:
        grid = " x ".join(str(len(control.values)) for control in controls)
        longest = max(controls, key=lambda control: len(control.values))
        raise ValueError(
            f"{fn_name}: {grid} = {count} frames, more than "
            f"max_frames={most}; coarsen {longest.name!r}, which has "
            f"{len(longest.values)} stops"
        )


def evaluate(
    fn: Callable[..., go.Figure], controls: Sequence[Control]
) -> list[Frame]:
    """One frame for each combination of stops, the last control fastest.

    Raises:
        ValueError: a frame whose leaves are not those of the first.
    """
    frames: list[Frame] = []
    for stops in itertools.product(*(control.values for control in controls)):
        names = [control.name for control in controls]
        values = dict(zip(names, stops, strict=True))
        frames.append(frame(call(fn, values)))
        check_structure(frames[0], frames[-1], values)
    return frames


def check_structure(
    first: Frame, other: Frame, values: dict[str, Any]
) -> None:
    """Refuse a frame that has other leaves than the first.

    Raises:
        ValueError: naming up to three of the leaves and the values.
    """
    differ = sorted(map(_dotted, first.keys() ^ other.keys()))
    if differ:
        more = f" and {len(differ) - 3} more" if len(differ) > 3 else ""
        raise ValueError(
            f"at {_listed(values)} the figure has another structure than in "
            f"its first frame: {', '.join(differ[:3])}{more} in one and not "
            "in the other; return the same traces with the same keys at every "
            "stop, with NaN or '' where there is nothing to show"
        )


def _listed(values: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in values.items())


def _dotted(path: Path) -> str:
    said = ""
    for key in path:
        said += f"[{key}]" if isinstance(key, int) else f".{key}"
    return said.removeprefix(".")
