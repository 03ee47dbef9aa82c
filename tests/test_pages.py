"""What is shown on a page fits on it, and says how it is used."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest
from mirror import mirror_source

import d2lattn

HOUSE = Path(d2lattn.__file__).parent
ROOMS = sorted(
    f"d2lattn.{path.stem}"
    for path in HOUSE.glob("*.py")
    if path.stem not in {"__init__", "book"}  # no chapter shows these
)
SHOWN = [
    f"{room}.{name}"
    for room in ROOMS
    for name, thing in vars(importlib.import_module(room)).items()
    if getattr(thing, "__module__", None) == room
    and (inspect.isclass(thing) or inspect.isroutine(thing))
    and not name.startswith("_")
]


def test_there_is_something_to_show():
    assert "d2lattn.scoring.DotProductAttention" in SHOWN
    assert "d2lattn.masking.masked_softmax" in SHOWN


@pytest.mark.parametrize("path", SHOWN)
def test_code_fits_a_page(path):
    lines = mirror_source(path).splitlines()
    assert len(lines) <= 45
    assert max(map(len, lines)) <= 79


def lines_of_code(source):
    """Lines that are neither empty nor of a docstring."""
    tree = ast.parse(source)
    lines = {n for n, x in enumerate(source.splitlines(), start=1) if x}
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            if ast.get_docstring(node) is not None:
                text = node.body[0]
                lines -= {*range(text.lineno, text.end_lineno + 1)}
    return len(lines)


def test_lines_of_code_leave_out_docstrings():
    source = '"""A\n\nmodule.\n"""\n\ndef f():\n    """F."""\n    return 1\n'
    assert lines_of_code(source) == 2


@pytest.mark.parametrize(
    "path",
    sorted(HOUSE.rglob("*.py")),
    ids=lambda p: str(p.relative_to(HOUSE)),
)
def test_a_module_is_read_in_one_go(path):
    assert lines_of_code(path.read_text(encoding="utf-8")) <= 250


@pytest.mark.parametrize("name", d2lattn.__all__)
def test_whatever_is_exported_has_an_example(name):
    thing = getattr(d2lattn, name)
    if callable(thing):  # a doctest, which pytest runs
        assert "\n    >>> " in thing.__doc__
