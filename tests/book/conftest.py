"""The built book, served to a real browser.

The tests here read the book that `make book` built, and fail where it is
missing or older than what it is made of.
"""

import os
import shutil
import subprocess
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from browser import Quiet, listen
from engine_page import HELPERS, shelf
from playwright.sync_api import sync_playwright
from rounding import rounded
from servers import serving

from d2lattn.engine import model_file, script
from d2lattn.figures import page as figures

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"

# Others run these: test_live.py, and webdriver.py with Debian's own Python.
collect_ignore = ["live.ipynb", "webkit_window.py"]

# Chromium is to ask for nothing by itself.
ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def book():
    """The folder of the built book."""
    if not (HTML / "index.html").is_file():
        pytest.fail("there is no book to test: run `make book`", pytrace=False)
    if shutil.which("make"):
        # Flags of the `make` that may have started us are not for this one.
        environment = {k: v for k, v in os.environ.items() if k != "MAKEFLAGS"}
        # Without make's stamp, what every build writes that ends well.
        built = ["_build/book.stamp"]
        if not (ROOT / built[0]).exists():
            page = "_build/html/index.html"
            built = [page, f"BOOK={page}", "INSTALLED="]
        command = ["make", "--question", *built]
        if subprocess.run(command, cwd=ROOT, env=environment).returncode:
            pytest.fail(
                "the book is older than its sources: run `make book`",
                pytrace=False,
            )
    return HTML


@pytest.fixture(scope="session")
def site(book):
    """The address of the built book over http."""
    with serving(partial(Quiet, directory=book)) as address:
        yield address


NO_BROWSER = """\
there is no browser to test the book with. Two ways to get one:
- Chromium from the system, such as `apt-get install chromium` on Debian
- Playwright's own: `.venv/bin/playwright install chromium`
`make test` takes the one or the other by itself."""


def find_chromium(carried):
    """The Chromium on the path, or else the one that Playwright brought."""
    found = shutil.which("chromium")
    if found is None and not Path(carried).exists():
        pytest.fail(NO_BROWSER, pytrace=False)
    return found or carried


# For one file, since Playwright holds the event loop of its thread as long as
# it runs, and a worker may have notebooks to run after it.
@pytest.fixture(scope="module")
def browser():
    """A Chromium: the system's, or Playwright's where there is none."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=find_chromium(playwright.chromium.executable_path),
            args=ARGUMENTS,
        )
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, book, site):
    """Opens a page of the book, for a reader who has never been here.

    Takes the page's name, the scheme, "http" or "file", and what Playwright's
    `new_context` takes; returns the page and the list of what goes wrong.
    """
    with ExitStack() as stack:

        def open_page(name, scheme="http", **reader):
            context = stack.enter_context(browser.new_context(**reader))
            page = context.new_page()
            home = site if scheme == "http" else book.as_uri()
            trouble = listen(page, home)
            page.goto(f"{home}/{name}.html")
            return page, trouble

        yield open_page


@pytest.fixture
def page(browser):
    """A blank page whose troubles must be none in the end."""
    blank = browser.new_page(viewport={"width": 900, "height": 700})
    trouble = listen(blank, "file:")
    yield blank
    blank.context.close()
    assert not trouble


@pytest.fixture(scope="module")
def engine_page(browser, tmp_path_factory):
    """A page from disk with the engine in it."""
    folder = tmp_path_factory.mktemp("engine")
    scripts = {
        "explorer.js": figures.script(),
        "engine.js": script(),
        "helpers.js": HELPERS,
    }
    for name, text in scripts.items():
        (folder / name).write_text(text, encoding="utf-8")
    tags = "".join(f'<script src="{name}"></script>' for name in scripts)
    file = folder / "page.html"
    file.write_text(f'<!doctype html><meta charset="utf-8">{tags}', "utf-8")
    page = browser.new_page()
    raised = []
    page.on("pageerror", lambda error: raised.append(error))
    page.goto(file.as_uri())
    page.folder = folder
    yield page
    page.close()
    assert not raised


@pytest.fixture
def chapter(engine_page):
    """Chapter 6's translator in the page: as it is, rounded, vocabularies."""
    model, packed, *vocabs = shelf()
    file = engine_page.folder / "model.js"
    file.write_text(model_file("it", packed), encoding="utf-8")
    engine_page.evaluate(
        """async () => {
            window.it = await engine.loadFrom("model.js", "it");
        }"""
    )
    return model, rounded(model, packed), *vocabs
