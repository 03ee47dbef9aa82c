"""A figure's function evaluated at every stop of its controls."""

import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import plotly.graph_objects as go

from d2lattn.figures.controls import Control, called_by
from d2lattn.figures.leaves import Frame, check_structure, frame, listed

# Traces that ask a server for their maps.
MAPS = re.compile("choropleth.*|(scatter|density)(geo|map|mapbox)")


def call(fn: Callable[..., go.Figure], values: dict[str, Any]) -> go.Figure:
    """`fn(**values)`, with those values in the message if it fails.

    Raises:
        RuntimeError: `fn` raised; the cause is chained.
        ValueError: `fn` returned no Plotly figure, or one with animation
            frames or with something that needs a network.
    """
    said = f"{called_by(fn)}({listed(values)})"
    try:
        figure = fn(**values)
    except Exception as error:
        raise RuntimeError(
            f"{said} raised {type(error).__name__}: {error}"
        ) from error
    for wanted in _unmet(figure):
        raise ValueError(f"{said} must be a {wanted}")
    return figure


def _unmet(figure: Any) -> Iterator[str]:
    """What a figure must be, but is not."""
    if not isinstance(figure, go.Figure):
        yield f"Plotly Figure, but is {type(figure).__name__}"
    if figure.frames:
        yield (
            "figure without animation frames, but has "
            f"{len(figure.frames)}; let a control take their place"
        )
    network = "figure that needs no network, but"
    for i, trace in enumerate(figure.data):
        if MAPS.fullmatch(trace.type):
            yield f"{network} data[{i}] is a {trace.type}, a map on a server"
    pictures = figure.select_traces({"type": "image"})
    for image in (*figure.layout.images, *pictures):
        if image.source and not image.source.startswith("data:"):
            yield f"{network} has an image at {image.source!r}, no data URI"


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
            f"the frames of {fn_name} must be at most max_frames={most}, but "
            f"are {grid} = {count}; coarsen {longest.name!r}, which has "
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
    names = [control.name for control in controls]
    for stops in itertools.product(*(control.values for control in controls)):
        values = dict(zip(names, stops, strict=True))
        frames.append(frame(call(fn, values)))
        check_structure(frames[0], frames[-1], values)
    return frames
