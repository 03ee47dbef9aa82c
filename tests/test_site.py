"""What the pages say of themselves to those who list and share them."""

import re
import struct
from urllib.parse import urljoin
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from sites import PAGES, ROOT, Site

from d2lattn.book.site import CARD, CARD_SIZE, pages_address, shorten

REPOSITORY = "https://github.com/Ada-L/our.book"
ADDRESS = "https://ada-l.github.io/our.book/"
UNSET = "https://github.com/set_me_first/d2lattn"


@pytest.mark.parametrize(
    ("repository", "address"),
    [
        (REPOSITORY, ADDRESS),
        (f"{REPOSITORY}.git", ADDRESS),
        (f"{REPOSITORY}/", ADDRESS),
        ("https://github.com/ada/ada.github.io", "https://ada.github.io/"),
        (UNSET, ""),  # as long as nobody has set it
        ("https://github.com/-ada/book", ""),
        ("https://github.com/ada", ""),
        ("https://github.com/ada/book/tree/main", ""),
        ("https://example.org/ada/book", ""),
        ("", ""),
    ],
)
def test_the_address_follows_from_the_repositorys(repository, address):
    assert pages_address(repository) == address


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("A. B.", "A. B."),
        ("One,  two\nthree", "One, two three"),
        ("One two three. Four five six seven eight.", "One two three."),
        ("Is it? It is. And so on it goes.", "Is it? It is."),
        ("Version 1.5 of what never seems to end", "Version 1.5 of what…"),
        ("Onetwothree, fourfivesixseveneight", "Onetwothree…"),
    ],
)
def test_a_description_ends_with_a_sentence_or_a_word(text, short):
    assert shorten(text, 20) == short


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("published"), REPOSITORY)
    site.build()
    return site


@pytest.fixture(scope="module")
def unset(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("unset"), UNSET)
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
    "intro": "A book & a <half>. It starts here.",
    "deep/first": " ".join(["Word"] * 40) + "…",
    "deep/second": "Two. A book & a <half>. It starts here.",
}


@pytest.mark.parametrize("name", PAGES)
def test_every_page_says_what_it_is_about(published, unset, name):
    for site in (published, unset):
        assert meta(site, name)["description"] == SAID[name]
        told = head(site, name).find_all("meta", {"name": "description"})
        assert len(told) == 1


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
        "og:description": SAID[page],
        "og:url": f"{ADDRESS}{page}.html",
        "og:image": f"{ADDRESS}{CARD}",
        "og:image:width": str(width),
        "og:image:height": str(height),
        "twitter:card": "summary_large_image",
    }
    assert {key: shown[key] for key in wanted} == wanted
    assert len(shown["og:image:alt"]) > 20
    links = head(published, name).find_all("link", rel="canonical")
    assert [link["href"] for link in links] == [f"{ADDRESS}{page}.html"]


def test_the_card_is_in_the_build_and_small(published):
    card = (published.html / CARD).read_bytes()
    assert card.startswith(b"\x89PNG")
    assert struct.unpack(">II", card[16:24]) == CARD_SIZE
    assert len(card) < 100_000


def test_the_site_map_lists_every_page_after_a_partial_build(published):
    page = published.folder / "deep" / "second.md"
    page.write_text(PAGES["deep/second"] + "\n", "utf-8")
    published.build()
    tree = ElementTree.parse(published.html / "sitemap.xml")
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    listed = [str(place.text) for place in tree.iter(f"{space}loc")]
    assert sorted(listed) == sorted(f"{ADDRESS}{p}.html" for p in PAGES)


@pytest.mark.parametrize("name", [*PAGES, "index", "404"])
def test_nothing_names_an_address_that_nobody_has_set(unset, name):
    assert not (unset.html / "sitemap.xml").exists()
    page = (unset.html / f"{name}.html").read_text("utf-8")
    assert "canonical" not in page
    assert "og:" not in page
    assert "github.io" not in page
    assert "<base" not in page


def test_the_site_map_goes_with_the_address(tmp_path):
    site = Site(tmp_path, REPOSITORY)
    site.build()
    assert (site.html / "sitemap.xml").exists()
    site.config["html_theme_options"] = {"repository_url": UNSET}
    site.build()
    assert not (site.html / "sitemap.xml").exists()
    assert "canonical" not in (site.html / "intro.html").read_text("utf-8")


def test_an_address_of_ones_own_goes_first(tmp_path):
    own = "https://book.example.org"
    site = Site(tmp_path, REPOSITORY, html_baseurl=own)
    site.build()
    assert meta(site, "deep/first")["og:url"] == f"{own}/deep/first.html"
    assert head(site, "404").find("base")["href"] == "/"


def test_the_page_for_lost_readers_brings_what_it_needs(published):
    text = (published.html / "404.html").read_text("utf-8")
    page = BeautifulSoup(text, "html.parser")
    assert page.find("base")["href"] == "/our.book/"
    assert page.find("meta", {"name": "robots"})["content"] == "noindex"
    for tag in page.find_all(src=True):
        assert tag["src"].startswith("data:")
    for tag in page.find_all("link"):
        assert tag["href"].startswith("data:")
    for address in re.findall(r"url\(\s*['\"]?([^'\")]+)", text):
        assert address.startswith("data:")
    asked = urljoin(ADDRESS, "no/such/page.html")
    start = urljoin(asked, page.find("base")["href"])
    links = {urljoin(start, a["href"]) for a in page.find_all("a")}
    links.add(urljoin(start, page.find("form")["action"]))
    names = ["intro", "deep/first", "deep/second", "search"]
    assert links == {f"{ADDRESS}{name}.html" for name in names}


def test_the_book_has_a_page_for_lost_readers():
    config = (ROOT / "_config.yml").read_text("utf-8")
    assert 'html_additional_pages: {"404": 404.html}' in config
