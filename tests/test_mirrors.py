"""Every mirror cell of every chapter shows what the package holds."""

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
