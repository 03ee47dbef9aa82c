"""A reader runs a chapter in JupyterLab, drags its sliders and saves it."""

import ast
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import expected
import nbformat
import pytest
import record
import sources
from browser import INTO_VIEW, look, until

from d2lattn.figures import leaves

SMALL = "tests/book/live"  # a notebook with figures of each kind
CHAPTERS = [
    page
    for page in sources.pages()
    if page.startswith("chapters/") and sources.explore_calls(page)
]
SECONDS = 120  # for a server to start, or a figure to follow
PATIENCE = 600  # for a chapter to run
MEGABYTES = 0.65  # that a chapter weighs once run, JupyterLab's pictures too

# All cells are in the page however far down; nothing asks about news.
NOTEBOOKS = "@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
SETTINGS = {
    f"user-settings/{NOTEBOOKS}": {"windowingMode": "none"},
    "config/labconfig/page_config.json": {
        "disabledExtensions": {
            "@jupyterlab/apputils-extension:announcements": True
        }
    },
    "config/jupyter_server_config.json": {
        "IdentityProvider": {"token": secrets.token_hex()},
        "ServerApp": {"allow_root": True, "open_browser": False},
    },
}
FOLDERS = {
    "IPYTHONDIR": "ipython",
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "user-settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """What `make lab` starts, over a copy of the chapters: what it says."""
    if not shutil.which("make"):
        pytest.skip("there is no make to start it")
    folder = tmp_path_factory.mktemp("lab")
    for name in ("chapters", "benchmarks/results"):
        shutil.copytree(sources.ROOT / name, folder / "book" / name)
    shutil.copy(sources.source(SMALL), folder / "book/chapters")
    for path, settings in SETTINGS.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings), encoding="utf-8")
    # Flags of the `make` that may have started us are not for this one.
    environment = {k: v for k, v in os.environ.items() if k != "MAKEFLAGS"}
    said = folder / "said"
    with said.open("wb") as output:
        make = subprocess.Popen(
            # With what runs these tests, and so with nothing to set up.
            [
                *("make", "--file", sources.ROOT / "Makefile", "lab"),
                *(f"BIN={Path(sys.executable).parent}", "INSTALLED="),
            ],
            cwd=folder / "book",
            env=environment | {k: folder / v for k, v in FOLDERS.items()},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    server = {}

    def unknown():
        assert make.poll() is None, said.read_text()
        for info in (folder / "runtime").glob("jpserver-*.json"):
            # It is there before it is written.
            with suppress(json.JSONDecodeError):
                server.update(json.loads(info.read_text()))
        return "" if server else f"no server: {said.read_text()}"

    try:
        until(unknown, SECONDS)
        yield server
    finally:
        os.killpg(make.pid, signal.SIGTERM)  # the server ends its kernels
        try:
            make.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(make.pid, signal.SIGKILL)


class Widgets:
    """The widgets of one explorer, and what its figure should show.

    Args:
        output: the cell that shows them.
        explorer: what they were made from.
    """

    def __init__(self, output, explorer):
        self.output = output
        self.explorer = explorer
        self.plot = output.locator(".js-plotly-plot")

    def widget(self, control):
        """The widget of a control."""
        text = self.output.page.get_by_text(control.title, exact=True)
        return self.output.locator(".jupyter-widgets", has=text).last

    def values(self):
        """What the widgets say that their values are."""
        values = {}
        for control in self.explorer.controls:
            widget = self.widget(control)
            if control.kind == "range":
                text = widget.locator(".widget-readout").inner_text()
                number = text.replace("\N{MINUS SIGN}", "-")
                values[control.name] = type(control.start)(number)
            elif control.kind == "select":
                values[control.name] = control.values[self.chosen(widget)]
            else:
                values[control.name] = widget.locator("input").is_checked()
        return values

    def chosen(self, widget):
        """The number of the option that a menu stands at."""
        menu = widget.locator("select")
        return menu.evaluate("menu => menu.selectedIndex")

    def wrong(self):
        """What the plot shows otherwise than PyTorch computes it here."""
        self.output.page.wait_for_timeout(100)  # the kernel computes, too
        values = self.values()
        with expected.as_in_kernels():
            frame = leaves.frame(self.explorer.figure(**values))
        data = {p: leaf for p, leaf in frame.items() if p[0] == "data"}
        shown = look(self.plot.element_handle(), list(data))
        for (path, leaf), got in zip(data.items(), shown, strict=True):
            if fault := expected.differs(leaf, got, scale=None):
                return f"at {values} {path} {fault}"
        said = frame.get(("layout", "meta", "alt"), "")
        heard = self.output.get_by_text(said, exact=True).count()
        return "" if heard or not said else f"nothing says {said!r}"

    def check(self):
        """Move every control, and see that the plot follows."""
        self.plot.wait_for()
        until(self.wrong, SECONDS)
        for control in self.explorer.controls:
            self.check_control(control)

    def check_control(self, control):
        """Move a control: the plot follows it and the others stay."""
        before = self.values()
        self.move(control)
        until(lambda: "it stays" if self.values() == before else "", SECONDS)
        until(self.wrong, SECONDS)
        assert {**self.values(), control.name: before[control.name]} == before

    def move(self, control):
        """Move a control to another value, as a hand does."""
        widget = self.widget(control)
        widget.first.evaluate(INTO_VIEW)
        if control.kind == "checkbox":
            widget.locator("input").click()
        elif control.kind == "select":
            last = len(control.labels) - 1
            there = 0 if self.chosen(widget) == last else last
            widget.locator("select").select_option(index=there)
        else:
            self.drag(control, widget)

    def drag(self, control, widget):
        """Drag a slider to the far side of where it is."""
        mouse = self.output.page.mouse

        def slipped():
            # What comes into view may still push what is below it.
            widget.locator(".noUi-handle").hover()
            mouse.down()
            if widget.locator(".noUi-active").count():
                return ""
            mouse.up()
            return "the handle is never where it was"

        until(slipped, SECONDS)
        low, high = control.values[0], control.values[-1]
        left = self.values()[control.name] - low < (high - low) / 2
        track = widget.locator(".noUi-base").bounding_box()
        there = track["x"] + track["width"] * (0.85 if left else 0.15)
        mouse.move(there, track["y"] + track["height"] / 2, steps=12)
        mouse.up()


def explorer_cells(notebook):
    """The numbers of the cells that end in a call of `explore`."""
    return [
        number
        for number, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
        and cell.source.startswith("explore(")
        and isinstance(ast.parse(cell.source).body[-1], ast.Expr)
    ]


def test_the_server_is_for_this_machine_and_serves_the_chapters(lab):
    assert lab["hostname"] == "127.0.0.1"
    assert lab["token"]
    served = {path.stem for path in Path(lab["root_dir"]).glob("*.ipynb")}
    assert served >= {Path(page).name for page in CHAPTERS}


def is_progress(output):
    """Whether an output is the bar of a training, which recording hides."""
    return "it/s]" in output.get("data", {}).get("text/plain", "")


def test_every_explorer_is_live_and_the_saved_file_small(lab, browser):
    run_drag_and_save(SMALL, lab, browser)


@pytest.mark.on_request
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapters_are_live(chapter, lab, browser):
    run_drag_and_save(chapter, lab, browser)


class LiveModel:
    """A figure that runs a model, as its widgets show it.

    Args:
        root: its box.
        label: what its text field is called.
        before: how many words stand before those that are typed.
    """

    def __init__(self, root, label, before=0):
        self.root = root
        self.text = root.get_by_label(label, exact=True)
        self.before = before

    def words(self):
        chips = self.root.locator(".d2l-words").first.locator(".d2l-chip")
        shown = [it.split()[0] for it in chips.all_inner_texts()]
        return shown[self.before :]

    def reads(self, wanted):
        """Wait until the text begins with these words."""

        def wrong():
            found = self.words()
            return "" if found[: len(wanted)] == wanted else f"reads {found}"

        until(wrong, SECONDS)

    def type_other_words(self):
        """Type the first two words, exchanged; return them."""
        typed = self.words()[1::-1]
        self.text.fill(" ".join(typed))
        self.reads(typed)
        return typed

    def silence_a_head(self):
        silent = self.root.locator(".d2l-silent svg path")
        assert silent.count() == 0
        self.root.get_by_role("checkbox", name="head 1").first.uncheck()
        silent.first.wait_for()


def check_continuer(root):
    """Type a beginning, and take another word for one of it."""
    figure = LiveModel(root, "begin with", before=1)  # <bos>
    first, second = figure.type_other_words()
    back = root.get_by_role("button", name="Drop my choices")
    assert back.is_disabled()
    root.get_by_label("word", exact=True).select_option(index=1)
    root.get_by_text("the cache holds 2 ×").wait_for()  # for that word
    candidates = root.get_by_role("button", name=re.compile("%|cut"))
    words = [it.split()[0] for it in candidates.all_inner_texts()]
    other = next(word for word in words if word != second)
    named = re.compile(f"^{re.escape(other)} ")  # its place may still change
    root.get_by_role("button", name=named).click()
    figure.reads([first, other])
    back.click()
    figure.reads([first, second])
    figure.silence_a_head()


def check_models(page):
    """Work every figure that runs a model: the kernel follows."""
    for root in page.locator(".d2l-translator").all():
        figure = LiveModel(root, "English")
        figure.type_other_words()
        figure.silence_a_head()
    for root in page.locator(".d2l-continuer").all():
        check_continuer(root)


def run_drag_and_save(source, lab, browser):
    """Do with a notebook what a reader does, and see what is left of it."""
    name = Path(source).name
    notebook = nbformat.read(sources.source(source), as_version=4)
    last = max(
        number
        for number, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and cell.source.strip()
    )
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.set_default_timeout(SECONDS * 1000)
    # A workspace of its own: the default one opens the last notebook, too.
    place = f"lab/workspaces/{name}/tree/{name}.ipynb"
    page.goto(f"{lab['url']}{place}?token={lab['token']}")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    cells = page.locator(".jp-Cell")
    prompt = cells.nth(last).locator(".jp-InputPrompt")
    count = f"[{notebook.cells[last].execution_count}]:"

    def running():
        failed = page.locator(
            '[data-mime-type="application/vnd.jupyter.error"]'
        )
        assert not failed.count(), failed.first.inner_text()
        page.wait_for_timeout(500)  # asking costs the chapter time, too
        said = prompt.inner_text()
        return "" if said == count else f"the last cell is at {said}"

    until(running, PATIENCE)

    explorers = expected.explorers(source)
    numbers = explorer_cells(notebook)
    for number, explorer in zip(numbers, explorers, strict=True):
        Widgets(cells.nth(number), explorer).check()
    check_models(page)

    saved = Path(lab["root_dir"], f"{name}.ipynb")
    old = saved.stat().st_mtime_ns
    page.keyboard.press("Control+s")
    until(lambda: "" if saved.stat().st_mtime_ns > old else "unsaved", SECONDS)
    page.close()
    until(lambda: "" if saved.stat().st_size else "empty", SECONDS)
    text = saved.read_text(encoding="utf-8")
    assert len(text) < MEGABYTES * 1e6
    left = nbformat.reads(text, as_version=4)
    assert "widgets" not in left.metadata
    for cell in left.cells:
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if not is_progress(o)]
    record._reduce(left, saved)
    assert left == notebook
