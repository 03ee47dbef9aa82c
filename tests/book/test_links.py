"""Every link inside the built book leads somewhere, its fragment included."""

import posixpath
import re
from functools import cache
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

LOST = "404.html"
ADDRESSES = ("action", "data-plotly", "href", "src", "xlink:href")


class Links(HTMLParser):
    """The links of a page, the places in it and the addresses it gives."""

    def __init__(self, text):
        super().__init__()
        self.places, self.links = [], []
        self.base = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "base":
            self.base = given["href"]
            return
        if "id" in given:
            self.places.append(given["id"])
        if tag == "a" and "name" in given:
            self.places.append(given["name"])
        self.links += [given[it] for it in ADDRESSES if given.get(it)]

    handle_startendtag = handle_starttag


@pytest.fixture(scope="module")
def pages(book):
    """Every page by its path in the book."""
    return {
        file.relative_to(book).as_posix(): Links(file.read_text("utf-8"))
        for file in book.rglob("*.html")
        if "_static" not in file.relative_to(book).parts
    }


@cache
def fragments(file):
    """What can be linked to in a file that is no page: a drawing."""
    return set(re.findall(r'\bid="([^"]+)"', file.read_text("utf-8")))


def broken(book, pages, name):
    """The links of a page that lead nowhere, and why."""
    page = pages[name]
    # With a base, links start where the site does.
    folder = "" if page.base else posixpath.dirname(name)
    for link in dict.fromkeys(page.links):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        path, fragment = unquote(parts.path), unquote(parts.fragment)
        if name == LOST:  # shown at any depth, so it starts at the root
            path = path.removeprefix("/")
        target = posixpath.normpath(posixpath.join(folder, path))
        target = target if path else name
        if target.startswith(("..", "/")):
            yield f"{link}: leads out of the book"
        elif not (book / target).is_file():
            yield f"{link}: there is no {target}"
        elif fragment:
            if target in pages:
                places = pages[target].places
            else:
                places = fragments(book / target)
            if fragment not in places:
                yield f"{link}: {target} has no place of that name"


def test_every_link_leads_somewhere(book, pages):
    wrong = {name: [*broken(book, pages, name)] for name in pages}
    assert {name: links for name, links in wrong.items() if links} == {}
    assert sum(len(page.links) for page in pages.values()) > 1000


def test_no_place_has_the_name_of_another(pages):
    twice = {
        name: {it for it in page.places if page.places.count(it) > 1}
        for name, page in pages.items()
    }
    assert {name: places for name, places in twice.items() if places} == {}
