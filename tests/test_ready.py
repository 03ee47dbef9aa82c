"""Wrong turns at set-up: each is said in words, and before it costs time."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import ready
from sites import TextBook
from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parents[1]


def test_this_environment_is_ready():
    assert ready.problems() == []
    assert ready.main() == 0


RENDERER = "[myst_nb.renderers]\nd2lattn = d2lattn.figures.sphinx:Any\n"


@pytest.mark.parametrize(
    ("book", "entries", "copy", "told"),
    [
        ("", None, False, "Jupyter Book is not installed. .*is not installed"),
        ("2.1.7", None, False, "Jupyter Book 2.1.7 .* another program"),
        ("1.0.4", None, False, "^[^J]*The package d2lattn is not installed"),
        ("1.0.4", RENDERER, True, "^[^J]*is another copy"),
        ("1.0.4", "", False, "could not show a figure"),
        ("1.0.4", RENDERER, False, "^$"),
    ],
)
def test_what_an_environment_lacks(book, entries, copy, told, tmp_path):
    site = tmp_path / "site"
    tools = (tmp_path / "repository" if copy else site) / "tools"
    site.mkdir()
    tools.mkdir(parents=True)
    shutil.copy(ROOT / "tools/ready.py", tools)
    versions = {"jupyter_book": book, "d2lattn": "0.1" * (entries is not None)}
    for name, version in versions.items():
        if version:
            info = site / f"{name}-{version}.dist-info"
            info.mkdir()
            text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            (info / "METADATA").write_text(text, "utf-8")
            (info / "entry_points.txt").write_text(entries or "", "utf-8")
    if entries is not None:
        (site / "d2lattn").mkdir()
        (site / "d2lattn/__init__.py").touch()
    code = (
        "import runpy, sys; sys.path.append(sys.argv[1]);"
        "sys.argv = [sys.argv[2]]; runpy.run_path(sys.argv[0], None, "
        "'__main__')"
    )
    # Neither this environment's packages nor any in the variables.
    command = (sys.executable, "-I", "-S", "-c", code, site)
    run = subprocess.run(
        [*command, tools / "ready.py"], capture_output=True, text=True
    )
    assert run.stderr == ""
    assert run.returncode == (1 if run.stdout else 0)
    assert re.search(told, run.stdout, re.S)


def test_a_python_that_is_too_old(monkeypatch, capsys):
    monkeypatch.setattr(ready.sys, "version_info", (3, 10, 13))
    assert ready.main() == 1
    said = capsys.readouterr().out
    assert "needs Python 3.11 or newer, and this is 3.10" in said
    assert "make PYTHON=python3.12 book" in said


needs_make = pytest.mark.skipif(
    not shutil.which("make"), reason="make is not installed"
)


def write_script(path, script):
    """Put a shell script where a program is expected."""
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)


def make(folder, *arguments):
    """What make says in a folder, and its exit status."""
    environment = {k: v for k, v in os.environ.items() if k != "MAKEFLAGS"}
    run = subprocess.run(
        ["make", f"PYTHON={folder / 'python3'}", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return run.stdout, run.returncode


@pytest.fixture
def folder(tmp_path):
    """What make looks at, with a Python that only tells its version."""
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "tools").mkdir()
    (tmp_path / ".venv/bin").mkdir(parents=True)
    tell = f'test "$1" = -c && exec {sys.executable} -c "$2"'
    write_script(tmp_path / "python3", tell)
    return tmp_path


def pretend(folder, script):
    """Let a shell script be the Python of the environment."""
    write_script(folder / ".venv/bin/python", script)


@needs_make
def test_no_network_at_set_up(folder):
    stamp = folder / ".venv/installed.stamp"
    pretend(folder, 'case "$*" in *" install "*) exit 1;; esac')
    text, status = make(folder, "lint")
    assert status
    assert "Is there a network, and room on the disk?" in text
    assert "goes on from here" in text
    assert not stamp.exists()
    # With a network the same command does it all.
    pretend(folder, 'echo "ran: $*"')
    text, status = make(folder, "lint")
    assert not status
    step = "^ran: .* (install -r|install --no|check$)|^ran: (tools/lint)"
    steps = ["".join(found) for found in re.findall(step, text, re.M)]
    assert steps == ["install -r", "install --no", "check", "tools/lint"]
    assert stamp.exists()


@needs_make
def test_a_failed_build_is_explained_and_forgotten(folder):
    pretend(folder, 'test "$2" = --failed && echo "the disk" || true')
    write_script(folder / ".venv/bin/jupyter-book", "echo 'No space'; exit 1")
    (folder / "_build/.doctrees").mkdir(parents=True)
    text, status = make(folder, "book")
    assert status
    assert "\nNo space\nthe disk\n" in text
    assert not (folder / "_build/.doctrees").exists()
    assert not (folder / "_build/book.stamp").exists()


def test_a_full_disk_is_called_so(monkeypatch, capsys, tmp_path):
    def left(free):
        usage = shutil._ntuple_diskusage(total=9e9, used=9e9 - free, free=free)
        monkeypatch.setattr(ready.shutil, "disk_usage", lambda folder: usage)
        assert ready.main(["--failed"]) == 0
        return capsys.readouterr().out

    assert "The disk is full, or nearly: 3 MB are left" in left(3e6)
    assert left(3e9) == ""


def test_half_a_page_is_not_taken_for_a_whole(tmp_path):
    book = TextBook(
        tmp_path, "d2lattn.figures.sphinx", "_ext", html_theme="basic"
    )
    book.build()
    (tmp_path / "_build/other.html").write_text("<html>all of", "utf-8")
    (tmp_path / "index.md").write_text("# Changed\n", "utf-8")
    with pytest.raises(
        ExtensionError, match=r"other\.html was not written to its end"
    ):
        book.build()
