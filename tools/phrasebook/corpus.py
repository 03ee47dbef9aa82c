"""The corpus: sentences of every construction, each in one split."""

import hashlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from compounds import COMPOUNDS
from drawing import Draw
from lexicon import ADJECTIVES
from pieces import Piece, finish
from questions import QUESTIONS
from sense import SENSE
from statements import STATEMENTS

from d2lattn.corpora.phrasebook import Phrase, Phrasebook

#: Each construction by its name, and how many sentences are drawn of it.
#: Those of several clauses can say more.
CONSTRUCTIONS: dict[str, tuple[Callable[[Draw], Piece], int]] = {
    draw.__name__.replace("_", " "): (draw, number)
    for draws, number in (
        (STATEMENTS, 1200),
        (QUESTIONS, 1200),
        (COMPOUNDS, 2000),
    )
    for draw in draws
}
LONGEST = 25
MOST = 400  # combinations of a family


def compose() -> Phrasebook:
    """Draw the whole phrasebook: the same on every machine, in two seconds."""
    splits = {name: [] for name in Phrasebook._fields}
    seen, families = set(), Counter()
    for name, (_, number) in CONSTRUCTIONS.items():
        stream = sentences(name)
        while number:
            phrase, held = next(stream)
            if phrase.src in seen:
                continue
            seen.add(phrase.src)
            number -= 1
            if not held:
                splits[split(phrase)].append(phrase)
            elif len(held) == 1 and families[held] < MOST:
                families[held] += 1
                phrase = phrase._replace(construction=held[0])
                splits["combinations"].append(phrase)
    return Phrasebook(*map(tuple, splits.values()))


def sentences(
    name: str, seed: str = "phrasebook"
) -> Iterator[tuple[Phrase, tuple[str, ...]]]:
    """Draw sentences of a construction, without end.

    Each comes with the families of combinations that it holds. A sentence may
    come twice. One that is too long, or repeats an adjective or uses its
    opposite, is skipped.

    >>> phrase, families = next(sentences("when questions"))
    >>> phrase.src[0], phrase.tgt[:2]
    ('when', ('quand', 'est-ce'))
    """
    draw, (construct, _) = Draw(f"{seed}: {name}"), CONSTRUCTIONS[name]
    while True:
        draw.start()
        piece = construct(draw)
        phrase = finish(piece, name)
        if acceptable(phrase.src):
            yield phrase, piece.families


def acceptable(src: Sequence[str]) -> bool:
    """Whether English is short enough, and repeats no adjective.

    An adjective and its opposite are the same here.

    >>> acceptable("the sad boy is happy .".split())
    False
    """
    qualities = [
        SENSE.get(word, word)
        for before, word in itertools.pairwise(("", *src))
        if word in ADJECTIVES and before != "years"
    ]
    return len(src) <= LONGEST and len({*qualities}) == len(qualities)


def split(phrase: Phrase) -> str:
    """The split of a sentence: train, valid or test.

    Only the French words decide, so that sentences with the same translation
    stay together.
    """
    text = " ".join(phrase.tgt).encode()
    digest = hashlib.blake2b(text, digest_size=4).digest()
    share = int.from_bytes(digest, "big") / 2**32
    return "valid" if share < 0.032 else "test" if share < 0.08 else "train"
