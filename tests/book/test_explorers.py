"""Every explorer of the book shows what PyTorch computes, wherever it stands.

Each is moved by keyboard and by pointer, over http and from disk.
"""

import re

import expected
import pytest
import sources
from browser import listen, start
from driving import Driven

PAGES = [page for page in sources.pages() if sources.explore_calls(page)]
FIGURE = ".d2l-explorer"


@pytest.fixture(scope="module")
def opened(browser, book, site):
    """Opens a page and starts its figures, once for all tests in a row."""
    kept = {}

    def open_page(name, scheme):
        if (name, scheme) not in kept:
            for page, _ in kept.values():
                page.context.close()
            kept.clear()
            page = browser.new_context().new_page()
            home = site if scheme == "http" else book.as_uri()
            kept[name, scheme] = page, listen(page, home)
            page.goto(f"{home}/{name}.html")
            start(page)
        return kept[name, scheme]

    return open_page


@pytest.mark.parametrize(
    ("name", "scheme", "index"),
    [
        # tests/sharing.py reads the page from the id.
        pytest.param(name, scheme, index, id=f"{name}-{index}-{scheme}")
        for name in PAGES
        for scheme in ("http", "file")
        for index in range(sources.explore_calls(name))
    ],
)
def test_every_control_moves_the_figure(opened, name, scheme, index):
    page, trouble = opened(name, scheme)
    root = page.query_selector_all(FIGURE)[index]
    driven = Driven(page.mouse, root, expected.explorers(name)[index])
    driven.follow()
    driven.inputs[0].focus()
    for i, control in enumerate(driven.controls):
        focused = "input => input === document.activeElement"
        assert driven.inputs[i].evaluate(focused), "Tab does not lead there"
        moved = zip(*driven.work(i), strict=True)
        numbers, traces, plots = map(set, moved)
        assert len(plots) > 1, f"{control.name} changes nothing to see"
        assert len(traces) > 1 or len(numbers) == 1, control.name
        driven.inputs[i].focus()
        page.keyboard.press("Tab")
    assert not trouble


@pytest.mark.parametrize("name", PAGES)
def test_every_call_of_explore_is_in_the_page(book, name):
    """A forgotten extension would ship figures that nobody can move."""
    html = (book / f"{name}.html").read_text(encoding="utf-8")
    figures = re.findall(r'<figure class="d2l-explorer"', html)
    assert len(figures) == sources.explore_calls(name)


def test_every_explorer_is_driven(book):
    pages = {
        file.relative_to(book).with_suffix("").as_posix()
        for file in book.rglob("*.html")
        if 'class="d2l-explorer"' in file.read_text(encoding="utf-8")
    }
    assert pages == set(PAGES)
