"""The tools of those who work on the book: mirror and record."""

import json

import mirror
import nbformat
import pytest
import record
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)

MODULE = '''
"""A module."""

import torch
from torch import nn


@overload
def gate(scores: None) -> None: ...


@torch.no_grad()
def gate(
    scores: "Float[Tensor, 'B Q K']",
    *,
    sharpness: float = 1.0,
) -> "Float[Tensor, 'B Q K']":
    """Squash scores.

    Twice.
    """
    # between zero and one: é
    total: float = (
        sharpness + sharpness
    )
    # pyrefly: ignore[bad-return]  # not for readers
    return scores.sigmoid() * total  # (B, Q, K)
    # the end


class Gate(nn.Module):
    """A gate."""

    record = None

    def __init__(self, num_hiddens: int) -> None:
        """Make it."""
        super().__init__()
        self.W_g: nn.Linear = nn.Linear(num_hiddens, 1)  # pyrefly: ignore[x]

    def forward(self, X: "Float[Tensor, 'B Q D']") -> None:
        """To do nothing."""


@dataclass
class Step:
    size: float = 0.1


LIMIT = 3
'''

GATE_FUNCTION = """\
@torch.no_grad()
def gate(scores, *, sharpness=1.0):
    # between zero and one: é
    total = sharpness + sharpness
    return scores.sigmoid() * total  # (B, Q, K)
    # the end"""

GATE_CLASS = """\
class Gate(nn.Module):
    record = None

    def __init__(self, num_hiddens):
        super().__init__()
        self.W_g = nn.Linear(num_hiddens, 1)

    def forward(self, X):
        pass"""

STEP_CLASS = """\
@dataclass
class Step:
    size: float = 0.1"""


@pytest.fixture
def package(tmp_path):
    """A folder with a package of one module."""
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "gates.py").write_text(MODULE, encoding="utf-8")
    return tmp_path


@pytest.fixture
def chapter(tmp_path):
    """Writes a chapter of mirror cells, each a target and a source."""

    def write(*cells):
        path = tmp_path / "07-gates.ipynb"
        code = [
            new_code_cell(source, id=f"c{i}", metadata={"mirror": target})
            for i, (target, source) in enumerate(cells)
        ]
        text = new_markdown_cell("# Gates", id="title")
        nbformat.write(new_notebook(cells=[text, *code]), path)
        return path

    return write


@pytest.mark.parametrize(
    ("target", "source"),
    [
        ("toy.gates.gate", GATE_FUNCTION),
        ("toy.gates.Gate", GATE_CLASS),
        ("toy.gates.Step", STEP_CLASS),
    ],
)
def test_mirror_takes_out_docstrings_and_annotations(target, source, package):
    assert mirror.mirror_source(target, package) == source


@pytest.mark.parametrize(
    ("signature", "stripped"),
    [
        ("(a: int=1, *b: int, c, **d: int)", "(a=1, *b, c, **d)"),
        ("(a: str = ')', b=lambda x: x) -> str", '(a=")", b=lambda x: x)'),
        (
            "(\n    a: int,  # one\n    b: int,\n)",
            "(\n    a,  # one\n    b,\n)",
        ),
        (
            f"(a{'x' * 40}: int, b{'x' * 40}: int)",
            f"(\n    a{'x' * 40},\n    b{'x' * 40},\n)",
        ),
    ],
)
def test_mirror_lays_out_signatures(signature, stripped):
    source = mirror.strip(f"def f{signature}:\n    return 1\n")
    assert source == f"def f{stripped}:\n    return 1"


@pytest.mark.parametrize(
    ("old", "new", "differs"),
    [
        ("sigmoid", "tanh", True),
        ("sharpness=1.0", "sharpness=2.0", True),
        ("*, ", "", True),
        ("@torch.no_grad()\n", "", True),
        ("    # the end", "    pass", True),
        ("    total = sharpness + sharpness\n", "", True),
        ("gate(scores", "gate(scores: 'Float'", False),
        (":\n    # between", ' -> int:\n    """Else."""\n    # betw', False),
        ("  # (B, Q, K)", "", False),
        ("total = ", "total: float = ", False),
        ("(scores, *", "(\n    scores,\n    *", False),
    ],
)
def test_mirror_sees_other_code_and_no_other_words(
    old, new, differs, package, chapter, capsys
):
    assert old in GATE_FUNCTION
    path = chapter(("toy.gates.gate", GATE_FUNCTION.replace(old, new)))
    problems = mirror.check(path, package)
    assert len(problems) == differs
    for problem in problems:
        assert "07-gates.ipynb, cell 2 (c0)" in problem
        assert "toy.gates.gate" in problem
        assert "\n-" in problem


@pytest.mark.parametrize(
    ("target", "source", "message"),
    [
        ("toy.gates.gate", GATE_FUNCTION + "\ngate(1)", "nothing else"),
        ("toy.gates.gate", GATE_CLASS, "definition of gate"),
        ("toy.gates.gate", "", "definition of gate"),
        ("toy.gates.gate", "def gate(:", "cell 2 (c0): invalid syntax"),
        ("toy.doors.gate", "def gate(): pass", "no module toy.doors"),
        ("toy.gates.door", "def door(): pass", "gates.py defines no door"),
        ("toy.gates.LIMIT", "def LIMIT(): pass", "defines no LIMIT"),
    ],
)
def test_mirror_says_what_is_wrong(target, source, message, package, chapter):
    (problem,) = mirror.check(chapter((target, source)), package)
    assert message in problem


def test_mirror_fills_cells_and_leaves_full_ones(chapter, capsys):
    target = "d2lattn.masking.masked_softmax"
    path = chapter((target, "def f(): pass"))
    assert mirror.main([str(path)]) == 1
    assert "make mirror" in capsys.readouterr().err
    assert mirror.main(["--write", str(path)]) == 0
    filled = path.read_bytes()
    assert mirror.write(path) == []
    assert path.read_bytes() == filled
    assert mirror.main([str(path)]) == 0
    assert "1 mirrors agree" in capsys.readouterr().out


def write_notebook(path, *sources, tags=()):
    """A notebook of code cells as an editor might leave it."""
    cells = [
        new_code_cell(
            source,
            id=f"c{i}",
            execution_count=7,
            metadata={"tags": list(tags), "scrolled": True},
        )
        for i, source in enumerate(sources)
    ]
    metadata = {"widgets": {}, "kernelspec": record.METADATA["kernelspec"]}
    nbformat.write(new_notebook(cells=cells, metadata=metadata), path)
    return path


def test_record_keeps_text_and_tables(tmp_path, capsys):
    path = write_notebook(
        tmp_path / "shows.ipynb",
        "import sys\nfor i in range(3):\n    print(i)\n    sys.stdout.flush()",
        "",
        "import pandas as pd\npd.DataFrame({'weight': [0.25]})",
        "import ipywidgets\nipywidgets.IntSlider(max=9)",
        "import plotly.graph_objects as go\ngo.Figure(go.Bar(y=[1])).show()",
        "raise ValueError('as meant')",
        tags=["raises-exception"],
    )
    assert record.main([str(path)]) == 0
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)

    printed, _, table, widget, figure, error = (
        cell.outputs for cell in notebook.cells
    )
    assert [(o.name, o.text) for o in printed] == [("stdout", "0\n1\n2\n")]
    assert table[0].data.keys() == {"text/plain", "text/html"}
    assert "<td>0.25</td>" in table[0].data["text/html"]
    assert widget[0].data == {"text/plain": "IntSlider(value=0, max=9)"}
    assert figure == []
    assert error[0].traceback == ["ValueError: as meant"]

    counts = [cell.execution_count for cell in notebook.cells]
    assert counts == [1, None, 2, 3, 4, 5]
    assert table[0].execution_count == 2
    for i, cell in enumerate(notebook.cells):
        assert cell.id == f"c{i}"
        assert cell.metadata == {"tags": ["raises-exception"]}
    assert json.loads(text)["metadata"] == record.METADATA

    assert record.main(["--check", str(path)]) == 0
    notebook.cells[0].outputs[0].text += "3\n"
    nbformat.write(notebook, path)
    assert record.main(["--check", str(path)]) == 1
    assert '-      "3\\n"' in capsys.readouterr().err
    assert record.main([str(path)]) == 0
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 / 0", "raised ZeroDivisionError: division by zero"),
        ("import warnings\nwarnings.warn('careful')", "standard error"),
        ("print(object())", "address in memory:\n\n<object object at 0x"),
        ("import os\nos._exit(1)", "ended the kernel"),
    ],
)
def test_record_names_the_cell_that_fails(source, message, tmp_path, capsys):
    path = write_notebook(tmp_path / "bad.ipynb", "x = 1", source, "x")
    before = path.read_bytes()
    assert record.main([str(path)]) == 1
    shown = capsys.readouterr().err
    assert "bad.ipynb: cell 2 (c1)" in shown
    assert message in shown
    assert "\x1b[" not in shown
    assert path.read_bytes() == before


def test_record_sees_what_a_run_left_in_a_notebook(tmp_path, capsys):
    path = write_notebook(tmp_path / "saved.ipynb", "1 + 1")
    before = path.read_bytes()
    assert record.main(["--form", str(path)]) == 1
    assert path.read_bytes() == before
    shown = capsys.readouterr().err
    assert "saved.ipynb: is not as recorded" in shown
    assert "make record" in shown
    path.write_text(record.unrun(path), "utf-8")
    assert record.main(["--form", str(path)]) == 0
    assert "in canonical form: 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    "output",
    [
        new_output("display_data", {"image/png": "aGVsbG8="}),
        new_output("display_data", {"text/html": "<div>5 MB</div>"}),
        new_output("stream", name="stderr", text="careful"),
        new_output("stream", name="stdout", text="<object at 0x7f00>"),
    ],
    ids=lambda output: str(output)[:40],
)
def test_record_sees_outputs_that_are_not_kept(output, tmp_path):
    path = write_notebook(tmp_path / "saved.ipynb", "1 + 1")
    path.write_text(record.unrun(path), "utf-8")
    assert record.main(["--form", str(path)]) == 0
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].outputs.append(output)
    path.write_text(nbformat.writes(notebook) + "\n", "utf-8")
    assert record.main(["--form", str(path)]) == 1
