"""The Tatoeba pairs themselves: split, and in words.

What needs the real file looks for it where the project's data lie, or where
the cache's environment variable says.
"""

import hashlib
import os
import zipfile
from collections import Counter
from pathlib import Path

import jaxtyping
import pytest

from d2lattn.corpora import SentencePair, tatoeba
from d2lattn.corpora.tatoeba import HeldOut
from d2lattn.corpora.words import detokenize, normalize, tokenize

SHARED = Path(__file__).parents[3] / "shared" / "data"
FILE = Path(os.environ.get("D2LATTN_DATA", SHARED)) / "fra-eng.zip"


def key_of(words):
    """What a source is told apart by."""
    return " ".join(word for word in words if any(map(str.isalnum, word)))


def part_of(words):
    """The split of a source, by its hash."""
    digits = hashlib.sha256(key_of(words).encode("utf-8")).hexdigest()[:16]
    return {0: "valid", 1: "test"}.get(int(digits, 16) % 58, "train")


def test_split_by_hand():
    words = {part_of((word,)): word for word in map(str, range(999))}
    v, t, k = words["valid"], words["test"], words["train"]
    train, valid, test = tatoeba.split(
        [(v, "A !"), (t, "B."), (k, "C"), (f"{v}!", "D"), (v, "E"), (t, "b")]
    )
    assert train == [SentencePair((k,), ("c",))]
    assert valid == [HeldOut((v,), ("A !", "E")), HeldOut((v, "!"), ("D",))]
    assert test == [HeldOut((t,), ("B.", "b"))]


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Call without the checker of annotations: it is a million calls."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="module")
def lines(quick):
    """The file as it is, line by line, read another way."""
    if not FILE.exists():
        pytest.skip(f"there is no {FILE}; tatoeba.URL says where to get it")
    with zipfile.ZipFile(FILE) as files:
        text = files.read("fra.txt").decode("utf-8")
    return [line.split("\t") for line in text.removesuffix("\n").split("\n")]


@pytest.fixture(scope="module")
def pairs(lines):
    return tatoeba.text_pairs(FILE)


@pytest.fixture(scope="module")
def srcs(pairs):
    return [tuple(tokenize(src)) for src, tgt in pairs]


@pytest.fixture(scope="module")
def corpus(lines):
    return tatoeba.load(FILE)


@pytest.fixture(scope="module")
def held(corpus):
    return [*corpus.valid, *corpus.test]


def test_all_pairs_are_there(lines, pairs):
    assert len(lines) == 167_130
    as_one = {tuple(normalize(text) for text in line) for line in lines}
    assert len(pairs) == len(as_one)
    assert {*pairs} == as_one
    assert len(pairs) > 166_900
    assert pairs[0] == ("Go.", "Va !")  # short ones come first
    assert len(pairs[0][0]) < len(pairs[80_000][0]) < len(pairs[-1][0])


def test_every_pair_is_in_one_split(srcs, corpus, held):
    found = Counter(pair.src for pair in corpus.train)
    found.update({one.src: len(one.references) for one in held})
    assert found == Counter(srcs)


def test_no_source_is_in_two_splits(corpus):
    train = {key_of(pair.src) for pair in corpus.train}
    valid = {key_of(one.src) for one in corpus.valid}
    test = {key_of(one.src) for one in corpus.test}
    assert not train & valid
    assert not train & test
    assert not valid & test
    for part in (corpus.valid, corpus.test):
        assert len({one.src for one in part}) == len(part)
        assert 1900 < len(part) < 2200


@pytest.mark.parametrize(("language", "share"), [("en", 0.999), ("fr", 0.995)])
def test_words_become_their_text_again(pairs, language, share):
    texts = [pair[language == "fr"] for pair in pairs[::3]]
    words = [tokenize(text) for text in texts]
    again = [detokenize(each, language) for each in words]
    same = sum(a == b.lower() for a, b in zip(again, texts, strict=True))
    assert same >= share * len(texts)
    # What is written another way is still the same words.
    assert [tokenize(text) for text in again] == words


def test_samples_are_nested(corpus):
    few, more = (tatoeba.sample([*corpus.train], n) for n in (600, 40_000))
    assert (len(few), len(more)) == (600, 40_000)
    assert Counter(few) < Counter(more) < Counter(corpus.train)
    # In the order of the file, and from all of it.
    train = iter(corpus.train)
    assert all(pair in train for pair in more)
    middle = corpus.train.index(more[20_000]) / len(corpus.train)
    assert 0.49 < middle < 0.51
    assert tatoeba.sample(few, 601) == few


def test_fewer(corpus):
    """Training gets smaller, what is held out does not."""
    small = tatoeba.load(FILE, num_pairs=1000)
    assert (small.valid, small.test) == (corpus.valid, corpus.test)
    assert [*small.train] == tatoeba.sample([*corpus.train], 1000)
