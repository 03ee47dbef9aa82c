"""`explore`: a function of slider values becomes something to drag."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import plotly
import plotly.graph_objects as go

from d2lattn.figures import grid, page
from d2lattn.figures.controls import (
    Control,
    called_by,
    innermost,
    parse_controls,
)
from d2lattn.figures.leaves import frame, jsonable, nest
from d2lattn.figures.packing import TYPES, pack
from d2lattn.figures.table import table

MIME = "application/vnd.d2lattn.explorer+json"
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"


@dataclass(eq=False, repr=False)
class Explorer:
    """A figure and the controls it follows; made by `explore`.

    Attributes:
        fn: the figure's function.
        controls: the controls, in the order they were given.
        title: what the figure is called.
        caption: what to look for in it.
        bits, max_megabytes: how its frames are packed.
    """

    fn: Callable[..., go.Figure]
    controls: list[Control]
    title: str
    caption: str
    bits: int
    max_megabytes: float

    @property
    def values(self) -> dict[str, Any]:
        """Parameter name to the value the figure opens with."""
        return {control.name: control.start for control in self.controls}

    def figure(self, **values: Any) -> go.Figure:
        """The figure for these values; the others are where they start."""
        return grid.call(self.fn, {**self.values, **values})

    def payload(self) -> dict[str, Any]:
        """Every frame of the grid, packed, as plain JSON; computed once."""
        if not hasattr(self, "_payload"):
            self._payload = _payload(self)
        return self._payload

    def to_html(self) -> str:
        """HTML that needs no kernel, network or other file."""
        return page.standalone(self.payload())

    def __repr__(self) -> str:
        controls = ", ".join(map(str, self.controls))
        return f"Explorer({called_by(self.fn)}: {controls})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {**_shown(self), "text/plain": repr(self)}


def _payload(explorer: Explorer) -> dict[str, Any]:
    frames = grid.evaluate(explorer.fn, explorer.controls)
    still, moving, packed = pack(frames, explorer.bits)
    megabytes = (len(packed) + len(str(moving))) / 1e6
    if megabytes > explorer.max_megabytes:
        longest = max(explorer.controls, key=lambda c: len(c.values))
        smaller = ", or pass bits=8" if explorer.bits > 8 else ""
        raise ValueError(
            f"the frames of {called_by(explorer.fn)} must pack to at most "
            f"max_megabytes={explorer.max_megabytes}, but are {len(frames)} "
            f"of {megabytes:.1f} MB; coarsen {longest.name!r}, which has "
            f"{len(longest.values)} stops{smaller}"
        )
    stops = [control.index for control in explorer.controls]
    counts = [len(control.values) for control in explorer.controls]
    opening = frames[int(np.ravel_multi_index(stops, counts))]
    return {
        "title": explorer.title,
        "caption": explorer.caption,
        "alt": str(opening.get(("layout", "meta", "alt"), "")),
        "controls": [
            {
                "name": control.name,
                "label": control.title,
                "kind": control.kind,
                "labels": list(control.labels),
                "index": control.index,
            }
            for control in explorer.controls
        ],
        "table": table(nest(opening)),
        "figure": nest(still),
        "moving": moving,
        "frames": packed,
    }


def _shown(explorer: Explorer) -> dict[str, Any]:
    """What a notebook or a page shows, by mime type."""
    shown = form()
    if shown == "page":
        return {MIME: explorer.payload()}
    if shown == "html":
        return {"text/html": explorer.to_html()}
    from d2lattn.figures.live import widget

    return view(widget(explorer))


def view(shown: Any) -> dict[str, Any]:
    """What a notebook shows of a widget, by mime type."""
    versions = {"version_major": 2, "version_minor": 0}
    return {WIDGET_MIME: {**versions, "model_id": shown.model_id}}


def form() -> str:
    """The form a reader can use here: "live", "page" or "html".

    The variable D2LATTN_FIGURES decides where it is set; the Sphinx
    extension sets it to "page". Colab and Kaggle show self-contained HTML,
    since their widget managers may not know Plotly's widget, and so does
    every notebook in which Plotly cannot make a widget at all.
    """
    wanted = os.environ.get("D2LATTN_FIGURES")
    if wanted in ("live", "page", "html"):
        return wanted
    if wanted:
        raise ValueError(
            f"D2LATTN_FIGURES must be live, page or html, but is {wanted!r}"
        )
    hosted = "google.colab" in sys.modules or any(
        name in os.environ
        for name in ("COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE")
    )
    needs_anywidget = int(plotly.__version__.split(".")[0]) >= 6
    if hosted or (needs_anywidget and find_spec("anywidget") is None):
        return "html"
    return "live"


def explore(
    fn: Callable[..., go.Figure],
    /,
    *,
    title: str | None = None,
    caption: str | None = None,
    bits: int = 16,
    max_frames: int = 3000,
    max_megabytes: float = 2.0,
    **controls: Any,
) -> Explorer:
    """Turn a function of slider values into a figure to drag.

    In a running notebook, the figure follows ipywidgets' sliders and is
    computed at each movement. For the built book and for Colab, it is
    computed beforehand for every combination of stops. LaTeX is typeset in
    the book only; elsewhere a warning names it.

    Args:
        fn: takes the controls' values by name, returns a Plotly figure of
            the same structure for all of them. Its defaults are where the
            controls start. `describe` gives a figure its text alternative.
        title: the figure's name; by default the function's.
        caption: what to look for; by default the docstring's first paragraph.
        bits: 8, 16, 32 or 64: the fewest for a number that moves in a page. A
            number gets more where it would be off by over a thousandth of
            what is visible in a frame.
        max_frames: the most combinations of stops.
        max_megabytes: the most that the packed frames may weigh.
        controls: as in `ipywidgets.interact`: (lo, hi), (lo, hi, step), a
            number, a list of options or of (label, value) pairs, a dict of
            labels to values, a bool.

    Raises:
        ValueError: a parameter that `fn` lacks, an empty range, too many
            frames or megabytes, frames of different structure; `fn` returned
            no Plotly figure, or one with frames of its own, or with
            something that needs a network, such as a map.
        RuntimeError: `fn` raised; the message holds the values.

    Example:
        >>> import plotly.graph_objects as go
        >>> def line(slope=1.0):
        ...     return go.Figure(go.Scatter(x=[0, 1], y=[0, slope]))
        >>> explore(line, slope=(0.0, 2.0, 0.5))
        Explorer(line: slope 0.0 to 2.0 (5 stops))
    """
    if bits not in TYPES:
        raise ValueError(f"bits must be one of {[*TYPES]}, but is {bits!r}")
    for option, text in {"title": title, "caption": caption}.items():
        if not isinstance(text, str | None):
            raise ValueError(
                f"{option} must be text, but is {text!r}; for a slider of "
                f"that name, call the parameter of {called_by(fn)} something "
                "else"
            )
    name = called_by(fn)
    parsed = parse_controls(fn, controls)
    grid.check_size(name, parsed, max_frames)
    if title is None:
        title = name.replace("_", " ")
    if caption is None:
        doc = innermost(fn).__doc__ or ""
        caption = doc.strip().partition("\n\n")[0]
    caption = " ".join(caption.split())
    explorer = Explorer(fn, parsed, title, caption, bits, max_megabytes)
    # Errors are raised here, and not when the figure is shown.
    if (shown := form()) == "live":
        page.warn_of_latex(jsonable(nest(frame(explorer.figure()))))
    elif shown == "html":
        explorer.to_html()
    else:
        explorer.payload()
    return explorer
