"""The Sphinx extension of the figures, in books that are not this one."""

import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoints

import plotly.graph_objects as go
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output, writes
from sites import TextBook
from sphinx.errors import ExtensionError

from d2lattn.figures import sphinx as extension

PLOTLY = "application/vnd.plotly.v1+json"

# Builds a stranger's book. The packages that are named cannot be imported,
# and neither they nor what they registered can be found.
STRANGER = """\
import sys
import importlib.metadata
import importlib_metadata

hidden = set(sys.argv[1:])

class Hides:
    def find_spec(self, name, path=None, target=None):
        if name in hidden:
            raise ModuleNotFoundError(f"{name} is hidden", name=name)

def hide(kind):
    known = kind.discover
    kind.discover = lambda **where: (
        found for found in known(**where)
        if found.name.replace("-", ".") not in hidden)

sys.meta_path.insert(0, Hides())
hide(importlib.metadata.Distribution)
hide(importlib_metadata.Distribution)
from sphinx.cmd.build import main

failed = main(["-q", "-b", "html", "-D", "extensions=myst_nb",
    "-D", "nb_execution_mode=off", ".", "_build"])
print("d2lattn" in sys.modules)
sys.exit(failed)
"""


def stranger(folder, *hidden):
    """The page of a book that never heard of us; what its build says."""
    figure = go.Figure(go.Bar(y=[2, 3, 5]))
    shown = {
        PLOTLY: json.loads(figure.to_json()),
        "text/html": "<p>Bars</p>",
        "text/plain": "Figure()",
    }
    output = new_output("display_data", shown)
    only = new_output("display_data", {PLOTLY: shown[PLOTLY]})
    cell = new_code_cell("figure", id="bars", outputs=[output, only])
    folder.mkdir()
    (folder / "conf.py").touch()
    (folder / "index.ipynb").write_text(writes(new_notebook(cells=[cell])))
    run = subprocess.run(
        [sys.executable, "-c", STRANGER, *hidden],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    said = (run.stdout + run.stderr).replace(str(folder), "")
    assert run.returncode == 0, said
    return (folder / "_build/index.html").read_text("utf-8"), said


def test_a_book_that_does_not_ask_is_built_as_without_us(tmp_path):
    without = stranger(tmp_path / "without", "d2lattn")
    assert "<p>Bars</p>" in without[0]
    assert stranger(tmp_path / "with") == without
    bibtex = "sphinxcontrib.bibtex"
    assert stranger(tmp_path / "bare", bibtex) == without
    assert without[1].startswith("False\n")  # and nothing is imported


@pytest.fixture
def book(tmp_path, monkeypatch):
    monkeypatch.setenv("D2LATTN_FIGURES", "live")  # restored after a build
    return TextBook(tmp_path, "d2lattn.figures.sphinx")


def test_the_kernels_of_a_build_make_pages(book):
    assert os.environ["D2LATTN_FIGURES"] == "live"
    book.build()
    assert os.environ["D2LATTN_FIGURES"] == "page"


def test_another_package_makes_every_page_anew(book, monkeypatch):
    assert book.build() == ["index", "other"]
    assert book.build() == []
    (book.folder / "index.md").write_text("# Changed\n", "utf-8")
    assert book.build() == ["index"]
    monkeypatch.setattr(extension, "package_digest", lambda: 1)
    assert book.build() == ["index", "other"]
    assert book.build() == []
    assert book.warned.getvalue() == ""


def test_the_digest_changes_with_the_sources(tmp_path, monkeypatch):
    package = tmp_path / "d2lattn"
    (package / "figures").mkdir(parents=True)
    monkeypatch.setattr(extension, "PACKAGE", package)
    digests = {extension.package_digest()}
    for name in ("__init__.py", "figures/a.js", "models.bin"):
        for text in ("", "x", "y"):
            (package / name).write_text(text, "utf-8")
            digests.add(extension.package_digest())
    (package / "figures/a.pyc").write_text("x", "utf-8")
    digests.add(extension.package_digest())
    assert len(digests) == 9 - 2


def test_frames_that_no_page_asks_for_go(book):
    folder = book.folder / "_build" / extension.STATIC / "frames"
    folder.mkdir(parents=True)
    asked, stale = folder / "0a1b.js", folder / "2c3d.js"
    for file in (asked, stale):
        file.write_text("", "utf-8")
    (book.folder / "index.md").write_text("# A\n\n`frames/0a1b.js`\n", "utf-8")
    book.build()
    assert asked.exists()
    assert not stale.exists()


def write_figure(folder):
    """A page that shows a figure, and may show its HTML instead."""
    shown = {PLOTLY: {"data": [], "layout": {}}, "text/html": "<p>Bars</p>"}
    cell = new_code_cell("bars", outputs=[new_output("display_data", shown)])
    (folder / "index.md").unlink()
    text = writes(new_notebook(cells=[cell]))
    (folder / "index.ipynb").write_text(text, "utf-8")


@pytest.mark.parametrize("builder", ["html", "text"])
def test_a_part_of_a_page_brings_its_files(builder, book):
    part = {
        "markup": '<b id="part"><script src="{static}/frames/a.js"></script>',
        "files": {"frames/a.js": "one();", "b.js": "two();"},
    }
    output = new_output("display_data", {extension.PART_MIME: part})
    cell = new_code_cell("part", outputs=[output])
    folder = book.folder / "deep"
    folder.mkdir()
    text = writes(new_notebook(cells=[cell]))
    (folder / "page.ipynb").write_text(text, "utf-8")
    (book.folder / "index.md").write_text(
        "# A\n\n```{toctree}\nother\ndeep/page\n```\n", "utf-8"
    )
    book.build(builder, nb_execution_mode="off")
    assert "unknown node" not in book.warned.getvalue()
    static = book.folder / "_build" / extension.STATIC
    if builder == "text":
        assert not (static / "b.js").exists()
        return
    page = (book.folder / "_build/deep/page.html").read_text("utf-8")
    assert f'<b id="part"><script src="../{extension.STATIC}/frames' in page
    assert "d2l/explorer.js" in page
    for name, wanted in part["files"].items():
        assert (static / name).read_text("utf-8") == wanted


@pytest.mark.parametrize("builder", ["text", "latex"])
def test_other_formats_have_the_code_alone(builder, book):
    write_figure(book.folder)
    book.build(builder, nb_execution_mode="off")
    assert "unknown node" not in book.warned.getvalue()
    files = [*(book.folder / "_build").glob("*.t[ex]*")]
    assert "bars" in "".join(file.read_text("utf-8") for file in files)
    assert not list(book.folder.rglob("plotly-*.js"))


def test_a_book_may_prefer_other_outputs(book):
    write_figure(book.folder)
    page = book.folder / "_build/index.html"
    book.build(nb_execution_mode="off")
    assert "d2l-figure" in page.read_text("utf-8")
    other = [("*", PLOTLY, 99)]
    book.build(nb_execution_mode="off", nb_mime_priority_overrides=other)
    assert "d2l-figure" not in page.read_text("utf-8")
    assert "<p>Bars</p>" in page.read_text("utf-8")


class Wider(extension.FigureRenderer):
    """A renderer that a book derives from ours."""


@pytest.mark.parametrize(
    ("renderer", "taken"),
    [(Wider, True), (extension.NbElementRenderer, False)],
)
def test_a_renderer_of_ones_own_has_to_know_figures(
    renderer, taken, book, monkeypatch
):
    monkeypatch.setattr(extension, "load_renderer", lambda name: renderer)
    monkeypatch.setattr("myst_nb.sphinx_.load_renderer", lambda name: renderer)
    if taken:
        assert book.build(nb_render_plugin="own") == ["index", "other"]
        return
    with pytest.raises(ExtensionError, match="nb_render_plugin must be"):
        book.build(nb_render_plugin="own")


def test_a_build_without_the_renderer_stops(book, monkeypatch):
    monkeypatch.setattr(extension, "entry_points", lambda group: EntryPoints())
    with pytest.raises(
        ExtensionError, match="MyST-NB cannot find the renderer"
    ):
        book.build()
    assert os.environ["D2LATTN_FIGURES"] == "live"
