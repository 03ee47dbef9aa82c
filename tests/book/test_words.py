"""Whoever cannot see a figure is told what it shows."""

import re

import pytest
from browser import MADE, PAGES
from bs4 import BeautifulSoup

WRITTEN = [name for name in PAGES if name not in MADE]


@pytest.fixture(scope="module")
def articles(book):
    """The text of each page, read by an HTML parser that is not ours."""
    return {
        name: BeautifulSoup(
            (book / f"{name}.html").read_text("utf-8"), "html.parser"
        ).find("article")
        for name in WRITTEN
    }


@pytest.mark.parametrize("name", WRITTEN)
def test_every_figure_says_what_it_shows(articles, name):
    for figure in articles[name].select(".d2l-explorer, .d2l-figure"):
        said = figure.find(class_="d2l-plot")["aria-label"]
        assert len(said.split()) >= 5, said
        # A sentence, and not the list of values that stands in for one.
        assert re.search(r"[.:;)”]", said), said
        assert "nan" not in re.findall(r"\w+", said), said


@pytest.mark.parametrize("name", WRITTEN)
def test_every_figure_has_a_caption(articles, name):
    for figure in articles[name].select(".d2l-explorer, .d2l-figure"):
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
def test_every_drawing_says_what_it_shows(articles, name):
    for svg in articles[name].find_all("svg"):
        assert svg["role"] == "img"
        named = svg["aria-labelledby"].split()
        texts = [svg.find(id=it).get_text() for it in named]
        assert len(" ".join(texts).split()) >= 8, texts


@pytest.mark.parametrize("name", WRITTEN)
def test_every_picture_has_a_text_and_every_table_a_name(articles, name):
    for picture in articles[name].find_all("img"):
        assert picture.get("alt"), picture
    names = []
    for table in articles[name].find_all("table"):
        named = table.caption.get_text() if table.caption else ""
        names.append(named or table["aria-label"])
    assert len(set(names)) == len(names)
    assert all(len(it) > 5 for it in names)
