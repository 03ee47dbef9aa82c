"""Pieces of a sentence in both languages, and how they are put together.

A word carries the ideas it expresses, and two words are linked when they share
an idea. So the alignment of a sentence follows from its pieces, wherever the
words end up.
"""

from collections.abc import Sequence
from typing import NamedTuple

from spelling import Word, spell_english, spell_french

from d2lattn.corpora.phrasebook import Phrase


class Piece(NamedTuple):
    """Some words of an English sentence, and their French.

    `families` names the combinations in it that are kept out of training.
    """

    english: tuple[Word, ...] = ()
    french: tuple[Word, ...] = ()
    families: tuple[str, ...] = ()


def words(text: str, *ideas: object) -> tuple[Word, ...]:
    """Split at spaces; each word expresses all these ideas."""
    if " " in text:
        return tuple([(word, ideas) for word in text.split()])
    return ((text, ideas),) if text else ()


def pair(english: str, french: str) -> Piece:
    """Link every word of one side with every word of the other.

    >>> finish(pair("going to", "va"), "example").alignment
    ((0, 0), (1, 0))
    """
    idea = object()
    return Piece(words(english, idea), words(french, idea))


def arrange(english: Sequence[Piece], french: Sequence[Piece]) -> Piece:
    """Say pieces in one order in English and in another in French.

    A piece may have no words in one of the languages.

    >>> black, cat = pair("black", "noir"), pair("cat", "chat")
    >>> finish(arrange([black, cat], [cat, black]), "example").alignment
    ((0, 1), (1, 0))
    """
    return Piece(
        sum([piece.english for piece in english], ()),
        sum([piece.french for piece in french], ()),
        sum([piece.families for piece in english], ()),
    )


def say(*pieces: Piece) -> Piece:
    """Say pieces in the same order in both languages."""
    return arrange(pieces, pieces)


def finish(piece: Piece, construction: str) -> Phrase:
    """Spell both sides, and read the alignment off the ideas.

    >>> tree = arrange([pair("a", "un"), pair("old", "vieil"),
    ...                 pair("tree", "arbre")], [])
    >>> finish(tree, "example").src
    ('an', 'old', 'tree')
    """
    src = spell_english(piece.english)
    tgt = spell_french(piece.french)
    places = {}
    for i, (_, ideas) in enumerate(src):
        for idea in ideas:
            if idea in places:
                places[idea].append(i)
            else:
                places[idea] = [i]
    links = set()
    for j, (_, ideas) in enumerate(tgt):
        for idea in ideas:
            for i in places.get(idea, ()):
                links.add((i, j))
    return Phrase(
        tuple([word for word, _ in src]),
        tuple([word for word, _ in tgt]),
        tuple(sorted(links)),
        construction,
    )
