"""A bar shows where somebody waits for it, and nowhere else."""

import os
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

COUNT = """
from d2lattn.progress import progress
print(sum(progress([1, 2, 3], "counting")))
"""


def test_a_file_gets_no_bar():
    done = subprocess.run(
        [sys.executable, "-c", COUNT],
        env=os.environ | {"TQDM_DISABLE": "0"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout == "6\n"
    assert done.stderr == ""


def test_a_terminal_gets_a_bar():
    termios = pytest.importorskip("termios")  # not on Windows
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    subprocess.run(
        [sys.executable, "-c", COUNT],
        env=os.environ | {"TQDM_DISABLE": "0"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        check=True,
    )
    seen = os.read(ours, 10_000).decode()
    os.close(ours)
    os.close(theirs)
    assert "counting" in seen


@pytest.mark.parametrize(
    ("disabled", "kinds"),
    [("0", {"display_data", "stream"}), ("1", {"stream"})],
)
def test_a_live_notebook_gets_a_bar_and_a_recorded_one_none(disabled, kinds):
    cell = nbformat.v4.new_code_cell(COUNT)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    client = NotebookClient(notebook, kernel_name="python3")
    client.execute(env=os.environ | {"TQDM_DISABLE": disabled})
    assert {output.output_type for output in cell.outputs} == kinds
