"""Sentences in batches: nothing lost, nothing twice, little padding."""

import random
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch

from d2lattn.corpora import Batches, SentencePair, Vocab
from d2lattn.corpora.batches import pad_rows

SRC, TGT = (Vocab([[f"{side}{n}" for n in range(50)]]) for side in "st")


def some_pairs(count=211, longest=17, seed=5):
    """Pairs of sentences of all lengths, each pair another."""
    draw = random.Random(seed)

    def words(vocab, number):
        sentence = draw.choices(vocab.words[4:], k=draw.randint(0, longest))
        return (*sentence, vocab.words[4 + number % 50])

    return [
        SentencePair(words(SRC, n), words(TGT, n // 50)) for n in range(count)
    ]


PAIRS = some_pairs()


def batches_of(pairs=PAIRS, max_tokens=97, **options):
    return Batches(pairs, SRC, TGT, max_tokens, **options)


def read(batch):
    """The pairs in a batch, by its words."""
    return [
        SentencePair(tuple(SRC.decode(src)), tuple(TGT.decode(labels)))
        for src, labels in zip(batch.src, batch.labels, strict=True)
    ]


def read_all(batches):
    return [pair for batch in batches for pair in read(batch)]


def same(batches, others):
    """Whether two passes bring the same."""
    return len(batches) == len(others) and all(
        a.shape == b.shape and a.equal(b)
        for batch, other in zip(batches, others, strict=True)
        for a, b in zip(batch, other, strict=True)
    )


def test_a_batch_written_down():
    src = Vocab([["we", "won", "!"], ["we", "we"]])
    tgt = Vocab([["on", "a", "gagné", "!"], ["a", "a"]])
    pairs = [
        SentencePair(("we", "won", "!"), ("on", "a", "gagné", "!")),
        SentencePair(("who", "won"), ("a",)),
    ]
    assert src.words[4:] == ("we", "!", "won")
    assert tgt.words[4:] == ("a", "!", "gagné", "on")
    [batch] = Batches(pairs, src, tgt, shuffle=False)
    assert batch.src.tolist() == [[3, 6, 2, 0], [4, 6, 5, 2]]
    assert batch.src_valid_lens.tolist() == [3, 4]
    assert batch.tgt.tolist() == [[1, 4, 0, 0, 0], [1, 7, 4, 6, 5]]
    assert batch.labels.tolist() == [[4, 2, 0, 0, 0], [7, 4, 6, 5, 2]]
    assert batch.tgt_valid_lens.tolist() == [2, 5]
    assert {tensor.dtype for tensor in batch} == {torch.int64}
    assert {tensor.device.type for tensor in batch.to("meta")} == {"meta"}


@pytest.mark.parametrize("shuffle", [False, True])
def test_every_pass_has_all_pairs(shuffle):
    batches = batches_of(shuffle=shuffle)
    for _ in range(3):
        passed = list(batches)
        assert len(passed) == len(batches)
        assert sorted(read_all(passed)) == sorted(PAIRS)


@pytest.mark.parametrize("max_tokens", [1, 7, 18, 19, 20, 97, 1000, 10**6])
def test_batches_keep_to_their_size(max_tokens):
    batches = list(batches_of(max_tokens=max_tokens))
    longest = [max(b.src.shape[1], b.tgt.shape[1]) for b in batches]
    for batch, length in zip(batches, longest, strict=True):
        assert length * len(batch.src) <= max_tokens or len(batch.src) == 1
    if max_tokens == 10**6:
        assert len(batches) == 1
    # None could have taken the shortest of the next one, too.
    lens = [
        [max(len(s), len(t)) + 1 for s, t in read(batch)]
        for batch in batches_of(max_tokens=max_tokens, shuffle=False)
    ]
    for these, others in pairwise(lens):
        assert max(these) <= min(others)
        assert min(others) * (len(these) + 1) > max_tokens


def test_little_is_padding():
    pairs = some_pairs(count=2000)
    real = sum(max(len(pair.src), len(pair.tgt)) + 1 for pair in pairs)
    padded = sum(
        len(batch.src) * max(batch.src.shape[1], batch.tgt.shape[1])
        for batch in batches_of(pairs, 512)
    )
    assert padded < 1.05 * real


def test_order():
    batches = batches_of()
    first, second = list(batches), list(batches)
    assert not same(first, second)
    # Another order of the batches, and others together in a batch.
    together = [{frozenset(read(b)) for b in each} for each in (first, second)]
    assert together[0] != together[1]
    lens = [
        [max(b.src.shape[1], b.tgt.shape[1]) for b in each]
        for each in (first, second)
    ]
    assert lens[0] != lens[1]
    assert lens[0] != sorted(lens[0])


def test_same_seed_same_passes():
    ours, theirs, others = batches_of(seed=3), batches_of(seed=3), batches_of()
    for each in range(3):
        if each == 1:
            torch.manual_seed(100)  # chance elsewhere changes nothing
        our, their = list(ours), list(theirs)
        assert same(our, their)
        assert not same(our, list(others))


def test_without_shuffling():
    batches = batches_of(shuffle=False)
    assert same(list(batches), list(batches))
    longer = [max(map(len, pair)) for pair in read_all(batches)]
    assert longer == sorted(longer)
    ties = [p for p in PAIRS if max(map(len, p)) == 9]
    found = [p for p in read_all(batches) if max(map(len, p)) == 9]
    assert found == ties  # in the order in which they came


def test_anything_with_a_source_and_a_target():
    things = [SimpleNamespace(src=("s1",), tgt=("t2", "t3"), tone="calm")]
    [batch] = batches_of(things)
    assert read(batch) == [(("s1",), ("t2", "t3"))]


def test_rows_of_all_lengths():
    tensor, lens = pad_rows([[], [5], [6, 7]])
    assert tensor.tolist() == [[0, 0], [5, 0], [6, 7]]
    assert lens.tolist() == [0, 1, 2]
    assert pad_rows([[], []])[0].shape == (2, 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: batches_of([]), "pairs must be at least 1"),
        (lambda: batches_of(max_tokens=0), "max_tokens must .* but is 0"),
        (
            lambda: batches_of([SentencePair("s1 s2", ("t1",))]),
            "words must be a list .* 's1 s2'",
        ),
        (
            lambda: batches_of([SentencePair(("s1",), "t1 t2")]),
            "words must be a list .* 't1 t2'",
        ),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
