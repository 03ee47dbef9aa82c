"""The grammar of the phrasebook, with words chosen by hand."""

import pytest
from clauses import clause, there_is
from lexicon import ADJECTIVES, NOUNS, VERBS
from nominals import (
    adjective,
    again,
    both,
    comparison,
    dative_pronoun,
    name,
    noun_phrase,
    object_again,
    object_pronoun,
    prepositional,
    pronoun,
)
from pieces import (
    Piece,
    arrange,
    finish,
    pair,
    say,
)
from sense import OBJECTS, PLACES

SHE = pronoun("she")


def said(piece):
    phrase = finish(piece, "example")
    return " ".join(phrase.src), " ".join(phrase.tgt)


def linked(piece):
    """Each French word with the English words that it translates."""
    src, tgt, alignment, _ = finish(piece, "example")
    return " ".join(
        f"{word}:{'+'.join(src[i] for i, k in alignment if k == j)}"
        for j, word in enumerate(tgt)
    )


@pytest.mark.parametrize(
    ("words", "several", "english", "french"),
    [
        (("cat", "the"), False, "the cat", "le chat"),
        (("cow", "the"), True, "the cows", "les vaches"),
        (("man", "the"), False, "the man", "l' homme"),
        (("egg", "a"), False, "an egg", "un œuf"),
        (("egg", "a", ("white",)), False, "a white egg", "un œuf blanc"),
        (("hat", "a", ("old",)), False, "an old hat", "un vieux chapeau"),
        (("tree", "this"), False, "this tree", "cet arbre"),
        (("tree", "this", ("big",)), False, "this big tree", "ce grand arbre"),
        (("orange", "this"), False, "this orange", "cette orange"),
        (("tree", "this"), True, "these trees", "ces arbres"),
        (("orange", "my"), False, "my orange", "mon orange"),
        (
            ("orange", "her", ("small",)),
            False,
            "her small orange",
            "sa petite orange",
        ),
        (("horse", "our"), True, "our horses", "nos chevaux"),
        (("cake", "their"), False, "their cake", "leur gâteau"),
        (("milk", "some"), False, "some milk", "du lait"),
        (("meat", "some"), False, "some meat", "de la viande"),
        (("water", "some"), False, "some water", "de l' eau"),
        (("apple", "some"), True, "some apples", "des pommes"),
        (
            ("apple", "some", ("red",)),
            True,
            "some red apples",
            "des pommes rouges",
        ),
        (
            ("apple", "some", ("good", "red")),
            True,
            "some good red apples",
            "de bonnes pommes rouges",
        ),
        (("milk", ""), False, "milk", "du lait"),
        (("cat", ""), True, "cats", "des chats"),
        (("cheese", "all"), False, "cheese", "le fromage"),
        (("bird", "all"), True, "birds", "les oiseaux"),
        (("child", "many"), True, "many children", "beaucoup d' enfants"),
        (("bed", "twenty"), True, "twenty beds", "vingt lits"),
        (
            ("man", "the", ("sad", "old")),
            False,
            "the sad old man",
            "le vieil homme triste",
        ),
        (
            ("hotel", "the", ("beautiful", "white")),
            False,
            "the beautiful white hotel",
            "le bel hôtel blanc",
        ),
        (("hotel", "a", ("new",)), False, "a new hotel", "un nouvel hôtel"),
        (
            ("house", "a", ("new",)),
            False,
            "a new house",
            "une nouvelle maison",
        ),
        (
            ("bird", "the", ("beautiful",)),
            True,
            "the beautiful birds",
            "les beaux oiseaux",
        ),
        (
            ("woman", "the", ("happy", "beautiful")),
            True,
            "the happy beautiful women",
            "les belles femmes heureuses",
        ),
    ],
)
def test_noun_phrases(words, several, english, french):
    nominal = noun_phrase(*words, plural=several)
    assert said(nominal.piece) == (english, french)


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize("word", ["", "any", "no"])
def test_what_there_is_not_is_de(noun, word):
    piece = noun_phrase(noun, word, denied=True).piece
    french = NOUNS[noun].french[0]
    de = "d'" if french.startswith(tuple("aeéhoœ")) else "de"
    assert said(piece)[1] == f"{de} {french}"


def test_owners_change_places():
    girl = noun_phrase("child", "this", ("sad",))
    dogs = noun_phrase("dog", "", ("big", "white"), plural=True, owner=girl)
    assert said(dogs.piece) == (
        "this sad child 's big white dogs",
        "les grands chiens blancs de cet enfant triste",
    )
    assert linked(dogs.piece) == (
        "les:'s grands:big chiens:dogs blancs:white de:'s "
        "cet:this enfant:child triste:sad"
    )
    hat = noun_phrase("hat", "", owner=noun_phrase("boy"))
    assert linked(hat.piece) == "le:'s chapeau:hat du:the+'s garçon:boy"
    hat = noun_phrase("hat", "", owner=name("anne"))
    assert said(hat.piece) == ("anne 's hat", "le chapeau d' anne")


@pytest.mark.parametrize(
    ("who", "tense", "adverb", "english", "french"),
    [
        ("i", "present", "", "i eat", "je mange"),
        ("he", "present", "", "he eats", "il mange"),
        ("she", "present", "not", "she does not eat", "elle ne mange pas"),
        ("we", "present", "often", "we often eat", "nous mangeons souvent"),
        ("you", "progressive", "", "you are eating", "tu manges"),
        ("i", "progressive", "not", "i am not eating", "je ne mange pas"),
        ("they", "future", "", "they will eat", "ils mangeront"),
        (
            "i",
            "future",
            "never",
            "i will never eat",
            "je ne mangerai jamais",
        ),
        ("i", "past", "", "i ate", "j' ai mangé"),
        ("she", "past", "not", "she did not eat", "elle n' a pas mangé"),
        (
            "they",
            "perfect",
            "already",
            "they have already eaten",
            "ils ont déjà mangé",
        ),
        (
            "he",
            "perfect",
            "never",
            "he has never eaten",
            "il n' a jamais mangé",
        ),
        ("we", "going", "", "we are going to eat", "nous allons manger"),
        (
            "i",
            "going",
            "not",
            "i am not going to eat",
            "je ne vais pas manger",
        ),
        ("she", "want", "", "she wants to eat", "elle veut manger"),
        (
            "he",
            "want",
            "not",
            "he does not want to eat",
            "il ne veut pas manger",
        ),
        ("she", "later", "", "she eats", "elle mangera"),
    ],
)
def test_tenses(who, tense, adverb, english, french):
    piece = clause(pronoun(who), "eat", tense, adverb=adverb)
    assert said(piece) == (english, french)


@pytest.mark.parametrize(
    ("tense", "english", "french"),
    [
        ("present", "does she look for paul", "est-ce qu' elle cherche paul"),
        ("past", "did she look for paul", "est-ce qu' elle a cherché paul"),
        (
            "future",
            "will she look for paul",
            "est-ce qu' elle cherchera paul",
        ),
        (
            "progressive",
            "is she looking for paul",
            "est-ce qu' elle cherche paul",
        ),
        (
            "going",
            "is she going to look for paul",
            "est-ce qu' elle va chercher paul",
        ),
        (
            "want",
            "does she want to look for paul",
            "est-ce qu' elle veut chercher paul",
        ),
    ],
)
def test_questions(tense, english, french):
    paul = [name("paul").piece]
    piece = clause(pronoun("she"), "look", tense, paul, question=True)
    assert said(piece) == (english, french)


@pytest.mark.parametrize(
    ("whom", "english", "french"),
    [
        ("me", "he did not see me", "il ne m' a pas vue"),
        ("you", "he did not see you", "il ne t' a pas vu"),
        ("him", "he did not see him", "il ne l' a pas vu"),
        ("her", "he did not see her", "il ne l' a pas vue"),
        ("us", "he did not see us", "il ne nous a pas vus"),
        ("them", "he did not see them", "il ne les a pas vus"),
    ],
)
def test_object_pronouns(whom, english, french):
    it = object_pronoun(whom)
    moved = {"clitic": it.piece, "agree": it}
    piece = clause(pronoun("he"), "see", "past", adverb="not", **moved)
    assert said(piece) == (english, french)


@pytest.mark.parametrize(
    ("noun", "several", "it", "that"),
    [
        ("egg", False, "je l' ai mangé", "l' œuf que j' ai mangé"),
        ("apple", False, "je l' ai mangée", "la pomme que j' ai mangée"),
        ("cake", True, "je les ai mangés", "les gâteaux que j' ai mangés"),
        ("apple", True, "je les ai mangées", "les pommes que j' ai mangées"),
    ],
)
def test_participles_agree_with_what_was_named(noun, several, it, that):
    what, i = noun_phrase(noun, plural=several), pronoun("i")
    again = object_again(what)
    moved = {"clitic": again.piece, "agree": again}
    assert said(clause(i, "eat", "past", **moved))[1] == it
    eaten = clause(i, "eat", "past", agree=what)
    assert said(say(what.piece, pair("that", "que"), eaten))[1] == that


def test_pronouns_before_infinitives():
    it = object_again(noun_phrase("dress"))
    moved = {"clitic": it.piece, "agree": it, "adverb": "not"}
    piece = clause(pronoun("they"), "buy", "want", **moved)
    assert linked(piece) == (
        "ils:they ne:not veulent:do+want pas:not l':it acheter:to+buy"
    )


def test_to_whom():
    me, them = dative_pronoun("me"), dative_pronoun("them", to=True)
    book = [noun_phrase("book", "a").piece]
    assert said(clause(name("anne"), "give", "future", book, clitic=me)) == (
        "anne will give me a book",
        "anne me donnera un livre",
    )
    piece = clause(name("anne"), "speak", "past", clitic=them)
    assert linked(piece) == "anne:anne leur:to+them a:spoke parlé:spoke"
    boys = [prepositional("to", noun_phrase("boy", plural=True))]
    piece = clause(name("anne"), "speak", "present", boys)
    assert linked(piece) == "anne:anne parle:speaks aux:to+the garçons:boys"


@pytest.mark.parametrize(
    ("who", "french"),
    [
        (pronoun("i"), "je suis allée"),
        (pronoun("you"), "tu es allé"),
        (pronoun("she"), "elle est allée"),
        (pronoun("we"), "nous sommes allés"),
        (noun_phrase("girl", plural=True), "les filles sont allées"),
        (both(name("marie"), name("anne")), "marie et anne sont allées"),
        (both(name("marie"), name("paul")), "marie et paul sont allés"),
        (pronoun("who"), "qui est allé"),
    ],
)
def test_those_who_went(who, french):
    assert said(clause(who, "go", "past"))[1] == french


@pytest.mark.parametrize(
    ("who", "english", "french"),
    [
        (pronoun("i"), "i", "je"),
        (pronoun("she"), "she", "elle"),
        (name("louis"), "he", "il"),
        (name("anne"), "she", "elle"),
        (noun_phrase("doctor"), "he", "il"),
        (noun_phrase("cow"), "it", "elle"),
        (noun_phrase("dress"), "it", "elle"),
        (noun_phrase("dress", plural=True), "they", "elles"),
        (both(name("paul"), name("anne")), "they", "ils"),
        (both(name("marie"), name("anne")), "they", "elles"),
    ],
)
def test_whom_a_pronoun_stands_for(who, english, french):
    assert said(again(who).piece) == (english, french)
    assert again(again(who)).form == who.form


def test_who_it_is_agrees_with_the_noun():
    woman = noun_phrase("woman")
    who = pronoun("who", woman)
    sad = [adjective("sad", who, very=True)]
    assert said(say(woman.piece, clause(who, "be", "past", sad))) == (
        "the woman who was very sad",
        "la femme qui était très triste",
    )


def test_comparisons():
    cars = noun_phrase("car", "my", plural=True)
    than = comparison("old", cars, name("paul"))
    assert linked(clause(cars, "be", "present", [than])) == (
        "mes:my voitures:cars sont:are plus:older vieilles:older que:than "
        "paul:paul"
    )
    than = comparison("beautiful", cars, noun_phrase("tree", "a"))
    assert (
        linked(than) == "plus:more belles:beautiful qu':than un:a arbre:tree"
    )


def test_what_one_is_and_has():
    hungry = [pair("hungry", "faim")]
    assert said(clause(pronoun("i"), "feel", "present", hungry)) == (
        "i am hungry",
        "j' ai faim",
    )
    piece = clause(pronoun("she"), "feel", "present", hungry, adverb="not")
    assert linked(piece) == "elle:she n':not a:is pas:not faim:hungry"


def test_what_there_is():
    bed = [prepositional("under", noun_phrase("bed"))]
    assert said(there_is(noun_phrase("cat", "a"), bed)) == (
        "there is a cat under the bed",
        "il y a un chat sous le lit",
    )
    piece = there_is(noun_phrase("egg", "three", plural=True), question=True)
    assert linked(piece) == (
        "est-ce:are qu':are il:there y:there a:are trois:three œufs:eggs"
    )
    piece = there_is(noun_phrase("egg", "no", plural=True))
    assert linked(piece) == (
        "il:there n':no y:there a:are pas:no d':no œufs:eggs"
    )


def test_pieces_are_said_in_any_order():
    one, two = pair("one", "un"), pair("two", "deux")
    phrase = finish(arrange([one, two], [two, one]), "count")
    assert phrase.alignment == ((0, 1), (1, 0))
    assert arrange([], []) == Piece()
    only_french = finish(arrange([], [one]), "count")
    assert only_french.alignment == ()
    held = say(one, two._replace(apart=("a family",)))
    assert held.apart == ("a family",)


@pytest.mark.parametrize(
    ("verb", "adverb", "pronoun", "families"),
    [
        ("find", "not", True, ("negated pronoun",)),
        ("buy", "never", True, ("negated pronoun",)),
        ("find", "", True, ()),
        ("find", "often", True, ()),
        ("find", "not", False, ()),
        ("see", "not", True, ()),
        ("sleep", "often", False, ("adverb verb",)),
        ("sleep", "always", False, ()),
        ("work", "often", False, ()),
    ],
)
def test_which_clauses_are_kept_apart(verb, adverb, pronoun, families):
    it = object_again(noun_phrase("hat"))
    moved = {"clitic": it.piece, "agree": it} if pronoun else {}
    piece = clause(SHE, verb, "past", adverb=adverb, **moved)
    assert piece.apart == families


def test_which_noun_phrases_are_kept_apart():
    dog = noun_phrase("dog", "a", ("big", "black"))
    assert dog.piece.apart == ("adjective noun",)
    assert noun_phrase("dog", "a", ("big", "white")).piece.apart == ()
    girls = noun_phrase("dog", "", ("black",), owner=noun_phrase("girl"))
    assert girls.piece.apart == ("adjective noun", "owner")
    boys = noun_phrase("dog", "", owner=noun_phrase("boy"))
    assert boys.piece.apart == ()
    subject = clause(girls, "be", "past", [dog.piece])
    assert subject.apart == ("adjective noun", "owner", "adjective noun")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: noun_phrase("catt"), "noun must be one of man, .* 'catt'"),
        (lambda: noun_phrase("milk", plural=True), "plural .* 'milk'"),
        (lambda: noun_phrase("cat", "an"), "determiner must be .* 'an'"),
        (lambda: noun_phrase("cat", "two"), "determiner must .* 'two'"),
        (lambda: noun_phrase("cat", "many"), "go with one, but is 'many'"),
        (
            lambda: noun_phrase("cat", "a", plural=True),
            "go with several, but is 'a'",
        ),
        (lambda: noun_phrase("cat", "a", ("blue",)), "adjective .* 'blue'"),
        (lambda: name("peter"), "text must be one of paul, .* 'peter'"),
        (lambda: pronoun("one"), "english must be one of i, .* 'one'"),
        (lambda: object_pronoun("i"), "english must be one of me, .* 'i'"),
        (lambda: dative_pronoun("it"), "english must be one of me, .* 'it'"),
        (lambda: clause(SHE, "run", "past"), "verb must be .* 'run'"),
        (lambda: clause(SHE, "eat", "pluperfect"), "tense must be one of"),
        (lambda: clause(SHE, "love", "past"), "'love' .* but is 'past'"),
        (lambda: clause(SHE, "see", "progressive"), "'see' .* 'progressive'"),
        (
            lambda: clause(SHE, "eat", "past", adverb="hardly"),
            "adverb must be one of not, .* 'hardly'",
        ),
    ],
)
def test_what_the_grammar_does_not_know_is_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


def test_the_tables_fit_together():
    for noun in NOUNS.values():
        assert {*noun.adjectives} <= ADJECTIVES.keys()
        assert noun.gender in {"m", "f"}
        assert all(len(forms) == 2 for forms in (noun.english, noun.french))
        assert bool(noun.english[1]) == bool(noun.french[1])
    for word in ADJECTIVES.values():
        assert len(word.forms) == 5
    for verb in VERBS.values():
        assert len(verb.present) == 5
        assert verb.auxiliary in {"have", "be"}
    assert OBJECTS.keys() <= VERBS.keys()
    for nouns in OBJECTS.values():
        assert {*nouns} <= NOUNS.keys()
    for spots in PLACES.values():
        assert {noun for _, noun in spots} <= NOUNS.keys()
