"""Run chapters as other machines would, and name the cells that differ.

A model that is trained elsewhere comes out a little different, so no chapter
may depend on what one machine computes. The other machines are this one: with
weights that are off by a few roundings (`noise/sitecustomize.py`), without
AVX, and with one and two threads. A cell is named if it raises, or prints
something else than recorded; figures and cells tagged nbval-ignore-output are
not compared. Cells are counted from 0. With ``--train``, chapters train
instead of loading, and a cell is named only if it raises.
"""

import argparse
import os
import re
import sys
import time
from itertools import zip_longest
from multiprocessing import get_context
from pathlib import Path

import nbformat
from record import RecordError, canonical, chapters, run

NOISE = Path(__file__).parent / "noise"
# PyTorch, oneDNN and MKL each choose for themselves.
NO_AVX = {
    "ATEN_CPU_CAPABILITY": "default",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
}
# Otherwise the threads of parallel runs compete for the cores.
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
KINDS = ("noise", "no-avx", "threads")
SWITCH = re.compile(r"^TRAIN = False\b", re.MULTILINE)


def machines(kinds, seeds):
    """The environment of each machine, by name."""
    found = {}
    if "noise" in kinds:
        path = [str(NOISE), *filter(None, [os.environ.get("PYTHONPATH")])]
        path = os.pathsep.join(path)
        for seed in range(1, seeds + 1):
            environment = {"PYTHONPATH": path, "D2LATTN_NOISE": str(seed)}
            found[f"noise {seed}"] = environment
    if "no-avx" in kinds:
        found["no AVX"] = NO_AVX
    if "threads" in kinds:
        found["one thread"] = ONE_THREAD
        found["two threads"] = {"OMP_NUM_THREADS": "2"}
    return {name: ONE_THREAD | found[name] for name in found}


def shake(path, environment, train=False):
    """What differs when a chapter runs in an environment, a line for each."""
    recorded = nbformat.read(path, as_version=4)
    notebook = nbformat.read(path, as_version=4)
    if train:
        _switch_on(notebook)
    try:
        run(notebook, path, environment, allow_errors=True)
    except RecordError as error:  # too long, or the kernel ended
        return [str(error)]
    return _findings(recorded, notebook, train)


def _switch_on(notebook):
    for cell in notebook.cells:
        cell.source = SWITCH.sub("TRAIN = True", cell.source)


def _findings(recorded, notebook, train):
    return [
        f"cell {place} ({cell.id}) {problem}"
        for place, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
        if (problem := _problem(recorded.cells[place], cell, train))
    ]


def _problem(before, cell, train):
    """How a cell differs from its recorded outputs, if it does."""
    tags = cell.metadata.get("tags", [])
    outputs = canonical(cell.outputs)
    for output in outputs:
        if output.output_type == "error" and "raises-exception" not in tags:
            error = f"{output.ename}: {output.evalue}"
            return "raises " + _short(error.removesuffix(": "))
    if train or "nbval-ignore-output" in tags:
        return ""
    was, now = _lines(before.outputs), _lines(outputs)
    for old, new in zip_longest(was, now, fillvalue=""):
        if old != new:
            return f"prints {_short(new)!r} instead of {_short(old)!r}"
    return ""


def _lines(outputs):
    """The text that outputs show, line by line."""
    texts = []
    for output in outputs:
        shown = output.get("text") or output.get("evalue")
        shown = shown or output.get("data", {}).get("text/plain", "")
        texts += shown.splitlines()
    return texts


def _short(text):
    return text.partition("\n")[0][:79]


def main(arguments=None):
    """Run the command line and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--seeds", type=int, default=3, help="how many kinds of noise"
    )
    parser.add_argument(
        "--only", action="append", choices=KINDS, help="machines of this kind"
    )
    parser.add_argument(
        "--train", action="store_true", help="train instead of loading"
    )
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("chapters", nargs="*", type=Path)
    options = parser.parse_args(arguments)

    machine = machines(options.only or KINDS, options.seeds).items()
    runs = [
        (path, *named, options.train)
        for path in options.chapters or chapters()
        for named in machine
    ]
    failed = False
    # One process per run: a client leaves an event loop in every thread.
    with get_context("spawn").Pool(options.jobs) as pool:
        for holds, report in pool.imap(_look, runs):
            print(report, flush=True)
            failed |= not holds
    return int(failed)


def _look(run):
    """Whether a chapter holds on a machine, and what to say of it."""
    path, name, environment, train = run
    start = time.perf_counter()
    found = shake(path, environment, train)
    seconds = time.perf_counter() - start
    state = f"{len(found)} differ" if found else "holds"
    title = f"{path.name}, {name}: {state} ({seconds:.0f} s)"
    return not found, "\n    ".join([title, *found])


if __name__ == "__main__":
    sys.exit(main())
