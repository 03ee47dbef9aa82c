"""A reader runs chapter 1 in JupyterLab and drags a slider."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time

import expected
import nbformat
import pytest
import sources
from browser import look, until

from d2lattn.figures import grid

CHAPTER = "chapters/01-intuition"
SECONDS = 120  # for a server to start, or a chapter to run

IDLE = "Python 3 (ipykernel) | Idle"  # in the status bar

# All cells are in the page however far down; nothing asks about news.
NOTEBOOKS = "@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
SETTINGS = {
    f"user-settings/{NOTEBOOKS}": {"windowingMode": "none"},
    "config/labconfig/page_config.json": {
        "disabledExtensions": {
            "@jupyterlab/apputils-extension:announcements": True
        }
    },
}


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab of its own, over a copy of the chapters."""
    shutil.copytree(sources.ROOT / "chapters", tmp_path / "book/chapters")
    for path, settings in SETTINGS.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(settings), encoding="utf-8")
    places = {
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "user-settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    token = secrets.token_hex()
    said = tmp_path / "said"
    with said.open("wb") as output:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser"),
                "--allow-root",
                "--ServerApp.ip=127.0.0.1",
                "--ServerApp.port=0",
                f"--ServerApp.root_dir={tmp_path / 'book'}",
                f"--IdentityProvider.token={token}",
            ],
            env=os.environ | {k: tmp_path / v for k, v in places.items()},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    info = tmp_path / "runtime" / f"jpserver-{server.pid}.json"
    end = time.monotonic() + SECONDS
    try:
        while not info.exists():
            assert server.poll() is None, said.read_text()
            assert time.monotonic() < end, said.read_text()
            time.sleep(0.1)
        url = json.loads(info.read_text())["url"]
        yield f"{url}lab/tree/{CHAPTER}.ipynb?token={token}"
    finally:
        server.terminate()  # and with it its kernels
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()


def shown_values(output, explorer):
    """What the widgets of an explorer say that their values are."""
    values = {}
    for control in explorer.controls:
        widget = output.locator(
            ".jupyter-widgets",
            has=output.page.get_by_text(control.title, exact=True),
        ).last
        if control.kind == "range":
            text = widget.locator(".widget-readout").inner_text()
            values[control.name] = type(control.start)(text)
        elif control.kind == "select":
            label = widget.locator("option:checked").inner_text()
            values[control.name] = dict(
                zip(control.labels, control.values, strict=True)
            )[label]
        else:
            values[control.name] = widget.locator("input").is_checked()
    return values


def test_a_dragged_slider_moves_the_plot(lab, browser):
    notebook = nbformat.read(sources.source(CHAPTER), as_version=4)
    number = next(
        number
        for number, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and cell.source.startswith("explore(")
    )
    explorer = expected.explorers(CHAPTER)[0]
    first = next(c for c in explorer.controls if c.kind == "range")

    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.set_default_timeout(SECONDS * 1000)
    page.goto(lab)
    page.get_by_text(IDLE).wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    output = page.locator(".jp-Cell").nth(number)
    plot = output.locator(".js-plotly-plot")
    plot.wait_for()
    page.get_by_text(IDLE).wait_for()

    def wrong():
        values = shown_values(output, explorer)
        frame = grid.frame(explorer.figure(**values))
        data = {p: leaf for p, leaf in frame.items() if p[0] == "data"}
        shown = look(plot.element_handle(), list(data))
        for (path, leaf), got in zip(data.items(), shown, strict=True):
            if fault := expected.differs(leaf, got, scale=None):
                return f"at {values} {path} {fault}"
        return ""

    until(wrong, SECONDS)
    before = shown_values(output, explorer)
    seen = plot.evaluate("plot => JSON.stringify(plot.data)")

    slider = output.locator(".widget-slider").first

    def slipped():
        # What comes into view may still push what is below it.
        slider.locator(".noUi-handle").hover()
        page.mouse.down()
        if slider.locator(".noUi-active").count():
            return ""
        page.mouse.up()
        return "the handle is never where it was"

    until(slipped, SECONDS)
    track = slider.locator(".noUi-base").bounding_box()
    end = track["x"] + track["width"] * 0.85
    page.mouse.move(end, track["y"] + track["height"] / 2, steps=12)
    page.mouse.up()

    def unmoved():
        now = shown_values(output, explorer)
        return "the slider stays" if now == before else ""

    until(unmoved, SECONDS)
    until(wrong, SECONDS)
    after = shown_values(output, explorer)
    assert after[first.name] > before[first.name]
    assert {**after, first.name: before[first.name]} == before
    assert plot.evaluate("plot => JSON.stringify(plot.data)") != seen
    page.close()
