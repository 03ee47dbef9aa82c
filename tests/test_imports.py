"""Who may know whom: DESIGN.md's rules of the house, read from the code."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import d2lattn

HOUSE = Path(d2lattn.__file__).parent
FILES = sorted(HOUSE.rglob("*.py"))

# A room may import from the floors below it, and from none on its own.
FLOORS = [
    {"checks", "modes", "progress", "recording", "beams", "figures"},
    {"masking", "corpora"},
    {"pooling", "scoring", "positional", "caching"},
    {"multihead", "comparison", "online"},
    {"transformer", "seq2seq", "windows", "relative", "linear"},
    {"language_model"},
    {"decoding", "sampling", "training", "evaluation", "vision"},
    {"models", "engine"},
]
FLOOR = {room: number for number, floor in enumerate(FLOORS) for room in floor}
BELOW = {
    room: set().union(*FLOORS[: FLOOR[room]]) - {"figures"} for room in FLOOR
}

BELOW["engine"] |= {"figures"}  # it has one of its own, in their page

ON_A_PAGE = {"plotly", "ipywidgets", "IPython"}
# A model in a notebook; the rest of the engine does without.
LIVE = {
    HOUSE / f"engine/{name}.py"
    for name in ("choices", "controls", "heads", "live", "live_continuer")
}
IN_A_BUILD = {"sphinx", "docutils", "myst_nb"}


def room_of(path):
    """The part of the house that a file is in: "masking", "figures", ..."""
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imports(source, package="d2lattn"):
    """All that some code imports, wherever in it, by full names.

    `from a import b` may mean the module a.b, and is listed as that.
    """
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            start = parts[: len(parts) - node.level + 1] if node.level else []
            start = [*start, *([node.module] if node.module else [])]
            names |= {".".join([*start, alias.name]) for alias in node.names}
    return names


def imports_of(path):
    package = ".".join(path.relative_to(HOUSE.parent).parts[:-1])
    return imports(path.read_text(encoding="utf-8"), package)


def rooms_known_to(path):
    """The parts of the house that a file imports, itself left out."""
    names = (name.split(".") for name in imports_of(path))
    rooms = {(*n, "__init__")[1] for n in names if n[0] == "d2lattn"}
    return rooms - {room_of(path)}


@pytest.mark.parametrize(
    "path", FILES, ids=lambda p: str(p.relative_to(HOUSE))
)
def test_imports_run_one_way(path):
    room = room_of(path)
    if room == "__init__":
        assert rooms_known_to(path) <= FLOOR.keys() - {"figures"}
        return
    assert room in FLOOR, f"give {room} a floor in {Path(__file__).name}"
    assert rooms_known_to(path) <= BELOW[room]


@pytest.mark.parametrize(
    "path", FILES, ids=lambda p: str(p.relative_to(HOUSE))
)
def test_only_figures_know_the_page_and_one_of_them_sphinx(path):
    packages = {name.partition(".")[0] for name in imports_of(path)}
    assert "pandas" not in packages
    if room_of(path) != "figures":
        assert not packages & ON_A_PAGE or path in LIVE
    if path != HOUSE / "figures/sphinx.py":
        assert not packages & IN_A_BUILD
        assert not {n for n in imports_of(path) if "figures.sphinx" in n}


def test_the_books_own_extension_knows_figures_alone():
    house = HOUSE.parent / "_ext"
    sources = [path.read_text("utf-8") for path in house.glob("*.py")]
    names = set().union(*(imports(source, "_ext") for source in sources))
    ours = {name for name in names if name.startswith("d2lattn")}
    assert ours == {"d2lattn.figures.sphinx.PlotlyFigure"}


def test_importing_the_package_is_light():
    code = (
        "import sys, d2lattn; print(*{m.split('.')[0] for m in sys.modules})"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split()
    assert "torch" in loaded
    others = {"pandas", "beartype", "nbformat"}
    assert not {*loaded} & {*ON_A_PAGE, *IN_A_BUILD, *others}
