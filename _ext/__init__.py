"""The Sphinx extension for this book alone.

`d2lattn.figures.sphinx` brings the figures, into any book.
"""

import os
from typing import Any

from sphinx.application import Sphinx

from _ext import building, mathjax, site, typesetting
from _ext.reference import Reference


def setup(app: Sphinx) -> dict[str, Any]:
    """Register every part with Sphinx."""
    os.environ["TQDM_DISABLE"] = "1"  # kernels inherit it: no bars
    for part in (building, mathjax, site, typesetting):
        part.register(app)
    app.add_directive("reference", Reference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
