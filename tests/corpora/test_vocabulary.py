"""Words and their numbers, on their way out and back."""

import pytest
import torch

from d2lattn.corpora import Vocab
from d2lattn.corpora.vocabulary import SPECIALS

SENTENCES = [
    ["le", "chat", "voit", "le", "chien", "."],
    ["le", "chien", "voit", "la", "souris", "."],
]


@pytest.fixture
def vocab():
    return Vocab(SENTENCES)


def test_order_is_written_down(vocab):
    assert vocab.words == (
        "<pad>",
        "<bos>",
        "<eos>",
        "<unk>",
        "le",  # three times
        ".",  # twice, and alphabetical from here
        "chien",
        "voit",
        "chat",  # once
        "la",
        "souris",
    )
    specials = vocab.pad, vocab.bos, vocab.eos, vocab.unk
    assert specials == (0, 1, 2, 3)
    assert [vocab[word] for word in SPECIALS] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("min_freq", "words"),
    [(1, 7), (2, 4), (3, 1), (4, 0)],
)
def test_rare_words_are_left_out(min_freq, words):
    vocab = Vocab(SENTENCES, min_freq)
    assert len(vocab) == len(vocab.words) == 4 + words
    assert vocab.words == Vocab(SENTENCES).words[: 4 + words]


def test_unknown_words(vocab):
    assert vocab["loup"] == vocab.unk
    assert "loup" not in vocab
    assert "chat" in vocab
    assert vocab.encode(["le", "loup"]) == [vocab["le"], 3]
    assert vocab.decode([vocab["le"], 3]) == ["le", "<unk>"]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_encoded_and_decoded(vocab, sentence):
    numbers = vocab.encode(sentence)
    assert not {*numbers} & {0, 1, 2, 3}
    assert vocab.decode(numbers) == sentence
    padded = [1, *numbers, 2, 0, 0]
    assert vocab.decode(padded) == sentence
    assert vocab.decode(torch.tensor(padded)) == sentence
    assert vocab.decode(list(torch.tensor(padded))) == sentence


def test_nothing_follows_the_end(vocab):
    assert vocab.decode([4, 2, 5, 2, 6]) == ["le"]
    assert vocab.decode([2, 4]) == []
    assert vocab.decode([]) == []
    assert vocab.decode([0, 4, 0, 1, 5]) == ["le", "."]


def test_any_iterables_will_do():
    once = (iter(sentence) for sentence in SENTENCES)
    assert Vocab(once).words == Vocab(SENTENCES).words
    assert Vocab([]).words == SPECIALS
    assert Vocab(SENTENCES).encode(word for word in ["le"]) == [4]


def test_specials_in_a_text_stay_specials():
    vocab = Vocab([["<eos>", "a", "<eos>", "<pad>"]])
    assert vocab.words == (*SPECIALS, "a")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda v: Vocab(["le chat"]), "a sentence must .* but is 'le chat'"),
        (lambda v: Vocab("le chat"), "sentences must be .* but is 'le chat'"),
        (lambda v: Vocab(SENTENCES, 0), "min_freq must be .* 1, but is 0"),
        (lambda v: v.encode("le chat"), "words must be .* but is 'le chat'"),
        (lambda v: v.decode([4, 11]), "that is 10, but one is 11"),
        (lambda v: v.decode([4, -1]), "between 0 .* but one is -1"),
        (lambda v: v.decode(["le"]), "integers .* but one is 'le'"),
        (lambda v: v.decode([1.5]), "integers .* but one is 1.5"),
        (lambda v: v.decode(None), "integers, but is None"),
        (lambda v: v.encode(None), "words must be .* but is None"),
        (lambda v: v.encode([["le"]]), r"words .* but one is \['le'\]"),
        (lambda v: v.encode([4]), "words must be .* but one is 4"),
        (lambda v: Vocab(None), "sentences must be a list .* but is None"),
        (lambda v: Vocab([3]), "a sentence must be .* but is 3"),
        (lambda v: Vocab([[3]]), "a sentence must be .* but one is 3"),
        (lambda v: Vocab([], "2"), "min_freq must be .* 1, but is '2'"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_arguments(vocab, call, message):
    with pytest.raises(ValueError, match=message):
        call(vocab)
