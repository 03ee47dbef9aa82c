"""Words of the phrasebook become text that a person would write, and back."""

from collections.abc import Iterable

from d2lattn.corpora import words
from d2lattn.corpora.phrasebook.lexicon import NAMES

__all__ = ["detokenize", "tokenize"]

# What the phrasebook never shortens
SHORT = {"n't": "not", "'m": "am", "'re": "are", "'ll": "will", "wo": "will"}
CAPITALS = {name: name.capitalize() for name in NAMES} | {"i": "I"}


def tokenize(text: str) -> tuple[str, ...]:
    """Split a text into words as the phrasebook has them.

    They are those of `d2lattn.corpora.words`, except that "est-ce" is one
    and that "don't" becomes "do not".

    >>> tokenize("Est-ce que l’enfant n'a pas mangé ?")
    ('est-ce', 'que', "l'", 'enfant', "n'", 'a', 'pas', 'mangé', '?')
    >>> tokenize("I don't see Paul's cat.")
    ('i', 'do', 'not', 'see', 'paul', "'s", 'cat', '.')
    """
    said = [SHORT.get(word, word) for word in words.tokenize(text)]
    return tuple(" ".join(said).replace("est -ce", "est-ce").split())


def detokenize(phrase: Iterable[str], language: str = "fr") -> str:
    r"""Write words as a person would, with capitals and apostrophes.

    The languages, "fr" and "en", differ before a question mark, where French
    has a space that does not break.

    Raises `ValueError` where `phrase` is a string, or the language another.

    >>> detokenize(["qu'", "est-ce", "que", "paul", "mange", "?"])
    "Qu'est-ce que Paul mange\xa0?"
    >>> detokenize(["did", "i", "see", "paul", "'s", "cat", "?"], "en")
    "Did I see Paul's cat?"
    """
    if isinstance(phrase, str):
        raise ValueError(
            f"phrase must be a list of words, but is the string {phrase!r}"
        )
    said = [CAPITALS.get(word, word) for word in phrase]
    text = words.detokenize(said, language).replace(" ?", "\u00a0?")
    return text[:1].upper() + text[1:]
