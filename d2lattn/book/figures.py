"""How the outputs of `explore` and of Plotly reach a page."""

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.osutil import relative_uri

from d2lattn.figures import page
from d2lattn.figures.explorer import MIME

PLOTLY_MIME = "application/vnd.plotly.v1+json"
STATIC = "_static/d2l"


class PlotlyFigure(nodes.General, nodes.Element):
    """An explorer's payload, or the JSON of an ordinary Plotly figure."""


class FigureRenderer:
    """MyST-NB's renderer for the outputs of `explore` and of Plotly.

    Registered as an entry point of the package: MyST-NB would drop both.
    """

    mime_priority_overrides = [
        ("*", MIME, 1),
        ("*", PLOTLY_MIME, 2),
    ]

    @staticmethod
    def handle_mime(
        renderer: Any, data: Any, inline: bool
    ) -> list[nodes.Element] | None:
        if inline or data.mime_type not in (MIME, PLOTLY_MIME):
            return None
        content = data.content
        spec = json.loads(content) if isinstance(content, str) else content
        renderer.add_js_file(
            "d2l_explorer", "d2l/explorer.js", {"defer": "defer"}
        )
        figure = PlotlyFigure(spec=spec, explorer=data.mime_type == MIME)
        if page.latex(spec):  # a formula, so that Sphinx loads MathJax
            figure += nodes.math()
        return [figure]


def visit_figure_html(translator: Any, node: PlotlyFigure) -> None:
    """Write the markup into the page and the frames into a file beside it."""
    builder = translator.builder
    here = builder.get_target_uri(builder.current_docname)
    plotly_src = relative_uri(here, f"{STATIC}/plotly.min.js")
    if not node["explorer"]:
        markup = page.figure(node["spec"], plotly_src=plotly_src)
    else:
        name = f"{STATIC}/frames/{page.frames_key(node['spec'])}.js"
        file = Path(builder.outdir, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page.frames_file(node["spec"]), encoding="utf-8")
        # A node may be shown in several places, and each has its own ids.
        translator.d2l_count = getattr(translator, "d2l_count", 0) + 1
        markup = page.explorer(
            node["spec"],
            f"explorer-{translator.d2l_count}",
            plotly_src=plotly_src,
            frames_src=relative_uri(here, name),
        )
    translator.body.append(markup)
    raise nodes.SkipNode


def visit_figure_elsewhere(translator: Any, node: PlotlyFigure) -> None:
    """Formats that cannot be dragged go without."""
    raise nodes.SkipNode
