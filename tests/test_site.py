"""What the pages say of themselves to those who list and share them."""

from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from sites import PAGES, Site

from _ext.site import CARD, CARD_SIZE

ADDRESS = "https://ada-l.github.io/our.book/"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("published"), ADDRESS)
    site.build()
    return site


@pytest.fixture(scope="module")
def unset(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("unset"))
    site.build()
    return site


def head(site, name):
    page = (site.html / f"{name}.html").read_text("utf-8")
    return BeautifulSoup(page, "html.parser").head


def meta(site, name):
    """The descriptions in a page's head, by name or property."""
    return {
        tag.get("name") or tag.get("property"): tag["content"]
        for tag in head(site, name).find_all("meta", content=True)
    }


SAID = {
    "intro": "A book & more. It starts here.",
    "deep/first": "Word Word",
    "deep/second": "term",
}


@pytest.mark.parametrize("name", [*PAGES, "index"])
def test_a_shared_page_shows_a_card(published, name):
    shown = meta(published, name)
    page = "intro" if name == "index" else name
    title = {"intro": "Welcome", "deep/first": "One key"}.get(page, "Two")
    width, height = CARD_SIZE
    wanted = {
        "og:type": "website",
        "og:site_name": "Small book",
        "og:title": title,
        "og:url": f"{ADDRESS}{page}.html",
        "og:image": f"{ADDRESS}{CARD}",
        "og:image:width": str(width),
        "og:image:height": str(height),
        "twitter:card": "summary_large_image",
    }
    assert {key: shown[key] for key in wanted} == wanted
    assert len(shown["og:image:alt"]) > 20
    assert shown["description"].startswith(SAID[page])
    assert shown["description"] == shown["og:description"]
    assert len(shown["description"]) <= 200
    links = head(published, name).find_all("link", rel="canonical")
    assert [link["href"] for link in links] == [f"{ADDRESS}{page}.html"]


def test_the_site_map_lists_every_page_after_a_partial_build(published):
    page = published.folder / "deep" / "second.md"
    page.write_text(PAGES["deep/second"] + "\n", "utf-8")
    published.build()
    tree = ElementTree.parse(published.html / "sitemap.xml")
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    listed = [str(place.text) for place in tree.iter(f"{space}loc")]
    assert sorted(listed) == sorted(f"{ADDRESS}{p}.html" for p in PAGES)


@pytest.mark.parametrize("name", [*PAGES, "index", "404"])
def test_nothing_names_an_address_that_is_not_set(unset, name):
    assert not (unset.html / "sitemap.xml").exists()
    page = (unset.html / f"{name}.html").read_text("utf-8")
    assert "canonical" not in page
    assert "og:" not in page
    assert "github.io" not in page
