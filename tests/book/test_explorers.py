"""Every explorer of the book shows what PyTorch computes, wherever it stands.

Each is moved by keyboard and by pointer, over http and from disk.
"""

import re

import expected
import pytest
import sources
from browser import listen, start
from driving import Driven, keys

PAGES = [page for page in sources.pages() if sources.explore_calls(page)]
# pytest opens a page anew unless it is asked for by the very same object.
PLACES = [(page, scheme) for page in PAGES for scheme in ("http", "file")]
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
            place,
            index,
            id=f"{place[0]}-{index}-{place[1]}",
            marks=pytest.mark.xdist_group(f"explorers of {place[0]}"),
        )
        for place in PLACES
        for index in range(sources.explore_calls(place[0]))
    ],
    indirect=["opened"],
    scope="module",
)
def test_every_control_moves_the_figure(opened, index):
    page, name, trouble = opened
    root = page.query_selector_all(FIGURE)[index]
    driven = Driven(page.mouse, root, expected.explorers(name)[index])
    driven.follow()
    driven.inputs[0].focus()
    for i, control in enumerate(driven.controls):
        focused = "input => input === document.activeElement"
        assert driven.inputs[i].evaluate(focused), "Tab does not lead there"
        seen = [driven.drawn()]
        for key, stop in keys(control, driven.stops[i]):
            driven.inputs[i].press(key)
            driven.check(i, stop)
            seen.append(driven.drawn())
        driven.check(i, driven.point(i))
        seen.append(driven.drawn())
        data, traces, plots = (
            len(set(part)) for part in zip(*seen, strict=True)
        )
        assert plots > 1, f"{control.name} changes nothing to see"
        assert traces > 1 or data == 1, f"{control.name} moves no trace"
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
