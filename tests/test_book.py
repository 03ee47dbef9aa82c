"""The Sphinx extensions, seen in the pages of a small book built with them.

The book has the settings of ours and a chapter of a few cells. What a browser
makes of the pages is for `tests/book` to say.
"""

import json
import os
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import nbformat
import plotly.graph_objects as go
import publish
import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from myst_nb.core.render import MimeData
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from sites import TextBook, build_book

from d2lattn.figures import sphinx

ROOT = Path(__file__).resolve().parents[1]

SVG = """<?xml version="1.0"?>
<!-- drawn by hand -->
<svg viewBox="0 0 8 8" role="img" aria-labelledby="t d">
<title id="t">A cue</title><desc id="d">A red cup.</desc>
<circle cx="4" cy="4" r="3"/></svg>
"""

DRAW = """\
import plotly.graph_objects as go
from d2lattn.figures import describe, explore

def draw(slope=1.0, kind="line"):
    \"\"\"Watch it turn.\"\"\"
    figure = go.Figure(go.Scatter(x=[0, 1, 2], y=[0, slope, 3 * slope]))
    return describe(figure, f"{kind} of slope {slope}")
"""
FIRST = 'explore(draw, slope=(0.0, 2.0, 0.25), kind=["line", "<b>"])'
SECOND = 'explore(draw, title="Again", slope=(1, 3))'
PLAIN = 'go.Figure(go.Bar(y=[2, 3, 5]), layout={"title": {"text": "Primes"}})'
TABLE = (
    'import pandas as pd\n\npd.DataFrame({"score": [2, 3]}, index=["a", "b"])'
)
MIRROR = "def halve(x):\n    return x / 2"

CHAPTER = """\
# Figures

Half of $x$ is

$$
h = \\frac{x}{2}.
$$

```{drawing} images/cue.svg
:name: cue

A *cue* says where
to look.
```

See {numref}`cue`, {cite:t}`watson1964` and others {cite:p}`watson1964`.

```{bibliography}
```
"""

# Markdown that may have code, and so is a notebook to MyST-NB.
INTRO = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
# Welcome

Nothing here.
"""

BIBLIOGRAPHY = """
@article{watson1964,
  author = {Watson, Geoffrey},
  title = {Smooth regression},
  journal = {Sankhya},
  year = {1964},
}
"""


def write_book(folder):
    """A book with our settings: a page of text and a chapter of figures."""
    for name in ("_config.yml", "_ext", "_static", "_templates"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    toc = {
        "format": "jb-book",
        "root": "intro",
        "chapters": [{"file": "chapters/figures"}],
    }
    (folder / "_toc.yml").write_text(json.dumps(toc), "utf-8")
    (folder / "intro.md").write_text(INTRO, "utf-8")
    (folder / "chapters/images").mkdir(parents=True)
    (folder / "chapters/references.bib").write_text(BIBLIOGRAPHY, "utf-8")
    (folder / "chapters/images/cue.svg").write_text(SVG, "utf-8")
    mirror = new_code_cell(MIRROR, metadata={"mirror": "d2lattn.toy.halve"})
    folded = new_code_cell(SECOND, metadata={"tags": ["hide-input"]})
    sources = (PLAIN, f"({PLAIN}).show()", TABLE)
    notebook = new_notebook(
        cells=[
            new_markdown_cell(CHAPTER),
            *map(new_code_cell, (DRAW, FIRST)),
            folded,
            *map(new_code_cell, sources),
            mirror,
        ],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3"}
        },
    )
    publish.bring_package(notebook, publish.configured(ROOT))
    nbformat.write(notebook, folder / "chapters/figures.ipynb")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The pages of the small book, built in a process of its own."""
    folder = tmp_path_factory.mktemp("book")
    write_book(folder)
    # The extension has to tell the kernels itself what form to show.
    ours = ("D2LATTN_FIGURES", "PLOTLY_RENDERER", "TQDM_DISABLE")
    environment = {k: v for k, v in os.environ.items() if k not in ours}
    built = build_book(folder, environment)
    assert built.returncode == 0, built.stdout[-4000:] + built.stderr[-4000:]
    return folder / "_build/html"


def read(path):
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


@pytest.fixture(scope="module")
def chapter(site):
    return read(site / "chapters/figures.html")


def spec(figure):
    return json.loads(figure.find("script", class_="d2l-spec").string)


def namesake(source):
    """What the chapter's cell makes, made here."""
    names = {}
    exec(DRAW, names)
    return eval(source, names)


def test_every_explorer_is_in_the_page_with_its_frames(site, chapter):
    shown = chapter.find_all(class_="d2l-explorer")
    assert len(shown) == 2
    assert len({figure["id"] for figure in shown}) == 2
    for figure, source in zip(shown, (FIRST, SECOND), strict=True):
        wanted = namesake(source).payload()
        written = spec(figure)
        file = site / "chapters" / written["src"]
        call = re.fullmatch(
            r"d2lattn\.deliver\((.*?), (.*)\);\n", file.read_text("utf-8")
        )
        moving = {part: wanted.pop(part) for part in ("moving", "frames")}
        assert [json.loads(part) for part in call.groups()] == [
            written["key"],
            moving,
        ]
        table = BeautifulSoup(wanted.pop("table"), "html.parser")
        assert table.get_text() in figure.noscript.get_text()
        assert {name: written[name] for name in wanted} == wanted


def test_ordinary_figures_are_in_the_page_and_plotly_is_not(site, chapter):
    shown = chapter.find_all(class_="d2l-figure")
    assert len(shown) == 2  # a cell's last value, and one by show()
    for figure in shown:
        assert figure["aria-label"] == "Primes"
        (trace,) = spec(figure)["data"]
        assert trace["type"] == "bar"
        assert list(trace["y"]) == [2, 3, 5]
    assert (site / "chapters/figures.html").stat().st_size < 300_000


def test_the_folder_opens_at_the_first_page(site):
    index = read(site / "index.html")
    link = index.find("a")["href"]
    assert (site / link).exists()
    refresh = index.find("meta", attrs={"http-equiv": "refresh"})["content"]
    assert refresh == f"0; url={link}"
    assert index.find("link", rel="icon")["href"] == "data:,"
    assert index.title.text == "d2lattn"


def test_a_page_without_figures_loads_no_script_for_them(site):
    page = read(site / "intro.html")
    assert page.find("script", src=re.compile("d2l/explorer|plotly")) is None


def test_a_chapter_opens_elsewhere_and_a_page_of_markdown_does_not(
    site, chapter
):
    name, tag = map(publish.configured(ROOT).get, ("name", "tag"))
    buttons = {
        button.text.strip(): button["href"]
        for button in chapter.select(".dropdown-launch-buttons a")
    }
    assert buttons == {
        "Binder": f"https://mybinder.org/v2/gh/{name}/{tag}"
        "?urlpath=lab/tree/chapters/figures.ipynb",
        "Colab": "https://colab.research.google.com/github/"
        f"{name}/blob/{tag}/chapters/figures.ipynb",
    }
    intro = read(site / "intro.html")
    assert not intro.select(".dropdown-launch-buttons")
    (source,) = intro.select(".btn-download-source-button")
    assert source["href"] == "_sources/intro.md"
    assert not intro.select(".btn-download-notebook-button")


def test_mathematics_is_set_by_the_builds_own_mathjax(site, chapter):
    (script,) = chapter.find_all("script", src=re.compile("mathjax"))
    file = site / "chapters" / script["src"].partition("?")[0]
    assert (file.parent / "output/svg.js").is_file()  # for LaTeX in figures
    whole = [it.stat().st_size for it in file.parent.rglob("*")]
    assert sum(whole) < 5e6
    assert len(chapter.select(".math")) == 2


@pytest.mark.parametrize(("text", "count"), [("$x^2$", 1), ("5 $", 0)])
def test_latex_in_a_figure_is_a_formula_to_sphinx(text, count):
    """And so brings MathJax to a page that has no other."""
    figure = go.Figure(layout={"title": {"text": text}})
    data = MimeData("application/vnd.plotly.v1+json", figure.to_json())
    renderer = SimpleNamespace(add_js_file=lambda *_: None)
    (node,) = sphinx.FigureRenderer.render_mime_type(renderer, data)
    assert len(list(node.findall(nodes.math))) == count


def test_a_drawing_stands_in_the_page_itself(chapter):
    (figure,) = chapter.find_all("figure", class_="d2l-drawing")
    svg = figure.find("svg")
    assert svg.find("title").text == "A cue"
    assert svg.find("desc").text == "A red cup."
    caption = figure.find("figcaption")
    assert caption.find("em").text == "cue"
    assert "A cue says where to look." in caption.text
    assert figure["id"] == "cue"
    assert (
        chapter.find("a", href="#cue", class_="reference").text == "Figure 1"
    )


def test_a_mirror_says_where_its_code_stands(chapter):
    (cell,) = chapter.find_all(class_="d2l-mirror")
    label = cell.find(class_="d2l-mirror-label")
    assert label.text == "d2lattn.toy.halve"
    assert "def halve" in cell.find(class_="highlight").text
    assert label.sourceline < cell.find(class_="highlight").sourceline


def test_folded_code_stands_below_its_explorer(chapter):
    shown, folded = chapter.find_all(class_="d2l-explorer")
    for explorer, code_first in ((shown, True), (folded, False)):
        cell = explorer.find_parent(class_="cell")
        code = cell.find(class_="highlight")
        assert "explore(" in code.text
        assert (code.sourceline < explorer.sourceline) == code_first
    assert folded.find_parent(class_="cell").find("details")


def test_sources_are_cited_as_in_prose_and_listed(chapter):
    (listed,) = chapter.find(class_="d2l-references").find_all("li")
    assert "Smooth regression" in listed.text
    cited = chapter.find_all("a", href=f"#{listed['id']}")
    assert [link.text for link in cited] == ["1964", "Watson, 1964"]
    text = chapter.find(id="figures").text
    assert "Watson (1964) and others (Watson, 1964)" in text


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.setenv("D2LATTN_FIGURES", "live")  # restored after a build
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("TQDM_DISABLE", "0")
    monkeypatch.setenv("PLOTLY_RENDERER", "plotly_mimetype")
    return TextBook(
        tmp_path, "d2lattn.figures.sphinx", "_ext", html_theme="basic"
    )


def drawing(name, options=""):
    return (
        f"# Drawing\n\n```{{drawing}} {name}\n{options}\nWhat to see.\n```\n"
    )


@pytest.mark.parametrize(
    ("svg", "message"),
    [
        (None, "drawing: cannot read it: .*cue.svg"),
        (SVG.replace("title", "tilte"), "cue.svg must be an SVG with a title"),
        (SVG.replace("desc", "dsec"), "cue.svg must be an SVG with a title"),
        ("<p>title</p>", "cue.svg must be an SVG"),
        ("", "cue.svg must be an SVG"),
    ],
)
def test_a_drawing_that_few_could_read_is_an_error(svg, message, small):
    if svg is not None:
        (small.folder / "cue.svg").write_text(svg, "utf-8")
    (small.folder / "index.md").write_text(drawing("cue.svg"), "utf-8")
    small.build()
    assert re.search(
        rf"index\.md:3: ERROR: .*{message}", small.warned.getvalue()
    )


def test_a_page_follows_its_drawings(small):
    (small.folder / "cue.svg").write_text(SVG, "utf-8")
    (small.folder / "index.md").write_text(drawing("cue.svg"), "utf-8")
    small.build()
    page = small.folder / "_build/index.html"
    assert "A red cup." in page.read_text("utf-8")
    (small.folder / "cue.svg").write_text(SVG.replace("red", "blue"), "utf-8")
    assert small.build() == ["index"]
    assert "A blue cup." in page.read_text("utf-8")
    assert small.warned.getvalue() == ""


def test_kernels_show_no_progress(small):
    assert os.environ["TQDM_DISABLE"] == "0"
    small.build()
    assert os.environ["TQDM_DISABLE"] == "1"
