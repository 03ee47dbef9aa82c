"""While a control moves, a page draws what moves; at rest, Plotly draws all.

Each explorer is put at random stops, in the light and in the dark, and the two
drawings of the same frame are compared pixel by pixel.
"""

import base64
import random

import pytest
import sources
from browser import TWO_FRAMES, settle

PAGES = [page for page in sources.pages() if sources.explore_calls(page)]
STOPS = 2
FEW = 5  # pixels, of some 300,000: a missing comma is about as many

# Put the controls at these stops; `whole` is whether Plotly draws what is then
# seen, and the answer whether it did.
MOVE = """(root, [stops, whole]) => new Promise((drawn) => {
    d2lattn.rest = whole ? 0 : 1e8;
    let rested = false;
    root.addEventListener("d2l:rested", () => { rested = true; },
        { once: true });
    root.addEventListener(whole ? "d2l:rested" : "d2l:drawn",
        () => drawn(rested), { once: true });
    const inputs = [...root.querySelectorAll("[data-control]")];
    inputs.forEach((input, i) => {
        if (input.type === "checkbox") input.checked = Boolean(stops[i]);
        else input.value = stops[i];
    });
    inputs[0].dispatchEvent(new Event("input", { bubbles: true }));
})"""

# The last stop of each control.
LAST = """inputs => inputs.map(({ type, max, options }) =>
    type === "checkbox" ? 1 : Number(max || options.length - 1))"""

# The pixels of two pictures that the other has not, to a tenth, where they are
# or next to it: Plotly rounds the place of a text by its first letter's edge.
DIFFERENT = """async (pictures) => {
    const [one, two] = await Promise.all(pictures.map(async (picture) => {
        const png = await fetch("data:image/png;base64," + picture);
        const image = await createImageBitmap(await png.blob());
        const { width, height } = image;
        const canvas = new OffscreenCanvas(width, height).getContext("2d");
        canvas.drawImage(image, 0, 0);
        return canvas.getImageData(0, 0, width, height);
    }));
    if (one.width !== two.width || one.height !== two.height)
        return Array(100).fill("another size");
    const { width, data: { length } } = one;
    const like = (i, j) => [0, 1, 2].every((color) =>
        Math.abs(one.data[i + color] - two.data[j + color]) <= 25);
    const near = [-1, 0, 1].flatMap((row) =>
        [-1, 0, 1].map((column) => 4 * (row * width + column)));
    const found = [];
    for (let i = 0; i < length; i += 4)
        if (!like(i, i) && !(near.some((step) => like(i, i + step))
            && near.some((step) => like(i + step, i))))
            found.push([i / 4 % width, Math.floor(i / 4 / width)]);
    return found;
}"""


def picture(page, plot):
    page.evaluate(TWO_FRAMES)
    return base64.b64encode(plot.screenshot()).decode()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_both_drawings_are_the_same_picture(visit, browser, name, theme):
    page, trouble = visit(name)
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    settle(page)
    blank = browser.new_page()
    chance = random.Random(f"{name} {theme}")
    faults, direct = [], 0
    for root in page.query_selector_all(".d2l-explorer"):
        plot = root.query_selector(".d2l-plot")
        last = root.eval_on_selector_all("[data-control]", LAST)
        for _ in range(STOPS):
            stops = [chance.randint(0, most) for most in last]
            # Margins that Plotly measures hang on what it drew before.
            for before in [stops, [chance.randint(0, most) for most in last]]:
                root.evaluate(MOVE, [before, True])
            if root.evaluate(MOVE, [stops, False]):
                continue  # Plotly drew it
            direct += 1
            pictures = [picture(page, plot)]
            root.evaluate(MOVE, [stops, True])
            pictures.append(picture(page, plot))
            pixels = blank.evaluate(DIFFERENT, pictures)
            if len(pixels) > FEW:
                label = root.get_attribute("aria-label")
                faults.append((label, stops, len(pixels), pixels[::40][:5]))
    blank.close()
    assert not faults
    assert direct
    assert not trouble
