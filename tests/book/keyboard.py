"""A page by keyboard: every stop is reached, seen and left again."""

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
