"""The Sphinx extension: it makes a book of chapters and their figures."""

import hashlib
import os
import re
import shutil
import sys
from importlib.metadata import (
    PackageNotFoundError,
    entry_points,
    files,
)
from pathlib import Path
from typing import Any

import plotly.offline
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError, SphinxParallelError
from sphinx.util import logging

import d2lattn
from d2lattn.book import site, typesetting
from d2lattn.book.figures import (
    STATIC,
    FigureRenderer,
    PlotlyFigure,
    visit_figure_elsewhere,
    visit_figure_html,
)
from d2lattn.book.reference import Reference
from d2lattn.figures import page

__all__ = ["FigureRenderer", "setup"]

LOGGER = logging.getLogger(__name__)

# What tex-chtml.js asks for while it sets a page, and the SVG that Plotly's
# LaTeX needs; the package has 24 MB.
MATHJAX = (
    "mathjax/tex-chtml.js",
    "mathjax/output/chtml/fonts/woff-v2/",
    "mathjax/output/svg",
    "mathjax/input/tex/extensions/",
)


def package_digest() -> str:
    """A digest of the package's sources."""
    digest = hashlib.sha256()
    root = Path(d2lattn.__file__).parent
    for file in sorted(root.rglob("*")):
        if file.suffix in (".py", ".js", ".css"):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def changed_by_package(
    app: Sphinx,
    env: BuildEnvironment,
    added: set[str],
    changed: set[str],
    removed: set[str],
) -> list[str]:
    """Every document, if the package is not the one it was built with.

    An incremental build would keep a figure that the package no longer
    draws: a stale figure is a wrong figure.
    """
    digest = package_digest()
    stale = getattr(env, "d2lattn_digest", None) != digest
    # Sphinx keeps what an extension puts there.
    env.d2lattn_digest = digest  # pyrefly: ignore[missing-attribute]
    return list(env.found_docs) if stale else []


def read_side_by_side(app: Sphinx, config: Config) -> None:
    """Run the notebooks of several pages at once: one a processor.

    Jupyter Book has no option for it. On Linux alone, since processes that
    are forked elsewhere may not be able to start kernels.
    """
    if app.parallel == 1 and sys.platform == "linux":
        app.parallel = len(os.sched_getaffinity(0))
        # Or the threads of each kernel would fight over them.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        # It numbers what has been read, and only forgets to say that this
        # is safe.
        if numbering := app.extensions.get("sphinx_multitoc_numbering"):
            numbering.parallel_read_safe = True


def tell_what_failed(app: Sphinx, error: Exception | None) -> None:
    """Show the cell that raised in a process of its own.

    Sphinx names the page alone.
    """
    if isinstance(error, SphinxParallelError):
        LOGGER.info(error.traceback)


def copy_static(app: Sphinx) -> None:
    """Put Plotly, MathJax and the front end into the build."""
    if app.builder.format != "html":
        return
    target = Path(app.outdir, STATIC)
    target.mkdir(parents=True, exist_ok=True)
    for name, text in {
        "plotly.min.js": plotly.offline.get_plotlyjs(),
        "explorer.js": page.script(),
        "explorer.css": page.style(),
    }.items():
        (target / name).write_text(text, encoding="utf-8")
    try:
        carried = files("sphinx-mathjax-offline") or []
    except PackageNotFoundError as error:
        raise ExtensionError(
            "d2lattn.book: the book's mathematics needs the package "
            "sphinx-mathjax-offline; install requirements.txt"
        ) from error
    for file in carried:
        _, _, name = file.as_posix().partition("/static/")
        if name.startswith(MATHJAX):
            copy = target / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.locate(), copy)


def check_whole(app: Sphinx, error: Exception | None) -> None:
    """Raise an `ExtensionError` where half a page was written.

    Where the disk is full, Sphinx warns, and leaves a page that the next
    build would take for a good one. After an error it begins anew.
    """
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for file in sorted(out.rglob("*.html")):
        if "_static" in file.relative_to(out).parts:
            continue
        if not file.read_bytes().rstrip().endswith(b"</html>"):
            raise ExtensionError(
                f"d2lattn.book: {file} is not written to its end; is there "
                "room on the disk?"
            )


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


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx; kernels inherit the form that figures take.

    And that nobody waits for them, so that they show no progress.
    """
    if "d2lattn" not in entry_points(group="myst_nb.mime_renderers").names:
        raise ExtensionError(
            "d2lattn.book: MyST-NB does not know the renderer of the figures "
            "and would leave them out; install the package, for example with "
            "pip install --no-deps -e ."
        )
    os.environ["D2LATTN_FIGURES"] = "page"
    os.environ["TQDM_DISABLE"] = "1"
    app.add_node(
        PlotlyFigure,
        html=(visit_figure_html, None),
        latex=(visit_figure_elsewhere, None),
        text=(visit_figure_elsewhere, None),
        man=(visit_figure_elsewhere, None),
        texinfo=(visit_figure_elsewhere, None),
    )
    app.add_css_file("d2l/explorer.css")
    app.connect("config-inited", read_side_by_side)
    app.connect("build-finished", tell_what_failed)
    app.connect("builder-inited", copy_static)
    app.connect("build-finished", check_whole, priority=950)
    app.connect("env-get-outdated", changed_by_package)
    app.connect("build-finished", clear_frames)
    site.register(app)
    typesetting.register(app)
    app.add_directive("reference", Reference)
    return {
        "version": "1",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
