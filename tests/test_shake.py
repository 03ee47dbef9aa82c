"""Chapters run as other machines would run them."""

import os
import subprocess
import sys

import nbformat
import record
import shake
from nbformat.v4 import new_code_cell, new_notebook

TRAIN = """\
import torch

weight = torch.ones(1, requires_grad=True)
optimizer = torch.optim.SGD([weight], lr=0.1)
for _ in range(20):
    optimizer.zero_grad()
    weight.square().sum().backward()
    optimizer.step()
drawn = torch.rand(1, generator=torch.Generator().manual_seed(0))"""
ROBUST = "print(f'{weight.item():.2f} {torch.rand(1).item() < 1}')"
FRAGILE = "print(weight.item())"
RAISES = f"assert abs(weight.item() - {0.8**20}) < 1e-9"


def chapter(path, *sources, **metadata):
    cells = [
        new_code_cell(source, id=f"c{i}", metadata=metadata)
        for i, source in enumerate(sources)
    ]
    nbformat.write(new_notebook(cells=cells), path)
    return path


def recorded(path, *sources, **metadata):
    text = record.record(chapter(path, *sources, **metadata))
    path.write_text(text, "utf-8")
    return path


def test_cells_that_hang_on_the_machine_are_named(tmp_path, capsys):
    path = recorded(tmp_path / "x.ipynb", TRAIN, ROBUST, FRAGILE, ROBUST)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[3].source = RAISES  # held where it was recorded
    nbformat.write(notebook, path)
    assert shake.main(["--seeds=1", "--only=noise", str(path)]) == 1
    title, fragile, raises = capsys.readouterr().out.splitlines()
    assert title.startswith("x.ipynb, noise 1: 2 differ")
    printed = notebook.cells[2].outputs[0].text.strip()
    assert fragile.startswith("    cell 2 (c2) prints '0.0115")
    assert fragile.endswith(f" instead of {printed!r}")
    assert raises == "    cell 3 (c3) raises AssertionError"


LOAD = """\
from d2lattn.models import load
from torch import nn

layer = nn.Linear(2, 3)
before = layer.weight.clone()
assert load("reader", layer) == {"seed": 0}
assert 0 < (layer.weight / before - 1).abs().max() < 1e-5"""


def test_models_come_off_the_shelf_with_noise(tmp_path, monkeypatch):
    shelf = tmp_path / "d2lattn"
    shelf.mkdir()
    (shelf / "__init__.py").touch()
    shelf = shelf / "models.py"
    shelf.write_text("def load(name, model):\n    return {'seed': 0}")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    environment = os.environ | shake.machines(["noise"], 1)["noise 1"]
    subprocess.run([sys.executable, "-c", LOAD], env=environment, check=True)


def test_what_holds_everywhere_holds(tmp_path, capsys):
    source = "import os\nassert os.environ['OMP_NUM_THREADS'] in '12'"
    path = chapter(tmp_path / "x.ipynb", source)
    assert shake.main(["--only=threads", "--jobs=2", str(path)]) == 0
    one, two = capsys.readouterr().out.splitlines()
    assert one.startswith("x.ipynb, one thread: holds (")
    assert two.startswith("x.ipynb, two threads: holds (")


def test_a_kernel_that_ends_is_a_finding(tmp_path):
    path = chapter(tmp_path / "x.ipynb", "import os\nos._exit(0)")
    (problem,) = shake.shake(path, {})
    assert "cell 1 (c0) ended the kernel" in problem
