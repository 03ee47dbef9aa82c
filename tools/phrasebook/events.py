"""Clauses that make sense: what people do, are or feel, where and when."""

from collections.abc import Sequence

from choices import (
    adjectives,
    known,
    new_one,
    person,
    something,
)
from clauses import clause, there_is
from drawing import Draw, part
from lexicon import FEELINGS, NOUNS, NUMBERS
from nominals import (
    Nominal,
    adjective,
    noun_phrase,
    prepositional,
)
from pieces import Piece, pair, say
from sense import (
    ACTIONS,
    ALONE,
    ANIMALS,
    COLOURS,
    DIET,
    OBJECTS,
    PEOPLE,
    PLACES,
    SAID,
    SAID_OF_ANYBODY,
    SEEN,
    STRANGERS,
    TIMES,
    UNFIT,
    WHEN,
    of_kinds,
    whereabouts,
)


def kind(who: Nominal) -> str:
    """Whether somebody is a "person" or an "animal"."""
    return "animal" if who.noun in ANIMALS else "person"


@part
def place(draw: Draw, key: str) -> Piece:
    """A place from a list in `PLACES`: "in the garden"."""
    preposition, noun = draw.unused(PLACES[key]) or draw(PLACES[key])
    determiner = "the" if preposition in {"at", "to"} else ""
    where = known(draw, [noun], plural=0.0, share=0.3, determiner=determiner)
    return prepositional(preposition, where)


@part
def time(draw: Draw, tense: str) -> Piece:
    """A time that fits the tense: "tomorrow", "at six o'clock"."""
    if tense in {"past", "future", "going"} and draw.chance(0.3):
        number = draw(tuple(NUMBERS)[:6])
        hour = pair("at", "à"), pair(number, NUMBERS[number])
        return say(*hour, pair("o'clock", "heures"))
    when = draw(TIMES[tense])
    return pair(when, WHEN[when])


def complements(
    draw: Draw,
    who: Nominal,
    verb: str,
    tense: str,
    adverb: str = "",
    *,
    places: bool = True,
    sure: bool = True,
) -> list[Piece]:
    """What a verb needs, and perhaps a place where that makes sense.

    Unless that is `sure`, the sentence may drop whom one speaks or gives to.
    """

    def to_somebody() -> Piece:
        who = person(draw) if sure else draw.unsure(person)
        return prepositional("to", who)

    if verb == "go" or (verb in {"arrive", "work"} and places):
        return [place(draw, verb)]
    if verb == "sleep" and places and draw.chance(0.8):
        pet = kind(who) == "animal"
        return [place(draw, whereabouts(who.noun) if pet else "sleep")]
    if verb in {"leave", "arrive", "work", "sleep"}:
        return []
    if verb == "speak":
        return [to_somebody()]
    nouns = OBJECTS[verb]
    if kind(who) == "animal":
        nouns = SEEN if verb == "see" else DIET[who.noun]
    habit = tense == "present" and verb in {"eat", "buy"}
    what = something(draw, nouns, adverb, habit=habit)
    rest = [what.piece]
    if verb == "give":
        rest.append(to_somebody())
    elif places and draw.chance(0.3) and whereabouts(what.noun) != "building":
        spot = verb if verb in {"eat", "buy"} else "person"
        pet = kind(who) == "animal"
        rest.append(place(draw, whereabouts(who.noun) if pet else spot))
    return rest


@part
def event(
    draw: Draw,
    who: Nominal,
    tense: str,
    adverb: str = "",
    *,
    verbs: Sequence[str] = (),
    question: bool = False,
    places: bool = True,
    extras: float = 0.35,
) -> Piece:
    """Something that a person or an animal does, did or will do.

    With probability `extras`, the clause says when.
    """
    verbs, unfit = verbs or ACTIONS[kind(who)], UNFIT.get(tense, ())
    verb = draw([verb for verb in verbs if verb not in unfit])
    rest = complements(draw, who, verb, tense, adverb, places=places)
    together = kind(who) == "person" and verb not in ALONE
    if together and draw.chance(0.15):
        rest.append(prepositional("with", person(draw)))
    found = (tense, verb) == ("present", "find")  # but not every day
    if tense in TIMES and not found and draw.chance(extras):
        rest.append(time(draw, tense))
    return clause(who, verb, tense, rest, adverb=adverb, question=question)


@part
def quality(
    draw: Draw,
    who: Nominal,
    options: Sequence[str] = (),
    *,
    passing: bool = False,
) -> Piece:
    """A quality of a person or a thing: "tired", "very tired".

    What is `passing` is a feeling: one was tired, and hardly tall.
    """
    fit = SAID.get(who.noun, SAID_OF_ANYBODY)
    if passing and (who.noun in PEOPLE or who.noun not in NOUNS):
        options = FEELINGS
    words = [word for word in options if word in fit] if options else fit
    word = draw.fresh(words) or draw(words)
    very = word not in COLOURS and draw.chance(0.3)
    return adjective(word, who, very=very)


@part
def need(draw: Draw) -> Piece:
    """What one is in English and has in French: "hungry", "faim"."""
    return pair(*draw((("hungry", "faim"), ("thirsty", "soif"))))


@part
def state(
    draw: Draw,
    who: Nominal,
    tense: str,
    adverb: str = "",
    *,
    question: bool = False,
    passing: bool = False,
) -> Piece:
    """How or where a person or a thing is: "is tired", "was here"."""
    if draw.chance(0.5):
        rest = [place(draw, whereabouts(who.noun))]
    else:
        passing = passing or tense == "past"
        rest = [quality(draw, who, passing=passing)]
    return clause(who, "be", tense, rest, adverb=adverb, question=question)


PRESENT = (*STRANGERS, *ANIMALS, *of_kinds("thing", "food", "mass", "drink"))


@part
def presence(draw: Draw, *, question: bool = False) -> Piece:
    """What there is somewhere: "there is no milk on the table"."""
    draw.says("there", "y")
    noun = draw.noun(PRESENT)
    what = draw.unsure(new_one, noun)
    if not question and draw.chance(0.2):
        several = bool(NOUNS[noun].english[1])
        words = adjectives(draw, noun, 0.3)
        what = noun_phrase(noun, "no", words, plural=several)
    where = place(draw, whereabouts(noun))
    return there_is(what, [where], question=question)
