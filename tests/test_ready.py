"""Wrong turns at set-up: each is said in words, and before it costs time."""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import ready
import yaml

ROOT = Path(__file__).resolve().parents[1]


def test_this_environment_is_ready():
    assert ready.problems() == []
    assert ready.main() == 0


def installed(folder, name, version, entries=""):
    """Put into a folder what tells that a distribution is installed."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (info / "METADATA").write_text(text, "utf-8")
    (info / "entry_points.txt").write_text(entries, "utf-8")
    return folder


def said(site, tools=ROOT / "tools"):
    """What ready.py says where only `site` is installed."""
    code = (
        "import runpy, sys; sys.path.append(sys.argv[1]);"
        "sys.argv = [sys.argv[2]]; runpy.run_path(sys.argv[0], None, "
        "'__main__')"
    )
    # Neither this environment's packages nor any in the variables.
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, site, tools / "ready.py"],
        capture_output=True,
        text=True,
    )
    assert run.stderr == ""
    assert run.returncode == (1 if run.stdout else 0)
    return run.stdout


RENDERER = "[myst_nb.renderers]\nd2lattn = d2lattn.figures.sphinx:Any\n"


def test_an_empty_environment(tmp_path):
    text = said(tmp_path)
    assert "Jupyter Book is not installed" in text
    assert "pip install -r requirements.txt" in text
    assert "d2lattn is not installed here" in text
    assert "pip install --no-deps -e ." in text


@pytest.mark.parametrize(
    ("version", "wrong"), [("2.1.7", True), ("0.15.1", True), ("1.0.4", False)]
)
def test_another_jupyter_book(version, wrong, tmp_path):
    text = said(installed(tmp_path, "jupyter_book", version))
    assert (f"Jupyter Book {version} is installed" in text) == wrong
    assert ("another program" in text) == wrong


def test_a_copy_in_another_folder(tmp_path):
    site = installed(tmp_path / "site", "jupyter_book", "1.0.4")
    installed(site, "d2lattn", "0.1.0", RENDERER)
    (site / "d2lattn").mkdir()
    (site / "d2lattn" / "__init__.py").touch()
    text = said(site)
    assert f"another copy: {site / 'd2lattn'}" in text
    assert "Jupyter Book" not in text
    # The same package is the right one for a repository around it.
    tools = site / "tools"
    tools.mkdir()
    shutil.copy(ROOT / "tools/ready.py", tools)
    assert said(site, tools) == ""


def test_a_package_without_its_renderer(tmp_path):
    site = installed(tmp_path, "jupyter_book", "1.0.4")
    installed(site, "d2lattn", "0.1.0")
    (site / "d2lattn").mkdir()
    (site / "d2lattn" / "__init__.py").touch()
    (site / "tools").mkdir()
    shutil.copy(ROOT / "tools/ready.py", site / "tools")
    assert "could not show a figure" in said(site, site / "tools")


def test_a_python_that_is_too_old(monkeypatch, capsys):
    monkeypatch.setattr(ready.sys, "version_info", (3, 10, 13))
    assert ready.main() == 1
    said = capsys.readouterr().out
    assert "needs Python 3.11 or newer, and this is 3.10" in said
    assert "make PYTHON=python3.12 book" in said


def test_no_browser_for_the_tests(tmp_path):
    shutil.copy(ROOT / "tests/book/conftest.py", tmp_path)
    (tmp_path / "test_page.py").write_text(
        "def test_one(browser): pass\ndef test_two(browser): pass\n", "utf-8"
    )
    places = {
        "PATH": str(tmp_path),
        "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "browsers"),
        "PYTHONPATH": f"{ROOT / 'tests'}{os.pathsep}{ROOT / 'tests/book'}",
    }
    options = ("-q", "-p", "no:cacheprovider", "-c", os.devnull)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, tmp_path],
        cwd=tmp_path,
        env=os.environ | places,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert "2 errors" in run.stdout
    assert "there is no browser to test the book with" in run.stdout
    assert "`apt-get install chromium` on Debian" in run.stdout
    assert "`.venv/bin/playwright install chromium`" in run.stdout
    assert "Traceback" not in run.stdout
    assert len(run.stdout.splitlines()) < 25


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
@pytest.mark.parametrize("step", ["install -r", "install --no", " check"])
def test_half_an_environment_is_not_taken_for_a_whole(step, folder):
    pretend(folder, f'case "$*" in *"{step}"*) exit 1;; esac')
    _, status = make(folder, "lint")
    assert status
    assert not (folder / ".venv/installed.stamp").exists()


@needs_make
def test_make_names_a_newer_python(folder):
    old = folder / "python3"
    pretended = "import sys\nsys.version_info = (3, 9, 1)\n$2"
    write_script(old, f'exec {sys.executable} -c "{pretended}"')
    text, status = make(folder, "book")
    assert status
    assert f"needs Python 3.11 or newer, and {old} is 3.9" in text
    assert "make PYTHON=python3.12 book" in text


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


# A build that may write no file above a size, as on a disk that is full.
# What makes the page long is added late, so that its doctree is small.
LIMITED = """\
import resource, sys
from sphinx.cmd.build import main
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
sys.exit(main(sys.argv[1:]))
"""
CONF = f"""\
import sys

sys.path.append({str(ROOT)!r})
extensions = ["d2lattn.figures.sphinx", "_ext"]
html_theme = "basic"

def longer(app, page, template, context, doctree):
    if page == "index":
        context["body"] += "<p>all of it</p>" * 600_000

def setup(app):
    app.connect("html-page-context", longer)
"""


@pytest.mark.skipif(
    not find_spec("resource"), reason="no limits on this system"
)
def test_half_a_page_is_not_taken_for_a_whole(tmp_path):
    (tmp_path / "conf.py").write_text(CONF, "utf-8")
    (tmp_path / "index.md").write_text("# One\n", "utf-8")

    def build(limit):
        command = (sys.executable, "-c", LIMITED, str(limit), "-b", "html")
        return subprocess.run(
            [*command, ".", "_build"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    page = tmp_path / "_build/index.html"
    broken = build(limit=7_000_000)
    assert broken.returncode
    assert "_build/index.html is not written to its end" in broken.stderr
    assert "is there room on the disk?" in broken.stderr
    assert page.stat().st_size == 7_000_000
    assert build(limit=1_000_000_000).returncode == 0
    assert page.read_text("utf-8").rstrip().endswith("</html>")


@needs_make
def test_make_asks_before_it_builds(folder):
    pretend(folder, 'case "$*" in tools/ready.py) echo "why"; exit 1;; esac')
    text, status = make(folder, "book")
    assert status
    assert "\nwhy\n" in text
    assert "jupyter-book" not in text


def test_jupyter_book_2_stops_with_a_word():
    # It shows the version and ends: '...' does not match 1 (at myst.yml).
    settings = yaml.safe_load((ROOT / "myst.yml").read_text("utf-8"))
    assert settings.keys() == {"version"}
    assert (
        "made with Jupyter Book 1, and you run Jupyter Book 2"
        in (settings["version"])
    )
