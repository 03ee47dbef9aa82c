"""What does a figure cost the reader who drags it?

Opens the built book in Chromium and measures:

- for each slider of each explorer, a drag of one second with an input at each
  animation frame: the time from an input to its drawing and the time between
  frames, where only what moves is drawn, and where Plotly draws all of it;
- the time from opening the title page to a figure that can be dragged, with
  Plotly's cartesian part and with all of it;
- the bytes that each page loads.

    make book && python benchmarks/sliders.py

prints the tables and writes `results/sliders.json`. It needs a quiet machine.
"""

import gzip
import json
import os
import platform
import shutil
import statistics
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

from playwright.sync_api import sync_playwright

from d2lattn.figures import bundle

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "_build" / "html"
RESULTS = Path(__file__).with_name("results") / "sliders.json"
LOADS = 9
SCREEN = {"width": 1280, "height": 900}
FIGURES = ".d2l-explorer, .d2l-figure"

# Drag a slider there and back for a second. What is heard of an input is the
# first drawing after it; an input that comes before that waits for no other.
DRAG = """async (input, whole) => {
    const root = input.closest(".d2l-explorer");
    const { redraw } = d2lattn;
    if (whole) d2lattn.redraw = () => false;
    const last = Number(input.max), waits = [], drawn = [];
    let sent = 0, step = Number(input.value);
    const heard = () => {
        const now = performance.now();
        if (sent) waits.push(now - sent);
        drawn.push(now);
        sent = 0;
    };
    root.addEventListener("d2l:drawn", heard);
    const end = performance.now() + 1000;
    await new Promise((stop) => {
        const tick = () => {
            if (performance.now() > end) return stop();
            requestAnimationFrame(tick);
            step = (step + 1) % (2 * last || 1);
            input.value = Math.min(step, 2 * last - step);
            sent ||= performance.now();
            input.dispatchEvent(new Event("input", { bubbles: true }));
        };
        requestAnimationFrame(tick);
    });
    root.removeEventListener("d2l:drawn", heard);
    d2lattn.redraw = redraw;
    await new Promise((rested) => setTimeout(rested, 400));
    return [waits, drawn.slice(1).map((time, i) => time - drawn[i])];
}"""
# Notes when the first figure is ready.
READY = """new MutationObserver(() => {
    window.d2lReady ||= document.querySelector(".d2l-explorer[data-ready]")
        && performance.now();
}).observe(document, { subtree: true, attributeFilter: ["data-ready"] });"""
NEAR = """root => {
    for (const fold of document.querySelectorAll("details")) fold.open = true;
    root.scrollIntoView({ block: "center", behavior: "instant" });
}"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves the book, with all of Plotly instead of a part if `whole`."""

    def __init__(self, *args, whole=False, **kwargs):
        self.whole = whole
        super().__init__(*args, directory=BOOK, **kwargs)

    def translate_path(self, path):
        """The file for an address."""
        file = super().translate_path(path)
        if self.whole and file.endswith("plotly-cartesian.min.js"):
            return file.replace("cartesian", "whole")
        return file

    def log_message(self, *_):
        """Say nothing."""


def serve(**kwargs):
    """Serve the book on this machine."""
    handler = partial(Quiet, **kwargs)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def names():
    """The pages of the book, without those that Sphinx makes."""
    made = {"index", "genindex", "search", "404", "py-modindex"}
    for file in sorted(BOOK.rglob("*.html")):
        name = file.relative_to(BOOK).with_suffix("").as_posix()
        if name not in made and not name.startswith(("_static", "_modules")):
            yield name


def summary(waits, between):
    """The median, the 95th percentile, and the share of frames in time."""
    return {
        "median_ms": round(statistics.median(waits), 1),
        "p95_ms": round(statistics.quantiles(waits, n=20)[-1], 1),
        "within_25_ms": round(sum(t <= 25 for t in between) / len(between), 3),
    }


def drags(page):
    """Drag each slider of an open page, with both ways of drawing."""
    found = []
    for root in page.query_selector_all(".d2l-explorer"):
        for input_ in root.query_selector_all("input[type=range]"):
            root.evaluate(NEAR)
            slider = input_.evaluate("input => input.labels[0].textContent")
            times = {
                name: summary(*input_.evaluate(DRAG, whole))
                for name, whole in (("direct", False), ("whole", True))
            }
            title = root.evaluate(
                "root => JSON.parse("
                "root.querySelector('.d2l-spec').textContent).title"
            )
            found.append({"explorer": title, "slider": slider, **times})
    return found


def opened(browser, site):
    """Milliseconds from opening the title page to its figure."""
    cold, warm = [], []
    for _ in range(LOADS):
        context = browser.new_context(viewport=SCREEN)
        context.add_init_script(READY)
        page = context.new_page()
        for times in (cold, warm):
            page.goto(f"{site}/intro.html")
            page.wait_for_function("window.d2lReady")
            times.append(page.evaluate("window.d2lReady"))
        context.close()
    return {
        "cold_ms": round(statistics.median(cold)),
        "warm_ms": round(statistics.median(warm)),
    }


def size(urls, site):
    """Kilobytes of the files at these addresses, raw and gzipped."""
    raw = packed = 0
    for url in urls:
        path = url.removeprefix(site).partition("?")[0].partition("#")[0]
        file = BOOK / path.lstrip("/")
        if url.startswith(site) and file.is_file():
            data = file.read_bytes()
            raw += len(data)
            packed += min(len(data), len(gzip.compress(data, 6)))
    return {"kB": round(raw / 1e3), "kB_gzipped": round(packed / 1e3)}


def page_of(browser, site, name):
    """What a page loads, without figures and with all, and its drags."""
    asked = set()
    page = browser.new_page(viewport={**SCREEN, "height": 60})
    page.on("request", lambda request: asked.add(request.url))
    page.goto(f"{site}/{name}.html", wait_until="networkidle")
    found = {"opening": size(asked, site)}
    page.set_viewport_size(SCREEN)
    for figure in page.query_selector_all(FIGURES):
        figure.evaluate(NEAR)
        page.wait_for_function("f => f.dataset.ready", arg=figure)
    page.wait_for_load_state("networkidle")
    found["all"] = size(asked, site)
    found["drags"] = drags(page)
    page.close()
    return found


def main():
    """Measure, print and save."""
    whole = BOOK / "_static" / "d2l" / "plotly-whole.min.js"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        site = serve()
        found = {
            "versions": {
                "python": platform.python_version(),
                "chromium": browser.version,
                "plotly": version("plotly"),
            },
            "machine": f"{os.cpu_count()} cores, {platform.machine()}",
            "pages": {n: page_of(browser, site, n) for n in names()},
        }
        whole.write_text(bundle.script("whole"), encoding="utf-8")
        try:
            found["open"] = {
                "cartesian": opened(browser, site),
                "whole": opened(browser, serve(whole=True)),
            }
        finally:
            whole.unlink()
        browser.close()
    show(found)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def show(found):
    """Print what was measured."""
    print(found["machine"], *found["versions"].items())
    print("\nfrom opening a page, ms     cold   warm")
    for part, ms in found["open"].items():
        print(f"  {part:22}{ms['cold_ms']:8}{ms['warm_ms']:7}")
    print("\nkB a page loads           opening  gzipped      all  gzipped")
    for name, page in found["pages"].items():
        sizes = [*page["opening"].values(), *page["all"].values()]
        print(f"  {name:28}" + "  ".join(f"{kb:7}" for kb in sizes))
    print("\nfrom input to drawn, ms: median, 95 %; frames within 25 ms")
    for page in found["pages"].values():
        for drag in page["drags"]:
            title = f"{drag['explorer'][:30]}, {drag['slider'][:12]}"
            for way in ("direct", "whole"):
                ms = drag[way]
                print(
                    f"  {title if way == 'direct' else '':46}{way:8}"
                    f"{ms['median_ms']:6}{ms['p95_ms']:7}"
                    f"{ms['within_25_ms']:7.0%}"
                )


if __name__ == "__main__":
    main()
