"""The whole book by keyboard: every stop is reached, seen and left again."""

import pytest
from browser import PAGES, settle, until

# What Tab should lead to, and how each looks while it has no focus.
STOPS = """() => {
    const stops = [...document.querySelectorAll(
        "a[href], button, input, select, textarea, summary, [tabindex]")];
    const shown = stops.filter((stop) => stop.tabIndex >= 0 && !stop.disabled
        && stop.checkVisibility({ visibilityProperty: true })
        && !(stop.type === "radio" && !stop.checked));
    window.d2lLook = (part) => {
        const { outlineStyle, outlineWidth, outlineColor, boxShadow } =
            getComputedStyle(part);
        const outlined = outlineStyle !== "none" && outlineWidth !== "0px";
        return [outlined && `${outlineWidth} ${outlineColor}`, boxShadow];
    };
    window.d2lStops = new Map(shown.map((stop) =>
        [stop, String(d2lLook(stop))]));
    return shown.length;
}"""

# What is wrong with the stop that has the focus; null if there is none.
STOP = """() => {
    const stop = document.activeElement;
    if (!stop || stop === document.body) return null;
    const wrong = [];
    const [outline, shadow] = d2lLook(stop);
    if (!outline && shadow === "none"
        || String([outline, shadow]) === d2lStops.get(stop))
        wrong.push("looks as it does without the focus");
    if (!stop.checkVisibility({ opacityProperty: true,
                                visibilityProperty: true }))
        wrong.push("is not visible");
    // Something of it is on top, where the reader looks.
    const seen = [...stop.getClientRects()].some((box) => [
        [0.5, 0.5], [0.1, 0.5], [0.9, 0.5], [0.5, 0.1], [0.5, 0.9],
    ].some(([x, y]) => {
        const top = document.elementFromPoint(
            box.left + x * box.width, box.top + y * box.height);
        return stop.contains(top);
    }));
    if (!seen) wrong.push("is hidden or out of view");
    const again = !d2lStops.delete(stop);
    const name = stop.outerHTML.replace(/\\s+/g, " ").slice(0, 160);
    return { again, wrong: wrong.map((what) => `${name} ${what}`) };
}"""

LEFT = "() => [...d2lStops.keys()].map((it) => it.outerHTML.slice(0, 160))"


def walk(page):
    """Tab through a page; return what is wrong with where that leads."""
    count = page.evaluate(STOPS)
    assert count
    wrong = []
    for _ in range(count + 1):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None or stop["again"]:
            break
        wrong += stop["wrong"]
    wrong += [f"{stop} is never reached" for stop in page.evaluate(LEFT)]
    return wrong


@pytest.mark.parametrize("name", PAGES)
def test_every_stop_is_reached_and_seen(visit, name):
    page, _ = visit(name, reduced_motion="reduce")
    settle(page)
    assert walk(page) == []


FOCUSED = "() => document.activeElement.outerHTML.slice(0, 200)"
OPENED = """() => {
    const dialog = document.querySelector("dialog[open]");
    return dialog && [dialog.id, dialog.contains(document.activeElement)];
}"""
PHONE = {"viewport": {"width": 360, "height": 740}}


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
