"""Every mirror cell of every chapter shows what the package holds."""

import ast
import shutil
from collections import Counter

import mirror
import pytest

import d2lattn

CHAPTERS = mirror.chapters()
each_chapter = pytest.mark.parametrize(
    "chapter", CHAPTERS, ids=lambda chapter: chapter.stem
)


def public_names():
    """The dotted paths of the public classes and functions."""
    named = [getattr(d2lattn, name) for name in d2lattn.__all__]
    return {f"{x.__module__}.{x.__qualname__}" for x in named if callable(x)}


@each_chapter
def test_mirrors_agree_with_the_package(chapter):
    if problems := mirror.check(chapter):
        pytest.fail("\n\n".join(problems), pytrace=False)


def test_every_public_name_is_mirrored_once():
    mirrored = Counter(m.target for c in CHAPTERS for m in mirror.mirrors(c))
    assert not public_names() - mirrored.keys(), "these have no mirror"
    assert not {t for t, n in mirrored.items() if n > 1}, "mirrored twice"


@each_chapter
def test_a_changed_line_of_the_package_is_noticed(chapter, tmp_path):
    package = tmp_path / "d2lattn"
    shutil.copytree(mirror.ROOT / "d2lattn", package)
    found = mirror.mirrors(chapter)
    for target in {m.target for m in found}:
        change_a_line(tmp_path, target)
    problems = mirror.check(chapter, root=tmp_path)
    assert len(problems) == len(found)
    for problem, changed in zip(problems, found, strict=True):
        assert chapter.name in problem
        assert changed.target in problem


def change_a_line(root, target):
    """Add a statement to the last line of a definition of the package."""
    *module, name = target.split(".")
    path = root.joinpath(*module).with_suffix(".py")
    source = path.read_text(encoding="utf-8")
    *_, node = (
        node
        for node in ast.parse(source).body
        if getattr(node, "name", None) == name
    )
    lines = source.splitlines()
    indent = " " * node.body[-1].col_offset
    lines.insert(node.end_lineno, f"{indent}changed = True")
    path.write_text("\n".join(lines), encoding="utf-8")
