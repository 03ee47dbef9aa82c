"""Every explorer of the book shows what its page holds, wherever it stands.

Each is moved by keyboard and by pointer. That the page holds what PyTorch
computes is seen at the first explorer of each, whose code runs here.
"""

import re

import expected
import pytest
import sources
import unpacking
from browser import listen, start
from driving import Driven

PAGES = [page for page in sources.pages() if sources.explore_calls(page)]
SPEC = r'<figure class="d2l-explorer".*?class="d2l-spec">(.*?)</script>'


@pytest.fixture(scope="module")
def opened(browser, site):
    """Opens a page and starts its figures, once for all tests in a row."""
    kept = {}

    def open_page(name):
        if name not in kept:
            for page, _ in kept.values():
                page.context.close()
            kept.clear()
            page = browser.new_context().new_page()
            kept[name] = page, listen(page, site)
            page.goto(f"{site}/{name}.html")
            start(page)
        return kept[name]

    return open_page


@pytest.mark.parametrize(
    ("name", "index"),
    [(name, i) for name in PAGES for i in range(sources.explore_calls(name))],
)
def test_every_control_moves_the_figure(opened, name, index):
    page, trouble = opened(name)
    root = page.query_selector_all(".d2l-explorer")[index]
    driven = Driven(page.mouse, root)
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
def test_the_first_figure_is_what_pytorch_computes(book, name):
    file = book / f"{name}.html"
    found = re.findall(SPEC, file.read_text("utf-8"), re.DOTALL)
    assert len(found) == sources.explore_calls(name)
    payload = unpacking.read(found[0], file.as_uri())
    (explorer,) = expected.explorers(name, most=1)
    scales = expected.scales(payload["moving"])
    corners = [[c.index, 0, len(c.labels) - 1] for c in explorer.controls]
    for stops in zip(*corners, strict=True):
        wanted = expected.frame(explorer, stops)
        shown = unpacking.frame(payload, stops)
        assert shown.keys() == wanted.keys()
        for path, leaf in wanted.items():
            fault = expected.differs(leaf, shown[path], scales.get(path))
            assert not fault, (stops, path, fault)


def test_every_explorer_is_driven(book):
    pages = {
        file.relative_to(book).with_suffix("").as_posix()
        for file in book.rglob("*.html")
        if 'class="d2l-explorer"' in file.read_text(encoding="utf-8")
    }
    assert pages == set(PAGES)
