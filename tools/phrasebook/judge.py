"""Could the grammar have made this sentence, and with which probability?

    python tools/phrasebook/judge.py "the cat is sleeping in the garden ."
    python tools/phrasebook/judge.py --french "le chat dort dans le jardin ."

prints the constructions that make the sentence. The grammar's own programs
run with a draw that tries all choices in turn, and adds up the probabilities
of those that make it. A choice is given up as soon as it would say what the
sentence does not: a word of the lexicon that is not there, or a part whose
words do not stand side by side.
"""

import argparse
import functools
from collections.abc import Iterator, Sequence

from corpus import CONSTRUCTIONS, acceptable
from drawing import Draw
from guide import Guide
from questions import QUESTIONS
from spelling import spell_english
from wanted import Wanted

TOTAL = sum(number for _, number in CONSTRUCTIONS.values())
TRIALS = 1000  # drawn of each construction, to see how many are acceptable


def probability(
    english: Sequence[str] | None = None, french: Sequence[str] | None = None
) -> float:
    """The probability of a sentence, or of a sentence and its translation.

    It is that of drawing a construction, as often as the corpus has it, and
    then this sentence. It is zero where the grammar cannot make the sentence.

    Raises `ValueError` where no sentence is given, or it is no list of words.

    >>> f"{probability('he is tired .'.split()):.1e}"
    '2.5e-05'
    >>> probability("he is tired .".split(), "elle est fatiguée .".split())
    0
    """
    return sum(constructions(english, french).values())


def constructions(
    english: Sequence[str] | None = None, french: Sequence[str] | None = None
) -> dict[str, float]:
    """The constructions that make a sentence, each with its probability."""
    return {
        name: share * CONSTRUCTIONS[name][1] / TOTAL / acceptance(name)
        for name, share in _shares(english, french)
    }


def possible(
    english: Sequence[str] | None = None, french: Sequence[str] | None = None
) -> bool:
    """Whether the grammar can make a sentence, or a pair.

    >>> possible("the old cat sleeps .".split())
    True
    """
    return any(True for _ in _shares(english, french))


def _shares(
    english: Sequence[str] | None, french: Sequence[str] | None
) -> Iterator[tuple[str, float]]:
    """The share of each construction's draws that make a sentence, if any."""
    check_words(english=english, french=french)
    wanted = Wanted(english, french)
    guide = Guide(wanted)
    for name, (construct, _) in CONSTRUCTIONS.items():
        mark = "?" if construct in QUESTIONS else "."
        if not wanted.says(mark, mark):
            continue
        share = sum(
            share
            for piece, share, _ in guide.results(construct)
            if wanted.is_all_of(piece) and acceptable(words_of(piece))
        )
        if share:
            yield name, share


def check_words(**sides: object) -> None:
    """Raise a `ValueError` unless a side is given, and none is a string."""
    if all(words is None for words in sides.values()):
        raise ValueError("english or french must be words, but both are None")
    for name, words in sides.items():
        if isinstance(words, str):
            raise ValueError(
                f"{name} must be a list of words, but is the string {words!r}"
            )


def words_of(piece) -> list[str]:
    """The English words of a piece, as they are spelt."""
    return [word for word, _ in spell_english(piece.english)]


@functools.cache
def acceptance(name: str) -> float:
    """The share of a construction's sentences that the corpus would take.

    It is estimated, with a standard error of at most 0.01.
    """
    draw, (construct, _) = Draw(f"judge: {name}"), CONSTRUCTIONS[name]
    taken = 0
    for _ in range(TRIALS):
        draw.start()
        taken += acceptable(words_of(construct(draw)))
    return taken / TRIALS


def main() -> None:
    """Judge the sentence of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("english", nargs="?", help="words between spaces")
    parser.add_argument("--french")
    options = parser.parse_args()
    sides = (options.english, options.french)
    if sides == (None, None):
        parser.error("give a sentence: in English, or after --french")
    found = constructions(*(side and side.split() for side in sides))
    print(*(f"{name}: {p:.2e}" for name, p in found.items()), sep="\n")
    print(f"together: {sum(found.values()):.2e}")


if __name__ == "__main__":
    main()
