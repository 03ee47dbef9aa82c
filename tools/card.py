"""Draw the pictures that represent the book elsewhere.

`python tools/card.py` writes two files: `_static/card.png`, which appears
where the book's address is shared, with the drawing of the title page, the
title and the first sentence in light colours; and `docs/cover.png`, a page of
the built book, which the README shows.
"""

import shutil
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from d2lattn.figures import palette

ROOT = Path(__file__).resolve().parents[1]
CARD = "_static/card.png"
CARD_SIZE = (1200, 630)

PAGE = """<!doctype html>
<html lang="en" data-theme="light">
<style>
{fonts}
{palette}
body {{
  align-items: center;
  background: var(--d2l-paper);
  color: var(--d2l-ink);
  display: grid;
  gap: 40px;
  grid-template-columns: 1fr 400px;
  height: {height}px;
  margin: 0;
  padding: 0 80px;
  box-sizing: border-box;
}}
h1 {{
  font: 600 92px/1.05 var(--d2l-font-serif);
  letter-spacing: -0.018em;
  margin: 0 0 32px;
}}
p {{
  color: var(--d2l-muted);
  font: 34px/1.35 var(--d2l-font-sans);
  margin: 0;
}}
svg {{ display: block; height: auto; width: 100%; }}
</style>
<div>
<h1>Attention you can drag</h1>
<p>An interactive book, from a red cup on a desk to the Transformer</p>
</div>
{drawing}
</html>
"""


COVER = "docs/cover.png"
COVER_SIZE = (1280, 900)
FIGURE = 2  # of chapter 1: the curve above the map of its weights
CENTRE = "f => f.scrollIntoView({ block: 'center', behavior: 'instant' })"


def draw_card(browser: Browser) -> None:
    """Draw the card from the title page's drawing."""
    width, height = CARD_SIZE
    static = ROOT / "_static"
    fonts = (static / "fonts.css").read_text("utf-8")
    text = PAGE.format(
        fonts=fonts.replace('url("', f'url("{static.as_uri()}/'),
        palette=palette.css(),
        height=height,
        drawing=(ROOT / "chapters/images/cover.svg").read_text("utf-8"),
    )
    source = ROOT / "_build" / "card.html"
    source.parent.mkdir(exist_ok=True)
    source.write_text(text, "utf-8")
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(source.as_uri())
    page.evaluate("document.fonts.ready")
    page.screenshot(path=ROOT / CARD)
    source.unlink()


def draw_cover(browser: Browser) -> None:
    """Take a picture of the built book after a slider has moved."""
    width, height = COVER_SIZE
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto((ROOT / "_build/html/chapters/01-intuition.html").as_uri())
    figure = page.locator(".d2l-explorer").nth(FIGURE)
    figure.evaluate(CENTRE)
    slider = figure.locator("input[type=range]").first
    page.wait_for_function("f => f.dataset.ready", arg=figure.element_handle())
    slider.focus()
    for _ in range(2):
        slider.press("ArrowLeft")
    figure.evaluate(CENTRE)
    page.wait_for_timeout(1000)  # the header goes out of the way
    page.screenshot(path=ROOT / COVER)


def main() -> None:
    """Draw both in a browser; the book has to be built first."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium")
        )
        draw_card(browser)
        draw_cover(browser)
        browser.close()


if __name__ == "__main__":
    main()
