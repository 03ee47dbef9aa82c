"""Tests that share something costly run on one worker."""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import sharing
import sources
from browser import MADE
from test_live import CHAPTERS

ROOT = Path(__file__).parents[1]
FILES = {
    it: f"tests/book/test_{it}.py" for it in ("explorers", "live", "pages")
}
CONFTEST = """
from sharing import Sharing

def pytest_xdist_make_scheduler(config, log):
    return Sharing(config, log)
"""
TESTS = """
import pytest

@pytest.mark.parametrize("way", ["http", "file"])
@pytest.mark.parametrize("index", range(3))
@pytest.mark.parametrize("name", ["a-b/c", "d"])
def test_moves(name, index, way):
    pass
"""


def run_pytest(*arguments, cwd):
    """What pytest says, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def scope(test):
    """The name of what a test shares with others."""
    return sharing.Sharing._split_scope(None, test)


def test_the_tests_of_a_page_or_of_a_file_stay_together():
    said = run_pytest("--collect-only", "-q", *FILES.values(), cwd=ROOT)
    tests = [line for line in said.splitlines() if "::" in line]
    pages = sources.pages()
    moving = {page for page in pages if sources.explore_calls(page)}
    live = {page.values[0] for page in CHAPTERS if not page.marks}
    assert {scope(test) for test in tests} == {
        *FILES.values(),
        *(f"explorers of {page}" for page in moving),
        *(f"live of {page}" for page in live),
        *(f"pages of {page}" for page in [*pages, *MADE]),
    }
    assert scope("tests/a.py::test_b[c-1-http]") == "tests/a.py"


def test_workers_keep_to_it(tmp_path):
    """As xdist runs them: what it has itself has no effect with pytest 9."""
    folder = tmp_path / "tests/book"
    folder.mkdir(parents=True)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / FILES["explorers"]).write_text(TESTS)
    here = Path(__file__).parent
    said = run_pytest(
        *("-n2", "-v", f"--override-ini=pythonpath={here}"), cwd=tmp_path
    )
    workers = defaultdict(set)
    for line in said.splitlines():
        if "PASSED" in line:
            worker, *_, test = line.split()
            workers[scope(test)].add(worker)
    assert workers.keys() == {"explorers of a-b/c", "explorers of d"}
    assert sorted(map(len, workers.values())) == [1, 1]
    assert len(set.union(*workers.values())) == 2
