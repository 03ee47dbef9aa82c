"""While a control moves, a page draws what moves; at rest, Plotly draws all.

Each slider is dragged from an end to a random stop, in the light and in the
dark, and the two drawings of that frame are compared pixel by pixel.
"""

import base64
import random

import plotly.graph_objects as go
import pytest
import sources
from browser import TWO_FRAMES, settle

from d2lattn.figures import explore

PAGES = [page for page in sources.pages() if sources.explore_calls(page)]
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

# The controls that are dragged.
DRAGGED = """inputs => [...inputs.keys()].filter((i) =>
    inputs[i].type === "range")"""

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


def compare(page, blank, root, stops, before):
    """Drag from one frame to another, and compare both ways to draw that.

    Returns:
        whether what moved was drawn directly, and the pixels that differ.
    """
    plot = root.query_selector(".d2l-plot")
    # Margins that Plotly measures hang on what it drew before.
    root.evaluate(MOVE, [stops, True])
    root.evaluate(MOVE, [before, True])
    if root.evaluate(MOVE, [stops, False]):
        return False, []
    pictures = [picture(page, plot)]
    root.evaluate(MOVE, [stops, True])
    pictures.append(picture(page, plot))
    return True, blank.evaluate(DIFFERENT, pictures)


@pytest.mark.parametrize("name", PAGES)
def test_both_drawings_are_the_same_picture(visit, browser, name):
    page, trouble = visit(name)
    settle(page)
    blank = browser.new_page()
    chance = random.Random(name)
    faults, directly = [], 0
    for theme in ("light", "dark"):
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        for root in page.query_selector_all(".d2l-explorer"):
            last = root.eval_on_selector_all("[data-control]", LAST)
            dragged = root.eval_on_selector_all("[data-control]", DRAGGED)
            moved = dragged or list(range(len(last)))
            for i in moved if theme == "light" else moved[:1]:
                stops = [chance.randint(0, most) for most in last]
                before = list(stops)
                before[i] = 0 if stops[i] else last[i]
                direct, pixels = compare(page, blank, root, stops, before)
                directly += direct
                if len(pixels) > FEW:
                    label = root.get_attribute("aria-label")
                    few = pixels[::40][:5]
                    faults.append((theme, label, stops, len(pixels), few))
    blank.close()
    assert not faults
    assert directly
    assert not trouble


# What moves with `k`, 0 to 2, in traces and layout whose axes stand still: and
# whether it can be drawn directly.
MOVES = {
    "points": (lambda k: [go.Scatter(y=[k, 3, 9 - k])], {}, True),
    "more points": (
        lambda k: [go.Scatter(y=list(range(3 * k + 1)), mode="markers+lines")],
        {},
        True,
    ),
    "texts, some empty": (
        lambda k: [
            go.Scatter(
                x=[1, 2, 3],
                y=[2, 4, 6],
                text=["one", "two"[: 3 * k], "three"[: 5 * k]],
                mode="text",
            )
        ],
        {},
        True,
    ),
    "sizes": (
        lambda k: [
            go.Scatter(y=[2, 5, 7], mode="markers", marker_size=[9, 9 * k, 30])
        ],
        {},
        True,
    ),
    "areas": (
        lambda k: [
            go.Scatter(y=[2, 3, 2 + k]),
            go.Scatter(y=[5, 6 + k, 7], fill="tonexty"),
        ],
        {},
        True,
    ),
    "bars, their number and colour": (
        lambda k: [
            go.Bar(y=[k + 1, 5, 2][: k + 1], text=["a", "b", "c"][: k + 1]),
            go.Bar(y=[3, 2, k], marker_color=["red", "blue", "green"][k]),
        ],
        {},
        True,
    ),
    "words beyond bars, some empty": (
        lambda k: [
            go.Bar(
                y=[k + 1, 5, -2 * k, 0],
                text=["one", "2 & <b>3</b>"[: 12 * k], f"{-2 * k}", "none"],
                textposition="outside",
                marker_color=["red", "blue", "green"][k],
            )
        ],
        {"yaxis": {"range": [-6, 8]}},
        True,
    ),
    "words beyond bars that lie": (
        lambda k: [
            go.Bar(
                x=[k + 1, 2 - k, -k],
                y=[2, 5, 8],
                text=["a" * (k + 1), "r" + "wide" * k + "r", "less"],
                textposition="outside",
                orientation="h",
            )
        ],
        {"xaxis": {"range": [-4, 6]}},
        True,
    ),
    "an axis that makes room": (
        lambda k: [go.Scatter(y=[1, 10**k])],
        {"yaxis": {"autorange": True}},
        False,
    ),
    "an even map": (
        lambda k: [go.Heatmap(z=[[k, 1, 2], [2, 1, 0]], zmin=0, zmax=2)],
        {},
        True,
    ),
    "an uneven map": (
        lambda k: [
            go.Heatmap(
                x=[0.2, 1, 3],
                y=[1, 8, 9],
                z=[[k, 1, None], [2, 1, 0], [0, 2 - k, 5]],
                zmin=0,
                zmax=2,
                xgap=3,
            )
        ],
        {"yaxis": {"range": [10, 0]}},
        True,
    ),
    "a map with words": (
        lambda k: [
            go.Heatmap(
                z=[[k, 1, 2], [2 - k, None, 0]],
                text=[["a", "bc"[: k + 1], "f"], ["<b>b</b>", "g", "h&i"]],
                texttemplate="%{text}",
                zmin=0,
                zmax=2,
            )
        ],
        {},
        True,
    ),
    "a map whose colours move": (
        lambda k: [go.Heatmap(z=[[k, 1], [2, 3]])],
        {},
        False,
    ),
    "a trace that comes": (
        lambda k: [go.Scatter(y=[1, 2]), go.Scatter(y=[5], visible=k == 1)],
        {},
        False,
    ),
    "a title of more lines": (
        lambda k: [],
        lambda k: {
            "title": {
                "text": "<br>".join(
                    ["one", "<b>two</b>", "three", "4"][: k + 2]
                ),
                "y": 0.9,
                "yanchor": "top",
            }
        },
        True,
    ),
    "an annotation of more lines": (
        lambda k: [],
        lambda k: {
            "annotations": [
                {
                    "text": "<br>".join(
                        ["one", "<i>two</i>", "3", "4"][: k + 2]
                    ),
                    "showarrow": False,
                    "align": "left",
                    "xanchor": "left",
                    "yanchor": "top",
                    "x": 1,
                    "y": 9,
                }
            ]
        },
        True,
    ),
    "an annotation in the middle": (
        lambda k: [],
        lambda k: {"annotations": [{"text": "x" * (k + 1), "x": 1, "y": 9}]},
        False,
    ),
    "labels of ticks": (
        lambda k: [],
        lambda k: {
            "yaxis": {
                "tickvals": [1, 5],
                "ticktext": ["low", ["high", "up", "far"][k]],
                "automargin": False,
            }
        },
        True,
    ),
    "a shape": (
        lambda k: [],
        lambda k: {"shapes": [{"x0": 0, "x1": k + 1, "y0": 1, "y1": 3}]},
        False,
    ),
}


@pytest.fixture(scope="module")
def kinds(browser):
    """A page with an explorer for each kind of change."""
    page = browser.new_page()
    axes = {"xaxis": {"range": [-0.5, 4]}, "yaxis": {"range": [0, 10]}}

    def explorer(traces, layout):
        def figure(k=1):
            moved = layout(k) if callable(layout) else layout
            figure = go.Figure(
                traces(k), axes | {"height": 220, "showlegend": False}
            )
            return figure.update_layout(moved)

        return explore(figure, k=(0, 2)).to_html()

    markup = [explorer(*made) for *made, _ in MOVES.values()]
    page.set_content("".join(markup))
    settle(page)
    yield page
    page.close()


@pytest.mark.parametrize("name", MOVES)
def test_each_kind_of_change(browser, kinds, name):
    index = list(MOVES).index(name)
    root = kinds.query_selector_all(".d2l-explorer")[index]
    blank = browser.new_page()
    for before, stop in [(0, 1), (1, 2), (2, 1), (1, 0)]:
        direct, pixels = compare(kinds, blank, root, [stop], [before])
        assert direct == MOVES[name][-1]
        assert len(pixels) <= FEW, (before, stop)
    blank.close()
