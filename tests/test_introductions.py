"""A chapter uses nothing of the package that a reader has not met.

Prose introduces a name when it puts it between backticks, as in `explore` or
`models.load`; `check_...` introduces all names that begin so. A mirror
introduces what it builds. To import a name is not yet to use it.
"""

import ast
import re
from pkgutil import resolve_name
from types import ModuleType

import nbformat
import pytest
from mirror import chapters

NAMED = re.compile(r"`([\w.]+)[^`\n]*`")
CELLS = {p.stem: nbformat.read(p, as_version=4).cells for p in chapters()}
NUMBERED = [name for name in CELLS if name[0].isdigit()]


def read_before(name):
    """The chapters before one; an appendix follows the first link to it."""
    if name in NUMBERED:
        return NUMBERED[: NUMBERED.index(name)]
    link = f"]({name}.ipynb)"
    leads = [any(link in c.source for c in CELLS[n]) for n in NUMBERED]
    return NUMBERED[: leads.index(True) + 1]


def used(source, imported):
    """The package's names in a piece of code, which may import some."""
    nodes = list(ast.walk(ast.parse(source)))
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and "d2lattn" in node.module:
            for name in (alias.name for alias in node.names):
                imported[name] = resolve_name(f"{node.module}.{name}")
    for node in nodes:
        if isinstance(node, ast.Name | ast.Attribute):
            name = ast.unparse(node)
            thing = imported.get(name.partition(".")[0])
            dots = int(isinstance(thing, ModuleType))  # of a module, its parts
            if thing is not None and name.count(".") == dots:
                yield name


@pytest.mark.parametrize("name", CELLS)
def test_names_are_introduced_before_they_are_used(name):
    known, too_early = set(), {}
    for chapter in (*read_before(name), name):
        imported, too_early = {}, {}
        for number, cell in enumerate(CELLS[chapter]):
            if cell.cell_type == "markdown":
                known.update(NAMED.findall(cell.source))
                continue
            known.add(cell.metadata.get("mirror", "").rpartition(".")[2])
            begins = tuple(k[:-3] for k in known if k.endswith("..."))
            for used_name in used(cell.source, imported):
                if not (used_name in known or used_name.startswith(begins)):
                    too_early.setdefault(used_name, number)
    assert too_early == {}, "in these cells, before a reader has met them"
