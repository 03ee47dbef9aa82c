"""CONTRIBUTING.md and README.md speak of what is there."""

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXTS = ["CONTRIBUTING.md", "README.md"]
MADE = (".venv", "_build")  # by make, so that they may not be there
CODE = re.compile(r"`` (.+?) ``|`([^`\n]+)`")


def text_of(name):
    return (ROOT / name).read_text("utf-8")


def quoted(name):
    """What stands in backticks in a text, its blocks of code left out."""
    prose = re.sub(r"^ *```.*?^ *```$", "", text_of(name), flags=re.M | re.S)
    return [a or b for a, b in CODE.findall(prose)]


def commands(name):
    """The lines of its shell blocks and the commands in its prose."""
    blocks = re.findall(r"^ *```sh\n(.*?)```", text_of(name), re.M | re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    starts = ("make ", ".venv/bin/", "pip ", "python ", "pytest ")
    lines += [code for code in quoted(name) if code.startswith(starts)]
    return [shlex.split(line, comments=True) for line in lines]


def looks_like_a_path(code):
    return re.fullmatch(r"[\w.*/-]+", code) and (
        "/" in code or re.search(r"\.(py|md|yml|toml|txt|ipynb|cff)$", code)
    )


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)#]+)\)", text_of(name)):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


@pytest.mark.parametrize("name", TEXTS)
def test_commands_are_there(name):
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = {*re.findall(r"^([a-z-]+):.* ## ", makefile, re.M)}
    found = commands(name)
    assert len(found) > 5
    for program, *arguments in filter(None, found):
        if program == "make":
            wanted = {word for word in arguments if "=" not in word}
            assert wanted <= targets, arguments
        for word in arguments:
            if looks_like_a_path(word) and not word.startswith(MADE):
                assert [*ROOT.glob(word)], word
