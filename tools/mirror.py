"""Fill the mirror cells of the chapters from the package, or check them.

A mirror is a code cell that shows one class or function of the package. Its
metadata names what it mirrors:

    "mirror": "d2lattn.scoring.DotProductAttention"

``python tools/mirror.py --write`` fills such cells with the package's source,
docstrings and annotations taken out, comments and layout kept. Without
``--write`` it prints how the cells differ from the package, and exits with 1
if any does. Two pieces of code differ when their syntax trees do, docstrings
and annotations aside.
"""

import argparse
import ast
import difflib
import io
import re
import subprocess
import sys
import textwrap
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parent.parent
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# Comments for the type checker are not for readers.
FOR_THE_CHECKER = re.compile(r"^ *# pyrefly: .*\n|  # pyrefly: .*", re.M)


class MirrorError(Exception):
    """A mirror cell that cannot be filled or checked."""


@dataclass(frozen=True)
class Mirror:
    """One mirror cell: where it stands and what it mirrors."""

    chapter: Path
    number: int
    target: str
    cell: nbformat.NotebookNode

    @property
    def place(self):
        """Where the cell is, for messages."""
        return f"{self.chapter.name}, cell {self.number} ({self.cell.id})"


def chapters(root=ROOT):
    """The notebooks of the book, in order."""
    return sorted((root / "chapters").glob("*.ipynb"))


def mirrors(chapter, notebook=None):
    """The mirror cells of a chapter."""
    notebook: Any = notebook or nbformat.read(chapter, as_version=4)
    return [
        Mirror(Path(chapter), number, cell.metadata["mirror"], cell)
        for number, cell in enumerate(notebook.cells, start=1)
        if "mirror" in cell.metadata
    ]


def package_source(target, root=ROOT):
    """The source of a module-level class or function, as in its module."""
    *module, name = target.split(".")
    path = root.joinpath(*module).with_suffix(".py")
    if not path.is_file():
        path = root.joinpath(*module, "__init__.py")
    if not path.is_file():
        raise MirrorError(f"{target}: there is no module {'.'.join(module)}")
    source = path.read_text(encoding="utf-8")
    for node in reversed(ast.parse(source).body):  # overloads come before
        if isinstance(node, DEFINITIONS) and node.name == name:
            return _segment(source.split("\n"), node)
    raise MirrorError(f"{target}: {path.name} defines no {name}")


def strip(source):
    """A definition without docstrings and annotations, formatted."""
    source = FOR_THE_CHECKER.sub("", source)
    text = _Text(source)
    cuts = _cuts(ast.parse(source), text)
    return _format(_join_signatures(text.replaced(cuts)))


def mirror_source(target, root=ROOT):
    """What the mirror cell of ``target`` should hold."""
    return strip(package_source(target, root))


def drift(mirror, root=ROOT):
    """A diff between a mirror cell and the package; empty if they agree."""
    try:
        body = ast.parse(mirror.cell.source).body
    except SyntaxError as error:
        raise MirrorError(f"{mirror.place}: {error}") from None
    name = mirror.target.rpartition(".")[2]
    if [getattr(node, "name", None) for node in body] != [name]:
        raise MirrorError(
            f"{mirror.place}: mirrors {mirror.target}, so it must hold the "
            f"definition of {name} and nothing else"
        )
    expected = package_source(mirror.target, root)
    if _tree(mirror.cell.source) == _tree(expected):
        return ""
    return "\n".join(
        difflib.unified_diff(
            strip(expected).splitlines(),
            mirror.cell.source.splitlines(),
            mirror.target,
            mirror.place,
            lineterm="",
        )
    )


def check(chapter, root=ROOT):
    """What is wrong with the mirrors of a chapter, one text per cell."""
    problems = []
    for mirror in mirrors(chapter):
        try:
            problems.append(drift(mirror, root))
        except MirrorError as error:
            problems.append(str(error))
    return [problem for problem in problems if problem]


def write(chapter, root=ROOT):
    """Fill the mirror cells of a chapter; return the names that changed."""
    notebook = nbformat.read(chapter, as_version=4)
    changed = []
    for mirror in mirrors(chapter, notebook):
        source = mirror_source(mirror.target, root)
        if mirror.cell.source != source:
            mirror.cell.source = source
            changed.append(mirror.target)
    if changed:
        nbformat.write(notebook, chapter)
    return changed


def _segment(lines, node):
    """The lines of a definition, with decorators and closing comments."""
    first = min([node, *node.decorator_list], key=lambda n: n.lineno).lineno
    last = node.end_lineno
    for number, line in enumerate(lines[last:], start=last + 1):
        if line.strip() and not re.match(r"\s+#", line):
            break
        if line.strip():
            last = number
    return textwrap.dedent("\n".join(lines[first - 1 : last])) + "\n"


class _Text:
    """Source text, with the places in it of syntax tree nodes."""

    def __init__(self, source):
        self.bytes = source.encode()  # columns of nodes count bytes
        self.starts = [0]
        for line in self.bytes.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def start(self, node):
        return self.starts[node.lineno - 1] + node.col_offset

    def end(self, node):
        return self.starts[node.end_lineno - 1] + node.end_col_offset

    def lines(self, statement):
        """A replacement of a statement's lines, and blank ones, by nothing."""
        lines, last = self.bytes.splitlines(), statement.end_lineno
        while last < len(lines) and not lines[last].strip():
            last += 1
        return self.starts[statement.lineno - 1], self.starts[last], b""

    def replaced(self, replacements):
        """The text after replacements, each a start, an end and new bytes."""
        result = self.bytes
        for start, end, new in sorted(replacements, reverse=True):
            result = result[:start] + new + result[end:]
        return result.decode()


def _cuts(tree, text):
    """What to replace in the text so that only code and comments are left."""
    nodes: Iterator[Any] = ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.arg) and node.annotation:
            yield text.start(node), text.end(node), node.arg.encode()
        if isinstance(node, DEFINITIONS[:2]) and node.returns:
            start = text.bytes.rindex(b"->", 0, text.start(node.returns))
            yield start, text.end(node.returns), b""
        if docstring := _docstring(node):
            if len(node.body) == 1:
                yield text.start(docstring), text.end(docstring), b"pass"
            else:
                yield text.lines(docstring)
    for node in _annotated(tree):
        yield text.end(node.target), text.end(node.annotation), b""


def _docstring(node):
    """The docstring statement of a definition, if it has one."""
    if isinstance(node, DEFINITIONS) and ast.get_docstring(node) is not None:
        return node.body[0]
    return None


def _annotated(tree):
    """Annotated assignments, except for the fields of a class.

    In a class, annotations can be what it is made of: a dataclass's are.
    """
    classes = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]
    fields = {field for node in classes for field in node.body}
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign)
        and node.value
        and node not in fields
    ]


def _join_signatures(source):
    """Put each signature that has no comments on one line, however long."""
    lines = source.splitlines(keepends=True)
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    spans, start, depth, comment = [], None, 0, False
    for token in tokens:
        if token.type == tokenize.NAME and token.string == "def":
            start, depth, comment = token.start, 0, False
        elif start and token.type == tokenize.COMMENT:
            comment = True
        elif start and token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
            if token.string == ":" and not depth:
                if not comment:
                    spans.append((start, token.end))
                start = None
    for (first, begin), (last, stop) in reversed(spans):
        head, tail = lines[first - 1][:begin], lines[last - 1][stop:]
        lines[last - 1] = lines[last - 1][:stop]
        signature = "".join(lines[first - 1 : last])[begin:]
        signature = re.sub(r"\s*\n\s*", " ", signature)
        signature = re.sub(r",?\s*\)\s*:$", "):", signature)
        lines[first - 1 : last] = [head + signature + tail]
    return "".join(lines)


def _format(source):
    """The source as ruff lays it out, by the rules of this repository."""
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename"]
    result = subprocess.run(
        [*command, "mirror.py", "-"],
        input=source.encode(),
        capture_output=True,
        cwd=ROOT,
    )
    if result.returncode:
        raise MirrorError(result.stderr.decode())
    return result.stdout.decode().strip("\n")


class _Bare(ast.NodeTransformer):
    """Takes docstrings and annotations out of a syntax tree."""

    def __init__(self, tree):
        self.annotated = set(_annotated(tree))

    def visit(self, node):
        if _docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, DEFINITIONS[:2]):
            node.returns = None
        if node in self.annotated:
            node = ast.Assign([node.target], node.value)
        return self.generic_visit(node)


def _tree(source):
    """The syntax tree of a source as text, docstrings and annotations out."""
    tree = ast.parse(source)
    return ast.dump(_Bare(tree).visit(tree))


def main(arguments=None):
    """Run the command line and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="fill the cells")
    parser.add_argument("chapters", nargs="*", type=Path)
    options = parser.parse_args(arguments)
    found = options.chapters or chapters()
    problems = []
    for chapter in found:
        if options.write:
            try:
                for target in write(chapter):
                    print(f"{chapter.name}: filled {target}")
            except MirrorError as error:
                problems.append(f"{chapter.name}: {error}")
                continue
        problems += check(chapter)
    if problems:
        print(*problems, sep="\n\n", file=sys.stderr)
        hint = "" if options.write else "\n`make mirror` fills the cells anew."
        print(hint, file=sys.stderr)
        return 1
    count = sum(len(mirrors(chapter)) for chapter in found)
    print(f"{count} mirrors agree with the package")
    return 0


if __name__ == "__main__":
    sys.exit(main())
