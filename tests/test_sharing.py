"""Tests that share something costly run on one worker."""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import sharing
import sources
from browser import MADE

FILES = ("tests/book/test_explorers.py", "tests/book/test_pages.py")
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
    said = run_pytest("--collect-only", "-q", *FILES, cwd=sources.ROOT)
    tests = [line for line in said.splitlines() if "::" in line]
    together = defaultdict(set)
    for test in tests:
        together[scope(test)].add(test.partition("::")[0])
    for name in sources.pages():
        assert together.pop(f"pages of {name}") == {FILES[1]}
        if sources.explore_calls(name):
            assert together.pop(f"explorers of {name}") == {FILES[0]}
    for name in MADE:
        assert together.pop(f"pages of {name}") == {FILES[1]}
    assert together.keys() == {*FILES}
    assert scope("tests/a.py::test_b[c-1-http]") == "tests/a.py"


def test_workers_keep_to_it(tmp_path):
    """As xdist runs them: what it has itself has no effect with pytest 9."""
    folder = tmp_path / "tests/book"
    folder.mkdir(parents=True)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / FILES[0]).write_text(TESTS)
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
