"""The built reference page leads from the package to the chapters."""

import pytest
from bs4 import BeautifulSoup

import d2lattn

NAMES = [n for n in d2lattn.__all__ if callable(getattr(d2lattn, n))]


@pytest.fixture(scope="module")
def page(book):
    text = (book / "chapters" / "package.html").read_text("utf-8")
    return BeautifulSoup(text, "html.parser")


@pytest.mark.parametrize("name", NAMES)
def test_every_name_has_an_entry_that_leads_to_its_chapter(page, name):
    entry = page.find("section", id=f"api-{name}")
    code = entry.find("pre").get_text()
    assert code.startswith(f"{name}(")
    assert ">>> " in entry.get_text()
    facts = entry.find(class_="d2l-api-facts")
    links = [a["href"] for a in facts.find_all("a")]
    assert any(link.endswith(".html") for link in links)


def test_the_map_has_a_row_for_each_and_every_link_leads_somewhere(page):
    table = page.find("table", class_="d2l-map")
    first = [row.find("td").get_text() for row in table.find_all("tr")[1:]]
    assert {*NAMES} <= {*first}
    for link in table.find_all("a", href=True):
        if link["href"].startswith("#"):
            assert page.find(id=link["href"][1:])


def test_mathematics_and_examples_of_docstrings_are_set(page):
    entry = page.find("section", id="api-DotProductAttention")
    assert "\\frac" in entry.find(class_="math").get_text()
    assert not any("$$" in p.get_text() for p in page.find_all("p"))
    assert not any(">>>" in p.get_text() for p in page.find_all("p"))
