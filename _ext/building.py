"""How the book is built: pages side by side, and none of them half."""

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


def deal(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Deal the pages to the processes like cards.

    Sphinx would give each process a run of neighbours, and so, on two
    processors, all the chapters to one of them.
    """
    hands = max(app.parallel, 1)
    docnames[:] = [name for i in range(hands) for name in docnames[i::hands]]


def tell_what_failed(app: Sphinx, error: Exception | None) -> None:
    """Show the cell that raised in a process of its own.

    Sphinx names the page alone.
    """
    if isinstance(error, SphinxParallelError):
        LOGGER.info(error.traceback)


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
                f"_ext: {file} is not written to its end; is there room on "
                "the disk?"
            )


def register(app: Sphinx) -> None:
    """Register all of this module with Sphinx."""
    app.connect("config-inited", read_side_by_side)
    app.connect("env-before-read-docs", deal)
    app.connect("build-finished", tell_what_failed)
    app.connect("build-finished", check_whole, priority=950)
