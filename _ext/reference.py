"""The package's reference page: every public name with its docstring.

Sphinx's own autodoc reads docstrings as reStructuredText; ours are written
like the chapters, with the same mathematics.
"""

import ast
import importlib
import inspect
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

Definition = ast.ClassDef | ast.FunctionDef


def public(module: ModuleType) -> dict[str, Any]:
    """The classes and functions that a module makes public, in its order.

    They are those of its `__all__`; without one, those defined in it, except
    for checks and names that begin with an underscore.
    """
    home, names = module.__name__, getattr(module, "__all__", vars(module))
    return {
        name: thing
        for name, thing in vars(module).items()
        if name in names
        and (inspect.isclass(thing) or inspect.isroutine(thing))
        and thing.__module__.startswith(home)
        and not name.startswith(("_", "check_"))
    }


@cache
def definitions(path: Path) -> dict[str, Definition]:
    """The definitions of a file by name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {n.name: n for n in tree.body if isinstance(n, Definition)}


def definition(thing: Any) -> Definition:
    """The definition of a class or function in its file."""
    home = inspect.getfile(importlib.import_module(thing.__module__))
    return definitions(Path(home))[thing.__name__]


def signature(thing: Any) -> str:
    """The signature of a class or function, with annotations as written."""
    node, returns = definition(thing), ""
    if isinstance(node, ast.FunctionDef):
        arguments = node.args
        if node.returns is not None:
            returns = f" -> {ast.unparse(node.returns)}"
    else:
        methods = {
            n.name: n for n in node.body if isinstance(n, ast.FunctionDef)
        }
        if "__init__" not in methods:
            fields = [n for n in node.body if isinstance(n, ast.AnnAssign)]
            return _call(node.name, map(ast.unparse, fields))
        arguments = methods["__init__"].args
    return _call(node.name, _parameters(arguments), returns)


def _parameters(arguments: ast.arguments) -> Iterator[str]:
    """Each parameter as text, `self` left out."""
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(plain) - len(arguments.defaults))
    defaults += arguments.defaults
    for parameter, default in zip(plain, defaults, strict=True):
        if parameter.arg not in {"self", "cls"}:
            yield _parameter(parameter, default)
    if arguments.vararg:
        yield f"*{ast.unparse(arguments.vararg)}"
    elif arguments.kwonlyargs:
        yield "*"
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    for parameter, default in pairs:
        yield _parameter(parameter, default)
    if arguments.kwarg:
        yield f"**{ast.unparse(arguments.kwarg)}"


def _parameter(parameter: ast.arg, default: ast.expr | None) -> str:
    text = ast.unparse(parameter)
    return text if default is None else f"{text} = {ast.unparse(default)}"


def _call(name: str, parameters: Iterable[str], returns: str = "") -> str:
    """A call on one line where it fits, else with a line per parameter."""
    parameters = [*parameters]
    called = f"{name}({', '.join(parameters)}){returns}"
    if len(called) > 79:
        lines = "".join(f"    {parameter},\n" for parameter in parameters)
        called = f"{name}(\n{lines}){returns}"
    return called.replace("'", '"')  # as our formatter has it


SECTION = re.compile(r"(Args|Returns|Raises|Yields|Example|Examples):$")
ITEM = re.compile(r"    (\*{0,2}\w+): ")


def markdown(text: str) -> str:
    """A docstring as a chapter would write it.

    Examples become code. The text of a section ("Args:") loses its
    indentation, which would make it code, too. Arguments become a list.
    """
    lines, example, section = [], False, ""
    for line in [*text.splitlines(), ""]:
        if heading := SECTION.match(line):
            section = heading[1]
            lines += [line, ""]
            continue
        if line and not line.startswith(" "):
            section = "" if not example else section
        if section in {"Args", "Raises"}:
            line = ITEM.sub(r"- `\1`: ", line)
        elif section:
            line = line.removeprefix("    ")
        if line.startswith(">>>") and not example:
            lines.append("```pycon")
            example = True
        elif not line and example:
            lines.append("```")
            example = False
        lines.append(line.replace("<BLANKLINE>", ""))
    return "\n".join(lines)


def made_of(thing: Any, names: set[str]) -> list[str]:
    """The names that the code of a class or function uses, in order."""
    used = {}
    for node in ast.walk(definition(thing)):
        if isinstance(node, ast.Name) and node.id in names:
            used[node.id] = node.lineno, node.col_offset
    used.pop(thing.__name__, None)
    return sorted(used, key=used.__getitem__)


def mirrored(folder: Path) -> dict[str, str]:
    """The chapter that mirrors each definition, by its dotted path."""
    found = {}
    for path in sorted(folder.glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            target = cell["metadata"].get("mirror")
            if target is not None:
                found[target] = path.stem
    return found


class Reference(SphinxDirective):
    """The public names of the modules that the content lists, one per line.

    A table comes first, of what each is made of and which chapter builds it;
    then a section for each module.
    """

    has_content = True

    def run(self) -> list[nodes.Node]:
        modules = [importlib.import_module(line) for line in self.content]
        things = {n: x for m in modules for n, x in public(m).items()}
        docs = Path(self.env.srcdir, self.env.docname).parent
        self.chapters = mirrored(docs)
        for path in (*docs.glob("*.ipynb"), *(m.__file__ for m in modules)):
            self.env.note_dependency(str(path))
        sections: list[nodes.Node] = [self._map(things)]
        taken: set[str] = set()
        for module in modules:
            section = self._section(module.__name__)
            section += self._parsed(inspect.getdoc(module) or "")
            for name, thing in public(module).items():
                anchor = f"api-{name}"
                if anchor in taken:  # by one of that name in another module
                    anchor = nodes.make_id(f"api-{module.__name__}-{name}")
                taken.add(anchor)
                section += self._entry(anchor, name, thing, {*things})
            sections.append(section)
        return sections

    def _map(self, things: dict[str, Any]) -> nodes.table:
        """The names that a chapter builds, their parts, and the chapter."""
        rows: list[Iterable[Sequence[nodes.Node]]] = [
            (
                self._links([name]),
                self._links(made_of(thing, {*things})),
                self._chapter(thing),
            )
            for name, thing in things.items()
            if self._chapter(thing)
        ]
        names = ("name", "made of", "built in")
        rows.insert(0, tuple([nodes.Text(name)] for name in names))
        group = nodes.tgroup("", *[nodes.colspec(colwidth=1)] * 3, cols=3)
        for part, some in (nodes.thead, rows[:1]), (nodes.tbody, rows[1:]):
            group += part("", *map(self._row, some))
        return nodes.table("", group, classes=["d2l-map"])

    def _row(self, cells: Iterable[Sequence[nodes.Node]]) -> nodes.row:
        entries = [
            nodes.entry("", nodes.paragraph("", "", *cell)) for cell in cells
        ]
        return nodes.row("", *entries)

    def _links(self, names: list[str]) -> list[nodes.Node]:
        """Names that lead to their entries, with commas between them."""
        found = []
        for name in names:
            if found:
                found.append(nodes.Text(", "))
            link = nodes.reference(refid=f"api-{name}", internal=True)
            link += nodes.literal(text=name)
            found.append(link)
        return found

    def _chapter(self, thing: Any) -> list[nodes.Node]:
        """The chapter that mirrors it, if any does."""
        path = f"{thing.__module__}.{thing.__name__}"
        if path not in self.chapters:
            return []
        return self.parse_inline(f"{{doc}}`{self.chapters[path]}`")[0]

    def _section(self, title: str, anchor: str = "") -> nodes.section:
        section = nodes.section(ids=[anchor or nodes.make_id(title)])
        section += nodes.title("", "", nodes.literal(text=title))
        return section

    def _parsed(self, text: str) -> list[nodes.Node]:
        """Text parsed as in a chapter."""
        box = nodes.container()
        lines = StringList(text.splitlines(), self.env.docname)
        self.state.nested_parse(lines, self.content_offset, box)
        return box.children

    def _entry(
        self, anchor: str, name: str, thing: Any, names: set[str]
    ) -> nodes.section:
        section = self._section(name, anchor)
        called = f"```python\n{signature(thing)}\n```"
        section += self._parsed(called)
        section += self._parsed(markdown(inspect.getdoc(thing) or ""))
        facts = nodes.paragraph(classes=["d2l-api-facts"])
        if parts := self._links(made_of(thing, names)):
            facts += [nodes.Text("Made of "), *parts, nodes.Text(". ")]
        if chapter := self._chapter(thing):
            facts += [nodes.Text("Built in "), *chapter, nodes.Text(".")]
        if facts.children:
            section += facts
        return section
