"""Every page of the book, as readers with different eyes and hands meet it."""

import json

import pytest
import sources
from axe_playwright_python.sync_playwright import Axe
from browser import PAGES, SIDEWAYS, TWO_FRAMES, settle

SCREENS = {
    "desk": {"viewport": {"width": 1280, "height": 900}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "has_touch": True,
        "is_mobile": True,
    },
}


def test_every_page_is_visited(book):
    built = {
        file.relative_to(book).with_suffix("").as_posix()
        for file in book.rglob("*.html")
        if "_static" not in file.parts
    }
    assert built - {"index"} == set(PAGES)


def test_the_book_opens_at_its_first_page(visit):
    page, trouble = visit("index")
    page.wait_for_url(f"**/{sources.pages()[0]}.html")
    assert not trouble


@pytest.mark.parametrize("scheme", ["http", "file"])
@pytest.mark.parametrize("name", PAGES)
def test_no_other_host_and_no_error(visit, name, scheme):
    page, trouble = visit(name, scheme)
    settle(page)
    page.wait_for_load_state("networkidle")
    assert not trouble


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation(visit, name, screen, theme):
    page, trouble = visit(name, color_scheme=theme, **SCREENS[screen])
    settle(page)
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    assert not trouble  # and not later: axe asks for what is not there
    found = [
        f"{rule['id']}: {node['html'][:200]}: {node['failureSummary']}"
        for rule in Axe().run(page).response["violations"]
        for node in rule["nodes"]
    ]
    assert not found


@pytest.mark.parametrize("name", PAGES)
def test_a_narrow_page_does_not_scroll_sideways(visit, name):
    narrow = {"viewport": {"width": 360, "height": 740}, "is_mobile": True}
    page, _ = visit(name, has_touch=True, **narrow)
    settle(page)
    assert page.evaluate(SIDEWAYS) == []


LISTEN = """figure => {
    figure.drawn = new Promise((drawn) => figure.addEventListener(
        "d2l:drawn", () => drawn(), { once: true }));
}"""


@pytest.mark.parametrize(
    "name", [page for page in sources.pages() if sources.explore_calls(page)]
)
def test_a_moved_figure_restyles_no_more_than_itself(visit, browser, name):
    """A selector such as `section:has(…) > *` costs every frame the page."""
    page, _ = visit(name)
    settle(page)
    for figure in page.query_selector_all(".d2l-explorer"):
        control = figure.query_selector("[data-control]")
        control.press("Home")
        page.evaluate(TWO_FRAMES)
        browser.start_tracing(page=page, categories=["devtools.timeline"])
        box = control.get_attribute("type") == "checkbox"
        for key in ("Space", "Space") if box else ("End", "Home"):
            figure.evaluate(LISTEN)
            control.press(key)
            figure.evaluate("figure => figure.drawn")
            page.evaluate(TWO_FRAMES)
        events = json.loads(browser.stop_tracing())["traceEvents"]
        restyled = [
            event["args"].get("elementCount", 0)
            for event in events
            if event["name"] == "UpdateLayoutTree" and "args" in event
        ]
        own = figure.evaluate("figure => figure.querySelectorAll('*').length")
        assert restyled
        assert max(restyled) < 2 * own
