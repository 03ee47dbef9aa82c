"""The sentence that is judged: what may be a part of it, and what may not."""

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lexicon import (
    ADJECTIVES,
    ADVERBS,
    DETERMINERS,
    NAMES,
    NOUNS,
    NUMBERS,
    VERBS,
)
from nominals import OBJECTS, SUBJECTS, Nominal
from pieces import Piece
from spelling import BEFORE_OPEN, MERGED, Word, spell_english, spell_french

APART = {merged: " ".join(both) for both, merged in MERGED.items()}
WHOLE = {short: whole for whole, short in BEFORE_OPEN.items()} | {
    "an": "a",
    "s'": "si",
    "la": "le",
    "l'": "le",
}


class Wanted:
    """A sentence in English, in French or in both: a language is None else.

    >>> wanted = Wanted("she saw an old cat .".split(), None)
    >>> wanted.fits("cat"), wanted.fits("dog"), wanted.says("a cat", "")
    (True, False, False)
    """

    def __init__(
        self, english: Sequence[str] | None, french: Sequence[str] | None
    ):
        self.sides = [None if s is None else [*s] for s in (english, french)]
        self.texts = [None if s is None else plain(s) for s in self.sides]
        self.missing: set[str] = set()
        for text, lexicon in zip(self.texts, forms(), strict=True):
            if text is not None:
                there = {*text.split()}
                self.missing |= {
                    w for w, each in lexicon.items() if not each & there
                }

    def fits(self, option: Any) -> bool:
        """Whether what is drawn, or what is in it, may be said."""
        if isinstance(option, tuple):
            return all(self.fits(o) for o in option if isinstance(o, str))
        return option not in self.missing

    def says(self, english: str, french: str) -> bool:
        """Whether these words stand there side by side."""
        both = zip(self.texts, (english, french), strict=True)
        return all(
            text is None or plain(words.split()) in text
            for text, words in both
        )

    def holds(self, piece: Piece) -> bool:
        """Whether the words of a piece do."""
        return all(
            text is None or not side or plain(_texts(side)) in text
            for text, side in zip(self.texts, piece[:2], strict=True)
        )

    def is_all_of(self, piece: Piece) -> bool:
        """Whether a piece is the whole sentence, as it is spelt."""
        spelt = spell_english(piece.english), spell_french(piece.french)
        return all(
            wanted is None or wanted == [*_texts(side)]
            for wanted, side in zip(self.sides, spelt, strict=True)
        )

    def key(self, what: Any) -> Any:
        """What tells two things apart, in the languages that are judged."""
        if isinstance(what, Nominal):
            return self.key(what.piece), *what[1:]
        if isinstance(what, Piece):
            english, french = _texts(what.english), _texts(what.french)
            if self.sides[0] is None:  # what `acceptable` and "no" depend on
                return len(english), english[:1] == ("no",), french
            return english if self.sides[1] is None else (english, french)
        if isinstance(what, tuple | list):
            return tuple(map(self.key, what))
        return what


def _texts(side: Iterable[Word]) -> tuple[str, ...]:
    return tuple([word for word, _ in side])


def plain(sentence: Iterable[str]) -> str:
    """The text without elision and contraction, with one gender before them.

    >>> plain(["l'", "école", "du", "garçon"])
    ' le école de le garçon '
    """
    apart = " ".join([APART.get(word, word) for word in sentence]).split()
    return f" {' '.join([WHOLE.get(word, word) for word in apart])} "


@functools.cache
def forms() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """What a word that the grammar draws may become, in each language.

    >>> english, french = forms()
    >>> sorted(english["this"]), sorted(french["this"])
    (['these', 'this'], ['ce', 'ces', 'cette', 'de'])
    """
    found = {}, {}
    for word, *sides in _forms():
        for lexicon, side in zip(found, sides, strict=True):
            first = [plain(form.split()[:1]).strip() for form in side if form]
            lexicon.setdefault(word, set()).update(first)
    return found


def _forms() -> Iterator[tuple[str, Iterable[str], Iterable[str]]]:
    for word, noun in NOUNS.items():
        yield word, noun.english, noun.french
    for word, each in ADJECTIVES.items():
        yield word, (word, each.comparative), each.forms
    for word, verb in VERBS.items():
        future = [verb.future + end for end in ("ai", "as", "a", "ons", "ont")]
        past = [verb.participle + ending for ending in ("", "e", "s", "es")]
        french = *verb.present, verb.infinitive, *future, *past
        yield word, verb.english, french
    for word, each in DETERMINERS.items():
        yield word, (word, "these" if word == "this" else ""), (*each, "de")
    for word, french in (NUMBERS | ADVERBS).items():
        yield word, (word,), (french,)
    for word in NAMES:
        yield word, (word,), (word,)
    for word, (french, *_) in SUBJECTS.items():
        if word not in {"it", "who"}:  # which are no choices
            yield word, (word,), (french, "elles")
    for word, (moved, alone, _) in OBJECTS.items():
        yield word, (word,), (moved, alone)
    for word, french in (("not", "pas"), ("never", "jamais")):
        yield word, (word,), (french,)
