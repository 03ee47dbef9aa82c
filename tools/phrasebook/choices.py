"""Whom and what to speak of: random words that make sense together."""

from collections.abc import Sequence
from typing import Any

from drawing import Draw, part
from lexicon import (
    ADJECTIVES,
    FEELINGS,
    HUMAN,
    NAMES,
    NOUNS,
    NUMBERS,
)
from nominals import (
    Nominal,
    both,
    name,
    noun_phrase,
    pronoun,
)
from sense import (
    ANIMALS,
    COLOURS,
    MASS,
    PEOPLE,
)

WHOSE = ("my", "your", "his", "her", "our", "their")
# What stands before a noun when one knows which is meant; nouns of other kinds
# take any of these.
ANY_KNOWN = ("the", "the", "the", "the", "this", "this", *WHOSE)
KNOWN = {
    "adult": ("the", "the", "this"),
    "youth": ("the", "the", "this"),
    "kin": WHOSE,
    "public": ("the", "the", "this"),
    "tree": ("the", "this"),
}
OWNED = ("kin", "animal", "thing", "food", "furniture", "home")
# A feeling is said less often than a lasting quality.
DRAWN = {
    noun: [
        word
        for word in NOUNS[noun].adjectives
        for _ in range(1 if word in FEELINGS else 3)
    ]
    for noun in NOUNS
}
# Those of them that French says on this side of the noun
BESIDE = {
    (noun, side): [w for w in DRAWN[noun] if ADJECTIVES[w].before == side]
    for noun in NOUNS
    for side in (True, False)
}


@part
def adjectives(draw: Draw, noun: str, share: float = 0.4) -> tuple[str, ...]:
    """None, one or two, in the order in which English says them."""
    first = draw.fresh(DRAWN[noun]) if draw.chance(share) else ""
    if not first or draw.chance(0.5):
        return (first,) if first else ()
    before = ADJECTIVES[first].before
    others = BESIDE[noun, not before]
    second = draw.fresh(others) if others else ""
    if not second:
        return (first,)
    first, second = (first, second) if before else (second, first)
    return (first, second) if second in COLOURS else (second, first)


@part
def known(
    draw: Draw,
    nouns: Sequence[str],
    *,
    plural: float = 0.35,
    share: float = 0.4,
    owner: float = 0.1,
    determiner: str = "",
) -> Nominal:
    """Something that one knows: the, this or my cat, or paul 's.

    `plural` is the share of nouns in the plural, where they have one, `share`
    that of nouns with an adjective, and `owner` that of nouns with an owner,
    where they may have one.
    """
    noun = draw.noun(nouns)
    kind = NOUNS[noun].kind
    several = bool(NOUNS[noun].english[1]) and draw.chance(plural)
    described = adjectives(draw, noun, share)
    if kind in OWNED and not determiner and draw.chance(owner):
        whose = person(draw, plural=0.0, share=0.0, owner=0.0)
        return noun_phrase(noun, "", described, plural=several, owner=whose)
    determiner = determiner or draw(KNOWN.get(kind, ANY_KNOWN))
    return noun_phrase(noun, determiner, described, plural=several)


@part
def person(draw: Draw, *, names: float = 0.25, **options: Any) -> Nominal:
    """A person whom one knows, perhaps by name; women as often as men."""
    if draw.chance(names):
        return name(draw.noun(tuple(NAMES)))
    return known(draw, (*PEOPLE, "woman", "girl", "sister"), **options)


# How many there may be: two, three, four; up to ten; or up to thirty
FEW, SEVERAL, MANY = (tuple(NUMBERS)[:end] for end in (3, 6, None))
COUNTS = {"kin": FEW} | dict.fromkeys(
    ("adult", "expert", "animal", "furniture", "home", "tree"), SEVERAL
)


@part
def new(draw: Draw, nouns: Sequence[str], *, several: float = 0.5) -> Nominal:
    """Something not spoken of before: a cat, some milk, three trees."""
    return new_one(draw, draw.noun(nouns), several=several)


@part
def new_one(draw: Draw, noun: str, *, several: float = 0.5) -> Nominal:
    """The same, of a noun that is drawn already."""
    described = adjectives(draw, noun)
    if noun in MASS:
        return noun_phrase(noun, "some", described)
    if not NOUNS[noun].english[1] or not draw.chance(several):
        return noun_phrase(noun, "a", described)
    counts = COUNTS.get(NOUNS[noun].kind, MANY)
    determiner = draw(("some", "many", *counts, *counts))
    return noun_phrase(noun, determiner, described, plural=True)


@part
def denied(draw: Draw, noun: str, *, habit: bool) -> Nominal:
    """An object after a negation: a cat, any milk, or milk, for a habit."""
    described = adjectives(draw, noun, 0.3)
    several = bool(NOUNS[noun].english[1])
    one = not several or (not habit and draw.chance(0.6))
    if noun not in MASS and one:
        return noun_phrase(noun, "a", described, denied=True)
    word = "" if habit else "any"
    return noun_phrase(noun, word, described, plural=several, denied=True)


@part
def usual(draw: Draw, nouns: Sequence[str]) -> Nominal:
    """What people eat or buy as a habit: milk, apples."""
    noun = draw.noun(nouns)
    several = bool(NOUNS[noun].english[1])
    return noun_phrase(noun, "", adjectives(draw, noun, 0.3), plural=several)


@part
def something(
    draw: Draw, nouns: Sequence[str], adverb: str = "", *, habit: bool = False
) -> Nominal:
    """An object, as it fits a negation, and a habit."""
    noun, negated = draw.noun(nouns), adverb in {"not", "never"}
    kind = NOUNS[noun].kind
    sure = kind in {"kin", "public"} or (negated and kind in HUMAN)
    if sure or draw.chance(0.5):
        return known(draw, [noun])
    return denied(draw, noun, habit=habit) if negated else new(draw, [noun])


SPEAKERS = ("i", "i", "you", "you", "he", "she", "we", "we", "they")


@part
def subject(
    draw: Draw,
    *,
    animals: float = 0.15,
    share: float = 0.4,
    without: Sequence[str] = (),
) -> Nominal:
    """A subject: a pronoun, a person, two people, an animal."""
    if draw.chance(0.5):
        return pronoun(draw([p for p in SPEAKERS if p not in without]))
    if draw.chance(animals):
        return known(draw, ANIMALS, share=share)
    if draw.chance(0.1):
        return both(person(draw, share=0.2), person(draw, share=0.2))
    return person(draw, share=share)
