"""Every page of the book, as readers with different eyes and hands meet it."""

import json
from contextlib import contextmanager

import large_text
import mathematics
import pytest
import sources
from axe_playwright_python.sync_playwright import Axe
from browser import MADE, PAGES, SIDEWAYS, TWO_FRAMES, listen, settle, until
from driving import Driven
from keyboard import walk

DESK = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}
PHONE = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
}

MOVES = """() => {
    const slow = (times) => times.split(",").some((it) => parseFloat(it) > 0);
    const moves = (style) => slow(style.transitionDuration)
        || style.animationName !== "none" && slow(style.animationDuration)
        || style.scrollBehavior === "smooth";
    return [...document.querySelectorAll("*")].filter((part) =>
        ["", "::before", "::after"].some((pseudo) =>
            moves(getComputedStyle(part, pseudo || null)))
    ).map((part) => part.outerHTML.slice(0, 120))
        .concat(document.getAnimations().map(() => "an animation runs"));
}"""


@contextmanager
def settled(browser, site, name, **reader):
    """A page in which all has started: its name, the page, its troubles."""
    with browser.new_context(**reader) as context:
        page = context.new_page()
        trouble = listen(page, site)
        page.goto(f"{site}/{name}.html")
        settle(page)
        yield name, page, trouble


# Each page opens once for all tests that look at it in one way.
@pytest.fixture(scope="module", params=PAGES)
def desk(request, browser, site):
    """A page in the light, on a large screen, with as little motion."""
    with settled(browser, site, request.param, **DESK) as page:
        yield page


@pytest.fixture(scope="module", params=PAGES)
def phone(request, browser, site):
    """A page in the dark, on a small screen."""
    reader = {"color_scheme": "dark", **PHONE}
    with settled(browser, site, request.param, **reader) as page:
        yield page


# Leaves one word of each colour and place in code: thousands are alike, and
# axe looks for the ground of each.
THIN_OUT = """() => {
    const looks = new Map([...document.querySelectorAll("pre span")].map(
        (word) => [word, getComputedStyle(word).color
            + word.closest(".cell_input, .cell_output, article")?.className]));
    const seen = new Set();
    for (const [word, look] of looks) {
        if (seen.has(look)) word.replaceWith(...word.childNodes);
        seen.add(look);
    }
}"""


def violations(page):
    """What axe finds in a page, which is not what it was afterwards."""
    page.evaluate(THIN_OUT)
    page.emulate_media(reduced_motion="reduce")  # what fades in is pale
    options = {"resultTypes": ["violations"]}  # the others are megabytes
    return [
        f"{rule['id']}: {node['html'][:200]}: {node['failureSummary']}"
        for rule in Axe().run(page, options=options).response["violations"]
        for node in rule["nodes"]
    ]


def test_every_page_is_visited(book):
    built = {
        file.relative_to(book).with_suffix("").as_posix()
        for file in book.rglob("*.html")
        if "_static" not in file.parts
    }
    assert built - {"404", "index"} == set(PAGES)


def test_the_book_opens_at_its_first_page(visit):
    page, trouble = visit("index")
    page.wait_for_url(f"**/{sources.pages()[0]}.html")
    assert not trouble


@pytest.mark.parametrize("name", PAGES)
def test_a_page_works_from_disk(visit, name):
    page, trouble = visit(name, "file")
    settle(page)
    for root in page.query_selector_all(".d2l-explorer"):
        Driven(page.mouse, root).step(0)
    page.wait_for_load_state("networkidle")
    assert not trouble


def test_every_formula_shows(desk):
    name, page, _ = desk
    if name not in MADE:
        mathematics.check(page)


# Markdown reads `<bos>` between HTML as a tag, and leaves the rest as it is.
VANISHED = """() => [
    ...[...document.querySelectorAll("body *")]
        .filter((it) => it instanceof HTMLUnknownElement),
    ...[...document.querySelectorAll("summary")]
        .filter((it) => /[`$*]/.test(it.innerText)),
].map((it) => it.outerHTML.slice(0, 200))"""


def test_no_text_is_taken_for_markup(desk):
    _, page, _ = desk
    assert page.evaluate(VANISHED) == []


def test_nothing_moves_by_itself(desk):
    _, page, _ = desk
    assert page.evaluate(MOVES) == []


def test_every_stop_is_reached_and_seen(desk):
    _, page, _ = desk
    assert walk(page) == []


def test_large_text_loses_nothing(desk):
    _, page, _ = desk
    assert large_text.lost(page) == []


LISTEN = """figure => {
    figure.drawn = new Promise((drawn) => figure.addEventListener(
        "d2l:drawn", () => drawn(), { once: true }));
}"""


def test_a_moved_figure_restyles_no_more_than_itself(desk, browser):
    """A selector such as `section:has(…) > *` costs every frame the page."""
    _, page, _ = desk
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


def test_no_other_host_and_no_error(desk):
    _, page, trouble = desk
    page.wait_for_load_state("networkidle")
    assert not trouble  # and not later: axe asks for what is not there


def test_axe_finds_no_violation_in_the_light(desk):
    _, page, _ = desk
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    assert violations(page) == []


def test_a_narrow_page_does_not_scroll_sideways(phone):
    _, page, trouble = phone
    assert page.evaluate(SIDEWAYS) == []
    assert not trouble


def test_axe_finds_no_violation_in_the_dark(phone):
    _, page, _ = phone
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert violations(page) == []


def test_a_link_within_the_page_jumps(visit):
    page, _ = visit("chapters/notation", reduced_motion="reduce")
    target = page.locator("section[id]").last
    page.evaluate("id => { location.hash = id }", target.get_attribute("id"))
    page.evaluate("new Promise(requestAnimationFrame)")
    assert page.evaluate("scrollY") > 0
    before = page.evaluate("scrollY")
    page.wait_for_timeout(150)
    assert page.evaluate("scrollY") == before


FOCUSED = "() => document.activeElement.outerHTML.slice(0, 200)"
OPENED = """() => {
    const dialog = document.querySelector("dialog[open]");
    return dialog && [dialog.id, dialog.contains(document.activeElement)];
}"""


@pytest.mark.parametrize(
    ("opener", "dialog", "screen"),
    [
        (".search-button-field", "pst-search-dialog", {}),
        (".primary-toggle", "pst-primary-sidebar-modal", PHONE),
        (".secondary-toggle", "pst-secondary-sidebar-modal", PHONE),
    ],
    ids=["search", "contents of the book", "contents of the page"],
)
def test_what_opens_by_keyboard_closes_by_keyboard(
    visit, opener, dialog, screen
):
    page, _ = visit("chapters/notation", reduced_motion="reduce", **screen)
    page.locator(opener).focus()
    before = page.evaluate(FOCUSED)
    page.keyboard.press("Enter")
    page.locator(f"dialog#{dialog}[open]").wait_for()
    assert page.evaluate(OPENED) == [dialog, True]
    page.keyboard.press("Escape")
    page.locator(f"dialog#{dialog}:not([open])").wait_for(state="attached")
    until(lambda: "" if page.evaluate(FOCUSED) == before else "focus is lost")
