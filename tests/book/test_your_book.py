"""The example of "In your own book" does what the page says, as it stands."""

import os
import re
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from browser import Quiet, listen, look, start, until
from servers import serving
from sites import build_book
from sources import ROOT

PAGE = (ROOT / "chapters/your-book.md").read_text("utf-8")
BLOCK = r"^(`{3,})\{code-block\} \w+\n:caption: (\S+)\n(.*?)^\1$"
FILES = {name: text for _, name, text in re.findall(BLOCK, PAGE, re.M | re.S)}
CELL = re.search(r"```\{code-cell\}\n(.*)```", FILES["wave.md"], re.S)[1]


def build_sphinx(folder, environment):
    command = [sys.executable, "-m", "sphinx", "-n", "-W", ".", "_build/html"]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True
    )


ENGINES = {
    "sphinx": (build_sphinx, ["conf.py"]),
    "jupyter-book": (build_book, ["_config.yml", "_toc.yml"]),
}


@pytest.fixture(scope="module", params=ENGINES)
def built(request, tmp_path_factory):
    """The pages of the example, as one of the two makes them."""
    build, names = ENGINES[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    for name in [*names, "wave.md"]:
        (folder / name).write_text(FILES[name], "utf-8")
    ours = ("D2LATTN_FIGURES", "PLOTLY_RENDERER")
    environment = {k: v for k, v in os.environ.items() if k not in ours}
    run = build(folder, environment)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    return folder / "_build/html"


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_example_follows_its_sliders(scheme, built, browser):
    names = {}
    exec(CELL.rpartition("\nexplore(")[0], names)
    with (
        serving(partial(Quiet, directory=built)) as address,
        browser.new_context() as context,
    ):
        page = context.new_page()
        home = address if scheme == "http" else built.as_uri()
        trouble = listen(page, home)
        page.goto(f"{home}/wave.html")
        start(page)
        plot = page.query_selector(".js-plotly-plot")
        periods, height = page.query_selector_all("input[type=range]")

        def wrong(**values):
            (shown,) = look(plot, [("data", 0, "y")])
            wanted = names["wave"](**values)
            off = np.abs(shown - wanted.data[0].y).max()
            said = page.inner_text(".d2l-alt")
            if off < 1e-3 and said == wanted.layout.meta["alt"]:
                return ""
            return f"off by {off} at {values}, and says {said!r}"

        until(lambda: wrong(periods=2, height=1.0))
        periods.fill("4")
        until(lambda: wrong(periods=5, height=1.0))
        height.fill("3")
        until(lambda: wrong(periods=5, height=1.5))
        # What else goes wrong is the themes' own.
        assert not [it for it in trouble if "d2l/" in it]
