"""A machine as in Colab, to run a chapter on: its packages and no others."""

import json
import os
import shutil
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import nbformat
import publish

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = Path(__file__).with_suffix(".txt")
PYTHON = ROOT / "_build/colab/bin/python"  # `make colab` puts it there
BARE = PYTHON.parents[1] / "bare.json"
URL = "https://github.com/d2lattn-in-a-test/d2lattn"

# What a bare machine would not say about itself.
OURS = ("D2LATTN_FIGURES", "PLOTLY_RENDERER", "PYTHONPATH", "TQDM_DISABLE")

# Colab starts a kernel of its own kind, and so with its package imported.
KERNEL = """
from ipykernel.ipkernel import IPythonKernel

class Kernel(IPythonKernel):
    pass
"""
SPEC = {
    "argv": [
        *(str(PYTHON), "-m", "ipykernel_launcher", "-f", "{connection_file}"),
        "--IPKernelApp.kernel_class=google.colab._kernel.Kernel",
    ],
    "display_name": "Colab",
    "language": "python",
}


def release(folder):
    """Make a copy of this repository one that is published and tagged."""
    publish.main([URL], folder)
    git = ("git", "-c", "user.name=A", "-c", "user.email=a@example.org")
    for arguments in (
        ("init", "--quiet"),
        ("add", "."),
        ("commit", "--quiet", "--message", "Release"),
        ("tag", publish.release(folder)),
    ):
        subprocess.run([*git, *arguments], cwd=folder, check=True)


class Machine:
    """An environment with what Colab has, and a folder for what it is told.

    Args:
        folder: an empty folder.
        repository: a repository on this machine, taken for the one at `URL`.
    """

    def __init__(self, folder, repository):
        self.folder = folder
        self.environment = {
            k: v for k, v in os.environ.items() if k not in OURS
        } | {
            "GIT_ALLOW_PROTOCOL": "file",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{repository.as_uri()}.insteadOf",
            "GIT_CONFIG_VALUE_0": URL,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        for path, text in {
            "kernels/colab/kernel.json": json.dumps(SPEC),
            "lib/google/colab/__init__.py": "",
            "lib/google/colab/_kernel.py": KERNEL,
        }.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        (folder / "content").mkdir()

    @cached_property
    def bare(self):
        """What is installed before any chapter has run.

        Written down when there has been none, since a run may break off.
        """
        if not BARE.exists():
            BARE.write_text(json.dumps(self.installed()))
        return json.loads(BARE.read_text())

    def installed(self):
        """The name of every package, and its version."""
        listed = json.loads(self.pip("list", "--format", "json"))
        return {it["name"].lower(): it["version"] for it in listed}

    def clear(self):
        """Take out what a chapter has brought: the next starts bare."""
        shutil.rmtree(self.folder / "content" / "d2lattn-book", True)
        brought = self.installed().keys() - self.bare.keys()
        if brought:
            self.pip("uninstall", "--yes", "--quiet", *brought)

    def run(self, notebook):
        """Run a notebook in Colab's kernel, with nothing that lies beside.

        In a process of its own, since Playwright holds our event loop.
        """
        path = self.folder / "content" / "chapter.ipynb"
        nbformat.write(notebook, path)
        told = {
            "JUPYTER_PATH": str(self.folder),
            "PYTHONPATH": str(self.folder / "lib"),
        }
        execute = "from nbclient.cli import main; main()"
        options = ("--inplace", "--kernel_name=colab", "--timeout=900")
        ran = subprocess.run(
            [sys.executable, "-c", execute, *options, path],
            env=self.environment | told,
            capture_output=True,
            text=True,
        )
        assert not ran.returncode, ran.stdout + ran.stderr
        return nbformat.read(path, as_version=4)

    def pip(self, *arguments):
        """Run pip; what it prints."""
        return subprocess.run(
            [PYTHON, "-m", "pip", *arguments],
            env=self.environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
