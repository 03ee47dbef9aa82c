"""Every explorer of the book shows what PyTorch computes, wherever it stands.

Each is moved by keyboard and by pointer, over http and from disk.
"""

import re

import expected
import pytest
import sources
from browser import listen, start, until
from driving import DRAWN, Driven, keys

PAGES = [page for page in sources.pages() if sources.explore_calls(page)]
FIGURE = ".d2l-explorer"


@pytest.fixture(scope="module")
def opened(request, browser, book, site):
    """One page of the book for all tests of its explorers, all started."""
    name, scheme = request.param
    home = site if scheme == "http" else book.as_uri()
    with browser.new_context() as context:
        page = context.new_page()
        trouble = listen(page, home)
        page.goto(f"{home}/{name}.html")
        start(page)
        yield page, name, trouble


@pytest.mark.parametrize(
    ("opened", "index"),
    [
        pytest.param(
            (name, scheme),
            index,
            id=f"{name}-{index}-{scheme}",
            marks=pytest.mark.xdist_group(f"explorers of {name}"),
        )
        for name in PAGES
        for scheme in ("http", "file")
        for index in range(sources.explore_calls(name))
    ],
    indirect=["opened"],
    scope="module",
)
def test_every_control_moves_the_figure(opened, index):
    page, name, trouble = opened
    root = page.query_selector_all(FIGURE)[index]
    driven = Driven(page.mouse, root, expected.explorers(name)[index])
    until(driven.wrong)
    drawn = {driven.root.evaluate(DRAWN)}
    driven.inputs[0].focus()
    for i, control in enumerate(driven.controls):
        focused = "input => input === document.activeElement"
        assert driven.inputs[i].evaluate(focused), "Tab does not lead there"
        before = len(drawn)
        for key, stop in keys(control, driven.stops[i]):
            driven.inputs[i].press(key)
            drawn.add(driven.check(i, stop))
        drawn.add(driven.check(i, driven.point(i)))
        assert len(drawn) > before, f"{control.name} changes nothing to see"
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
