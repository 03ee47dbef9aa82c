"""The phrasebook as a reader has it: its file, its splits, its text."""

import itertools
import lzma
from collections import Counter

import pytest
from corpus import CONSTRUCTIONS
from families import FAMILIES

from d2lattn.corpora import Vocab, phrasebook
from d2lattn.corpora.phrasebook import (
    detokenize,
    lexicon,
    load,
    tokenize,
)

HELD_OUT = ("valid", "test", "combinations")


@pytest.fixture(scope="module")
def book():
    return load()


@pytest.fixture(scope="module")
def phrases(book):
    return [phrase for phrases in book for phrase in phrases]


# The file


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda data: data[:-1], "ended before"),
        (lambda data: b"version https", "not supported"),
        (lambda data: lzma.compress(b"{}"), "44136fa355b3678a"),
        (None, "No such file"),
    ],
    ids=["cut", "foreign", "other", "missing"],
)
def test_a_damaged_file_is_refused(damage, found, tmp_path, monkeypatch):
    path = tmp_path / "phrasebook.json.xz"
    if damage is not None:
        path.write_bytes(damage(phrasebook.FILE.read_bytes()))
    monkeypatch.setattr(phrasebook, "FILE", path)
    for read in load.__wrapped__, lexicon:
        with pytest.raises(ValueError, match=f"{found}.* Install d2lattn"):
            read()


def test_the_lexicon_has_the_forms_that_stand_in_sentences(phrases):
    nouns, adjectives, determiners = lexicon()
    english = {word for phrase in phrases for word in phrase.src}
    french = {word for phrase in phrases for word in phrase.tgt}
    assert {form for forms in nouns.values() for form in forms} <= english
    assert adjectives.keys() | determiners.keys() <= english
    assert {form for forms in adjectives.values() for form in forms} <= french
    assert "" not in {f for forms in determiners.values() for f in forms}


# The corpus as a whole


def test_sizes(book):
    assert 29_000 <= len(book.train) <= 33_000
    assert 900 <= len(book.valid) <= 1_200
    assert 1_000 <= len(book.test) <= 2_000
    assert 1_000 <= len(book.combinations) <= 2_000
    assert load() is book


def test_no_sentence_comes_twice(phrases):
    assert len({phrase.src for phrase in phrases}) == len(phrases)


@pytest.mark.parametrize("name", HELD_OUT)
def test_what_is_held_out_is_nowhere_else(book, name):
    held_out = getattr(book, name)
    others = [
        phrase
        for other, phrases in book._asdict().items()
        if other != name
        for phrase in phrases
    ]
    for side in "src", "tgt":
        seen = {getattr(phrase, side) for phrase in others}
        assert not seen & {getattr(phrase, side) for phrase in held_out}


def test_constructions_are_balanced(book):
    for phrases, share in (book.train, 0.02), (book.valid, 0.015):
        counts = Counter(phrase.construction for phrase in phrases)
        assert counts.keys() == {*CONSTRUCTIONS}
        assert min(counts.values()) > share * len(phrases)
        assert max(counts.values()) < 0.07 * len(phrases)
    counts = Counter(phrase.construction for phrase in book.combinations)
    assert counts.keys() == {*FAMILIES}
    assert min(counts.values()) >= 250


@pytest.mark.parametrize("side", ["src", "tgt"])
def test_each_word_is_seen_often(book, side):
    train = [getattr(phrase, side) for phrase in book.train]
    counts = Counter(itertools.chain.from_iterable(train))
    assert min(counts.values()) >= 30
    assert 200 <= len(counts) <= 420
    vocab = Vocab(train)
    for name in HELD_OUT:
        for phrase in getattr(book, name):
            assert vocab.unk not in vocab.encode(getattr(phrase, side))


# Text


@pytest.mark.parametrize("side", ["src", "tgt"])
def test_words_become_text_and_words_again(book, side):
    language = {"src": "en", "tgt": "fr"}[side]
    for phrases in book:
        for phrase in phrases[::7]:
            words = getattr(phrase, side)
            text = detokenize(words, language)
            assert tokenize(text) == words
            assert text[0].isupper()
            assert " '" not in text
            assert "' " not in text


@pytest.mark.parametrize(
    ("language", "words", "text"),
    [
        ("en", "i gave paul 's cat to anne .", "I gave Paul's cat to Anne."),
        ("en", "when i left , it was two o'clock .", None),
        ("en", "where is marie ?", "Where is Marie?"),
        ("fr", "où est l' homme ?", "Où est l'homme\u00a0?"),
        ("fr", "il n' y a pas d' œufs .", "Il n'y a pas d'œufs."),
        (
            "fr",
            "qu' est-ce qu' anne mange aujourd'hui ?",
            "Qu'est-ce qu'Anne mange aujourd'hui\u00a0?",
        ),
    ],
)
def test_text_is_as_a_person_writes_it(language, words, text):
    text = text or "When I left, it was two o'clock."
    assert detokenize(words.split(), language) == text
    assert tokenize(text) == tuple(words.split())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I don't see him.", "i do not see him ."),
        ("He won't eat it", "he will not eat it"),
        ("I'm hungry; we're tired.", "i am hungry ; we are tired ."),
        ("She’ll leave", "she will leave"),
        ("S’il mange", "s' il mange"),
        ("  Paul   's cat ", "paul 's cat"),
        ("", ""),
    ],
)
def test_what_a_reader_types_becomes_words(text, words):
    assert tokenize(text) == tuple(words.split())


def test_a_string_is_no_list_of_words():
    with pytest.raises(ValueError, match=r"phrase must be .* 'le chat'"):
        detokenize("le chat")
    with pytest.raises(ValueError, match="language"):
        detokenize(["le", "chat"], "de")
