"""What is shown on a page fits on it, and says how it is used."""

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
    if path.stem != "__init__"
)
SHOWN = [
    f"{room}.{name}"
    for room in ROOMS
    for name, thing in vars(importlib.import_module(room)).items()
    if getattr(thing, "__module__", None) == room
    and (inspect.isclass(thing) or inspect.isroutine(thing))
    and not name.startswith("_")
]


@pytest.mark.parametrize("path", SHOWN)
def test_code_fits_a_page(path):
    lines = mirror_source(path).splitlines()
    assert len(lines) <= 45
    assert max(map(len, lines)) <= 79


@pytest.mark.parametrize("path", [*HOUSE.rglob("*.py")], ids=str)
def test_a_module_is_read_in_one_go(path):
    if path.name != "transformer.py":  # its classes are each printed whole
        assert len(path.read_text("utf-8").splitlines()) <= 300


@pytest.mark.parametrize("name", d2lattn.__all__)
def test_whatever_is_exported_has_an_example(name):
    thing = getattr(d2lattn, name)
    if callable(thing):  # a doctest, which pytest runs
        assert "\n    >>> " in thing.__doc__
