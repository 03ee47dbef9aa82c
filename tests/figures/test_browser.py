"""Figures in a browser: all kinds of leaves, LaTeX, and the same one twice."""

import importlib.metadata
import json
import shutil

import gallery
import plotly.graph_objects as go
import plotly.offline
import pytest
from playwright.sync_api import sync_playwright
from unpacking import unpack_payload

from d2lattn.figures import bundle, explore, page, palette

pytestmark = pytest.mark.skipif(
    bundle.part({}) == "whole",
    reason="an older Plotly asks other hosts for styles by itself",
)

# What the front end makes of a payload, frame by frame.
DECODED = """async ([payload, count]) => {
    const { moving, buffer } = await d2lattn.frames.read(payload);
    const lists = (_, value) =>
        ArrayBuffer.isView(value) ? Array.from(value) : value;
    const at = (path) => path.reduce((part, key) => part[key], payload.figure);
    return Array.from({ length: count }, (_, k) => {
        d2lattn.frames.apply(payload.figure, moving, buffer, k);
        for (const { list, path } of moving)  // whose gaps are null
            if (list && !at(path).flat?.(9).every((it) => it === it))
                throw new Error(path);
        return JSON.stringify(payload.figure, lists);
    });
}"""
READY = """() => [...document.querySelectorAll("figure")].every(
    (figure) => figure.dataset.ready)"""
# Each formula that the figure shows, and its colour.
FORMULAS = """(i) => Object.fromEntries(
    [...document.querySelectorAll("figure")[i].querySelectorAll(
        "[data-math=Y]")].map((part) => [part.dataset.unformatted,
        getComputedStyle(part.querySelector("svg > g")).fill]))"""
SET = f"([i, text]) => text in ({FORMULAS})(i)"
MATHJAX = "sphinx-mathjax-offline/static/mathjax/tex-chtml.js"


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        carried = playwright.chromium
        path = shutil.which("chromium") or carried.executable_path
        chromium = carried.launch(executable_path=path, args=["--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture
def shown(browser, tmp_path):
    """Shows a page of these parts, and sees that nothing goes wrong in it."""
    opened = browser.new_page()
    trouble = []
    opened.on("pageerror", lambda error: trouble.append(str(error)))
    opened.on("requestfailed", lambda request: trouble.append(request.url))

    def show(*parts):
        file = tmp_path / "page.html"
        text = "".join(parts)
        file.write_text(f"<!doctype html><body>{text}", encoding="utf-8")
        opened.goto(file.as_uri())
        opened.wait_for_function(READY)
        return opened

    yield show
    opened.close()
    assert not trouble


def test_the_front_end_reads_what_was_packed(shown):
    opened = shown(f"<script>{page.script()}</script>")
    for draw in gallery.FIGURES:
        payload = explore(draw, t=(0, 3)).payload()
        frames = opened.evaluate(DECODED, [payload, 4])
        for k, frame in enumerate(frames):
            wanted = json.dumps(unpack_payload(payload, k))
            # JavaScript has no whole numbers beyond 2**53.
            assert json.loads(frame, parse_int=float) == json.loads(
                wanted, parse_int=float
            ), (draw.__name__, k)


def test_plotly_draws_each_kind(shown):
    """And so takes what the front end hands over."""
    kinds = [explore(draw, t=(0, 3)).payload() for draw in gallery.FIGURES]
    opened = shown(
        f"<script>{plotly.offline.get_plotlyjs()}</script>",
        *(page.explorer(kind, f"d2l-{i}") for i, kind in enumerate(kinds)),
        f"<script>{page.script()} document.querySelectorAll('figure')"
        ".forEach(d2lattn.start)</script>",
    )
    for entry in opened.query_selector_all("input"):
        entry.press("End")
    opened.wait_for_timeout(1000)
    assert len(opened.query_selector_all(".main-svg")) >= len(kinds)


def line(slope):
    return go.Figure(go.Scatter(y=[0, slope]))


def test_one_explorer_may_be_shown_twice(shown):
    made = explore(line, slope=(0, 3))
    opened = shown(made.to_html(), made.to_html())
    one, two = opened.query_selector_all("input")
    ids = opened.evaluate(
        "[...document.querySelectorAll('[id]')].map(e=>e.id)"
    )
    assert len(set(ids)) == len(ids)
    opened.query_selector_all("label")[1].click()
    assert two.evaluate("entry => entry === document.activeElement")
    opened.keyboard.press("End")
    assert [one.input_value(), two.input_value()] == ["1", "3"]


@pytest.mark.filterwarnings("ignore:LaTeX")
def test_latex_shows_as_its_source_where_mathjax_has_no_svg(shown):
    def draw(t):
        return go.Figure(layout={"title": {"text": rf"$\alpha_{t}$"}})

    opened = shown(
        "<script>MathJax = {version: '3.2.2', _: {output: {}}}</script>",
        explore(draw, t=(0, 3)).to_html(),
    )
    opened.query_selector("input").press("End")
    opened.get_by_text(r"$\alpha_3$").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_latex_is_typeset_where_the_page_has_mathjax(theme, shown, tmp_path):
    def draw(t):
        figure = go.Figure(go.Scatter(y=[1, t], name=r"$\beta_2$"))
        figure.add_annotation(x=0.5, y=1, text=r"$\sqrt{x}$")
        return figure.update_layout(
            title={"text": rf"$\alpha_{t}$"},
            xaxis={"tickvals": [1], "ticktext": [r"$\frac12$"]},
            yaxis={"title": {"text": "plain"}},
            showlegend=True,
        )

    files = importlib.metadata.files("sphinx-mathjax-offline")
    (mathjax,) = (file for file in files if file.as_posix() == MATHJAX)
    script = mathjax.locate().as_uri()
    code = bundle.script("cartesian")
    (tmp_path / "plotly-cartesian.min.js").write_text(code)
    opened = shown(
        f"<script>document.documentElement.dataset.theme = '{theme}'</script>",
        f'<script async src="{script}"></script>',
        page.explorer(explore(draw, t=(0, 3)).payload(), "d2l", static="."),
        page.figure(json.loads(draw(2).to_json()), static="."),
        f"<script>{page.script()}</script>",
    )
    opened.query_selector("input").press("End")
    rest = {r"$\beta_2$", r"$\sqrt{x}$", r"$\frac12$"}
    ink = palette.THEMES[theme]["ink"]
    color = f"rgb{tuple(int(ink[i : i + 2], 16) for i in (1, 3, 5))}"
    for i, title in enumerate([r"$\alpha_3$", r"$\alpha_2$"]):
        opened.wait_for_function(SET, arg=[i, title])
        drawn = opened.evaluate(FORMULAS, i)
        assert drawn == dict.fromkeys({title, *rest}, color)
