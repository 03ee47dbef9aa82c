"""Small books that tests build, in this process or in one of their own."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "intro": "# Welcome\n\nA book & more. *It* starts here.\n\n"
    "```{toctree}\ndeep/first\ndeep/second\n```\n",
    "deep/first": "# One `key`\n\n:::{note}\nNot this.\n:::\n\n"
    + "Word " * 80,
    "deep/second": "# Two\n\nterm\n: A page without a paragraph.\n",
}


def build_book(folder: Path, environment: dict[str, str]) -> Any:
    """Build a book as the Makefile does, in a process of its own."""
    command = "from jupyter_book.cli.main import main; main()"
    options = ("build", ".", "-n", "-W", "--keep-going")
    return subprocess.run(
        [sys.executable, "-c", command, *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )


def build_pages(
    folder: Path, config: dict[str, Any], warned: Any, builder: str = "html"
) -> list[str]:
    """Build a folder's outdated documents in this process; return those."""
    read = []
    with patch_docutils(folder), docutils_namespace():
        app = Sphinx(
            folder,
            folder,
            folder / "_build",
            folder / "_doctrees",
            builder,
            config,
            status=None,
            warning=warned,
        )
        app.connect("source-read", lambda app, name, text: read.append(name))
        app.build()
    return sorted(read)


class TextBook:
    """A book of text with these extensions, built in this process."""

    def __init__(self, folder: Path, *extensions: str, **config) -> None:
        self.folder = folder
        self.warned = io.StringIO()
        self.config = {"extensions": extensions, **config}
        (folder / "conf.py").touch()
        (folder / "index.md").write_text("# Index\n", "utf-8")
        (folder / "other.md").write_text(
            "---\norphan: true\n---\n# Other\n", "utf-8"
        )

    def build(self, builder: str = "html", **config) -> list[str]:
        """Build what is outdated; return those documents."""
        return build_pages(
            self.folder, self.config | config, self.warned, builder
        )


class Site:
    """A site in `folder` that knows its address, or does not."""

    def __init__(self, folder: Path, address: str = "", **config) -> None:
        self.folder = folder
        self.html = folder / "_build"
        self.warned = io.StringIO()
        self.config = {
            "extensions": ["myst_nb", "sphinx_book_theme", "_ext"],
            "myst_enable_extensions": ["colon_fence", "deflist"],
            "html_theme": "sphinx_book_theme",
            "html_baseurl": address,
            "html_context": {"default_mode": "auto"},
            "html_favicon": str(ROOT / "_static/favicon.svg"),
            "html_title": "Small book",
            "html_static_path": [str(ROOT / "_static")],
            "templates_path": [str(ROOT / "_templates")],
            "root_doc": "intro",
            **config,
        }
        (folder / "deep").mkdir()
        (folder / "conf.py").write_text("", "utf-8")
        for name, text in PAGES.items():
            (folder / f"{name}.md").write_text(text, "utf-8")

    def build(self) -> None:
        """Build what is outdated."""
        build_pages(self.folder, self.config, self.warned)
        assert self.warned.getvalue() == ""
