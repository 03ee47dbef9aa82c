"""Words and their numbers, on their way out and back."""

import random
from collections import Counter

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


def test_order_hangs_on_counts_alone():
    draw = random.Random(3)
    letters = "abcdefghijklm"
    words = draw.choices(letters, range(len(letters)), k=500)
    vocab = Vocab([words])
    draw.shuffle(words)
    assert Vocab([words[:100], words[100:]]).words == vocab.words
    counts = Counter(words)
    keys = [(-counts[word], word) for word in vocab.words[4:]]
    assert keys == sorted(keys)
    assert {*vocab.words[4:]} == {*words}


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


def test_numbers_are_places(vocab):
    for number, word in enumerate(vocab.words):
        assert vocab[word] == number


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


def test_saved_and_loaded(vocab, tmp_path):
    vocab.save(tmp_path / "words.txt")
    loaded = Vocab.load(tmp_path / "words.txt")
    assert loaded.words == vocab.words
    assert loaded["souris"] == vocab["souris"]
    assert Vocab.load(str(tmp_path / "words.txt")).words == vocab.words


def test_saved_as_text(tmp_path):
    # As many kinds of line break and space as a word can hold.
    words = ["été", "l'", "a b", "a\u2028b", "a\x0bb", "a\r", "\ufeffa", "😀"]
    vocab = Vocab([words])
    vocab.save(tmp_path / "words.txt")
    data = (tmp_path / "words.txt").read_bytes()
    assert data.startswith(b"<pad>\n<bos>\n<eos>\n<unk>\n")
    assert "été\n".encode() in data
    assert data.count(b"\n") == len(vocab)
    assert Vocab.load(tmp_path / "words.txt").words == vocab.words


@pytest.mark.parametrize(
    "text",
    [
        "",
        "le\nchat\n",
        "<pad>\n<bos>\n<eos>\n",
        "<bos>\n<pad>\n<eos>\n<unk>\nle\n",
        "<pad>\n<bos>\n<eos>\n<unk>\nle\nle\n",
        "<pad>\n<bos>\n<eos>\n<unk>\nle\n<eos>\n",
        "<pad>\n<bos>\n<eos>\n<unk>\nle\nch",  # cut off
        "<pad>\n<bos>\n<eos>\n<unk>\nle\n\nchat\n",
        "<pad>\r\n<bos>\r\n<eos>\r\n<unk>\r\n",
    ],
)
def test_no_vocabulary(text, tmp_path):
    path = tmp_path / "words.txt"
    path.write_text(text, encoding="utf-8", newline="")
    with pytest.raises(ValueError, match=r"words.txt must hold|a word must"):
        Vocab.load(path)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda v: Vocab(["le chat"]), "a sentence must .* 'le chat'; split"),
        (lambda v: Vocab("le chat"), "sentences must be .* but is 'le chat'"),
        (lambda v: Vocab(SENTENCES, 0), "min_freq must be .* 1, but is 0"),
        (lambda v: Vocab([["a", ""]]), "must not be empty .* one is ''"),
        (lambda v: Vocab([["a\nb"]]), r"on one line, but one is 'a\\nb'"),
        (lambda v: v.encode("le chat"), "words must be .* string 'le chat'"),
        (lambda v: v.decode([4, 11]), "that is 10, but one is 11"),
        (lambda v: v.decode([4, -1]), "between 0 .* but one is -1"),
        (lambda v: v.decode(["le"]), "integers .* but one is 'le'"),
        (lambda v: v.decode([1.5]), "integers .* but one is 1.5"),
        (lambda v: v.decode(None), "integers .* but what came is None"),
        (lambda v: v.encode(None), "words must be .* but is None"),
        (lambda v: v.encode([["le"]]), r"words .* but one is \['le'\]"),
        (lambda v: v.encode([4]), "words must be .* but one is 4"),
        (lambda v: Vocab(None), "sentences must be a list, .* but is None"),
        (lambda v: Vocab([3]), "a sentence must be .* but is 3"),
        (lambda v: Vocab([[3]]), "a sentence must be .* but one is 3"),
        (lambda v: Vocab([], "2"), "min_freq must be .* 1, but is '2'"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_arguments(vocab, call, message):
    with pytest.raises(ValueError, match=message):
        call(vocab)
