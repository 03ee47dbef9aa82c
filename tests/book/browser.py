"""What every test in a browser does: open a page, listen, wait, look."""

import json
import time
from collections.abc import Callable
from http.server import SimpleHTTPRequestHandler
from typing import Any

import sources

MADE = ["genindex", "search"]  # by Sphinx, from the others
PAGES = [*sources.pages(), *MADE]


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and keeps it to itself."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


FIGURES = ".d2l-explorer, .d2l-figure"

TWO_FRAMES = """() => new Promise((drawn) =>
    requestAnimationFrame(() => requestAnimationFrame(drawn)))"""

# Why the page scrolls sideways: what sticks out on the right and is in no box
# of its own that scrolls.
SIDEWAYS = """() => {
    const width = document.documentElement.clientWidth;
    const page = document.scrollingElement.scrollWidth;
    const out = [...document.querySelectorAll("body *")].filter((part) => {
        if (part.getBoundingClientRect().right <= width + 1) return false;
        // The article cuts off what screen readers have of a formula.
        if (part.closest("mjx-assistive-mml")) return false;
        for (let box = part; box !== document.body; box = box.parentElement)
            if (box.matches(
                ".bd-sidebar-primary, .bd-sidebar-secondary, dialog")
                || getComputedStyle(box).overflowX !== "visible"
                && !box.matches(".bd-article")) return false;
        return true;
    });
    return out.map((part) => part.outerHTML.slice(0, 200)).concat(
        page > width ? [`the page is ${page} wide, of ${width}`] : []);
}"""

# A plot's data and layout at these paths; typed arrays as lists, gaps as null.
LOOK = """(plot, paths) => JSON.stringify(paths.map(path => path.reduce(
    (part, key) => part?.[key], {data: plot.data, layout: plot.layout})),
    (_, value) => ArrayBuffer.isView(value) ? Array.from(value) : value)"""


def listen(page: Any, home: str) -> list[str]:
    """Everything that goes wrong in `page` from now on.

    Args:
        page: a Playwright page that has not gone anywhere yet.
        home: the address it may ask for files.
    """
    trouble: list[str] = []

    def asked(request: Any) -> None:
        if not request.url.startswith((home, "data:", "blob:", "about:")):
            trouble.append(f"asked another host: {request.url}")

    def said(message: Any) -> None:
        if message.type in ("error", "warning"):
            place = message.location["url"]
            trouble.append(f"{message.type} at {place}: {message.text}")

    page.on("request", asked)
    page.on("console", said)
    page.on("pageerror", lambda error: trouble.append(f"raised {error}"))
    page.on(
        "requestfailed",
        lambda request: trouble.append(f"did not get {request.url}"),
    )
    return trouble


def until(check: Callable[[], str], seconds: float = 5.0) -> None:
    """Wait until `check` finds nothing wrong, or fail with what it says."""
    end = time.monotonic() + seconds
    while wrong := check():
        assert time.monotonic() < end, wrong
        time.sleep(0.01)


def unfold(page: Any) -> None:
    """Unfold every solution and every folded cell."""
    page.evaluate(
        """() => {
            const all = (folds) => document.querySelectorAll(folds);
            for (const fold of all("details")) fold.open = true;
            for (const title of all(".toggle-hidden > .admonition-title"))
                title.click();
        }"""
    )


# What is unfolded fades in, and is paler until then.
FADED_IN = """() => Promise.allSettled(document.getAnimations()
    .filter((it) => it.effect.getComputedTiming().endTime < Infinity)
    .map((it) => it.finished))"""

# The theme scrolls smoothly, which takes its time.
INTO_VIEW = """part => part.scrollIntoView(
    { block: "center", behavior: "instant" })"""


def start(page: Any, selector: str = f"{FIGURES}, .d2l-model") -> None:
    """Bring every figure near the viewport and wait until all can move."""
    for figure in page.query_selector_all(selector):
        figure.evaluate(INTO_VIEW)
        page.wait_for_function(
            "figure => figure.dataset.ready", arg=figure, timeout=15_000
        )


def settle(page: Any) -> None:
    """Unfold what is folded, start every figure, typeset every formula."""
    unfold(page)
    start(page)
    page.evaluate("window.MathJax?.startup?.promise")
    page.evaluate("document.fonts.ready.then(() => scrollTo(0, 0))")
    page.evaluate(FADED_IN)


def look(plot: Any, paths: list[tuple]) -> list[Any]:
    """What the plot shows at each path of its data and layout."""
    shown = plot.evaluate(LOOK, [list(path) for path in paths])
    return json.loads(shown)
