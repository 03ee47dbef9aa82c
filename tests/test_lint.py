"""What `make lint` sees, and that commits and CI are held to the same."""

import re
import subprocess
import sys
from pathlib import Path

import lint
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]


def test_every_check_runs_whatever_the_others_say(capfd):
    checks = {
        ("-c", "print('one')"): "never",
        ("-c", "raise SystemExit(3)"): "mend two",
        ("-c", "print('three')"): "never",
        ("-c", "raise SystemExit(1)"): "mend four",
    }
    assert lint.main(checks) == 1
    said, complaint = capfd.readouterr()
    assert re.findall("^(one|three)$", said, re.M) == ["one", "three"]
    assert re.findall("mend .*|never", complaint) == ["mend two", "mend four"]
    assert lint.main({("-c", "print('one')"): "never"}) == 0


# A slip of each kind: the file, what stands there, what is put there, and what
# lint says of it.
SLIPS = {
    "unused": (
        "d2lattn/modes.py",
        "import torch\n",
        "import os\n\nimport torch\n",
        "F401 .*\n *--> d2lattn/modes.py",
    ),
    "untidy": (
        "tools/mirror.py",
        "len(mirrors",
        "len( mirrors",
        "unformatted: .*\n *--> tools/mirror.py",
    ),
    "mistyped": (
        "d2lattn/recording.py",
        "calls.append(weights",
        "calls.add(weights",
        "attribute `add`.*\n *--> d2lattn/recording.py",
    ),
    "misspelt": (
        "tests/test_decoding.py",
        "beam_size=3",
        "beam_sise=3",
        "keyword argument `beam_sise`.*\n *--> tests/test_decoding.py",
    ),
    "unknown": (
        "tests/oracles.py",
        "import torch\n",
        "import torch\nimport troch\n",
        "find module `troch`.*\n *--> tests/oracles.py",
    ),
    "changed": (
        "d2lattn/pooling.py",
        "return torch.exp",
        "return torch.sin",
        r"\+    return torch\.exp",
    ),
    "unused in a cell": (
        "chapters/05-multi-head.ipynb",
        "import torch\\n",
        'import os\\n",\n    "import torch\\n',
        "F401 .*\n *--> chapters/05-multi-head.ipynb",
    ),
    "unknown in a cell": (
        "chapters/04-self-attention.ipynb",
        "import torch\\n",
        'import troch\\n",\n    "import torch\\n',
        "find module `troch`.*\n *--> chapters/04-self-attention.ipynb",
    ),
    "untidy cell": (
        "chapters/02-scoring-functions.ipynb",
        "import torch\\n",
        "import  torch\\n",
        "unformatted: .*\n *--> chapters/02-scoring-functions.ipynb",
    ),
    "stale": (
        "CITATION.cff",
        "\nversion: ",
        "\nversion: 9.",
        "CITATION.cff: names another",
    ),
    "run and saved": (
        "chapters/01-intuition.ipynb",
        '"name": "python"',
        '"name": "python", "version": "3.11.7"',
        "01-intuition.ipynb: is not as recorded",
    ),
}


@pytest.fixture(scope="module")
def said(copy_repository, tmp_path_factory):
    """What lint says of a copy of the repository with all slips in it."""
    folder = copy_repository(tmp_path_factory.mktemp("lint") / "repository")
    for path, old, new, _ in SLIPS.values():
        text = (folder / path).read_text("utf-8")
        assert old in text
        (folder / path).write_text(text.replace(old, new, 1), "utf-8")
    run = subprocess.run(
        [sys.executable, "tools/lint.py"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    return run.stdout + run.stderr


@pytest.mark.parametrize("slip", SLIPS)
def test_lint_sees(slip, said):
    *_, message = SLIPS[slip]
    assert re.search(message, said), said


def test_lint_says_which_checks_did_not_pass(said):
    (_, _, summary) = said.partition("These did not pass:")
    assert len(re.findall("^- ", summary, re.M)) == len(lint.CHECKS)


def test_commits_and_ci_run_the_same_checks():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    (source,) = config["repos"]
    (hook,) = source["hooks"]
    assert source["repo"] == "local"  # no network, no other versions
    assert hook["entry"] == ".venv/bin/python tools/lint.py"
    assert hook["always_run"]
    makefile = (ROOT / "Makefile").read_text("utf-8")
    recipe = re.search(r"^lint: .*\n((?:\t.*\n)+)", makefile, re.M)
    assert recipe is not None
    assert recipe[1].split() == ["$(BIN)/python", "tools/lint.py"]
    ci = (ROOT / ".ci/run").read_text("utf-8").splitlines()
    assert "make lint" in ci


def test_pre_commit_can_read_its_file():
    command = [sys.executable, "-m", "pre_commit", "validate-config"]
    subprocess.run(command, cwd=ROOT, check=True)
