"""The book on paper: all of the text, dark on light, and no buttons."""

import pytest
from browser import FIGURES, PAGES, SIDEWAYS, settle, until

from d2lattn.figures import palette

# A sheet of A4 between the margins of _static/print.css, in CSS pixels.
SHEET = {"width": 703, "height": 1000}
BEGIN = "() => dispatchEvent(new Event('beforeprint'))"
END = "() => dispatchEvent(new Event('afterprint'))"

# Texts too pale for white paper (4.5:1), and what only a screen can use.
PALE = """() => {
    const linear = (part) => part <= 0.04045 ? part / 12.92
        : ((part + 0.055) / 1.055) ** 2.4;
    const canvas = document.createElement("canvas").getContext(
        "2d", { willReadFrequently: true });
    const contrast = (color) => {
        canvas.fillStyle = "white";
        canvas.fillRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(
            (part) => linear(part / 255));
        return 1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05);
    };
    const walker = document.createTreeWalker(
        document.body, NodeFilter.SHOW_TEXT);
    const pale = new Set();
    while (walker.nextNode()) {
        const text = walker.currentNode, part = text.parentElement;
        // Pictures print their own grounds.
        if (!text.data.trim() || part.closest("script, style, noscript, svg")
            || !part.checkVisibility({ visibilityProperty: true })) continue;
        const { color } = getComputedStyle(part);
        if (contrast(color) < 4.4)
            pale.add(`${part.outerHTML.slice(0, 100)}: ${color}`);
    }
    return [...pale];
}"""
DRAWN = """() => [...new Set([...document.querySelectorAll(
    ".d2l-drawing svg *")].flatMap((part) => {
        const { fill, stroke } = getComputedStyle(part);
        return [fill, stroke];
    }))]"""
USELESS = """() => [...document.querySelectorAll(
    "button, input, select, nav, dialog, .headerlink, details:not([open])")]
    .filter((part) => part.checkVisibility())
    .map((part) => part.outerHTML.slice(0, 100))"""
FOLDED = """() => [...document.querySelectorAll(".admonition.toggle > *")]
    .filter((part) => !part.matches("button") && !part.checkVisibility())
    .map((part) => part.outerHTML.slice(0, 100))"""
PLOTS = """() => [...document.querySelectorAll(".js-plotly-plot")].map(
    (plot) => [plot._fullLayout.font.color, plot._fullLayout.width])"""
# What stands for the controls, and what should: their names and values.
VALUES = """() => [...document.querySelectorAll(".d2l-controls")].map(
    (controls) => controls.innerText.replace(/\\s+/g, ""))"""
WANTED = """() => [...document.querySelectorAll(".d2l-controls")].map(
    (controls) => [...controls.querySelectorAll("output")].map((output) =>
        (controls.querySelector(`label[for="${output.htmlFor}"]`).innerText
            + output.value).replace(/\\s+/g, "")).join(""))"""

# What a browser calls the colours that only the dark theme has.
DARK = {
    f"rgb({int(it[1:3], 16)}, {int(it[3:5], 16)}, {int(it[5:], 16)})"
    for it in palette.THEMES["dark"].values()
}


@pytest.mark.parametrize("name", PAGES)
def test_paper_has_all_of_the_text_and_no_buttons(visit, name):
    page, trouble = visit(name, color_scheme="dark", viewport=SHEET)
    settle(page)
    wanted = page.evaluate(WANTED)
    on_screen = page.evaluate(PLOTS)
    page.evaluate(BEGIN)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(PALE) == []
    assert DARK.isdisjoint(page.evaluate(DRAWN))
    if name != "search":  # nobody prints it
        assert page.evaluate(USELESS) == []
    assert page.evaluate(FOLDED) == []
    assert page.evaluate(SIDEWAYS) == []
    assert page.evaluate(VALUES) == wanted
    ink = palette.THEMES["light"]["ink"]
    assert all(
        color == ink and width <= 580 for color, width in page.evaluate(PLOTS)
    )
    page.emulate_media(media="screen", color_scheme="dark")
    page.evaluate(END)
    wrong = "plots stay as they are on paper"
    until(lambda: "" if page.evaluate(PLOTS) == on_screen else wrong)
    assert not [it for it in trouble if "[object" not in it]


def test_a_figure_that_was_never_near_is_on_paper_in_words(visit):
    chapter = "chapters/02-scoring-functions"
    page, _ = visit(chapter, viewport=SHEET)
    page.emulate_media(media="print")
    figures = page.query_selector_all(FIGURES)
    waiting = [f for f in figures if not f.evaluate("f => f.dataset.ready")]
    assert len(waiting) > 3
    for figure in waiting:
        assert not figure.query_selector(".d2l-plot").is_visible()
        said = figure.query_selector(".d2l-plot").get_attribute("aria-label")
        assert len(said) > 20
        before = "f => getComputedStyle(f, '::before').content"
        shown = figure.inner_text() + figure.evaluate(before)
        assert said in shown.replace('\\"', '"')


def test_printing_starts_every_figure_for_the_next_time(visit):
    page, _ = visit("intro", color_scheme="dark")
    assert page.pdf().startswith(b"%PDF")
    for figure in page.query_selector_all(FIGURES):
        page.wait_for_function("f => f.dataset.ready", arg=figure)
    ink, wrong = palette.THEMES["dark"]["ink"], "plots stay light"
    until(
        lambda: wrong if {c for c, _ in page.evaluate(PLOTS)} - {ink} else ""
    )
