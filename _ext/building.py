"""How the book is built: pages in parallel, and each of them whole."""

import os
import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError, SphinxParallelError
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)


def read_side_by_side(app: Sphinx, config: Config) -> None:
    """Run the notebooks of several pages at once: one per processor.

    Jupyter Book has no option for it. This happens on Linux only, since
    processes forked elsewhere may be unable to start kernels.
    """
    if app.parallel == 1 and sys.platform == "linux":
        app.parallel = len(os.sched_getaffinity(0))
        # Otherwise the kernels' threads would compete for them.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        # It numbers what has been read, which is safe, but does not say so.
        if numbering := app.extensions.get("sphinx_multitoc_numbering"):
            numbering.parallel_read_safe = True


def deal(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Deal the pages to the processes like cards.

    Sphinx would give each process a run of neighbours: on two processors,
    one of them would get all the chapters.
    """
    hands = max(app.parallel, 1)
    docnames[:] = [name for i in range(hands) for name in docnames[i::hands]]


def tell_what_failed(app: Sphinx, error: Exception | None) -> None:
    """Show the cell that raised an error in another process.

    Sphinx names only the page.
    """
    if isinstance(error, SphinxParallelError):
        LOGGER.info(error.traceback)


def check_whole(app: Sphinx, error: Exception | None) -> None:
    """Raise an `ExtensionError` where a page was cut off.

    When the disk is full, Sphinx only warns, and leaves a page that the next
    build would take for a good one. After an error it writes the page anew.
    """
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for file in sorted(out.rglob("*.html")):
        if "_static" in file.relative_to(out).parts:
            continue
        if not file.read_bytes().rstrip().endswith(b"</html>"):
            raise ExtensionError(
                f"_ext: {file} was not written to its end; is the disk full?"
            )


def register(app: Sphinx) -> None:
    """Register the functions of this module with Sphinx."""
    app.connect("config-inited", read_side_by_side)
    app.connect("env-before-read-docs", deal)
    app.connect("build-finished", tell_what_failed)
    app.connect("build-finished", check_whole, priority=950)
