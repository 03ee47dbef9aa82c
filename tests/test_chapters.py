"""What the chapters say of each other holds."""

import re
from pathlib import Path

import nbformat
import pytest
from mirror import chapters

LINK = re.compile(r"\[([^]]*)\]\(([\w-]+\.ipynb)\)")
PLACE = re.compile(r"\{ref\}`[^`]+`")  # a section, a figure
# An appendix has no number.
NUMBERS = {
    path.name: int(path.name[:2]) if path.name[0].isdigit() else 0
    for path in chapters()
}


def prose(path: Path) -> str:
    """What a chapter says, without its code."""
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(c.source for c in cells if c.cell_type == "markdown")


def plain_mentions(text: str, own: int) -> list[str]:
    """Chapters that a text names without leading there."""
    rest = LINK.sub("", PLACE.sub("", text))
    left = re.finditer(r"[Cc]hapters? (\d+)", rest)
    return [said[0] for said in left if int(said[1]) != own]


def test_a_plain_mention_is_found():
    text = (
        "Chapter 2, [chapter 3](03-x.ipynb), {ref}`chapter 1 <x>`, "
        "chapter 4, chapter 10."
    )
    assert plain_mentions(text, own=4) == ["Chapter 2", "chapter 10"]


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_a_chapter_that_is_named_is_one_click_away(path):
    text = prose(path)
    assert plain_mentions(text, NUMBERS[path.name]) == []
    links = LINK.findall(text)
    assert links
    for said, file in links:
        number = re.fullmatch(r"(?:[Cc]hapters? )?(\d+)", said)
        assert number is None or NUMBERS[file] == int(number[1]), said


CHOICE = re.compile(
    r"<details class=\"choice\">\n<summary>(.+?)</summary>\n\n"
    r"\*\*(Right|No)\.\*\* .+?\n\n</details>",
    re.DOTALL,
)


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_predictions_are_taken(path):
    cells = nbformat.read(path, as_version=4).cells
    before_figures = 0
    for i, cell in enumerate(cells):
        choices = CHOICE.findall(cell.source)
        assert cell.source.count("<details") == len(choices)
        if not choices:
            continue
        assert len(choices) in (3, 4)
        answers = [answer for _, answer in choices]
        assert answers.count("Right") == 1, cell.source
        code = [c.source for c in cells[i + 1 : i + 3]]
        before_figures += any("explore(" in source for source in code)
    assert before_figures >= 2
