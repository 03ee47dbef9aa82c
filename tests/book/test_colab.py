"""Every chapter as in Colab: from its first cell to its last slider.

Nothing is there but what Colab brings. The first cell fetches the package
with pip and git, from a repository on this machine. Each figure is shown in a
sandboxed frame of its own, in a real browser.
"""

import re

import colab
import nbformat
import pytest
import sources
from browser import listen, start
from driving import Driven
from nbformat.v4 import new_code_cell

pytestmark = pytest.mark.on_request

CHAPTERS = [
    page for page in sources.pages() if sources.source(page).suffix == ".ipynb"
]
WHERE = new_code_cell("import d2lattn\nprint(d2lattn.__file__)")

# As Colab shows an output: it may run scripts, and reach nothing else.
FRAME = """html => {
    const frame = document.createElement("iframe");
    frame.sandbox = "allow-scripts";
    frame.srcdoc = html;
    frame.style = "border: 0; height: 900px; width: 100%";
    document.body.append(frame);
}"""


@pytest.fixture(scope="module")
def repository(copy_repository, tmp_path_factory):
    """This repository, published and tagged, as far as this machine knows."""
    folder = copy_repository(tmp_path_factory.mktemp("copy") / "repository")
    colab.release(folder)
    return folder


@pytest.fixture(scope="module")
def machine(repository, tmp_path_factory):
    """A machine of Colab's, on which nothing has run yet."""
    if not colab.PYTHON.exists():
        pytest.fail(
            "there is no such machine: run `make colab`", pytrace=False
        )
    made = colab.Machine(tmp_path_factory.mktemp("machine"), repository)
    assert "d2lattn" not in made.bare
    wanted = re.findall(r"(?m)^([\w-]+)==(\S+)", colab.VERSIONS.read_text())
    assert wanted
    assert {name: made.bare[name] for name, _ in wanted} == dict(wanted)
    yield made
    made.clear()


@pytest.fixture(scope="module")
def ran(machine, repository):
    """Runs a chapter on a bare machine, once for all tests in a row."""
    kept = {}

    def run(page):
        if page not in kept:
            machine.clear()
            notebook = nbformat.read(repository / f"{page}.ipynb", 4)
            notebook.cells.append(WHERE)
            kept.clear()
            kept[page] = machine.run(notebook)
        return kept[page]

    return run


def outputs(notebook):
    """Every output of a notebook, in order."""
    return [
        output for cell in notebook.cells for output in cell.get("outputs", [])
    ]


def explorers(notebook):
    """The HTML of every explorer of a notebook, in order."""
    shown = [o.get("data", {}).get("text/html", "") for o in outputs(notebook)]
    return [html for html in shown if 'class="d2l-explorer"' in html]


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_runs(ran, machine, page):
    notebook = ran(page)
    first = next(c for c in notebook.cells if c.cell_type == "code")
    assert "ERROR" not in "".join(output.text for output in first.outputs)
    assert str(colab.PYTHON.parents[1]) in outputs(notebook)[-1].text
    now = machine.installed()
    assert {name: now.get(name) for name in machine.bare} == machine.bare
    assert len(explorers(notebook)) == sources.explore_calls(page)
    warned = [o.text for o in outputs(notebook) if o.get("name") == "stderr"]
    assert not warned


@pytest.mark.parametrize("page", CHAPTERS)
def test_every_slider_moves_in_a_sandbox(ran, browser, page):
    for html in explorers(ran(page)):
        tab = browser.new_page()
        trouble = listen(tab, "about:")
        tab.evaluate(FRAME, html)
        frame = tab.frames[-1]
        frame.wait_for_selector(".d2l-explorer")
        start(frame)
        assert frame.evaluate("origin") == "null"
        driven = Driven(tab.mouse, frame.query_selector(".d2l-explorer"))
        driven.follow()
        for i, control in enumerate(driven.controls):
            seen = {drawn for _, _, drawn in driven.work(i)}
            assert len(seen) > 1, control.name
        assert not trouble
        tab.close()
