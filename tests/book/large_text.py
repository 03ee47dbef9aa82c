"""Large text costs nothing: none is cut, none covers other text.

With the text doubled, as a browser's settings do it, and with everything
doubled, as its zoom does, which halves the page.
"""

from browser import SIDEWAYS, TWO_FRAMES

DOUBLED = "html { font-size: 200% !important; }"

# Boxes that hide a part of the text in them, and cannot be scrolled to it.
CUT = """() => {
    const hides = (part, way, size) => {
        const { [way]: overflow } = getComputedStyle(part);
        return (overflow === "hidden" || overflow === "clip")
            && part[`scroll${size}`] > part[`client${size}`] + 2;
    };
    return [...document.querySelectorAll("body *")].filter((part) =>
        part.checkVisibility({ visibilityProperty: true })
        && part.clientWidth > 1 && part.innerText?.trim()
        // Formulas hide a copy for screen readers beside them.
        && !part.closest("mjx-assistive-mml, svg, .d2l-plot, .d2l-hidden")
        && (hides(part, "overflowX", "Width")
            && !part.matches(".bd-article")
            || hides(part, "overflowY", "Height"))
    ).map((part) => part.outerHTML.replace(/\\s+/g, " ").slice(0, 200));
}"""

# Pairs of texts of which one lies on the other.
OVERLAP = """() => {
    const aside = (part) => {
        for (let box = part; box; box = box.parentElement) {
            const { position, clipPath } = getComputedStyle(box);
            if (position === "fixed" || position === "sticky"
                || clipPath !== "none") return true;
        }
        return part.closest("mjx-container, svg, .d2l-plot, option");
    };
    const walker = document.createTreeWalker(
        document.body, NodeFilter.SHOW_TEXT);
    const boxes = [];
    const range = document.createRange(); // each is updated at every change
    while (walker.nextNode()) {
        const text = walker.currentNode, part = text.parentElement;
        if (!text.data.trim() || aside(part)
            || !part.checkVisibility({ visibilityProperty: true })) continue;
        range.selectNodeContents(text);
        for (const { left, right, top, bottom } of range.getClientRects())
            if (right - left > 2)
                boxes.push({ left, right, top, bottom, text });
    }
    boxes.sort((a, b) => a.top - b.top);
    const found = [];
    boxes.forEach((a, i) => {
        // Lines may be set closer than their boxes are high.
        const high = a.bottom - a.top;
        for (let k = i + 1; k < boxes.length; k++) {
            const b = boxes[k];
            if (b.top > a.bottom - 0.35 * high) break;
            const both = Math.min(a.right, b.right)
                - Math.max(a.left, b.left);
            if (both > 3 && a.text !== b.text)
                found.push([a.text.data.trim().slice(0, 60),
                            b.text.data.trim().slice(0, 60)]);
        }
    });
    return found;
}"""


def lost(page):
    """What a page loses when its text is doubled, and when all of it is."""
    doubled = page.add_style_tag(content=DOUBLED)
    wrong = _lost(page)
    doubled.evaluate("style => style.remove()")
    before = page.viewport_size
    page.set_viewport_size({"width": 640, "height": 450})
    wrong += _lost(page)
    page.set_viewport_size(before)
    return wrong


def _lost(page):
    page.evaluate(TWO_FRAMES)
    return [
        it for look in (SIDEWAYS, CUT, OVERLAP) for it in page.evaluate(look)
    ]
