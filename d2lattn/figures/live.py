"""An explorer in a running notebook: ipywidgets over a FigureWidget."""

import html
from typing import Any

import ipywidgets
import plotly.graph_objects as go
from plotly.basedatatypes import BasePlotlyType

from d2lattn.figures import leaves, palette
from d2lattn.figures.controls import Control


def widget(explorer: Any) -> ipywidgets.VBox:
    """Sliders and menus above a figure that follows them.

    Only leaves that changed are sent to the page. When the figure's function
    raises, the figure stays as it was, with the message below it.

    Args:
        explorer: an `Explorer`; its function is called at each change.
    """
    inputs = [_input(control) for control in explorer.controls]
    seen = leaves.frame(explorer.figure(**explorer.values))
    drawn = go.FigureWidget(leaves.nest(seen))
    # JupyterLab has MathJax without its SVG, so that LaTeX would vanish.
    drawn._config = {**drawn._config, "typesetMath": False}
    drawn.update_layout(template=palette.template("light"), autosize=True)
    said = ipywidgets.HTML(_said(seen))

    def follow(_change: Any) -> None:
        values = {
            control.name: _value(control, entry)
            for control, entry in zip(explorer.controls, inputs, strict=True)
        }
        try:
            now = leaves.frame(explorer.figure(**values))
            leaves.check_structure(seen, now, values)
        except (RuntimeError, ValueError) as error:
            said.value = f'<span role="alert">{html.escape(str(error))}</span>'
            return
        whole = leaves.nest(now)
        with drawn.batch_update():
            for path, leaf in now.items():
                if not leaves.same(leaf, seen[path]):
                    _assign(drawn, path, whole)
        seen.update(now)
        said.value = _said(now)

    for entry in inputs:
        entry.observe(follow, "value")
    title = ipywidgets.HTML(f"<b>{html.escape(explorer.title)}</b>")
    caption = ipywidgets.HTML(html.escape(explorer.caption))
    return ipywidgets.VBox([title, *inputs, drawn, said, caption])


def _input(control: Control) -> ipywidgets.ValueWidget:
    common = {
        "description": _described(control.title),
        "style": {"description_width": "initial"},
    }
    if control.kind == "checkbox":
        return ipywidgets.Checkbox(value=control.start, **common)
    if control.kind == "select":
        # By number, since ipywidgets would look for a tensor with ==.
        options = [(label, i) for i, label in enumerate(control.labels)]
        return ipywidgets.Dropdown(
            options=options, value=control.index, **common
        )
    ends = {"min": control.values[0], "max": control.values[-1]}
    step = control.values[1] - ends["min"] if control.values[1:] else 1
    if isinstance(control.start, int):
        return ipywidgets.IntSlider(
            value=control.start, step=step, **ends, **common
        )
    # A tenth of the page's step: a kernel can compute what lies between.
    return ipywidgets.FloatSlider(
        value=control.start,
        step=step / 10,
        readout_format=f".{_places(control)}f",
        **ends,
        **common,
    )


def _value(control: Control, entry: ipywidgets.ValueWidget) -> Any:
    """What the figure's function is called with."""
    if control.kind == "select":
        return control.values[entry.value]
    if control.kind == "checkbox" or isinstance(control.start, int):
        return entry.value
    # A slider that was dragged may stand at 0.4999999999999999.
    stop = min(control.values, key=lambda stop: abs(stop - entry.value))
    noise = 1e-12 * max(abs(control.values[0]), abs(control.values[-1]))
    for meant in (stop, round(entry.value, _places(control))):
        if abs(meant - entry.value) <= noise:
            return meant
    return entry.value


def _places(control: Control) -> int:
    """How many decimals a slider shows: one more than its stops have."""
    return len(control.labels[0].partition(".")[2]) + 1


def _described(text: str) -> str:
    """A description as text: ipywidgets 7 would take it for HTML."""
    old = int(ipywidgets.__version__.partition(".")[0]) < 8
    return html.escape(text) if old else text


def _said(frame: leaves.Frame) -> str:
    return html.escape(str(frame.get(("layout", "meta", "alt"), "")))


def _assign(part: Any, path: leaves.Path, whole: Any) -> None:
    """Set what stands at `path` to what stands there in `whole`.

    Plotly notices a change in one of its own objects, but not in the dicts
    and lists of meta and customdata; those are set as wholes.
    """
    for key in path:
        inner, whole = part[key], whole[key]
        first = inner[0] if isinstance(inner, tuple) and inner else inner
        if not isinstance(first, BasePlotlyType):
            part[key] = whole
            break
        part = inner
