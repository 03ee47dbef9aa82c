"""What the chapters say of each other holds."""

import re
import symtable
from pathlib import Path

import nbformat
import pytest
from mirror import chapters

LINK = re.compile(r"\[([^]]*)\]\(([\w-]+\.ipynb)\)")
PLACE = re.compile(r"\{ref\}`[^`]+`")  # a section, a figure
# An appendix has no number.
NUMBERS = {
    path.name: int(path.name[:2]) if path.name[0].isdigit() else 0
    for path in chapters()
}


def prose(path: Path) -> str:
    """What a chapter says, without its code."""
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(c.source for c in cells if c.cell_type == "markdown")


def plain_mentions(text: str, own: int) -> list[str]:
    """Chapters that a text names without leading there."""
    rest = LINK.sub("", PLACE.sub("", text))
    left = re.finditer(r"[Cc]hapters? (\d+)", rest)
    return [said[0] for said in left if int(said[1]) != own]


def test_a_plain_mention_is_found():
    text = (
        "Chapter 2, [chapter 3](03-x.ipynb), {ref}`chapter 1 <x>`, "
        "chapter 4, chapter 10."
    )
    assert plain_mentions(text, own=4) == ["Chapter 2", "chapter 10"]


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_a_chapter_that_is_named_is_one_click_away(path):
    text = prose(path)
    assert plain_mentions(text, NUMBERS[path.name]) == []
    links = LINK.findall(text)
    assert links
    for said, file in links:
        number = re.fullmatch(r"(?:[Cc]hapters? )?(\d+)", said)
        assert number is None or NUMBERS[file] == int(number[1]), said


CHOICE = re.compile(
    r"<details class=\"choice\">\n<summary>(.+?)</summary>\n\n"
    r"\*\*(Right|No)\.\*\* .+?\n\n</details>",
    re.DOTALL,
)


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_predictions_are_taken(path):
    cells = nbformat.read(path, as_version=4).cells
    before_figures = 0
    for i, cell in enumerate(cells):
        choices = CHOICE.findall(cell.source)
        assert cell.source.count("<details") == len(choices)
        if not choices:
            continue
        assert len(choices) in (3, 4)
        answers = [answer for _, answer in choices]
        assert answers.count("Right") == 1, cell.source
        code = [c.source for c in cells[i + 1 : i + 3]]
        before_figures += any("explore(" in source for source in code)
    assert before_figures >= 2


def global_names(table: symtable.SymbolTable) -> set[str]:
    """The names that a function looks up in its notebook."""
    own = {it.get_name() for it in table.get_symbols() if it.is_global()}
    return own.union(*map(global_names, table.get_children()))


def bound_later(cells: list[str]) -> set[tuple[str, str]]:
    """Explorers, and names that they use and a later cell binds anew."""
    uses: dict[str, set[str]] = {}  # of each function and class so far
    needed: dict[str, set[str]] = {}  # of each explorer so far
    found = set()
    for source in cells:
        cell = symtable.symtable(source, "cell", "exec")
        bound = {
            symbol.get_name()
            for symbol in cell.get_symbols()
            if symbol.is_assigned()
        }
        for function, names in needed.items():
            found |= {(function, name) for name in bound & names}
        uses |= {it.get_name(): global_names(it) for it in cell.get_children()}
        for function in re.findall(r"^explore\(\s*(\w+)", source, re.M):
            names, new = set(), {function}
            while new:
                names |= new
                new = set().union(*(uses.get(it, ()) for it in new)) - names
            needed[function] = names
    return found


def test_a_name_that_is_bound_later_is_found():
    cells = [
        "a = b = c = 1",
        "def one(x): return a + x",
        "def two(x=c): c = 2; return [one(b) for b in (c, x)]",
        "explore(\n    two, x=(0, 1))",
        "b = c = 2",
        "for a in (1, 2): pass",
        "def other(one): pass",
    ]
    assert bound_later(cells) == {("two", "a")}
    assert bound_later([*cells, "def one(): pass"]) >= {("two", "one")}


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_explorers_still_hold_when_all_cells_have_run(path):
    cells = nbformat.read(path, as_version=4).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    assert bound_later(code) == set()
