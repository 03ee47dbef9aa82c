"""Train the models of the shelf, each by the cell of its chapter.

A copy of the chapter runs with its switch, ``TRAIN = False``, turned on. The
models that its cells train go to the shelf, with the facts of their training.
With ``--seeds N``, nothing goes to the shelf: each training runs with N seeds,
and its outcome becomes a row of the benchmarks' results. There is no recipe
besides the chapter's.
"""

import argparse
import ast
import json
import platform
import symtable
import sys
import tempfile
from collections.abc import Iterator
from copy import deepcopy
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import record
import torch

from d2lattn.corpora import phrasebook

ROWS = record.ROOT / "benchmarks" / "results" / "training.json"
OFF, ON = "TRAIN = False", "TRAIN = True"
SEED = "SEED = 0"


class Training(NamedTuple):
    """A cell that trains if the switch is on, and loads otherwise.

    `facts` is the variable that holds the outcome; `model` is the variable of
    the model for the shelf, or empty where only rows are kept.
    """

    cell: int
    name: str
    facts: str
    model: str


def trainings(notebook) -> list[Training]:
    """The cells of a notebook that train, in order.

    Such a cell has `facts = models.load("name", model)` where the switch is
    off, or `facts = runs("name", ...)` with a name that is not on the shelf.
    """
    found = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        for node in ast.walk(ast.parse(cell.source)):
            match node:
                case ast.Assign(
                    targets=[ast.Name(facts)],
                    value=ast.Call(
                        func=ast.Attribute(ast.Name("models"), "load"),
                        args=[ast.Constant(str(name)), ast.Name(model)],
                    ),
                ):
                    found.append(Training(number, name, facts, model))
                case ast.Assign(
                    targets=[ast.Name(facts)],
                    value=ast.Call(
                        func=ast.Name("runs"),
                        args=[ast.Constant(str(name)), *_],
                    ),
                ) if name not in {training.name for training in found}:
                    found.append(Training(number, name, facts, ""))
    return found


def recipe(notebook, cell: int) -> str:
    """The code that a training cell depends on, with its own code last.

    From the cells before it, these are the statements that make what it uses,
    and what those use in turn. Imports and mirrors are left out, since they
    belong to the package, and so is the switch.
    """
    # Of each: its cell, its source, what it makes and what it uses, in order.
    statements: list[tuple[int, str, set[str], set[str]]] = []
    for number, other in enumerate(notebook.cells[: cell + 1]):
        if other.cell_type == "code" and "mirror" not in other.metadata:
            for node in ast.parse(other.source).body:
                if not isinstance(node, ast.Import | ast.ImportFrom):
                    text = ast.get_source_segment(other.source, node) or ""
                    made, used = _names(text)
                    if isinstance(node, ast.If):
                        used -= made  # its first lines make it
                    if "TRAIN" not in made:
                        statements.append((number, text, made, used))
    wanted = [i for i, s in enumerate(statements) if s[0] == cell]
    chosen = {*wanted}
    while wanted:
        at = wanted.pop()
        for name in statements[at][3]:
            makers = [i for i, s in enumerate(statements) if name in s[2]]
            before = [i for i in makers if i < at]
            # What a function uses may be made after it.
            for maker in before[-1:] or makers[:1]:
                if maker not in chosen:
                    chosen.add(maker)
                    wanted.append(maker)
    return "\n\n".join(statements[i][1] for i in sorted(chosen))


def _names(text: str) -> tuple[set[str], set[str]]:
    """The top-level names that a statement makes, and those that it uses."""
    table = symtable.symtable(text, "cell", "exec")
    made = {s.get_name() for s in table.get_symbols() if s.is_assigned()}
    used = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    inner = table.get_children()
    while inner:
        table = inner.pop()
        inner += table.get_children()
        names = table.get_symbols()
        used |= {s.get_name() for s in names if s.is_global()}
    return made, used


def same_recipe(one: str, other: str) -> bool:
    """Whether two pieces of code are the same, spaces and comments aside.

    >>> same_recipe("a = 1  # one", "a=1")
    True
    """
    return ast.dump(ast.parse(one)) == ast.dump(ast.parse(other))


def facts_of(notebook, training: Training, chapter: str, seed: int) -> dict:
    """The facts about a training, without its outcome."""
    text = recipe(notebook, training.cell)
    facts: dict[str, Any] = {
        "chapter": chapter,
        "seed": seed,
        "recipe": text,
        "versions": {
            "d2lattn": version("d2lattn"),
            "torch": torch.__version__.partition("+")[0],
            "python": platform.python_version(),
        },
    }
    if "phrasebook" in text:
        facts["corpus"] = {
            "name": "phrasebook",
            "sha256": phrasebook.SHA256,
        }
    return facts


def switched_on(notebook, seed: int):
    """A copy that trains, with the seed."""
    copy = deepcopy(notebook)
    for cell in copy.cells:
        if cell.cell_type == "code":
            cell.source = cell.source.replace(OFF, ON)
            cell.source = cell.source.replace(SEED, f"SEED = {seed}")
    return copy


def run(path: Path, seed: int, *, to_shelf: bool) -> Iterator[dict]:
    """Train what a chapter trains, and yield a row for each training."""
    notebook = nbformat.read(path, as_version=4)
    found = trainings(notebook)
    copy = switched_on(notebook, seed)
    if not to_shelf:  # what comes after looks at the models only
        del copy.cells[found[-1].cell + 1 :]
    with tempfile.TemporaryDirectory() as folder:
        for training in reversed(found):
            facts = facts_of(notebook, training, path.stem, seed)
            code = _keeping(training, facts, Path(folder), to_shelf=to_shelf)
            copy.cells.insert(training.cell + 1, code)
        record.run(copy, path)
        for training in found:
            facts = facts_of(notebook, training, path.stem, seed)
            del facts["recipe"]
            kept = Path(folder, training.name).read_text(encoding="utf-8")
            yield {"name": training.name, **facts} | json.loads(kept)


def _keeping(training: Training, facts: dict, folder: Path, *, to_shelf: bool):
    """A cell that keeps what the cell before it trained."""
    it = training.facts if training.model else f"{training.facts}[0]"
    lines = [
        "from pathlib import Path as _Path",
        "import torch as _torch",
        "from d2lattn import models as _models",
        f"_row = {{k: v for k, v in {it}.items() if k != 'looks'}}",
        f"_Path({str(folder / training.name)!r}).write_text("
        "_models.encode_facts(_row), encoding='utf-8')",
    ]
    if to_shelf and training.model:
        lines.append(
            f"_models.save_checkpoint(_models.shelf({training.name!r}), "
            f"{training.model}, dtype=_torch.float16, **{facts!r} | {it})"
        )
    return nbformat.v4.new_code_cell("\n".join(lines))


def keep(rows: list[dict]) -> None:
    """Write rows to the results, in place of older ones."""
    old = json.loads(ROWS.read_text(encoding="utf-8")) if ROWS.exists() else []
    by_key = {(row["name"], row["seed"]): row for row in old + rows}
    new = [by_key[key] for key in sorted(by_key)]
    text = ",\n".join(json.dumps(row, ensure_ascii=False) for row in new)
    ROWS.write_text(f"[\n{text}\n]\n", encoding="utf-8")


def main(arguments=None):
    """Run the command line and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, metavar="N")
    parser.add_argument("chapters", nargs="*", type=Path)
    options = parser.parse_args(arguments)
    for path in options.chapters or record.chapters():
        if not trainings(nbformat.read(path, as_version=4)):
            continue
        try:
            for seed in range(options.seeds or 1):
                rows = list(run(path, seed, to_shelf=options.seeds is None))
                if options.seeds is not None:
                    keep(rows)
                print(f"{path.stem}, seed {seed}:", flush=True)
                for row in rows:
                    print(f"    {row['name']}")
        except record.RecordError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
