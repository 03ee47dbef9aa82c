"""Sentences of several clauses: each function draws one of its kind."""

from collections.abc import Sequence

from choices import (
    known,
    new,
    person,
    subject,
)
from clauses import clause
from drawing import Draw, part
from events import (
    event,
    kind,
    presence,
    quality,
    state,
    time,
)
from families import ADJECTIVE_NOUN
from lexicon import FEELINGS
from nominals import (
    Nominal,
    again,
    object_again,
    prepositional,
    pronoun,
)
from pieces import Piece, pair, say
from sense import (
    EFFECTS,
    EPICENE,
    LIKED,
    OBJECTS,
    PEOPLE,
    REASONS,
    SEQUENCES,
    STRANGERS,
    of_kinds,
)
from statements import HAPPENING, MAYBE_NOT, stop

THINKING = ("think", "say", "know")
RELATED = ("eat", "buy", "buy", "see", "see", "find", *("look",) * 3)
JOINTS = {"when": "quand", "if": "si"}
TENSES = {
    "now": ("present", "progressive", "progressive", "want"),
    "past": ("past",),
    "future": ("future", "future", "going"),
}


@part
def statement(
    draw: Draw, who: Nominal, adverb: str = "", when: str = ""
) -> Piece:
    """Anything that may be said of a person, "now", "past" or "future"."""
    when = when or draw(tuple(TENSES))
    if when == "future" or draw.chance(0.6):
        return event(draw, who, draw(TENSES[when]), adverb)
    tense = "past" if when == "past" else "present"
    return state(draw, who, tense, adverb)


@part
def another(draw: Draw, who: Nominal, *, animals: float = 0.15) -> Nominal:
    """The subject of a clause that follows one about `who`.

    It is never "they", which would have nothing to refer to, and after a
    doctor it is never "she", which would refer to the doctor.
    """
    without = ("they", "she") if who.noun in EPICENE else ("they",)
    return subject(draw, animals=animals, share=0.25, without=without)


@part
def same_or_another(draw: Draw, who: Nominal) -> Nominal:
    """The subject of a later clause."""
    return again(who) if draw.chance(0.4) else another(draw, who)


def thoughts(draw: Draw) -> Piece:
    """Draw "marie thinks that she will leave tomorrow ."."""
    draw.says("that", "que")
    who = subject(draw, animals=0.0)
    that = [clause(who, draw(THINKING), "present"), pair("that", "que")]
    if draw.chance(0.2):
        who = another(draw, who, animals=0.0)
        that += [clause(who, draw(THINKING), "present"), pair("that", "que")]
    if draw.chance(0.1):
        return stop(*that, presence(draw))
    who = same_or_another(draw, who)
    return stop(*that, statement(draw, who, draw(MAYBE_NOT)))


@part
def reason(
    draw: Draw, who: Nominal, options: Sequence[str], tense: str = "present"
) -> Piece:
    """A reason: a person is, or was, hungry or tired."""
    if "hungry" in options:
        return clause(who, "feel", "present", [pair("hungry", "faim")])
    tense = "past" if tense == "past" else "present"
    return clause(who, "be", tense, [quality(draw, who, options)])


def causes(draw: Draw) -> Piece:
    """Draw "the dog is sleeping because it is tired ."."""
    draw.says("because", "parce que")
    choice = draw((_deed, _feeling, _liking))
    first, second = choice(draw)
    return stop(first, pair("because", "parce que"), second)


def _deed(draw: Draw) -> tuple[Piece, Piece]:
    who = subject(draw, animals=0.3, share=0.2)
    person = kind(who) == "person"
    deed = draw(tuple(REASONS) if person else ("eat", "sleep"))
    *negation, verb = deed.split()
    tenses = "progressive", "going", "want", "past"
    tense = draw(tenses[:-1] if verb == "eat" else tenses)
    first = event(draw, who, tense, *negation, verbs=(verb,), extras=0.0)
    return first, reason(draw, again(who), REASONS[deed], tense)


def _feeling(draw: Draw) -> tuple[Piece, Piece]:
    who, adverb = subject(draw, animals=0.0, share=0.2), draw(MAYBE_NOT)
    tense = draw(("present", "present", "past"))
    rest = [quality(draw, who, ("happy", "sad"))]
    first = clause(who, "be", tense, rest, adverb=adverb)
    if tense == "present":
        tense = draw(("past", "future", "going"))
    other = same_or_another(draw, who)
    return first, event(draw, other, tense, draw(MAYBE_NOT))


def _liking(draw: Draw) -> tuple[Piece, Piece]:
    who, verb = subject(draw, animals=0.0), draw(("buy", "love"))
    adverb = draw(MAYBE_NOT)
    nouns = of_kinds("thing", "furniture", "animal", "food", "home")
    nouns = [noun for noun in nouns if noun in OBJECTS[verb]]
    plural = 0.0 if who.person == 4 else 0.5  # "they" are one or the other
    what = known(draw, nouns, plural=plural, share=0.0)
    tense = draw(("past", "future", "want")) if verb == "buy" else "present"
    first = clause(who, verb, tense, [what.piece], adverb=adverb)
    tense = "past" if tense == "past" else "present"
    rest = [quality(draw, what, LIKED)]
    return first, clause(again(what), "be", tense, rest, adverb=adverb)


def conditions(draw: Draw) -> Piece:
    """Draw "if you are hungry , you will eat some bread ."."""
    who, word = subject(draw, animals=0.0, share=0.2), draw(("if", "when"))
    draw.says(word, JOINTS[word])
    feeling = draw([f for f in EFFECTS if (f, who.noun) not in ADJECTIVE_NOUN])
    *negation, verb = draw(EFFECTS[feeling]).split()
    tense, ahead = "future" if word == "if" else "present", draw.chance(0.6)
    who, whose = (who, again(who)) if ahead else (again(who), who)
    state = reason(draw, who, (feeling,))
    deed = event(draw, whose, tense, *negation, verbs=(verb,), extras=0.1)
    return _with(word, state, deed, ahead=ahead)


def times(draw: Draw) -> Piece:
    """Draw "when anne arrives , we will eat some cake ."."""
    word, tense = draw(
        (("when", "later"), ("when", "past"), ("if", "present"))
    )
    draw.says(word, JOINTS[word])
    who, ahead = subject(draw, animals=0.0), draw.chance(0.6)
    other = again(who) if draw.chance(0.4) else another(draw, who, animals=0.0)
    who, whose = (who, other) if ahead else (other, who)
    verbs = "see", "find", "find", "arrive", "leave"
    first = event(draw, who, tense, verbs=verbs, extras=0.0)
    verbs = "eat", "buy", "speak", "give", "go", "see", "leave", "look"
    if tense == "past" and draw.chance(0.4):
        second = reason(draw, whose, FEELINGS, "past")
    elif tense == "past":
        second = event(draw, whose, "past", verbs=verbs, extras=0.0)
    else:
        adverb = draw(MAYBE_NOT)
        second = event(draw, whose, "future", adverb, verbs=verbs, extras=0.2)
    return _with(word, first, second, ahead=ahead)


def _with(word: str, clause: Piece, main: Piece, *, ahead: bool) -> Piece:
    """A clause with "when" or "if", ahead of the other or behind it."""
    joint = pair(word, JOINTS[word])
    if ahead:
        return stop(joint, clause, pair(",", ","), main)
    return stop(main, joint, clause)


def relatives(draw: Draw) -> Piece:
    """Draw "the apples that she bought are red ."."""
    if draw.chance(0.25):
        draw.says("who", "qui")
        who = known(draw, STRANGERS, share=0.25, determiner="the")
        tense = draw(HAPPENING)
        does = event(draw, pronoun("who", who), tense, extras=0.1)
        who = who._replace(piece=say(who.piece, does))
        when = "past" if tense == "past" else draw(("now", "future"))
        return stop(statement(draw, who, draw(MAYBE_NOT), when))
    draw.says("that", "que")
    verb = draw(RELATED)
    nouns = [noun for noun in OBJECTS[verb] if noun not in PEOPLE]
    what = known(draw, nouns, plural=0.5, share=0.3, determiner="the")
    tense = draw(("past", "past", "past", "future", "want"))
    rest = [time(draw, tense)] if draw.chance(0.2) else []
    who, adverb = subject(draw, animals=0.0), draw(MAYBE_NOT)
    that = clause(who, verb, tense, rest, agree=what)
    what = what._replace(piece=say(what.piece, pair("that", "que"), that))
    if draw.chance(0.35):
        who, verb = (
            another(draw, who, animals=0.0),
            draw(("see", "find", "look")),
        )
        tense = draw(("present", "past", "future"))
        return stop(clause(who, verb, tense, [what.piece], adverb=adverb))
    if tense == "past":
        tense = "past" if verb == "eat" else draw(("present", "past"))
    else:
        tense = "present"
    if verb == "eat":
        rest = [quality(draw, what)]
        return stop(clause(what, "be", tense, rest, adverb=adverb))
    return stop(state(draw, what, tense, adverb))


def coordination(draw: Draw) -> Piece:
    """Draw "paul is working , but marie is sleeping in the garden ."."""
    who, when = subject(draw, share=0.25), draw(tuple(TENSES))
    comma, conjunction = pair(",", ","), pair("and", "et")
    if draw.chance(0.15):  # three clauses
        draw.says("and", "et")
        first, second, third = (
            statement(draw, someone, "", when)
            for someone in (who, another(draw, who), another(draw, who))
        )
        return stop(first, comma, second, conjunction, third)
    negations = draw.perhaps((("", "not"), ("not", ""), ("", "")))
    if draw.chance(0.5):
        draw.says("and", "et")
        negations, comma = ("", draw(MAYBE_NOT)), Piece()
    else:
        draw.says("but", "mais")
        conjunction = pair("but", "mais")
    first = statement(draw, who, negations[0], when)
    other = same_or_another(draw, who)
    second = statement(draw, other, negations[1], when)
    return stop(first, comma, conjunction, second)


def references(draw: Draw) -> Piece:
    """Draw "i bought the apples , but i did not eat them ."."""
    who, (verb, then, nouns) = subject(draw, animals=0.0), draw(SEQUENCES)
    if draw.chance(0.5):
        what = known(draw, nouns, plural=0.6)
    else:
        what = new(draw, nouns, several=0.6)
    first = clause(who, verb, "past", [what.piece])
    tense = draw.perhaps(("past", "past", "future", "going", "want"))
    if tense == "want" and then in {"see", "find"}:
        tense = "past"
    adverb, rest = draw(("", "not")), []
    draw.says(*(("but", "mais") if adverb else ("and", "et")))
    if then == "give":
        rest.append(prepositional("to", person(draw)))
    elif draw.chance(0.2):
        rest.append(time(draw, tense))
    them = object_again(what)
    moved = {"clitic": them.piece, "agree": them}
    second = clause(again(who), then, tense, rest, adverb=adverb, **moved)
    if adverb:
        return stop(first, pair(",", ","), pair("but", "mais"), second)
    return stop(first, pair("and", "et"), second)


COMPOUNDS = (
    thoughts,
    causes,
    conditions,
    times,
    relatives,
    coordination,
    references,
)
