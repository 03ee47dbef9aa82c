"""What runs on GitHub is pinned, and may do no more than it has to."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


@pytest.fixture(params=FILES, ids=lambda file: file.name)
def text(request):
    return request.param.read_text("utf-8")


@pytest.fixture
def workflow(text):
    return yaml.load(text, yaml.BaseLoader)  # `on` stays a word


@pytest.fixture
def book():
    return yaml.load((FILES[0]).read_text("utf-8"), yaml.BaseLoader)


def test_one_publishes_and_one_shakes():
    assert [file.name for file in FILES] == ["book.yml", "weekly.yml"]


def test_every_action_is_pinned_to_a_commit(text):
    used = re.findall(r"uses: *(.*)", text)
    assert used
    for action in used:
        assert PINNED.fullmatch(action), action


def test_whoever_has_no_need_has_no_permission(workflow):
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        wanted = {"contents": "read"}
        if name == "publish":
            wanted = {"pages": "write", "id-token": "write"}
        assert job["permissions"] == wanted


def test_a_job_that_hangs_ends(workflow):
    for job in workflow["jobs"].values():
        assert 0 < int(job["timeout-minutes"]) <= 300


def test_nothing_that_others_write_reaches_a_shell(workflow, text):
    assert "pull_request_target" not in workflow["on"]
    assert "secrets." not in text
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] == "false"


def test_every_change_is_tested_as_it_is_here(book):
    assert book["on"] == {
        "push": "",
        "pull_request": "",
        "workflow_dispatch": "",
    }
    commands = [step.get("run") for step in book["jobs"]["test"]["steps"]]
    assert ".ci/run" in commands
    assert "if" not in book["jobs"]["test"]


def test_only_main_is_published_and_only_after_its_tests(book):
    publish = book["jobs"]["publish"]
    assert publish["needs"] == "test"
    conditions = set(publish["if"].replace("\n", " ").split(" && "))
    assert conditions == {
        "github.ref == 'refs/heads/main'",
        "github.event_name != 'pull_request'",
        "needs.test.outputs.address",
    }
    (step,) = publish["steps"]
    assert step["uses"].startswith("actions/deploy-pages@")
    uploaded = [
        step["with"]["path"]
        for step in book["jobs"]["test"]["steps"]
        if "pages-artifact" in step.get("uses", "")
    ]
    assert uploaded == ["_build/html"]
    assert publish["concurrency"]["cancel-in-progress"] == "false"
