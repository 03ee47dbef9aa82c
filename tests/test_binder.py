"""What Binder makes of the repository, as far as it can be tried here.

Binder copies the repository, installs `binder/requirements.txt` from its root
with the Python that `binder/runtime.txt` names, and starts a JupyterLab of
its own.
"""

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from IPython.core.inputtransformer2 import TransformerManager
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]


def project():
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]


def test_pip_can_do_what_binder_asks_for(copy_repository, tmp_path):
    source = copy_repository(tmp_path / "repository")
    # Offline: what is asked for is here, in the versions asked for.
    options = ("--dry-run", "--no-index", "--no-build-isolation")
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", *options),
            *("-r", "binder/requirements.txt"),
        ],
        cwd=source,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    would = re.findall("^Would install (.*)$", run.stdout, re.M)
    assert would in ([], [f"d2lattn-{project()['version']}"])


@pytest.mark.parametrize(
    "chapter", sorted(ROOT.glob("chapters/*.ipynb")), ids=lambda p: p.stem
)
def test_what_chapters_import_is_installed(chapter):
    wanted = project()["dependencies"]
    wanted += project()["optional-dependencies"]["chapters"]
    names = {Requirement(text).name for text in wanted}
    # A distribution may bring packages of another name.
    brought = packages_distributions().items()
    known = {package for package, by in brought if names & {*by}}
    known |= {"d2lattn", *sys.stdlib_module_names}
    imported = set()
    for cell in json.loads(chapter.read_text("utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        source = TransformerManager().transform_cell("".join(cell["source"]))
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module)
    roots = {name.partition(".")[0] for name in imported}
    # The first comes with every notebook, the second with Colab alone.
    assert roots - {"IPython", "google"} <= known
