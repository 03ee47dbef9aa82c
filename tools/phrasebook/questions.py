"""Questions: each function draws one of its kind."""

from choices import known, new, subject
from clauses import clause
from drawing import Draw, part
from events import (
    event,
    kind,
    need,
    place,
    presence,
    state,
    time,
)
from lexicon import NOUNS
from nominals import Nominal, pronoun
from pieces import Piece, pair, say
from sense import OBJECTS, UNFIT
from statements import HAPPENING, MAYBE_NOT


def ask(*pieces: Piece) -> Piece:
    """The pieces, and a question mark."""
    return say(*pieces, pair("?", "?"))


@part
def condition(draw: Draw, who: Nominal, *, question: bool = True) -> Piece:
    """How a person is: hungry, tired, in the garden."""
    if draw.chance(0.3):
        rest = [need(draw)]
        return clause(who, "feel", "present", rest, question=question)
    tense = draw(("present", "present", "past"))
    return state(draw, who, tense, question=question, passing=True)


def questions(draw: Draw) -> Piece:
    """Draw "does your sister sleep in the garden ?"."""
    if draw.chance(0.1):
        return ask(presence(draw, question=True))
    who = subject(draw, share=0.3, without="i")
    if draw.chance(0.2):
        return ask(condition(draw, who))
    if draw.chance(0.15) and kind(who) == "person":
        rest = [new(draw, OBJECTS["have"]).piece]
        return ask(clause(who, "have", "present", rest, question=True))
    tense = draw((*HAPPENING, "going", "want"))
    return ask(event(draw, who, tense, question=True))


def where_questions(draw: Draw) -> Piece:
    """Draw "where are your books ?", "where did paul buy his hat ?"."""
    draw.says("where", "où")
    where = pair("where", "où")
    if draw.chance(0.5):
        what = known(draw, tuple(NOUNS))
        tense = draw(("present", "present", "past"))
        copula = clause(what._replace(piece=Piece()), "be", tense)
        return ask(where, copula, what.piece)
    verbs = "eat", "buy", "see", "find", "work", "sleep"
    who, tense = subject(draw, animals=0.0, without="i"), draw(HAPPENING)
    options = {"verbs": verbs, "places": False, "question": True}
    return ask(where, event(draw, who, tense, **options))


def when_questions(draw: Draw) -> Piece:
    """Draw "when will your brother arrive at the station ?"."""
    draw.says("when", "quand")
    who = subject(draw, animals=0.0, without="i")
    verbs = "buy", "see", "find", "speak", "go", "arrive", "leave"
    options = {"verbs": verbs, "question": True, "extras": 0.0}
    asked = event(draw, who, draw(("past", "future")), **options)
    return ask(pair("when", "quand"), asked)


def why_questions(draw: Draw) -> Piece:
    """Draw "why are you not working today ?"."""
    draw.says("why", "pourquoi")
    who, why = subject(draw, share=0.2, without="i"), pair("why", "pourquoi")
    if draw.chance(0.4):
        return ask(why, condition(draw, who))
    tense, adverb = draw(HAPPENING), draw(MAYBE_NOT)
    return ask(why, event(draw, who, tense, adverb, question=True))


def what_questions(draw: Draw) -> Piece:
    """Draw "what did she buy at the market ?"."""
    draw.says("what", "que")
    who = subject(draw, animals=0.0, without="i")
    verb = draw(("eat", "buy", "see", "find", "look", "look"))
    tense = draw(("past", "past", "future", "going", "want", "progressive"))
    if verb in UNFIT.get(tense, ()):
        tense = "past"
    rest = []
    if draw.chance(0.4):
        rest.append(place(draw, verb if verb in {"eat", "buy"} else "person"))
    if draw.chance(0.4):
        rest.append(time(draw, tense))
    asked = clause(who, verb, tense, rest, question=True)
    return ask(pair("what", "que"), asked)


def who_questions(draw: Draw) -> Piece:
    """Draw "who ate my cake ?"."""
    draw.says("who", "qui")
    who = pronoun("who")
    if draw.chance(0.2):
        return ask(condition(draw, who, question=False))
    return ask(event(draw, who, draw(HAPPENING)))


QUESTIONS = (
    questions,
    where_questions,
    when_questions,
    why_questions,
    what_questions,
    who_questions,
)
