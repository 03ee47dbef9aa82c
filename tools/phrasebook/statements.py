"""Statements of one clause: each function draws a sentence of its kind."""

from choices import (
    OWNED,
    adjectives,
    denied,
    known,
    new,
    person,
    subject,
    usual,
)
from clauses import clause
from drawing import Draw, part
from events import (
    complements,
    event,
    kind,
    need,
    place,
    presence,
    quality,
    state,
    time,
)
from lexicon import FEELINGS, NOUNS, NUMBERS
from nominals import (
    Nominal,
    comparison,
    dative_pronoun,
    noun_phrase,
    object_pronoun,
    prepositional,
)
from pieces import Piece, pair, say
from sense import (
    AGES,
    ANIMALS,
    COMPARED,
    DIET,
    FOOD,
    HABITS,
    OBJECTS,
    PEOPLE,
    SAID,
    STRANGERS,
    THINGS,
    of_kinds,
    whereabouts,
)

HAPPENING = ("present", "progressive", "past", "past", "future", "future")
MAYBE_NOT = ("", "", "not")


def stop(*pieces: Piece) -> Piece:
    """The pieces, and a full stop."""
    return say(*pieces, pair(".", "."))


def qualities(draw: Draw) -> Piece:
    """Draw "this old house is not beautiful ."."""
    if draw.chance(0.3):
        who = subject(draw)
    else:
        who = known(draw, tuple(NOUNS), share=0.3)
    tense = draw(("present", "present", "past"))
    rest = [quality(draw, who, passing=tense == "past")]
    return stop(clause(who, "be", tense, rest, adverb=draw(MAYBE_NOT)))


def positions(draw: Draw) -> Piece:
    """Draw "the hat was under the bed ."."""
    who = known(draw, THINGS) if draw.chance(0.65) else subject(draw)
    tense = draw(("present", "past"))
    rest = [place(draw, whereabouts(who.noun))]
    if draw.chance(0.15):
        rest.append(time(draw, "past" if tense == "past" else "progressive"))
    return stop(clause(who, "be", tense, rest, adverb=draw(MAYBE_NOT)))


def tenses(draw: Draw) -> Piece:
    """Draw "she is eating an apple .", "the boys will work at the hotel ."."""
    return stop(event(draw, subject(draw), draw(HAPPENING), extras=0.5))


def negations(draw: Draw) -> Piece:
    """Draw "the cat did not eat the cheese .", "he never sleeps ."."""
    who = subject(draw)
    if draw.chance(0.15) and kind(who) == "person":
        draw.says("not", "pas")
        rest = [denied(draw, draw.noun(OBJECTS["have"]), habit=False).piece]
        return stop(clause(who, "have", "present", rest, adverb="not"))
    if draw.chance(0.3):
        draw.says("never", "jamais")
        tense, verbs = (
            draw(("present", "future", "perfect")),
            HABITS[kind(who)],
        )
        return stop(event(draw, who, tense, "never", verbs=verbs, extras=0.0))
    draw.says("not", "pas")
    return stop(event(draw, who, draw(HAPPENING), "not"))


# Which objects would be the subject itself
SELF = {0: ("me", "us"), 1: ("you",), 3: ("me", "us")}


def someone(draw: Draw, who: Nominal) -> str:
    """An object pronoun for another person than the subject."""
    pronouns = "me", "you", "him", "her", "us", "them"
    return draw([p for p in pronouns if p not in SELF.get(who.person, ())])


def pronouns(draw: Draw) -> Piece:
    """Draw "i did not see him .", "they want to find us ."."""
    who, verb = subject(draw), draw(("see", "see", "find", "look", "love"))
    tenses = "present", "future", "past", "past", "going", "want"
    tense, adverb, rest = draw.perhaps(tenses), draw.perhaps(MAYBE_NOT), []
    if verb == "love":
        tense = "present"
    elif (tense, verb) == ("present", "find"):
        tense = "past"
    elif verb == "see" and draw.chance(0.3):
        tense, adverb = "perfect", draw(("often", "already", "never"))
    if verb != "love" and draw.chance(0.4):
        rest.append(place(draw, "person"))
    if verb != "love" and tense != "perfect" and draw.chance(0.3):
        rest.append(time(draw, tense))
    whom = object_pronoun(someone(draw, who))
    moved = {"clitic": whom.piece, "agree": whom}
    return stop(clause(who, verb, tense, rest, adverb=adverb, **moved))


def datives(draw: Draw) -> Piece:
    """Draw "my sister spoke to her .", "he gives the book to paul ."."""
    who, verb = subject(draw, animals=0.0), draw(("give", "give", "speak"))
    tense = draw(("present", "progressive", "future", "past", "past", "going"))
    adverb = draw(MAYBE_NOT)
    rest = complements(draw, who, verb, tense, adverb, sure=False)
    whom = None
    if draw.chance(0.6):
        whom = dative_pronoun(someone(draw, who), to=verb == "speak")
        rest = rest[:-1]
    if draw.chance(0.3):
        rest.append(time(draw, tense))
    return stop(clause(who, verb, tense, rest, adverb=adverb, clitic=whom))


def motions(draw: Draw) -> Piece:
    """Draw "anne went to the market with her brothers ."."""
    tense = draw(("past", "past", "past", "future", "progressive", "perfect"))
    adverb = "already" if tense == "perfect" else draw(MAYBE_NOT)
    who, verbs = (
        subject(draw, animals=0.0),
        ("go", "arrive", "arrive", "leave"),
    )
    return stop(event(draw, who, tense, adverb, verbs=verbs, extras=0.5))


SELDOM = (
    ("present", "often"),
    ("present", "always"),
    ("perfect", "often"),
    ("perfect", "already"),
)


def adverbs(draw: Draw) -> Piece:
    """Draw "she often sleeps in the garden .", "paul has already left ."."""
    who = subject(draw, share=0.2)
    if draw.chance(0.25):
        rest, adverb = (
            [quality(draw, who, FEELINGS)],
            draw(("often", "always")),
        )
        return stop(clause(who, "be", "present", rest, adverb=adverb))
    tense, adverb = draw(SELDOM)
    verb = draw.perhaps(HABITS[kind(who)])
    if adverb == "already" and kind(who) == "person" and draw.chance(0.3):
        verb = draw(("arrive", "leave"))
    if verb in {"eat", "buy"} and adverb != "already":
        rest = [usual(draw, DIET.get(who.noun, FOOD)).piece]
        pet = kind(who) == "animal"
        if draw.chance(0.5):
            rest.append(place(draw, whereabouts(who.noun) if pet else verb))
    elif verb == "see":
        rest = [known(draw, OBJECTS["see"]).piece]
    else:
        rest = complements(draw, who, verb, tense)
    return stop(clause(who, verb, tense, rest, adverb=adverb))


def infinitives(draw: Draw) -> Piece:
    """Draw "he is going to buy a car .", "we do not want to leave ."."""
    who, tense = subject(draw), draw(("going", "want"))
    return stop(event(draw, who, tense, draw(MAYBE_NOT)))


OWNABLE = of_kinds(*OWNED)


def owners(draw: Draw) -> Piece:
    """Draw "the boy 's dog was tired .", "i see marie 's hat ."."""
    draw.says("'s", "de")
    if draw.chance(0.5):
        who = known(draw, OWNABLE, owner=1.0, share=0.3)
        tense, adverb = draw(("present", "past")), draw(MAYBE_NOT)
        return stop(state(draw, who, tense, adverb))
    who, verb = (
        subject(draw, animals=0.0),
        draw(("see", "buy", "find", "look")),
    )
    tense = draw(("present", "past", "past", "future", "going", "want"))
    owned = [noun for noun in OWNABLE if noun in OBJECTS[verb]]
    rest = [known(draw, owned, owner=1.0).piece]
    if draw.chance(0.3):
        rest.append(time(draw, tense))
    return stop(clause(who, verb, tense, rest, adverb=draw(MAYBE_NOT)))


def numbers(draw: Draw) -> Piece:
    """Draw "there are three cats on the bed .", "she has ten books ."."""
    choice = draw(("there", "there", "have", "who"))
    if choice == "there":
        return stop(presence(draw))
    if choice == "have":
        rest = [new(draw, OBJECTS["have"], several=0.8).piece]
        return stop(
            clause(subject(draw, animals=0.0), "have", "present", rest)
        )
    who = new(draw, (*STRANGERS, *ANIMALS), several=1.0)
    return stop(event(draw, who, draw(HAPPENING), extras=0.2))


@part
def favourite(draw: Draw) -> Nominal:
    """What a person loves: "his sister", or a whole kind, "black cats"."""
    if draw.chance(0.4):
        return known(draw, OBJECTS["love"])
    noun = draw.noun((*ANIMALS, *FOOD, *of_kinds("thing", "drink")))
    several = bool(NOUNS[noun].english[1])
    described = adjectives(draw, noun, 0.3)
    return noun_phrase(noun, "all", described, plural=several)


def feelings(draw: Draw) -> Piece:
    """Draw "the cow is thirsty .", "anne is ten years old ."."""
    who, adverb = subject(draw, animals=0.3), draw.perhaps(MAYBE_NOT)
    choice = draw.perhaps(("need", "fear", "age", "love"))
    if choice == "love" and kind(who) == "person":
        rest = [favourite(draw).piece]
        return stop(clause(who, "love", "present", rest, adverb=adverb))
    if choice == "need":
        rest, adverb = [need(draw)], draw((adverb, "always", "often"))
    elif choice == "fear":
        feared = known(draw, (*ANIMALS, "doctor", "teacher"), share=0.2)
        rest = [pair("afraid", "peur"), prepositional("of", feared)]
    else:
        sort = NOUNS[who.noun].kind if who.noun in NOUNS else ""
        number = draw(AGES.get(sort, ("ten", "twenty", "thirty")))
        rest = [pair(number, NUMBERS[number]), pair("years old", "ans")]
    return stop(clause(who, "feel", "present", rest, adverb=adverb))


def comparisons(draw: Draw) -> Piece:
    """Draw "my car is older than paul 's car ."."""
    draw.says("than", "plus")
    nouns, words = draw((COMPARED[0], *COMPARED))
    word = draw(words)
    nouns = [noun for noun in nouns if word in SAID[noun]]
    if nouns[0] in COMPARED[-1][0]:  # one book and another
        noun, plural = draw(nouns), draw.chance(0.3)
        who = noun_phrase(noun, draw(("this", "my", "our")), plural=plural)
        same = {"plural": float(plural), "share": 0.0, "owner": 1.0}
        other = draw.unsure(known, [noun], **same)
        if draw.chance(0.5):
            whose = draw(("your", "his", "her", "their"))
            other = noun_phrase(noun, whose, plural=plural)
    else:
        who = draw.unsure(known, nouns, share=0.2)
        other = draw.unsure(known, nouns, share=0.2)
    if nouns[0] in PEOPLE and word != "beautiful":
        who = subject(draw, animals=0.0) if draw.chance(0.6) else who
        other = person(draw, names=1.0) if draw.chance(0.3) else other
    tense, adverb = draw(("present", "present", "past")), draw(MAYBE_NOT)
    rest = [comparison(word, who, other)]
    return stop(clause(who, "be", tense, rest, adverb=adverb))


STATEMENTS = (
    qualities,
    positions,
    tenses,
    negations,
    pronouns,
    datives,
    motions,
    adverbs,
    infinitives,
    owners,
    numbers,
    feelings,
    comparisons,
)
