"""Noun phrases and pronouns, said in both languages at once.

Each function takes words under their English names and gives a piece whose
two sides are correct and linked. Nothing here is left to chance: `choices`
and the modules of sentences choose what to say.
"""

from typing import NamedTuple

from families import families_in_noun_phrase
from lexicon import (
    ADJECTIVES,
    DETERMINERS,
    HUMAN,
    NAMES,
    NOUNS,
    NUMBERS,
    PREPOSITIONS,
)
from pieces import Piece, arrange, pair, say, words
from spelling import sounds_open


class Nominal(NamedTuple):
    """What a verb or an adjective agrees with.

    `person` is 0 (i), 1 (you), 2 (he, she, it), 3 (we) or 4 (they); `form`
    is 0 (m), 1 (f), 2 (m, several) or 3 (f, several). `noun` is the noun or
    name, and empty for a pronoun.
    """

    piece: Piece
    person: int
    form: int
    noun: str = ""


def noun_phrase(
    noun: str,
    determiner: str = "the",
    adjectives: tuple[str, ...] = (),
    *,
    plural: bool = False,
    denied: bool = False,
    owner: Nominal | None = None,
) -> Nominal:
    """Determiner, adjectives and noun; adjectives in their English order.

    There is at most one adjective on each side of the noun in French.

    The determiner is a word of `DETERMINERS`, a number, "" for one that only
    French says ("milk", "du lait") or "all" for a whole kind ("cats", "les
    chats"). With `denied`, it is "de" in French: "pas de lait". With an owner
    there is none: "paul 's cat", "le chat de paul".

    >>> from pieces import finish
    >>> cat = noun_phrase("cat", "a", ("old", "black"))
    >>> phrase = finish(cat.piece, "example")
    >>> " ".join(phrase.src), " ".join(phrase.tgt)
    ('an old black cat', 'un vieux chat noir')
    """
    one_or_several = NOUNS[noun][:2]
    form = 2 * plural + (NOUNS[noun].gender == "f")
    head = pair(*[forms[plural] for forms in one_or_several])
    english, before, after = [], [], []
    for word in adjectives:
        forms, near, _ = ADJECTIVES[word]
        open_next = near and form == 0 and sounds_open(NOUNS[noun].french[0])
        english.append(pair(word, forms[4 if open_next else form]))
        (before if near else after).append(english[-1])
    english, french = (*english, head), (*before, head, *after)
    if owner is None:
        article = _determiner(determiner, form, head, denied, bool(before))
        piece = arrange((article, *english), (article, *french))
    else:
        idea = object()
        article = Piece((), words(_LE[form], idea))
        of = Piece(words("'s", idea), words("de", idea))
        english = (owner.piece, of, *english)
        piece = arrange(english, (article, *french, of, owner.piece))
    families = families_in_noun_phrase(
        noun, adjectives, owner.noun if owner else ""
    )
    if families:
        piece = piece._replace(families=piece.families + families)
    return Nominal(piece, 4 if plural else 2, form, noun)


_LE = "le", "la", "les", "les"


def _determiner(
    word: str, form: int, head: Piece, denied: bool, adjective: bool
) -> Piece:
    """The determiner; `adjective` tells whether one follows it in French."""
    if word == "all":
        return Piece((), words(_LE[form], *head.french[0][1]))
    if word in NUMBERS and form > 1:
        return pair(word, NUMBERS[word])
    french = DETERMINERS[word or "some"][min(form, 2)]
    if denied or (word in {"some", ""} and adjective and form > 1):
        french = "de"  # des pommes, but de bonnes pommes
    if word == "":
        return Piece((), words(french, *head.french[0][1]))
    return pair("these" if word == "this" and form > 1 else word, french)


def name(text: str) -> Nominal:
    """One of the names: "paul" is a man, "marie" a woman."""
    gender = NAMES[text]
    return Nominal(pair(text, text), 2, int(gender == "f"), text)


SUBJECTS = {
    "i": ("je", 0, 1),
    "you": ("tu", 1, 0),
    "he": ("il", 2, 0),
    "she": ("elle", 2, 1),
    "we": ("nous", 3, 2),
    "they": ("ils", 4, 2),
    "it": ("il", 2, 0),
    "who": ("qui", 2, 0),
}
OBJECTS = {
    "me": ("me", "me", 1),
    "you": ("te", "te", 0),
    "him": ("le", "lui", 0),
    "her": ("la", "lui", 1),
    "us": ("nous", "nous", 2),
    "them": ("les", "leur", 2),
}


def pronoun(english: str, antecedent: Nominal | None = None) -> Nominal:
    """A subject; "it" and "they" take their gender from what they stand for.

    >>> from pieces import finish
    >>> cows = noun_phrase("cow", plural=True)
    >>> finish(pronoun("they", cows).piece, "example").tgt
    ('elles',)
    """
    french, person, form = SUBJECTS[english]
    noun = ""
    if antecedent is not None:
        _, person, form, noun = antecedent
        if english != "who":
            french = ("il", "elle", "ils", "elles")[form]
    return Nominal(pair(english, french), person, form, noun)


def again(who: Nominal) -> Nominal:
    """The pronoun for a person or a thing named before.

    >>> from pieces import finish
    >>> finish(again(noun_phrase("dress")).piece, "example").src
    ('it',)
    """
    if who.person in {0, 1, 3}:
        return pronoun({0: "i", 1: "you", 3: "we"}[who.person])
    if who.person == 4:
        return pronoun("they", who)
    if who.noun in NOUNS and NOUNS[who.noun].kind not in HUMAN:
        return pronoun("it", who)
    return pronoun("she" if who.form else "he", who)


def object_pronoun(english: str) -> Nominal:
    """A direct object, which stands before the verb in French."""
    french, _, form = OBJECTS[english]
    return Nominal(pair(english, french), 4, form)


def object_again(what: Nominal) -> Nominal:
    """The object pronoun for a person or a thing named before.

    >>> from pieces import finish
    >>> finish(object_again(noun_phrase("dress")).piece, "example").tgt
    ('la',)
    """
    subject = again(what).piece.english[0][0]
    english = {"he": "him", "she": "her", "it": "it", "they": "them"}[subject]
    return what._replace(piece=pair(english, _LE[what.form]))


def dative_pronoun(english: str, *, to: bool = False) -> Piece:
    """The one spoken to ("to him"), or given something ("him")."""
    french = OBJECTS[english][1]
    return pair(f"to {english}" if to else english, french)


def both(*nominals: Nominal) -> Nominal:
    """Two people, joined by "and": they are "ils" unless both are women."""
    first, second = nominals
    form = 3 if first.form % 2 and second.form % 2 else 2
    joined = say(first.piece, pair("and", "et"), second.piece)
    return Nominal(joined, 4, form)


def adjective(english: str, subject: Nominal, *, very: bool = False) -> Piece:
    """An adjective after "is"."""
    quality = pair(english, ADJECTIVES[english].forms[subject.form])
    return say(pair("very", "très"), quality) if very else quality


def comparison(english: str, subject: Nominal, other: Nominal) -> Piece:
    """An adjective after "is", compared: "older than the hotel"."""
    entry = ADJECTIVES[english]
    form = entry.forms[subject.form]
    if entry.comparative == "more":
        compared = say(pair("more", "plus"), pair(english, form))
    else:
        compared = pair(entry.comparative, f"plus {form}")
    return say(compared, pair("than", "que"), other.piece)


def prepositional(english: str, nominal: Nominal) -> Piece:
    """A preposition and what follows it: "near the house"."""
    return say(pair(english, PREPOSITIONS[english]), nominal.piece)
