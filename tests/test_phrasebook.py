"""What the grammar composed: read by hand, and searched for errors."""

import hashlib
import itertools
from collections import defaultdict
from pathlib import Path

import make
import pytest
from corpus import CONSTRUCTIONS
from families import ADJECTIVE_NOUN, ADVERB_VERB, FAMILIES, OWNERS
from lexicon import ADJECTIVES, NAMES, NOUNS, VERBS

from d2lattn.corpora import phrasebook

# Written by hand: the translations of each construction, and alignments.
BY_HAND = Path(__file__).with_name("phrasebook_by_hand.txt").read_text("utf-8")
TRANSLATED, ALIGNED = (part.split("\n") for part in BY_HAND.split("\n# For"))
READ, ALIGNED = [], [*zip(ALIGNED[2::2], ALIGNED[3::2], strict=False)]
for line in TRANSLATED:
    if line.startswith("## "):
        construction = line[3:]
    elif " | " in line:
        READ.append((construction, *line.split(" | ")))


@pytest.fixture(scope="module")
def book():
    return phrasebook.load()


@pytest.fixture(scope="module")
def phrases(book):
    return [phrase for phrases in book for phrase in phrases]


@pytest.fixture(scope="module")
def by_english(phrases):
    return {phrase.src: phrase for phrase in phrases}


def words_of(text):
    return tuple(text.split())


# The file


def test_the_file_is_what_the_grammar_makes(unchecked):
    made = hashlib.sha256(make.content()).hexdigest()
    assert made == phrasebook.SHA256, "run tools/phrasebook/make.py"


def test_every_construction_was_read():
    assert {name for name, *_ in READ} == CONSTRUCTIONS.keys() | {*FAMILIES}


@pytest.mark.parametrize(("construction", "english", "french"), READ)
def test_translations_are_those_written_by_hand(
    by_english, construction, english, french
):
    phrase = by_english[words_of(english)]
    assert " ".join(phrase.tgt) == french
    assert phrase.construction == construction


def test_every_construction_was_aligned(by_english):
    constructions = {
        by_english[words_of(english)].construction for english, _ in ALIGNED
    }
    assert constructions == CONSTRUCTIONS.keys()


@pytest.mark.parametrize(("english", "french"), ALIGNED)
def test_alignments_are_those_written_by_hand(by_english, english, french):
    phrase = by_english[words_of(english)]
    tgt, places = zip(
        *[word.rsplit(":", 1) for word in french.split()], strict=True
    )
    links = {
        (int(i), j) for j, place in enumerate(places) for i in place.split(",")
    }
    assert phrase.tgt == tgt
    assert phrase.alignment == tuple(sorted(links))


# Alignments


def test_links_are_places_in_order(phrases):
    for phrase in phrases:
        assert phrase.alignment == tuple(sorted({*phrase.alignment}))
        places = [{*side} for side in zip(*phrase.alignment, strict=True)]
        assert places[0] == {*range(len(phrase.src))}
        assert places[1] == {*range(len(phrase.tgt))}


def test_punctuation_and_names_are_linked_to_themselves(phrases):
    same = {".", "?", ",", *NAMES}
    for src, tgt, alignment, _ in phrases:
        for i, j in alignment:
            assert src[i] == tgt[j] or not {src[i], tgt[j]} & same
        for word in same:
            assert src.count(word) == tgt.count(word)


def test_nouns_are_linked_to_their_translations(phrases):
    forms = {
        (english, french)
        for noun in NOUNS.values()
        for english, french in zip(noun.english, noun.french, strict=True)
    }
    english, french = ({*side} - {""} for side in zip(*forms, strict=True))
    articles = {"le", "la", "l'", "les", "du", "de", "d'", "des"}
    for phrase in phrases:
        linked = defaultdict(set)
        for i, j in phrase.alignment:
            linked[i].add(phrase.tgt[j])
            if phrase.tgt[j] in french:
                assert (phrase.src[i], phrase.tgt[j]) in forms
        for i, word in enumerate(phrase.src):
            if word in english:
                assert len(linked[i] - articles) == 1
                assert len(linked[i]) <= 3


# Spelling and agreement


OPEN = tuple("aeiouyhàâéèêëîïôœû")
WHOLE = {"le", "la", "je", "me", "te", "ne", "de", "que", "ce"} | {
    *("ma", "ta", "sa")
}
BEFORE_OPEN = {"l'", "j'", "m'", "t'", "n'", "d'", "qu'", "cet"} | {
    *("bel", "vieil", "nouvel")
}


def test_words_are_elided_before_vowels_and_nowhere_else(phrases):
    for phrase in phrases:
        for word, after in itertools.pairwise(phrase.tgt):
            if after.startswith(OPEN):
                assert word not in WHOLE, phrase
            else:
                assert word not in BEFORE_OPEN, phrase
            assert (word == "s'") <= (after in {"il", "ils"}), phrase
            assert (word == "si") <= (after not in {"il", "ils"}), phrase


def numbered(text):
    return set(text.split())


MALE = numbered("le un ce cet du au")
FEMALE = numbered("la une cette ma ta sa")
SEVERAL = numbered("les des ces mes tes ses nos leurs aux") | numbered(
    "deux trois quatre cinq six dix vingt trente"
)
FORMS = {
    (form, place)
    for adjective in ADJECTIVES.values()
    for place, form in enumerate(adjective.forms)
}
BEFORE = {f for a in ADJECTIVES.values() if a.before for f in a.forms}
AFTER = {f for a in ADJECTIVES.values() if not a.before for f in a.forms}
FRENCH_NOUNS = {
    noun.french[several]: 2 * several + (noun.gender == "f")
    for noun in NOUNS.values()
    for several in (0, 1)
    if noun.french[several]
}


def goes_with(determiner, after, form):
    """Whether a determiner goes with a noun: 0 m, 1 f, 2 and 3 several."""
    if determiner in {"mon", "ton", "son"}:
        return form == 0 or (form == 1 and after.startswith(OPEN))
    if determiner in {"l'", "notre", "leur"}:
        return form < 2
    return (
        (determiner in MALE and form == 0)
        or (determiner in FEMALE and form == 1)
        or (determiner in SEVERAL and form > 1)
    )


def test_french_noun_phrases_agree(phrases):
    for phrase in phrases:
        tgt = phrase.tgt
        for last, word in enumerate(tgt):
            if word not in FRENCH_NOUNS:
                continue
            form, first = FRENCH_NOUNS[word], last
            if tgt[last + 1] in AFTER:
                assert (tgt[last + 1], form) in FORMS, phrase
            while tgt[first - 1] in BEFORE:
                first -= 1
                near = 4 if not form and word.startswith(OPEN) else form
                assert (tgt[first], near) in FORMS, phrase
            determiner = tgt[first - 1]
            if determiner in {"de", "d'"}:  # pas de lait, de bons œufs
                few = {"pas", "jamais", "beaucoup"} & {*tgt[:first]}
                assert few or (first < last and form > 1), phrase
            else:
                assert goes_with(determiner, tgt[first], form), phrase


ENDINGS = {
    "je": ("e", "s", "x", "ai"),
    "j'": ("e", "s", "ai"),
    "tu": ("s", "x"),
    "il": ("e", "t", "a"),
    "elle": ("e", "t", "a"),
    "ils": ("nt",),
    "elles": ("nt",),
}
CLITICS = numbered("ne n' me m' te t' le la l' les lui leur nous y")


def test_french_verbs_agree_with_pronouns(phrases):
    for phrase in phrases:
        for j, word in enumerate(phrase.tgt):
            if word in ENDINGS:
                rest = phrase.tgt[j + 1 :]
                verb = next(w for w in rest if w not in CLITICS)
                assert verb.endswith(ENDINGS[word]), phrase


AVOIR = numbered("ai as a avons ont")
ENGLISH_NOUNS = {
    noun.english[several]: FRENCH_NOUNS[noun.french[several]]
    for noun in NOUNS.values()
    for several in (0, 1)
    if noun.english[several]
}


def test_it_and_them_have_the_gender_of_what_was_named(phrases):
    for phrase in phrases:
        src, tgt = phrase.src, phrase.tgt
        if phrase.construction != "references":
            continue
        joint = max(i for i, w in enumerate(src) if w in {"and", "but"})
        named = [word for word in src[:joint] if word in ENGLISH_NOUNS]
        form = ENGLISH_NOUNS[named[-1]]
        place = next(
            j
            for i, j in phrase.alignment
            if i > joint + 1 and src[i] in {"it", "him", "her", "them"}
        )
        clitics = ({"le", "l'"}, {"la", "l'"}, {"les"}, {"les"})[form]
        assert tgt[place] in clitics, phrase


def test_no_one_is_a_thing_and_its_opposite(phrases):
    opposites = "happy sad", "young old", "big small", "black white", "new old"
    for phrase in phrases:
        described = [
            word
            for before, word in itertools.pairwise(("", *phrase.src))
            if word in ADJECTIVES and before != "years"
        ]
        assert len({*described}) == len(described), phrase
        for pair in opposites:
            assert len({*pair.split()} & {*described}) < 2, phrase


# Combinations


def forms_of(noun):
    return {*NOUNS[noun].english} - {""}


ADJECTIVE_FORMS = {
    (adjective, form)
    for adjective, noun in ADJECTIVE_NOUN
    for form in forms_of(noun)
}
ADVERB_FORMS = {
    (adverb, form)
    for adverb, verb in ADVERB_VERB
    for form in VERBS[verb].english
}
OWNER_FORMS = {(owner, "'s") for owner in OWNERS}
STEMS = ("trouv", "achet", "achèt")  # of the verbs in NEGATED


def pairs_in(phrase):
    """Words that stand side by side, or with an adjective between them."""
    for i, word in enumerate(phrase.src[1:]):
        yield phrase.src[i], word
        if phrase.src[i] in ADJECTIVES:
            yield phrase.src[i - 1], word


def negated_or_moved(phrase):
    """Of each form of find and buy: is it negated, has it a pronoun?"""
    for j, word in enumerate(phrase.tgt):
        if word.startswith(STEMS):
            near = phrase.tgt[max(0, j - 4) : j + 2]
            pronoun = any(
                clitic in CLITICS - {"ne", "n'"}
                and (verb in AVOIR or verb.startswith(STEMS))
                for clitic, verb in itertools.pairwise(near)
            )
            negated = {"ne", "n'"} & {*near} and {"pas", "jamais"} & {*near}
            yield bool(negated), pronoun


HOLDS = {
    "adjective noun": lambda p: ADJECTIVE_FORMS & {*pairs_in(p)},
    "owner": lambda p: OWNER_FORMS & {*pairs_in(p)},
    "adverb verb": lambda p: ADVERB_FORMS & {*pairs_in(p)},
    "negated pronoun": lambda p: (True, True) in negated_or_moved(p),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_combinations_are_seen_in_their_split_alone(book, family):
    holds = HOLDS[family]
    for phrase in (*book.train, *book.valid, *book.test):
        assert not holds(phrase), phrase
    for phrase in book.combinations:
        assert bool(holds(phrase)) == (phrase.construction == family), phrase
