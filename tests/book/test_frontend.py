"""The front end on small pages made for it, in each form that it has."""

import json
from functools import cache

import numpy as np
import plotly.graph_objects as go
import pytest
from browser import listen, start, until
from driving import Driven

from d2lattn.figures import bundle, describe, explore, palette
from d2lattn.figures import page as markup

SCRIPT = '<script>document.title = "hacked"</script>'
MARKUP = f"<b>&amp;</b> {SCRIPT}"


def wave(steps=3, phase=0.0, kind="sin", gap=False):
    """A wave. See it move."""
    x = np.linspace(0, 6, 40)
    y = getattr(np, kind)(x * steps + phase)
    if gap:
        y[5:9] = np.nan
    figure = go.Figure(go.Scatter(x=x, y=y))
    figure.update_layout(height=300, yaxis_range=[-1.2, 1.2])
    return describe(figure, f"{steps} {kind} waves from {phase}")


@cache
def waves(**options):
    """An explorer with a control of each kind, but for `options`."""
    controls = {
        "steps": (1, 6),
        "phase": (0.0, 1.0, 0.25),
        "kind": {"sine": "sin", MARKUP: "cos"},
        "gap": True,
    }
    return explore(wave, **(controls | options))


class SmallBook:
    """A folder of pages that are made as the book's pages are."""

    def __init__(self, folder):
        self.folder = folder
        for name, text in {
            "plotly-cartesian.min.js": bundle.script("cartesian"),
            "explorer.js": markup.script(),
            "explorer.css": markup.style(),
        }.items():
            (folder / name).write_text(text, encoding="utf-8")
        (folder / "frames").mkdir()

    def figure(self, shown, uid):
        """The markup of an explorer or of an ordinary figure."""
        if isinstance(shown, go.Figure):
            spec = json.loads(shown.to_json())
            return markup.figure(spec, static=".")
        payload = shown.payload()
        frames = f"frames/{markup.frames_key(payload)}.js"
        text = markup.frames_file(payload)
        (self.folder / frames).write_text(text, encoding="utf-8")
        return markup.explorer(payload, uid, static=".", frames_src=frames)

    def page(self, *parts, name="page"):
        """Write a page; explorers and figures among `parts` as in the book."""
        body = "".join(
            part if isinstance(part, str) else self.figure(part, f"uid-{i}")
            for i, part in enumerate(parts)
        )
        file = self.folder / f"{name}.html"
        file.write_text(
            '<!doctype html><html lang="en" data-theme="light"><head>'
            '<meta charset="utf-8"><title>page</title>'
            '<link rel="icon" href="data:,">'
            '<link rel="stylesheet" href="explorer.css">'
            '<script src="explorer.js" defer></script>'
            f"</head><body>{body}</body></html>",
            encoding="utf-8",
        )
        return file.as_uri()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A folder of small pages."""
    return SmallBook(tmp_path_factory.mktemp("small"))


@pytest.fixture
def page(browser):
    """A blank page whose troubles must be none in the end."""
    blank = browser.new_page(viewport={"width": 900, "height": 700})
    blank.trouble = listen(blank, "file:")
    yield blank
    blank.context.close()
    assert not blank.trouble


def drive(page, frame, index=0):
    """Start the figures of a frame and take one of them."""
    start(frame)
    return Driven(page.mouse, frame.query_selector_all(".d2l-explorer")[index])


# -- the same figure, wherever it is shown -----------------------------------


def in_book(page, small, explorer):
    page.goto(small.page(explorer))
    return page.main_frame


def in_sandbox(page, small, explorer):
    """As Colab shows an output: a frame that may only run scripts."""
    page.goto(small.page())
    page.evaluate(
        """html => {
            const frame = document.createElement("iframe");
            frame.sandbox = "allow-scripts";
            frame.style = "width: 100%; height: 650px";
            frame.srcdoc = "<!doctype html><body>" + html;
            document.body.append(frame);
        }""",
        explorer.to_html(),
    )
    page.wait_for_selector("iframe")
    frame = page.query_selector("iframe").content_frame()
    frame.wait_for_selector(".d2l-explorer")
    return frame


def in_output(page, small, explorer):
    """As a notebook shows an output: put into a page that has long loaded."""
    page.goto(small.page())
    page.evaluate(
        """html => document.body.append(
            document.createRange().createContextualFragment(html))""",
        explorer.to_html(),
    )
    return page.main_frame


def on_disk(page, small, explorer):
    """As `to_html` saved to a file."""
    file = small.folder / "saved.html"
    file.write_text(explorer.to_html(), encoding="utf-8")
    page.goto(file.as_uri())
    return page.main_frame


FORMS = [in_book, in_sandbox, in_output, on_disk]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_follows_its_controls(page, small, form):
    explorer = waves()
    driven = drive(page, form(page, small, explorer))
    driven.follow()
    for i, key, stop in [
        (1, "End", 4),
        (0, "ArrowRight", 3),
        (3, "Space", 1),
        (2, "ArrowDown", 1),
    ]:
        driven.inputs[i].press(key)
        driven.check(i, stop)
    for i in range(4):
        driven.check(i, driven.point(i))


def marked(**values):
    """Figure."""
    return describe(wave(), f"{MARKUP} {values}")


def test_markup_shows_as_text(page, small):
    name = f'"><img src=x onerror="document.title=1">{SCRIPT}'
    explorer = explore(
        marked,
        title=MARKUP,
        caption=f"caption {MARKUP}",
        **{name: [MARKUP, "</option></select>"], "other": (0, 1)},
    )
    driven = drive(page, in_book(page, small, explorer))
    driven.inputs[0].press("ArrowDown")
    driven.check(0, 1)
    root = driven.root
    caption = root.query_selector("figcaption").inner_text()
    assert caption == f"{MARKUP}. caption {MARKUP}"
    assert root.get_attribute("aria-label") == MARKUP
    label = root.query_selector("label").inner_text()
    assert label == " ".join(name.replace("_", " ").split())
    options = root.query_selector_all("option")
    shown = [option.inner_text() for option in options]
    assert shown == [MARKUP, "</option></select>"]
    assert root.query_selector("img, b") is None
    assert root.evaluate("root => root.ownerDocument.title") != "hacked"
    until(lambda: "" if page.title() == "page" else page.title())


# -- many figures on one page ------------------------------------------------


def test_a_figure_costs_nothing_before_it_comes_near(page, small):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    gap = '<div style="height: 3000px"></div>'
    few = {"phase": (0.0, 0.5, 0.5), "kind": ("sin",)}
    explorers = [waves(steps=(3, n), **few) for n in range(3, 15)]
    parts = [part for one in explorers for part in (gap, one)]
    page.goto(small.page(*parts), wait_until="networkidle")
    figures = page.query_selector_all(".d2l-explorer")
    assert len(figures) == 12
    waiting = "figure => !figure.dataset.started && !figure.dataset.ready"
    assert all(figure.evaluate(waiting) for figure in figures)
    assert not [url for url in asked if "plotly" in url or "frames" in url]

    figures[4].evaluate("figure => figure.scrollIntoView()")
    page.wait_for_function("figure => figure.dataset.ready", arg=figures[4])
    others = [figure for i, figure in enumerate(figures) if i != 4]
    assert all(figure.evaluate(waiting) for figure in others)
    assert len([url for url in asked if "/frames/" in url]) == 1
    start(page)
    assert len([url for url in asked if "plotly-cartesian" in url]) == 1
    assert len([url for url in asked if "/frames/" in url]) == 12


def test_figures_do_not_disturb_each_other(page, small):
    explorers = [waves(), waves(), waves(bits=8)]
    page.goto(small.page(*explorers))
    drivens = [drive(page, page, i) for i in range(3)]
    drivens[1].inputs[0].press("End")
    drivens[1].check(0, 5)
    drivens[2].root.query_selector("text=gap").click()  # its label
    drivens[2].check(3, 1 - drivens[2].stops[3])
    for driven in drivens:
        driven.follow()


def test_a_folded_figure_starts_when_it_is_unfolded(page, small):
    explorer = waves()
    parts = ["<details><summary>Solution</summary>", explorer, "</details>"]
    page.goto(small.page(*parts), wait_until="networkidle")
    root = page.query_selector(".d2l-explorer")
    assert not root.evaluate("root => root.dataset.started")
    page.click("summary")
    driven = drive(page, page)
    driven.follow()
    width = "root => root.querySelector('.main-svg').clientWidth"
    assert root.evaluate(width) > 600


# -- fast hands --------------------------------------------------------------

COUNT = """root => {
    root.drawn = [];
    root.addEventListener("d2l:drawn", (e) => root.drawn.push(e.detail));
}"""


def test_a_burst_of_input_draws_only_what_is_left_in_the_end(page, small):
    page.goto(
        small.page(waves(phase=(0.0, 1.0, 0.01), steps=(3, 3), kind=("sin",)))
    )
    driven = drive(page, page)
    driven.root.evaluate(COUNT)
    driven.inputs[1].evaluate(
        """input => {
            for (let stop = 0; stop <= 90; stop++) {
                input.value = stop;
                input.dispatchEvent(new Event("input", { bubbles: true }));
            }
        }"""
    )
    driven.check(1, 90)
    page.wait_for_timeout(200)
    drawn = driven.root.evaluate("root => root.drawn")
    assert len(drawn) <= 3
    assert len(set(drawn)) == len(drawn)
    driven.follow()


def test_a_reloaded_page_says_what_it_shows(page, small):
    explorer = waves()
    url = small.page(explorer)
    other = small.page(name="other")
    page.goto(url)
    driven = drive(page, page)
    driven.inputs[1].press("End")
    driven.check(1, 4)
    page.reload()
    drive(page, page).follow()
    page.goto(other)
    page.go_back()
    driven = drive(page, page)
    driven.stops = [driven.stop(i) for i in range(4)]
    driven.follow()


# -- fingers -----------------------------------------------------------------


@pytest.fixture
def phone(browser):
    """A page on a phone, and a way to put a finger on it."""
    context = browser.new_context(
        viewport={"width": 390, "height": 700}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.trouble = listen(page, "file:")
    touch = context.new_cdp_session(page)

    def swipe(x, y, to_x, to_y, steps=12):
        for i in range(steps + 1):
            at = {
                "x": x + (to_x - x) * i / steps,
                "y": y + (to_y - y) * i / steps,
            }
            touch.send(
                "Input.dispatchTouchEvent",
                {
                    "type": "touchMove" if i else "touchStart",
                    "touchPoints": [at],
                },
            )
        touch.send(
            "Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []}
        )

    page.swipe = swipe
    yield page
    context.close()
    assert not page.trouble


def test_a_finger_drags_a_slider(phone, small):
    phone.goto(small.page(waves()))
    driven = drive(phone, phone)
    box = driven.inputs[1].bounding_box()
    middle = box["y"] + box["height"] / 2
    phone.swipe(box["x"] + 8, middle, box["x"] + box["width"] - 8, middle)
    driven.check(1, 4)


def test_a_swipe_over_a_plot_scrolls_the_page(phone, small):
    gap = '<div style="height: 3000px"></div>'
    phone.goto(small.page(waves(), gap))
    driven = drive(phone, phone)
    box = driven.plot.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = phone.evaluate("scrollY")
    phone.swipe(x, y, x, y - 150)
    phone.wait_for_function(f"scrollY > {before} + 50")


def test_a_swipe_that_begins_on_a_slider_scrolls_and_leaves_it(phone, small):
    gap = '<div style="height: 3000px"></div>'
    phone.goto(small.page(waves(), gap))
    driven = drive(phone, phone)
    phone.evaluate("scrollTo(0, 0)")
    box = driven.inputs[1].bounding_box()
    x, y = box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2
    phone.swipe(x, y, x + 5, max(y - 150, 5))
    phone.wait_for_function("scrollY > 0")
    driven.follow()
    assert driven.stop(1) == driven.stops[1]


# -- light and dark ----------------------------------------------------------


@pytest.mark.parametrize("attribute", ["data-theme", "theme"])
def test_figures_follow_light_and_dark(page, small, attribute):
    figure = go.Figure(go.Heatmap(z=[[0, 1]]), {"title": {"text": "plain"}})
    page.goto(small.page(waves(), figure))
    driven = drive(page, page)
    driven.inputs[0].press("End")
    driven.check(0, 5)
    if attribute == "theme":
        page.evaluate("delete document.documentElement.dataset.theme")
    inks = """() => [...document.querySelectorAll(".js-plotly-plot")].map(
        plot => plot._fullLayout.font.color)"""
    html = page.query_selector("html")
    for theme in ("dark", "light", "dark"):
        html.evaluate(
            "(html, set) => html.setAttribute(...set)", [attribute, theme]
        )
        ink = palette.THEMES[theme]["ink"]
        until(lambda ink=ink: "" if page.evaluate(inks) == [ink] * 2 else ink)
        driven.follow()
    scale = page.query_selector_all(".js-plotly-plot")[1].evaluate(
        "plot => plot._fullData[0].colorscale"
    )
    assert scale == palette.colorscale("dark")


# -- ordinary figures, and what goes wrong -----------------------------------


def test_ordinary_figures_show(page, small):
    figure = describe(go.Figure(go.Bar(y=[1, None, 3])), "Three bars.")
    figure.frames = [go.Frame(data=[go.Bar(y=[3, 2, 1])], name="turned")]
    page.goto(small.page(figure))
    start(page)
    plot = page.query_selector(".d2l-figure .js-plotly-plot")
    assert plot.get_attribute("aria-label") == "Three bars."
    assert plot.evaluate("plot => plot.data[0].y") == [1, None, 3]
    assert plot.query_selector(".bars path")
    plot.evaluate(
        """plot => Plotly.animate(plot, ["turned"], {
            frame: { duration: 0 }, transition: { duration: 0 } })"""
    )
    assert plot.evaluate("plot => plot.data[0].y") == [3, 2, 1]


def test_a_figure_that_cannot_start_says_so_and_leaves_the_others(
    browser, small
):
    page = browser.new_page()
    broken, sound = waves(steps=(1, 4)), waves()
    key = markup.frames_key(broken.payload())
    page.route(lambda url: key in url, lambda route: route.abort("failed"))
    page.goto(small.page(broken, sound))
    said = page.locator(".d2l-alt[role=status]").first
    said.filter(
        has_text="This figure could not start: could not load"
    ).wait_for()
    root, other = page.query_selector_all(".d2l-explorer")
    assert not root.evaluate("root => root.dataset.ready")
    assert root.query_selector("[data-control]").is_disabled()
    page.wait_for_function("root => root.dataset.ready", arg=other)
    driven = Driven(page.mouse, other)
    driven.inputs[0].press("End")
    driven.check(0, 5)
    page.context.close()
