"""Draw the card that stands for the book wherever its address is shared.

The drawing of the title page, the title and the first sentence, in the
book's light colours: `python tools/card.py` writes `_static/card.png`.
"""

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

from d2lattn.book.site import CARD, CARD_SIZE
from d2lattn.figures import palette

ROOT = Path(__file__).resolve().parents[1]

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


def main() -> None:
    """Draw the card in a browser and keep what it shows."""
    width, height = CARD_SIZE
    static = ROOT / "_static"
    fonts = (static / "fonts.css").read_text("utf-8")
    page_text = PAGE.format(
        fonts=fonts.replace('url("', f'url("{static.as_uri()}/'),
        palette=palette.css(),
        height=height,
        drawing=(ROOT / "chapters/images/cover.svg").read_text("utf-8"),
    )
    source = ROOT / "_build" / "card.html"
    source.parent.mkdir(exist_ok=True)
    source.write_text(page_text, "utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(source.as_uri())
        page.evaluate("document.fonts.ready")
        page.screenshot(path=ROOT / CARD)
        browser.close()
    source.unlink()


if __name__ == "__main__":
    main()
