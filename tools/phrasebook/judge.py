"""Could the grammar have made this sentence, and with which probability?

    python tools/phrasebook/judge.py "the cat is sleeping in the garden ."
    python tools/phrasebook/judge.py --french "le chat dort dans le jardin ."

The grammar's own programs run with a draw that tries all choices in turn, and
adds up the probabilities of those that make the sentence. A choice is given
up as soon as it would say what is not in the sentence: a word of the lexicon,
or a part whose words do not stand there side by side. What a part can be is
found once for each sentence.
"""

import argparse
import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from corpus import CONSTRUCTIONS, acceptable
from drawing import Draw, sense
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
from pieces import Piece, words
from spelling import BEFORE_OPEN, MERGED, spell_english, spell_french

TRIALS = 2000  # drawn of each construction, to see how many are acceptable
APART = {merged: " ".join(both) for both, merged in MERGED.items()}
WHOLE = {
    "an": "a",
    "s'": "si",
    "la": "le",
    **{short: whole for whole, short in BEFORE_OPEN.items()},
    "l'": "le",
}


def probability(
    english: Sequence[str] | None = None, french: Sequence[str] | None = None
) -> float:
    """The probability of a sentence, or of a sentence and its translation.

    It is that of drawing a construction, in the proportions of the corpus,
    and then this sentence, and zero where the grammar cannot make it.

    >>> round(1 / probability("he sleeps .".split()))
    0
    """
    return sum(constructions(english, french).values())


def constructions(
    english: Sequence[str] | None = None, french: Sequence[str] | None = None
) -> dict[str, float]:
    """The constructions that make a sentence, each with its probability."""
    guide, found = Guide(english, french), {}
    total = sum(number for _, number in CONSTRUCTIONS.values())
    for name, (construct, number) in CONSTRUCTIONS.items():
        share = guide.share(construct)
        if share:
            found[name] = share * number / total / acceptance(name)
    return found


@functools.cache
def acceptance(name: str) -> float:
    """The share of a construction's sentences that the corpus would take."""
    draw, (construct, _) = Draw(f"judge: {name}"), CONSTRUCTIONS[name]
    taken = 0
    for _ in range(TRIALS):
        draw.start()
        src = spell_english(construct(draw).english)
        taken += acceptable([word for word, _ in src])
    return taken / TRIALS


class Used:
    """The words that a sentence may have used: sets, with probabilities.

    They are several where the sentence dropped a part. There is one object
    for each single set.
    """

    single: dict[frozenset, "Used"] = {}

    def __init__(self, sets: dict[frozenset, float]):
        self.sets, self._after = sets, {}

    @classmethod
    def of(cls, sets: dict[frozenset, float]) -> "Used":
        """Make the probabilities add up to one."""
        if len(sets) == 1:
            [only] = sets
            return cls.single.setdefault(only, cls({only: 1.0}))
        total = sum(sets.values())
        return cls({each: share / total for each, share in sets.items()})

    def and_(self, word: str) -> "Used":
        """The same, and this word."""
        if word not in self._after:
            sets = Counter()
            for each, share in self.sets.items():
                sets[each | {word}] += share
            self._after[word] = Used.of(sets)
        return self._after[word]


class Dead(Exception):
    """No choice is left that would make the sentence."""


#: A choice: what is chosen, its probability, and the words used then.
Choice = tuple[Any, float, Used]
DROPPED = Piece(words("(dropped)"), words("(dropped)"))
NOTHING = Used.of({frozenset(): 1.0})


class Guide(Draw):
    """A draw that tries all choices that make a sentence, one run for each.

    A run repeats the choices of the one before, but for the last that has
    something else to offer. A part counts as one choice: it is run by itself,
    once for each sentence, and what it can say is remembered. Where the
    grammar may drop a part, one run takes the part as said and another as
    dropped; those that find it otherwise at the end count for nothing.
    """

    dropped: dict[Any, list[Choice]] = {}

    def __init__(
        self,
        english: Sequence[str] | None,
        french: Sequence[str] | None,
    ):
        self.wanted = english and [*english], french and [*french]
        self.texts = [each and plain(each) for each in self.wanted]
        self.unsaid = unsaid(self.texts)
        self.memo: dict[Any, list[Choice]] = {}
        self.saying = True

    def share(self, construct: Callable) -> float:
        """The probability that a construction makes the sentence."""
        found = 0.0
        for piece, weight, _ in self._results(construct, (), {}, NOTHING):
            english, french = (
                [word for word, _ in spelt]
                for spelt in (
                    spell_english(piece.english),
                    spell_french(piece.french),
                )
            )
            if self.wanted[0] in (None, english) and acceptable(english):
                found += weight * (self.wanted[1] in (None, french))
        return found

    # What the grammar calls

    def start(self) -> None:
        raise NotImplementedError

    def __call__(self, options: Sequence[Any]) -> Any:
        return self._choose(lambda: self._even(options, self._fits))

    def perhaps(self, options: Sequence[Any]) -> Any:
        return self._choose(lambda: self._even(options, lambda _: True))

    def says(self, english: str, french: str) -> None:
        for word, text in zip((english, french), self.texts, strict=True):
            if text is not None and plain(word.split()) not in text:
                raise Dead

    def chance(self, share: float) -> bool:
        both = (True, share, self.used), (False, 1 - share, self.used)
        return self._choose(lambda: [each for each in both if each[1] > 0])

    def unused(self, options: Sequence[Any]) -> Any:
        senses = [sense(option) for option in options]
        possible = frozenset(senses)

        def choices() -> list[Choice]:
            left: dict[frozenset, list[Choice]] = {}
            found: dict[Any, dict[frozenset, float]] = {}
            for used, share in self.used.sets.items():
                gone = used & possible
                if gone not in left:
                    both = zip(options, senses, strict=True)
                    free = [o for o, each in both if each not in gone]
                    left[gone] = self._even(free or [None], self._fits)
                for option, chance, _ in left[gone]:
                    found.setdefault(option, {})[used] = share * chance
            return [
                (option, sum(sets.values()), Used.of(sets))
                for option, sets in found.items()
            ]

        return self._choose(choices)

    def use(self, word: str) -> None:
        self.used = self.used.and_(sense(word))

    def part(self, function: Callable, *args: Any, **options: Any) -> Any:
        return self._choose(
            lambda: self._results(function, args, options, self.used)
        )

    def unsure(self, function: Callable, *args: Any, **options: Any) -> Any:
        if not self.saying:
            return function(self, *args, **options)

        def choices() -> list[Choice]:
            said = self._results(function, args, options, self.used)
            self.saying = False
            [(_, weight, used)] = self._results(
                function, args, options, self.used
            )
            self.saying = True
            return [*said, (Nominal(DROPPED, 2, 0), weight, used)]

        what = self._choose(choices)
        self.unsures.append(what.piece)
        return what

    # How it is done

    def _choose(self, choices: Callable[[], list[Choice]]) -> Any:
        if self.depth == len(self.path):
            found = choices()
            if not found:
                raise Dead
            self.path.append([0, found])
        at, found = self.path[self.depth]
        self.depth += 1
        what, share, self.used = found[at]
        self.weight *= share
        return what

    def _even(
        self, options: Sequence[Any], fits: Callable[[Any], bool]
    ) -> list[Choice]:
        counts = Counter(options)
        return [
            (option, count / len(options), self.used)
            for option, count in counts.items()
            if fits(option)
        ]

    def _fits(self, option: Any) -> bool:
        """Whether what is drawn may be said."""
        if not self.saying:
            return True
        if isinstance(option, tuple):
            return not any(
                each in self.unsaid for each in option if isinstance(each, str)
            )
        return option not in self.unsaid

    def _results(
        self, function: Callable, args: tuple, options: dict, used: Used
    ) -> list[Choice]:
        """All that a function can draw, each thing once."""
        memo = self.memo if self.saying else Guide.dropped
        key = function, self._key(args), self._key((*options.items(),)), used
        if key not in memo:
            found: dict[Any, tuple[Any, Counter]] = {}
            for what, weight, after in self._runs(
                function, args, options, used
            ):
                same = self._key(what) if self.saying else None
                _, sets = found.setdefault(same, (what, Counter()))
                for each, share in after.sets.items():
                    sets[each] += weight * share
            memo[key] = [
                (what, sum(sets.values()), Used.of(sets))
                for what, sets in found.values()
            ]
        return memo[key]

    def _runs(
        self, function: Callable, args: tuple, options: dict, used: Used
    ) -> list[Choice]:
        before, found, path = vars(self).copy(), [], []
        while True:
            self.path, self.depth, self.unsures = path, 0, []
            self.weight, self.used = 1.0, used
            try:
                what = function(self, *args, **options)
                if not self.saying or self._stands(what):
                    found.append((what, self.weight, self.used))
            except Dead:
                pass
            while path and path[-1][0] + 1 == len(path[-1][1]):
                path.pop()
            if not path:
                break
            path[-1][0] += 1
        vars(self).update(before)
        return found

    def _stands(self, what: Any) -> bool:
        """Whether a part stands in the sentence, with all that it said."""
        if isinstance(what, Nominal):
            what = what.piece
        if not isinstance(what, Piece):
            return True
        for piece in self.unsures:
            said = any(word is piece.english[0] for word in what.english)
            if said == (piece is DROPPED):
                return False
        return all(
            text is None or plain([word for word, _ in side]) in text
            for side, text in zip(what[:2], self.texts, strict=True)
            if side
        )

    def _key(self, what: Any) -> Any:
        """What tells things apart, in the languages that are judged."""
        if isinstance(what, Nominal):
            return self._key(what.piece), *what[1:]
        if isinstance(what, Piece):
            english, french = (
                tuple([word for word, _ in side]) for side in what[:2]
            )
            if self.texts[0] is None:
                return len(english), english[:1] == ("no",), french
            return english if self.texts[1] is None else (english, french)
        if isinstance(what, tuple | list):
            return tuple(map(self._key, what))
        return what


def plain(sentence: Iterable[str]) -> str:
    """The text without elision and contraction, and with one gender.

    >>> plain(["l'", "école", "du", "garçon"])
    ' le école de le garçon '
    """
    apart = " ".join(APART.get(word, word) for word in sentence).split()
    return f" {' '.join(WHOLE.get(word, word) for word in apart)} "


def unsaid(texts: Sequence[str | None]) -> set[str]:
    """The words of the lexicon that are in no form in the sentence."""
    found = set()
    for text, lexicon in zip(texts, forms(), strict=True):
        if text is not None:
            there = {*text.split()}
            found |= {w for w, each in lexicon.items() if not each & there}
    return found


@functools.cache
def forms() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """What a word that the grammar draws may become, in each language."""
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
        yield (
            word,
            verb.english,
            (*verb.present, verb.infinitive, *future, *past),
        )
    for word, each in DETERMINERS.items():
        yield word, (word, "these" if word == "this" else ""), (*each, "de")
    for word, french in (NUMBERS | ADVERBS).items():
        yield word, (word,), (french,)
    for word in NAMES:
        yield word, (word,), (word,)
    for word, (french, *_) in SUBJECTS.items():
        if word not in {"it", "who"}:
            yield word, (word,), (french, "elles")
    for word, (moved, alone, _) in OBJECTS.items():
        yield word, (word,), (moved, alone)
    yield "not", ("not",), ("pas",)
    yield "never", ("never",), ("jamais",)


def main() -> None:
    """Judge the sentence of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("english", nargs="?")
    parser.add_argument("--french")
    options = parser.parse_args()
    sides = [
        None if side is None else side.split()
        for side in (options.english, options.french)
    ]
    for name, share in constructions(*sides).items():
        print(f"{name}: {share:.2e}")


if __name__ == "__main__":
    main()
