"""English and French from a small grammar: a corpus that needs no network.

`load()` returns some 30,000 pairs of sentences for training and 4,000 for
testing, made of about 240 English and 400 French words, each pair with its
gold word alignment. Every English sentence has one translation. The words of
a sentence are in small letters, and punctuation marks are words. So are `'s`,
`o'clock`, `aujourd'hui`, `est-ce` and what is elided, with its apostrophe
(`l'`, `qu'`). `tokenize` and `detokenize` lead from text to such words and
back.

The split `combinations` holds sentences with a combination that training
never shows, though it shows the parts often. Their `construction` names the
family: "adjective noun"; "owner" (`the girl 's book`); "negated pronoun", a
verb with an object pronoun and a negation (`does not buy it`); "adverb verb".

The sentences come from a grammar in the repository, `tools/phrasebook/`. Its
README says how it settles what English leaves open ("you" is one man), and
how it decides the alignment.
"""

import functools
import hashlib
import json
import lzma
from collections.abc import Iterable, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from d2lattn.corpora import words

#: Written by `tools/phrasebook/make.py`; the hash is that of the JSON in it.
FILE = Path(__file__).with_name("phrasebook.json.xz")
SHA256 = "dd2a0baf9b33186d263908889f5008929c7f1e42ffd886bfc7cc40a262dfd184"

# What the phrasebook never shortens
SHORT = {"n't": "not", "'m": "am", "'re": "are", "'ll": "will", "wo": "will"}
CAPITALS = {"i": "I"} | {
    name: name.capitalize() for name in ("paul", "louis", "marie", "anne")
}


class Phrase(NamedTuple):
    """A sentence, its translation, and which words translate which.

    `src` is English and `tgt` French. `alignment` holds pairs (position in
    `src`, position in `tgt`), sorted. `construction` names what the sentence
    is an example of.

    >>> src, tgt, alignment, construction = load().train[3146]
    >>> " ".join(src), " ".join(tgt), construction
    ('she did not leave .', "elle n' est pas partie .", 'negations')
    >>> alignment
    ((0, 0), (1, 2), (2, 1), (2, 3), (3, 4), (4, 5))
    """

    src: tuple[str, ...]
    tgt: tuple[str, ...]
    alignment: tuple[tuple[int, int], ...]
    construction: str


class Phrasebook(NamedTuple):
    """The four splits; no sentence of either language is in two of them."""

    train: tuple[Phrase, ...]
    valid: tuple[Phrase, ...]
    test: tuple[Phrase, ...]
    combinations: tuple[Phrase, ...]


class Lexicon(NamedTuple):
    """The forms of words, each entry under its English word.

    Nouns have their English forms; adjectives and determiners their French
    ones, before anything is elided or contracted.

    >>> nouns, adjectives, determiners = lexicon()
    >>> nouns["man"], nouns["milk"], determiners["my"]
    (('man', 'men'), ('milk',), ('mon', 'ma', 'mes'))
    >>> adjectives["old"]
    ('vieux', 'vieille', 'vieux', 'vieilles', 'vieil')
    """

    nouns: dict[str, tuple[str, ...]]
    adjectives: dict[str, tuple[str, ...]]
    determiners: dict[str, tuple[str, ...]]


@functools.cache
def load() -> Phrasebook:
    """Read the phrasebook, once: later calls return the same one.

    Raises `ValueError` where its file is missing or damaged.
    """
    return _unpack(_read())


def lexicon() -> Lexicon:
    """Read the forms of nouns, adjectives and determiners.

    Raises `ValueError` where the phrasebook's file is missing or damaged.
    """
    tables = _read()["lexicon"].values()
    return Lexicon(
        *({word: tuple(each[word]) for word in each} for each in tables)
    )


def tokenize(text: str) -> tuple[str, ...]:
    """Split a text into words as the phrasebook has them.

    The words are those of `d2lattn.corpora.words`, except that "est-ce" is
    one word and "don't" becomes "do not".

    >>> tokenize("Est-ce que l’enfant n'a pas mangé ?")
    ('est-ce', 'que', "l'", 'enfant', "n'", 'a', 'pas', 'mangé', '?')
    >>> tokenize("I don't see Paul's cat.")
    ('i', 'do', 'not', 'see', 'paul', "'s", 'cat', '.')
    """
    whole = [SHORT.get(word, word) for word in words.tokenize(text)]
    return tuple(" ".join(whole).replace("est -ce", "est-ce").split())


def detokenize(phrase: Iterable[str], language: str = "fr") -> str:
    r"""Write words as a person would, with capitals and apostrophes.

    The languages, "fr" and "en", differ before a question mark, where French
    has a space that does not break.

    Raises `ValueError` where `phrase` is a string, or the language neither.

    >>> detokenize(["qu'", "est-ce", "que", "paul", "mange", "?"])
    "Qu'est-ce que Paul mange\xa0?"
    >>> detokenize(["did", "i", "see", "paul", "'s", "cat", "?"], "en")
    "Did I see Paul's cat?"
    """
    if isinstance(phrase, str):  # and not a list of letters
        raise ValueError(f"phrase must be a list of words, not {phrase!r}")
    capitals = [CAPITALS.get(word, word) for word in phrase]
    text = words.detokenize(capitals, language).replace(" ?", "\u00a0?")
    return text[:1].upper() + text[1:]


def _read() -> dict[str, Any]:
    """Return what is in the file, once it is known to be the right one."""
    content = b""
    try:
        content = lzma.decompress(FILE.read_bytes())
        found = hashlib.sha256(content).hexdigest()
    except (OSError, lzma.LZMAError) as error:
        found = error
    if found != SHA256:
        raise ValueError(
            f"{FILE} must hold the phrasebook with the SHA-256 {SHA256}, but "
            f"gives {found}. Install d2lattn again."
        )
    return json.loads(content)


def _unpack(content: dict[str, Any]) -> Phrasebook:
    """Put sentences together from the tables that the file refers to."""
    word, link = table(content["words"]), table(map(tuple, content["links"]))
    names, aligned = content["constructions"], []
    for text in content["alignments"]:
        alignment = tuple(map(link.__getitem__, text))
        src, tgt = places(alignment)
        aligned.append((alignment, itemgetter(*src), itemgetter(*tgt)))
    splits = []
    for split in Phrasebook._fields:
        phrases = []
        for text, number, name in zip(*content[split], strict=True):
            both = [*map(word.__getitem__, text)]
            alignment, src, tgt = aligned[number]
            phrases.append(
                Phrase(src(both), tgt(both), alignment, names[name])
            )
        splits.append(tuple(phrases))
    return Phrasebook(*splits)


def table(things: Iterable[Any]) -> dict[str, Any]:
    """Map the characters of the file to the things that they stand for."""
    return {chr(0x100 + n): thing for n, thing in enumerate(things)}


def places(alignment: Sequence[tuple[int, int]]) -> tuple[list[int], ...]:
    """Return where the words of both languages stand when they are one text.

    A French word follows the first English word that it is linked to. There
    it is easy to guess, which keeps the compressed file small.

    >>> places([(0, 0), (1, 2), (2, 1)])  # the le black noir cat chat
    ([0, 2, 4], [1, 5, 3])
    """
    src, tgt = [], {}
    for i, j in alignment:
        if i == len(src):
            src.append(len(src) + len(tgt))
        if j not in tgt:
            tgt[j] = len(src) + len(tgt)
    return src, [tgt[j] for j in range(len(tgt))]
