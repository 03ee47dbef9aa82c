"""What pages say in words: of their figures, and at their foot."""

import re
from functools import cache

import pytest
from browser import MADE, PAGES
from bs4 import BeautifulSoup

WRITTEN = [name for name in PAGES if name not in MADE]


@pytest.fixture(scope="module")
def read(book):
    """Reads pages by an HTML parser that is not ours, each once."""

    @cache
    def read(name):
        text = (book / f"{name}.html").read_text("utf-8")
        return BeautifulSoup(text, "html.parser")

    return read


@pytest.mark.parametrize("name", WRITTEN)
def test_every_figure_says_what_it_shows_and_has_a_caption(read, name):
    for figure in read(name).article.select(".d2l-explorer, .d2l-figure"):
        said = figure.find(class_="d2l-plot")["aria-label"]
        assert len(said.split()) >= 5, said
        # A sentence, and not the list of values that stands in for one.
        assert re.search(r"[.:;)”]", said), said
        assert "nan" not in re.findall(r"\w+", said), said
        # A plain figure's stands around the cell that draws it, or the text
        # beside it leads to it.
        around = figure if figure.figcaption else figure.find_parent("figure")
        if around is None:
            cell = figure.find_parent(class_="cell")
            assert cell, figure["aria-label"]
            continue
        caption = around.find("figcaption").get_text()
        assert len(caption.split()) >= 5, caption


@pytest.mark.parametrize("name", WRITTEN)
def test_every_drawing_says_what_it_shows(read, name):
    for svg in read(name).article.find_all("svg"):
        assert svg["role"] == "img"
        named = svg["aria-labelledby"].split()
        texts = [svg.find(id=it).get_text() for it in named]
        assert len(" ".join(texts).split()) >= 8, texts


@pytest.mark.parametrize("name", WRITTEN)
def test_every_picture_has_a_text_and_every_table_a_name(read, name):
    for picture in read(name).article.find_all("img"):
        assert picture.get("alt"), picture
    names = []
    # A figure's own tables are named by the figure.
    for table in read(name).article.select("table:not(noscript *)"):
        named = table.caption.get_text() if table.caption else ""
        names.append(named or table["aria-label"])
    assert len(set(names)) == len(names)
    assert all(len(it) > 5 for it in names)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_page_ends_with_its_licences(read, name):
    foot = read(name).select_one("footer .extra_footer")
    said = " ".join(foot.text.split())
    assert said == "Text and drawings: CC BY 4.0. Code: MIT licence."
