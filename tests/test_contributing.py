"""CONTRIBUTING.md and README.md speak of what is there."""

import ast
import json
import re
import shlex
from pathlib import Path

import mirror
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
def test_files_are_there(name):
    paths = [code for code in quoted(name) if looks_like_a_path(code)]
    assert len(paths) > 5
    for path in paths:
        if not path.startswith(MADE):
            places = (ROOT, ROOT / "tools", ROOT / "d2lattn")
            assert [x for place in places for x in place.glob(path)], path


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


def test_tests_that_are_named_are_there():
    source = "".join(p.read_text("utf-8") for p in ROOT.glob("tests/**/*.py"))
    wanted = [
        code for code in quoted("CONTRIBUTING.md") if code.startswith("test_")
    ]
    assert len(wanted) > 5
    for test in wanted:
        assert f"def {test}(" in source, test


def test_the_mechanism_is_where_it_is_said_to_be():
    (target,) = re.findall(r'"mirror": "(.+)"', text_of("CONTRIBUTING.md"))
    chapter = ROOT / "chapters/02-scoring-functions.ipynb"
    assert target in [cell.target for cell in mirror.mirrors(chapter)]
    checks = text_of("d2lattn/checks.py")
    assert "def check_sizes(" in checks
    assert "PER_SEQUENCE" in text_of("tests/test_scoring.py")
    sizes = "B, H, Q, K, D, V, DQ, NUM_HIDDENS = 3, 2, 5, 7, 11, 13, 17, 19"
    assert sizes in text_of("tests/test_scoring.py")


def cells(chapter):
    return json.loads(text_of(f"chapters/{chapter}.ipynb"))["cells"]


def test_the_figure_is_as_it_is_shown():
    blocks = re.findall(
        r"```python\n(explore\(.*?)```", text_of("CONTRIBUTING.md"), re.S
    )
    (shown,) = map(ast.parse, blocks)
    sources = ["".join(cell["source"]) for cell in cells("01-intuition")]
    assert ast.dump(shown) in [
        ast.dump(ast.parse(source))
        for source in sources
        if source.startswith("explore(")
    ]
    text = "\n".join(sources)
    assert "def soft_dictionary(hour=13, sharpness=0.6):" in text
    assert "**Predict before you drag.**" in text


def test_the_chapter_is_as_it_is_described():
    found = cells("04-self-attention")
    text = "\n".join("".join(cell["source"]) for cell in found)
    first = "".join(found[0]["source"])
    assert first.startswith("(self-attention)=\n# ")
    assert "find_spec" in "".join(found[1]["source"])
    assert "import torch\n" in found[3]["source"]
    sections = re.findall("^## (.+)$", text, re.M)
    assert sections[-4:] == [
        "A common pitfall",
        "Recap",
        "Exercises",
        "Further reading",
    ]
    assert "{ref}`chapter 2 <scoring-recording>`" in text
    assert "[chapter 3](03-bahdanau.ipynb)" in text
    assert ":label: ex-self-bill" in text
    assert "chapters/04-self-attention" in text_of("_toc.yml")


def test_the_ignore_is_one_that_there_is():
    (line,) = re.findall(
        r"^.*# pyrefly: .*$", text_of("CONTRIBUTING.md"), re.M
    )
    assert f"    {line}\n" in text_of("d2lattn/book/__init__.py")
