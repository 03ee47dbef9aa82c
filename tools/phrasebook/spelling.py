"""How a word is spelt next to another: elision and contraction."""

from collections.abc import Sequence

#: A word and the ideas it expresses; an idea is an object of its own.
Word = tuple[str, tuple[object, ...]]

# Every h of the lexicon is mute, so that it counts as a vowel.
OPEN = tuple("aeiouyhàâéèêëîïôœûü")

BEFORE_OPEN = {
    "le": "l'",
    "la": "l'",
    "je": "j'",
    "me": "m'",
    "te": "t'",
    "ne": "n'",
    "de": "d'",
    "que": "qu'",
    "ce": "cet",
    "ma": "mon",
    "ta": "ton",
    "sa": "son",
}
MERGED = {
    ("à", "le"): "au",
    ("à", "les"): "aux",
    ("de", "le"): "du",
    ("de", "les"): "des",
}


def sounds_open(word: str) -> bool:
    """Whether a French word begins with a vowel to the ear.

    >>> sounds_open("hôtel"), sounds_open("maison")
    (True, False)
    """
    return word.startswith(OPEN)


def spell_french(words: Sequence[Word]) -> list[Word]:
    """Elide and contract; words are pairs (text, ideas).

    A contraction expresses the ideas of both its words.

    >>> [word for word, _ in spell_french([("à", ("to",)), ("le", ("the",))])]
    ['au']
    >>> spell_french([("si", ()), ("il", ()), ("ne", ()), ("aime", ())])
    [("s'", ()), ('il', ()), ("n'", ()), ('aime', ())]
    """
    spelt: list[Word] = [("", ())]  # from the last word to the first
    for text, ideas in reversed(words):
        after, its_ideas = spelt[-1]
        if (text, after) in MERGED:
            spelt[-1] = MERGED[text, after], ideas + its_ideas
        elif text in BEFORE_OPEN and sounds_open(after):
            spelt.append((BEFORE_OPEN[text], ideas))
        elif text == "si" and after in {"il", "ils"}:
            spelt.append(("s'", ideas))
        else:
            spelt.append((text, ideas))
    return spelt[:0:-1]


def spell_english(words: Sequence[Word]) -> list[Word]:
    """Write "an" before a vowel; words are pairs (text, ideas).

    >>> spell_english([("a", ()), ("egg", ())])
    [('an', ()), ('egg', ())]
    """
    spelt = list(words)
    for i in range(len(spelt) - 1):
        if spelt[i][0] == "a" and spelt[i + 1][0].startswith(tuple("aeiou")):
            spelt[i] = ("an", spelt[i][1])
    return spelt
