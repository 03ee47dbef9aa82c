"""Clauses: where the verb is, and all that moves around it.

| English | French | linked |
|---|---|---|
| eats | mange | both |
| does not eat | ne mange pas | does, eat: mange; not: ne, pas |
| is eating | mange | both English words: mange |
| will eat | mangera | both English words: mangera |
| ate | a mangé | ate: both French words |
| did not eat | n' a pas mangé | did: a; eat: mangé; not: n', pas |
| has eaten | a mangé | has: a; eaten: mangé |
| is going to eat | va manger | is, going: va; to, eat: manger |
| wants to eat | veut manger | wants: veut; to, eat: manger |
| looks for | cherche | both English words: cherche |
| does he eat | est-ce qu' il mange | does: est-ce, qu', mange |

So an English auxiliary is linked to the French verb that bears the tense, and
in a question to "est-ce que" as well.
"""

from collections.abc import Sequence

from families import families_in_clause
from lexicon import (
    ADVERBS,
    VERBS,
    Verb,
)
from nominals import Nominal
from pieces import Piece, say, words

# Helpers and forms are for i, you, he, we, they.
_IS = ("am", "are", "is", "are", "are")
_WAS = ("was", "were", "was", "were", "were")
_DO = ("do", "do", "does", "do", "do")
_HAVE = ("have", "have", "has", "have", "have")
_ETAIT = ("étais", "étais", "était", "étions", "étaient")
_FUTURE = ("ai", "as", "a", "ons", "ont")

# Tense: the helper, and the form of the verb that follows it (its place in
# `Verb.english`). "later" is a present that French says in the future.
_HELPERS = {
    "present": (_DO, 0),
    "later": (_DO, 0),
    "progressive": (_IS, 4),
    "future": (("will",) * 5, 0),
    "past": (("did",) * 5, 0),
    "perfect": (_HAVE, 3),
    "going": (_IS, 0),
    "want": (_DO, 0),
}
_INFINITIVES = ("going", "want")
_NEGATIONS = {"not": "pas", "never": "jamais"}
_ADVERBS = _NEGATIONS | ADVERBS
#: Ways to say when, or whether, something happens.
TENSES = tuple(_HELPERS)


def clause(
    subject: Nominal,
    verb: str,
    tense: str,
    rest: Sequence[Piece] = (),
    *,
    adverb: str = "",
    clitic: Piece | None = None,
    agree: Nominal | None = None,
    question: bool = False,
) -> Piece:
    """Subject, verb and the rest, with all that stands in between.

    `adverb` is "not", "never", "often", "always" or "already"; `clitic` is a
    pronoun that goes before the verb in French; `agree` is the direct object
    that stands before the verb, with which the participle agrees.

    >>> import nominals, pieces
    >>> she, me = nominals.pronoun("she"), nominals.object_pronoun("me")
    >>> piece = clause(she, "see", "past", adverb="not",
    ...                clitic=me.piece, agree=me)
    >>> phrase = pieces.finish(piece, "example")
    >>> " ".join(phrase.src), " ".join(phrase.tgt)
    ('she did not see me', "elle ne m' a pas vue")
    """
    entry, infinitive = VERBS[verb], tense in _INFINITIVES
    plain = not question and adverb != "not"
    helper, main = _english(entry, tense, subject.person, plain)
    finite, other = _french(entry, tense, subject, agree)
    when, what, asked, how = object(), object(), object(), object()
    # English
    auxiliary = words(helper, when, asked)
    start, to, end = main.rpartition("to ")
    ideas = (what,) if helper or to else (when, what)
    verbal = words(start, when) + words(to + end, *ideas)
    verbal += words(entry.particle, what)
    opening = auxiliary, subject.piece.english
    english = sum(opening if question else opening[::-1], ())
    english += words(adverb, how) + verbal
    # French
    fixed = words(finite, when) if other else words(finite, when, what)
    moved = clitic.french if clitic else ()
    french = words("est-ce que", asked) if question else ()
    french += subject.piece.french
    if adverb in _NEGATIONS:
        french += words("ne", how)
    french += fixed if infinitive else moved + fixed
    if adverb:
        french += words(_ADVERBS[adverb], how)
    french += moved if infinitive else ()
    french += words(other, what)
    families = families_in_clause(verb, adverb, pronoun=clitic is not None)
    piece = Piece(english, french, families + subject.piece.families)
    if clitic:
        piece = say(piece, clitic._replace(french=()))
    return say(piece, *rest)


def there_is(
    what: Nominal, rest: Sequence[Piece] = (), *, question: bool = False
) -> Piece:
    """Say that there is something: "there is a cat", "il y a un chat".

    "there" is linked to "il" and "y". After "no" it is "il n' y a pas de",
    and "no" is linked to "n'", "pas" and "de".
    """
    there, be, asked = object(), object(), object()
    order = [words("there", there), words(_IS[what.person], be, asked)]
    english = sum(order[::-1] if question else order, ())
    french = words("est-ce que", asked) if question else ()
    first = what.piece.english[0]
    no = first[1] if first[0] == "no" else None
    french += words("il", there) + (words("ne", *no) if no else ())
    french += words("y", there) + words("a", be)
    french += words("pas", *no) if no else ()
    return say(Piece(english, french), what.piece, *rest)


def _english(
    verb: Verb, tense: str, person: int, plain: bool
) -> tuple[str, str]:
    """The helper, perhaps none, and the verb with what "to" needs."""
    if verb.english[0] == "be":
        return (_WAS if tense == "past" else _IS)[person], ""
    helpers, form = _HELPERS[tense]
    helper, main = helpers[person], verb.english[form]
    if plain and tense in {"present", "later", "past"}:
        form = 2 if tense == "past" else int(person == 2)
        helper, main = "", verb.english[form]
    if tense == "want":
        want = VERBS["want"].english[plain and person == 2]
        return "" if plain else helper, f"{want} to {main}"
    return helper, f"going to {main}" if tense == "going" else main


def _french(
    verb: Verb, tense: str, subject: Nominal, agree: Nominal | None
) -> tuple[str, str]:
    """The verb that agrees with the subject, and what follows it."""
    person = subject.person
    if tense in {"past", "perfect"}:
        if verb is VERBS["be"]:
            return _ETAIT[person], ""
        form = agree.form if agree else 0
        if verb.auxiliary == "be":
            form = subject.form
        ending = ("", "e", "s", "es")[form]
        return VERBS[verb.auxiliary].present[person], verb.participle + ending
    if tense in {"future", "later"}:
        return verb.future + _FUTURE[person], ""
    if tense in {"going", "want"}:
        finite = VERBS["go" if tense == "going" else "want"]
        return finite.present[person], verb.infinitive
    return verb.present[person], ""
