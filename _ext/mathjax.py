"""The build's own copy of MathJax, so that no page asks another host."""

import shutil
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.domains.math import MathDomain
from sphinx.errors import ExtensionError

# What `_config.yml` has MathJax load to set a page, and the SVG that Plotly's
# LaTeX needs. The usual file for this, tex-chtml.js, carries a menu that no
# page shows, two fifths of its bytes; the whole package has 24 MB.
MATHJAX = (
    "mathjax/startup.js",
    "mathjax/core.js",
    "mathjax/input/tex.js",
    "mathjax/input/tex/extensions/",
    "mathjax/output/chtml",
    "mathjax/output/svg",
    "mathjax/a11y/assistive-mml.js",
)


def copy_mathjax(app: Sphinx) -> None:
    """Put MathJax into the build."""
    if app.builder.format != "html":
        return
    try:
        carried = files("sphinx-mathjax-offline") or []
    except PackageNotFoundError as error:
        raise ExtensionError(
            "_ext: the book's mathematics needs the package "
            "sphinx-mathjax-offline; install requirements.txt"
        ) from error
    for file in carried:
        _, _, name = file.as_posix().partition("/static/")
        if name.startswith(MATHJAX):
            copy = Path(app.outdir, "_static/d2l", name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.locate(), copy)


class OwnFormulas(MathDomain):
    """Sphinx's domain of mathematics, which counts only a page's own formulas.

    Sphinx counts those of all pages for the first page, which would then load
    MathJax for nothing.
    """

    def has_equations(self, docname: str | None = None) -> bool:
        if docname is None:
            return super().has_equations()
        return self.data["has_equations"].get(docname, False)


def register(app: Sphinx) -> None:
    """Register the domain and the copying with Sphinx."""
    app.add_domain(OwnFormulas, override=True)
    app.connect("builder-inited", copy_mathjax)
