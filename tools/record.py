"""Run chapters and record their outputs in canonical form.

The outputs are what the tests compare and what a reader sees before running
anything: text, tables and printed lines. Figures and widgets are left out
(the book makes them anew, and a notebook shows them when it runs), and so is
all that would differ from one run to the next: two runs write the same file.
``--form`` checks whether the files have this form, which takes a second.
"""

import argparse
import difflib
import os
import re
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)

ROOT = Path(__file__).resolve().parent.parent
CELL_METADATA = ("mirror", "mystnb", "tags")
METADATA = {
    "kernelspec": {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
# A plain figure gets the same mime type however Plotly is set up, and no
# reader would see a bar of progress.
ENVIRONMENT = {"PLOTLY_RENDERER": "plotly_mimetype", "TQDM_DISABLE": "1"}
TIMEOUT = 600  # seconds per cell
LARGEST = 250_000  # bytes per notebook


class RecordError(Exception):
    """A chapter that cannot be recorded."""


def chapters():
    """The notebooks of the book, in order."""
    return sorted((ROOT / "chapters").glob("*.ipynb"))


def record(path):
    """The text of a notebook, run and brought into canonical form."""
    notebook = nbformat.read(path, as_version=4)
    run(notebook, path)
    _reduce(notebook, path)
    return nbformat.writes(notebook) + "\n"


def unrun(path):
    """The text of a notebook in canonical form, as it would be saved unrun."""
    notebook = nbformat.read(path, as_version=4)
    _reduce(notebook, path)
    return nbformat.writes(notebook) + "\n"


def run(notebook, path, environment=None, **options):
    """Run a notebook in a kernel of its own, next to its file.

    ``environment`` is added to the kernel's environment; ``options`` go to
    the client.
    """
    place = path
    start = time.perf_counter()

    def note(cell, cell_index):
        nonlocal place
        place = _place(path, cell_index + 1, cell)

    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        store_widget_state=False,
        on_cell_start=note,
        extra_arguments=["--log-level=ERROR"],
        **options,
    )
    try:
        client.execute(env=os.environ | ENVIRONMENT | (environment or {}))
    except CellExecutionError as error:
        raise RecordError(
            f"{place} raised {error.ename}: {error.evalue}\n\n"
            + re.sub(r"\x1b\[[0-9;]*m", "", error.traceback)
        ) from None
    except CellTimeoutError:
        raise RecordError(f"{place} ran for over {TIMEOUT} seconds") from None
    except DeadKernelError:
        seconds = time.perf_counter() - start
        raise RecordError(
            f"{place} ended the kernel after {seconds:.0f} seconds"
        ) from None


def _reduce(notebook, path):
    """Remove what is not worth keeping from a notebook that has run."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for place, cell in enumerate(notebook.cells, start=1):
        cell.metadata = nbformat.from_dict(
            {k: cell.metadata[k] for k in CELL_METADATA if k in cell.metadata}
        )
        if cell.cell_type != "code":
            continue
        cell.outputs = canonical(cell.outputs)
        if problem := _unstable(cell.outputs):
            raise RecordError(f"{_place(path, place, cell)} {problem}")
    number(notebook)


def number(notebook):
    """Number the code cells as one run from the top would."""
    count = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.execution_count = None
        if cell.source.strip():
            count += 1
            cell.execution_count = count
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = count


def canonical(outputs):
    """The outputs of a cell in canonical form."""
    kept = [_output(output) for output in outputs]
    return _join_streams([output for output in kept if output])


def _output(output):
    """An output in canonical form, or None if nothing of it is kept."""
    if output.output_type == "stream":
        return output
    if output.output_type == "error":  # a cell that is meant to raise
        output.traceback = [f"{output.ename}: {output.evalue}"]
        return output
    html = output.data.get("text/html", "")
    kept = {"text/plain"} | ({"text/html"} if "<table" in html else set())
    output.data = nbformat.from_dict(
        {mime: output.data[mime] for mime in kept & output.data.keys()}
    )
    output.metadata = nbformat.from_dict({})
    return output if output.data else None


def _join_streams(outputs):
    """Join what was printed in pieces, which differ from run to run."""
    joined = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last and last.get("name") == output.get("name") is not None:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def _unstable(outputs):
    """Why outputs cannot be recorded, if they cannot."""
    for output in outputs:
        if output.get("name") == "stderr":
            return f"wrote to standard error:\n\n{output.text}"
        texts = [output.get("text", ""), *output.get("data", {}).values()]
        for text in texts:
            if found := re.search(r".* at 0x[0-9a-f]+.*", text):
                return f"shows an address in memory:\n\n{found[0]}"
    return None


def _place(path, number, cell):
    return f"{path}: cell {number} ({cell.id})"


def main(arguments=None):
    """Run the command line and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="compare, and write nothing"
    )
    parser.add_argument(
        "--form", action="store_true", help="check the form, and run nothing"
    )
    parser.add_argument("chapters", nargs="*", type=Path)
    options = parser.parse_args(arguments)
    if options.form:
        return _check_form(options.chapters or chapters())
    failed = False
    for path in options.chapters or chapters():
        start = time.perf_counter()
        before = path.read_text(encoding="utf-8")
        try:
            after = record(path)
        except RecordError as error:
            print(error, file=sys.stderr)
            failed = True
            continue
        state = "unchanged" if after == before else "recorded"
        if after != before and options.check:
            print(_diff(before, after, path.name), file=sys.stderr)
            state, failed = "differs from what is recorded", True
        elif after != before:
            path.write_text(after, encoding="utf-8")
        print(f"{path.name}: {state} ({time.perf_counter() - start:.1f} s)")
    return int(failed)


def _check_form(paths):
    """Check whether notebooks are as `record` leaves them: exit status."""
    problems = {path.name: _malformed(path) for path in paths}
    for name, problem in problems.items():
        if problem:
            print(f"{name}: {problem}", file=sys.stderr)
    if not any(problems.values()):
        print(f"notebooks in canonical form: {len(problems)}")
    return int(any(problems.values()))


def _malformed(path):
    """What is wrong with a notebook as saved, if anything is."""
    before = path.read_text(encoding="utf-8")
    size = len(before.encode())
    if size > LARGEST:
        return f"has {size / 1000:.3g} KB, but may have {LARGEST // 1000}"
    try:
        after = unrun(path)
    except RecordError as error:
        return str(error)
    return "" if after == before else "is not as recorded: `make record`"


def _diff(before, after, name):
    lines = difflib.unified_diff(
        before.splitlines(),
        after.splitlines(),
        f"{name} as recorded",
        f"{name} as it runs now",
        lineterm="",
    )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
