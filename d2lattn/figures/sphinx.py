"""The Sphinx extension: what `explore` and Plotly show, in a page.

`extensions = ["myst_nb", "d2lattn.figures.sphinx"]` is all that a book needs.
Nothing here is specific to one book.
"""

import hashlib
import json
import os
import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from docutils import nodes
from myst_nb.core.render import MimeData, NbElementRenderer, load_renderer
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util.osutil import relative_uri

from d2lattn.figures import bundle, page
from d2lattn.figures.explorer import MIME

PACKAGE = Path(__file__).parents[1]
STATIC = "_static/d2l"
PLOTLY_MIME = "application/vnd.plotly.v1+json"
# Markup, and files for the folder that "{static}" stands for in it.
PART_MIME = "application/vnd.d2lattn.page+json"
PLUGIN = "d2lattn"  # its name among the entry points of MyST-NB's renderers


class PlotlyFigure(nodes.General, nodes.Element):
    """An explorer's payload, or the JSON of an ordinary Plotly figure."""


class PagePart(nodes.General, nodes.Element):
    """Markup of a page, and the files that it asks for."""


class FigureRenderer(NbElementRenderer):
    """MyST-NB's renderer, which also renders the outputs of figures.

    MyST-NB loads it only where `nb_render_plugin` names it, so a book that
    does not ask for it stays as it is.
    """

    def render_mime_type(self, data: MimeData) -> list[nodes.Element]:
        if data.mime_type not in (MIME, PLOTLY_MIME, PART_MIME):
            return super().render_mime_type(data)
        content: Any = data.content
        if data.mime_type == PART_MIME:
            deferred = {"defer": "defer"}
            self.add_js_file("d2l_explorer", "d2l/explorer.js", deferred)
            return [PagePart(**content)]
        spec = json.loads(content) if isinstance(content, str) else content
        self.add_js_file("d2l_explorer", "d2l/explorer.js", {"defer": "defer"})
        figure = PlotlyFigure(spec=spec, explorer=data.mime_type == MIME)
        if page.latex(spec):  # a formula, so that Sphinx loads MathJax
            figure += nodes.math()
        return [figure]


def visit_figure_html(translator: Any, node: PlotlyFigure) -> None:
    """Write the markup into the page and the frames into a file beside it."""
    builder = translator.builder
    here = builder.get_target_uri(builder.current_docname)
    static = relative_uri(here, STATIC)
    _bring(Path(builder.outdir), bundle.part(node["spec"]))
    if not node["explorer"]:
        markup = page.figure(node["spec"], static=static)
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
            static=static,
            frames_src=relative_uri(here, name),
        )
    translator.body.append(markup)
    raise nodes.SkipNode


def visit_part_html(translator: Any, node: PagePart) -> None:
    """Write the markup into the page, and its files beside."""
    builder = translator.builder
    here = builder.get_target_uri(builder.current_docname)
    for name, text in node["files"].items():
        file = Path(builder.outdir, STATIC, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    static = relative_uri(here, STATIC)
    translator.body.append(node["markup"].replace("{static}", static))
    raise nodes.SkipNode


def _bring(outdir: Path, part: str, *, anew: bool = False) -> None:
    """Put a part of Plotly into the build, if it is not there."""
    file = outdir / STATIC / f"plotly-{part}.min.js"
    if anew or not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(bundle.script(part), encoding="utf-8")


def visit_figure_elsewhere(translator: Any, node: nodes.Element) -> None:
    """Leave the figure out of a format that cannot be dragged."""
    raise nodes.SkipNode


def name_renderer(app: Sphinx, config: Config) -> None:
    """Have MyST-NB take our renderer, and prefer what it renders."""
    if config.nb_render_plugin == "default":
        config.nb_render_plugin = PLUGIN
    if not issubclass(load_renderer(config.nb_render_plugin), FigureRenderer):
        raise ExtensionError(
            f"nb_render_plugin must be derived from {__name__}."
            f"FigureRenderer, but is {config.nb_render_plugin!r}"
        )
    # The later ones win, so that a book can choose otherwise.
    config.nb_mime_priority_overrides = [
        ("*", MIME, 1),
        ("*", PLOTLY_MIME, 2),
        ("*", PART_MIME, 3),
        *config.nb_mime_priority_overrides,
    ]


def copy_static(app: Sphinx) -> None:
    """Put the front end into the build, and renew Plotly where it was."""
    if app.builder.format != "html":
        return
    target = Path(app.outdir, STATIC)
    target.mkdir(parents=True, exist_ok=True)
    for name, text in {
        "explorer.js": page.script(),
        "explorer.css": page.style(),
    }.items():
        (target / name).write_text(text, encoding="utf-8")
    for part in ("cartesian", "whole"):
        if (target / f"plotly-{part}.min.js").exists():
            _bring(Path(app.outdir), part, anew=True)


def clear_frames(app: Sphinx, error: Exception | None) -> None:
    """Remove the frames that an earlier build left and no page asks for."""
    if error or app.builder.format != "html":
        return
    pages = Path(app.outdir).rglob("*.html")
    asked = {
        key
        for text in pages
        for key in re.findall(r"frames/(\w+)\.js", text.read_text("utf-8"))
    }
    for file in Path(app.outdir, STATIC, "frames").glob("*.js"):
        if file.stem not in asked:
            file.unlink()


def package_digest() -> int:
    """A digest of the package, including the weights of its models."""
    digest = hashlib.sha256()
    for file in sorted(PACKAGE.rglob("*")):
        if file.is_file() and file.suffix != ".pyc":
            digest.update(file.read_bytes())
    return int(digest.hexdigest()[:12], 16)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx; kernels inherit the form that figures take."""
    if PLUGIN not in entry_points(group="myst_nb.renderers").names:
        raise ExtensionError(
            "d2lattn.figures.sphinx: MyST-NB cannot find the renderer of the "
            "figures; install the package, for example with "
            "pip install --no-deps -e ."
        )
    app.setup_extension("myst_nb")
    os.environ["D2LATTN_FIGURES"] = "page"
    builders = ("latex", "text", "man", "texinfo")
    elsewhere: dict[str, Any] = dict.fromkeys(
        builders, (visit_figure_elsewhere, None)
    )
    app.add_node(PlotlyFigure, html=(visit_figure_html, None), **elsewhere)
    app.add_node(PagePart, html=(visit_part_html, None), **elsewhere)
    app.add_css_file("d2l/explorer.css")
    app.connect("config-inited", name_renderer)
    app.connect("builder-inited", copy_static)
    app.connect("build-finished", clear_frames)
    return {
        # Another package may draw other figures: Sphinx reads every page
        # anew where this number is not the one of the build before.
        "env_version": package_digest(),
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
