"""What does a figure cost the reader who drags it?

Builds small books with the real book's settings, opens them in Chromium and
measures: from a pressed arrow key to the redrawn map of 50 x 50 weights; from
opening a page to its first figure that can be dragged; what ten figures cost
the first screen; and the bytes that each page of the real book loads.

    python benchmarks/sliders.py

prints the tables and writes `results/sliders.json`.
"""

import gzip
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).with_name("results") / "sliders.json"
MOVES, LOADS = 400, 7
SCREEN = {"width": 1280, "height": 900}

HEAD = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3, language: python, name: python3}
---
# A page
"""
SETUP = """
```{code-cell} ipython3
import torch
from d2lattn.figures import describe, explore, heatmap
from d2lattn.pooling import KERNELS, kernel_weights
x = torch.linspace(0, 5, 50)[:, None]
def attention_map(bandwidth=0.5, kernel="gaussian"):
    weights = kernel_weights(x, x, KERNELS[kernel], bandwidth)
    figure = heatmap(weights, zmax=1, title="Weights")
    return describe(figure, f"Bandwidth {bandwidth}, {kernel} kernel.")
```
"""
FIGURE = """
```{code-cell} ipython3
explore(attention_map, bandwidth=(0.1, 3.0, 0.1),
        kernel=["gaussian", "boxcar", "epanechnikov"])
```
"""
PROSE = "A query meets its keys, and the weights follow. " * 40 + "\n\n"

# Notes when a key was pressed, its figure drawn, and the screen painted.
CLOCK = """root => {
    let pressed;
    root.times = [];
    addEventListener("keydown", (e) => { pressed = e.timeStamp; }, true);
    root.addEventListener("d2l:drawn", () => {
        const from = pressed, drawn = performance.now();
        requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () =>
                root.times.push([drawn - from, performance.now() - from]);
            channel.port2.postMessage("after this frame");
        });
    });
}"""
# Notes when the first figure is ready.
READY = """new MutationObserver(() => {
    window.d2lReady ||= document.querySelector(".d2l-explorer[data-ready]")
        && performance.now();
}).observe(document, { subtree: true, attributeFilter: ["data-ready"] });"""
PAINTED = """() => {
    const [navigation] = performance.getEntriesByType("navigation");
    const painted = performance.getEntriesByName("first-contentful-paint");
    return [painted[0].startTime, navigation.domContentLoadedEventEnd];
}"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and keeps it to itself."""

    def log_message(self, *_):
        """Say nothing."""


def build(folder):
    """Build pages with no figure, with one, and with ten far apart."""
    for name in ("_static", "_templates"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "_config.yml", folder)
    (folder / "chapters").mkdir()
    (folder / "chapters" / "references.bib").touch()
    far = PROSE * 6 + FIGURE
    for name, body in {
        "none": PROSE * 20,
        "one": FIGURE + PROSE * 20,
        "ten": FIGURE + far * 9,
    }.items():
        text = HEAD + SETUP + body
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    (folder / "_toc.yml").write_text(
        "format: jb-book\nroot: none\nchapters:\n- file: one\n- file: ten\n",
        encoding="utf-8",
    )
    command = [Path(sys.executable).with_name("jupyter-book"), "build"]
    subprocess.run([*command, folder], check=True, capture_output=True)
    return folder / "_build" / "html"


def redraws(page, root, moves):
    """Milliseconds from a pressed key to the drawn and to the painted map."""
    slider = root.query_selector("input[type=range]")
    slider.scroll_into_view_if_needed()
    root.evaluate(CLOCK)
    slider.evaluate("slider => { slider.value = slider.max; }")
    slider.press("Home")
    last = int(slider.get_attribute("max"))
    for i in range(moves):
        page.wait_for_function(
            "([root, n]) => root.times.length > n", arg=[root, i]
        )
        forth = i // last % 2 == 0
        page.keyboard.press("ArrowRight" if forth else "ArrowLeft")
    page.wait_for_function(
        "([root, n]) => root.times.length > n", arg=[root, moves]
    )
    drawn, painted = zip(*root.evaluate("root => root.times")[1:], strict=True)
    return {"drawn": summary(drawn), "painted": summary(painted)}


def summary(times):
    """The median and the 95th percentile."""
    return {
        "median": round(statistics.median(times), 1),
        "p95": round(statistics.quantiles(times, n=20)[-1], 1),
    }


def opened(browser, site):
    """Milliseconds from opening a page to what its reader waits for."""
    found = {}
    for name in ("none", "one", "ten"):
        cold, warm, first = [], [], []
        for _ in range(LOADS):
            context = browser.new_context(viewport=SCREEN)
            context.add_init_script(READY)
            page = context.new_page()
            for times in (cold, warm):
                page.goto(f"{site}/{name}.html")
                if name != "none":
                    page.wait_for_function("window.d2lReady")
                    times.append(page.evaluate("window.d2lReady"))
                if times is cold:
                    page.wait_for_timeout(200)
                    first.append(page.evaluate(PAINTED))
            context.close()
        paints, loads = zip(*first, strict=True)
        found[name] = {
            "first_paint_cold": round(statistics.median(paints)),
            "dom_content_loaded_cold": round(statistics.median(loads)),
        }
        if name != "none":
            found[name] |= {
                "ready_cold": round(statistics.median(cold)),
                "ready_warm": round(statistics.median(warm)),
            }
    return found


def pages(browser, site, folder):
    """What each page of a book loads, and how its figures follow."""
    found = {}
    for file in sorted(folder.rglob("*.html")):
        name = file.relative_to(folder).with_suffix("").as_posix()
        if name == "index" or name.startswith("_static/"):
            continue
        asked = set()
        page = browser.new_page(viewport=SCREEN)
        page.on("request", lambda request, asked=asked: asked.add(request.url))
        page.goto(f"{site}/{name}.html", wait_until="networkidle")
        opening = size(asked, site, folder)
        for figure in page.query_selector_all(".d2l-explorer, .d2l-figure"):
            figure.scroll_into_view_if_needed()
            page.wait_for_function("f => f.dataset.ready", arg=figure)
        page.wait_for_load_state("networkidle")
        found[name] = {
            "opening": opening,
            "all": size(asked, site, folder),
            "redraw_ms": [
                redraws(page, figure, MOVES // 10)
                for figure in page.query_selector_all(".d2l-explorer")
                if figure.query_selector("input[type=range]")
            ],
        }
        page.close()
    return found


def size(urls, site, folder):
    """Kilobytes of the files at these addresses, raw and gzipped."""
    raw = packed = 0
    for url in urls:
        path = url.removeprefix(site).partition("?")[0].partition("#")[0]
        file = folder / path.lstrip("/")
        if url.startswith(site) and file.is_file():
            data = file.read_bytes()
            raw += len(data)
            packed += min(len(data), len(gzip.compress(data, 6)))
    return {"kB": round(raw / 1e3), "kB_gzipped": round(packed / 1e3)}


def serve(folder):
    """Serve a folder on this machine."""
    handler = partial(Quiet, directory=folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def main():
    """Measure, print and keep."""
    real = ROOT / "_build" / "html"
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
    ):
        small = build(Path(folder))
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        site = serve(small)
        page = browser.new_page(viewport=SCREEN)
        page.goto(f"{site}/one.html")
        root = page.wait_for_selector(".d2l-explorer[data-ready]")
        found = {
            "versions": {
                "python": platform.python_version(),
                "chromium": browser.version,
                **{name: version(name) for name in ("torch", "plotly")},
            },
            "machine": f"{os.cpu_count()} cores, {platform.machine()}",
            "redraw_ms": redraws(page, root, MOVES),
            "open_ms": opened(browser, site),
        }
        if real.is_dir():
            found["pages"] = pages(browser, serve(real), real)
        browser.close()
    show(found)
    RESULTS.parent.mkdir(exist_ok=True)
    text = json.dumps(found, indent=2) + "\n"
    RESULTS.write_text(text, encoding="utf-8")


def show(found):
    """Print what was measured."""
    print(found["machine"], *found["versions"].items())
    print("\nfrom key to map of 50 x 50, ms     median     95%")
    for name, times in found["redraw_ms"].items():
        print(f"  {name:30} {times['median']:9} {times['p95']:7}")
    print("\nfrom opening a page, ms")
    for name, times in found["open_ms"].items():
        said = ", ".join(f"{what} {ms}" for what, ms in times.items())
        print(f"  {name + ' figures':14} {said}")
    print("\nkB a page loads           opening  gzipped      all  gzipped")
    for name, page in found.get("pages", {}).items():
        sizes = [*page["opening"].values(), *page["all"].values()]
        print(f"  {name:28}" + "  ".join(f"{kb:7}" for kb in sizes))
    print("\nfrom key to each figure of a page, drawn, ms: median (95%)")
    for name, page in found.get("pages", {}).items():
        drawn = [figure["drawn"] for figure in page["redraw_ms"]]
        said = ", ".join(
            f"{ms['median']:.0f} ({ms['p95']:.0f})" for ms in drawn
        )
        if said:
            print(f"  {name:28}{said}")


if __name__ == "__main__":
    main()
