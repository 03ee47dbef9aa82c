"""The book in Firefox and WebKit as in Chromium, over http and from disk.

`make browsers` runs this. A browser that Debian brings is taken before one of
Playwright's: it is as its readers have it.
"""

import shutil
from contextlib import ExitStack, contextmanager
from itertools import product

import pytest
import torch
import webdriver
from browser import PAGES, SIDEWAYS, listen, settle, start
from engine import short_enough
from engine_page import language_model
from playwright.sync_api import sync_playwright
from test_explorers import test_every_control_moves_the_figure  # noqa: F401
from test_translator import ours

from d2lattn.corpora import phrasebook
from d2lattn.sampling import generate

pytestmark = pytest.mark.on_request

BROWSERS = ("chromium", "firefox", "webkit")
DRIVERS = {
    "firefox": ("firefox-esr", webdriver.Firefox),
    "webkit": ("WebKitWebDriver", webdriver.WebKit),
}


@contextmanager
def opened_page(name, width, height, home):
    """A page of a browser, and the list of what goes wrong in it."""
    with ExitStack() as stack:
        program, driver = DRIVERS.get(name, ("none", None))
        if driver and shutil.which(program):
            page = webdriver.Page(driver(stack, width, height), home)
            yield page, page.trouble
            return
        playwright = stack.enter_context(sync_playwright())
        kind = getattr(playwright, name)
        system = shutil.which(name) if name == "chromium" else None
        browser = kind.launch(executable_path=system)
        stack.callback(browser.close)
        size = {"width": width, "height": height}
        page = browser.new_page(viewport=size)
        yield page, listen(page, home)


@pytest.fixture(
    scope="module", params=product(BROWSERS, ("http", "file")), ids="-".join
)
def opened(request, book, site):
    """As the fixture of test_explorers.py, in each browser."""
    browser, scheme = request.param
    home = site if scheme == "http" else book.as_uri()
    kept = {}
    with ExitStack() as stack:

        def open_page(name):
            if name not in kept:
                stack.close()
                kept.clear()
                it = stack.enter_context(opened_page(browser, 1280, 900, home))
                kept[name] = it
                it[0].goto(f"{home}/{name}.html")
                start(it[0])
            return kept[name]

        yield open_page


# Type into a figure, and read the words that it shows in a part.
TYPE = """([figure, text, name]) => {
    const root = document.querySelector(figure);
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    if (part("greedy") && !part("greedy").checked) part("greedy").click();
    part("text").value = text;
    part("text").dispatchEvent(new Event("input", { bubbles: true }));
    return [...part(name).querySelectorAll("button")]
        .map((it) => it.firstChild.textContent);
}"""


def translations():
    """Sentences to type, and PyTorch's words for each."""
    for pair in short_enough(phrasebook.load().test)[::67]:
        typed = phrasebook.detokenize(pair.src, "en")
        yield typed, [*ours(" ".join(pair.src)), "<eos>"]


def continuations():
    """Beginnings to type, and the words of each text, by PyTorch."""
    model, _, vocab = language_model()
    for i, pair in enumerate(phrasebook.load().test[::97]):
        begun = pair[i % 2][:4]
        tokens = torch.tensor([[vocab.bos, *vocab.encode(begun)]])
        (new,) = generate(model, tokens, max_len=40, eos=vocab.eos, k=1)
        typed = phrasebook.detokenize(begun, ("en", "fr")[i % 2])
        yield typed, [*begun, *vocab.decode(new), "<eos>"]


@pytest.mark.parametrize(
    ("figure", "part", "pairs"),
    [
        (".d2l-translator", "tgt", translations),
        (".d2l-continuer", "first", continuations),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "file"])
@pytest.mark.parametrize("browser", BROWSERS)
def test_a_model_writes_what_pytorch_writes(
    browser, site, book, scheme, figure, part, pairs
):
    home = site if scheme == "http" else book.as_uri()
    with opened_page(browser, 1280, 900, home) as (page, trouble):
        page.goto(f"{home}/chapters/try-it.html")
        start(page, figure)
        for typed, wanted in pairs():
            assert page.evaluate(TYPE, [figure, typed, part]) == wanted
        assert not trouble


# What Safari alone knows, and would do to every bracket of a formula.
HANGING = """() => [...document.querySelectorAll("mjx-c, pre, code")].filter(
    (it) => ![undefined, "none"].includes(
        getComputedStyle(it).hangingPunctuation)).length"""


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("browser", BROWSERS)
def test_the_smallest_screen_loses_nothing(browser, site, name):
    with opened_page(browser, 320, 640, site) as (page, trouble):
        page.goto(f"{site}/{name}.html")
        settle(page)
        assert page.evaluate(SIDEWAYS) == []
        assert page.evaluate(HANGING) == 0
        assert not trouble
