"""Sentences become batches: tensors of numbers, and lengths."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Int64
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from d2lattn.checks import check_positive
from d2lattn.corpora.vocabulary import Vocab


class SentencePair(NamedTuple):
    """A sentence and its translation, as words.

    >>> SentencePair(("go", "!"), ("va", "!")).tgt
    ('va', '!')
    """

    src: tuple[str, ...]
    tgt: tuple[str, ...]


class Batch(NamedTuple):
    """What a model reads, what it should say, and how long each is.

    `src` holds the words of the source and `<eos>`; `tgt` holds `<bos>` and
    the words of the target; `labels`, the decoder's right answers, holds
    these words and `<eos>`. All are padded to the longest of the batch.
    """

    src: Int64[Tensor, "B S"]
    src_valid_lens: Int64[Tensor, "B"]
    tgt: Int64[Tensor, "B T"]
    labels: Int64[Tensor, "B T"]
    tgt_valid_lens: Int64[Tensor, "B"]

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch on another device."""
        return Batch(*(tensor.to(device) for tensor in self))


def pad_rows(
    rows: Sequence[Sequence[int]],
) -> tuple[Int64[Tensor, "B T"], Int64[Tensor, "B"]]:
    """Put rows of numbers into a padded tensor; return it with their lengths.

    >>> pad_rows([[7, 2], [8, 9, 2]])
    (tensor([[7, 2, 0],
            [8, 9, 2]]), tensor([2, 3]))
    """
    tensors = [torch.tensor(row, dtype=torch.int64) for row in rows]
    lens = torch.tensor([len(row) for row in rows])
    padded = pad_sequence(tensors, batch_first=True, padding_value=Vocab.pad)
    return padded, lens


class Batches:
    """Pairs of sentences in batches, those of similar length together.

    A pair is anything with the words `src` and `tgt`. A batch takes as many
    pairs as fit: their number times the length of the longest sentence is at
    most `max_tokens`. A single pair that is longer is a batch by itself.

    Each `for batch in batches` brings all pairs in a new order, which depends
    on the seed and the number of passes before. With `shuffle=False` the
    batches always go from short to long.

    Raises `ValueError` where there are no pairs, where a sentence is a
    string, or where `max_tokens` is below 1.

    Paper: Vaswani et al. (2017), section 5.1, for batches by number of tokens.

    >>> pairs = [SentencePair(("go", "!"), ("va", "!"))]
    >>> vocabs = Vocab([["go", "!"]]), Vocab([["va", "!"]])
    >>> batches = Batches(pairs, *vocabs, max_tokens=100)
    >>> [batch] = batches
    >>> batch.src, batch.tgt, batch.labels
    (tensor([[5, 4, 2]]), tensor([[1, 5, 4]]), tensor([[5, 4, 2]]))
    >>> batch.src_valid_lens, batch.tgt_valid_lens
    (tensor([3]), tensor([3]))
    """

    def __init__(
        self,
        pairs: Sequence[Any],
        src_vocab: Vocab,
        tgt_vocab: Vocab,
        max_tokens: int = 2048,
        *,
        shuffle: bool = True,
        seed: int = 0,
    ):
        check_positive(pairs=len(pairs), max_tokens=max_tokens)
        self.srcs = [src_vocab.encode(pair.src) for pair in pairs]
        self.tgts = [tgt_vocab.encode(pair.tgt) for pair in pairs]
        # Each sentence has one special token more.
        longer = [max(len(p.src), len(p.tgt)) + 1 for p in pairs]
        # However the pairs are shuffled, their sorted lengths, and so where
        # one batch ends and the next begins, stay the same.
        self.counts = count_batches(sorted(longer), max_tokens)
        self.longer = torch.tensor(longer)  # (N,)
        self.shuffle = shuffle
        self.generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return len(self.counts)

    def __iter__(self) -> Iterator[Batch]:
        order = self._permute(torch.arange(len(self.longer)))
        order = order[self.longer[order].argsort(stable=True)]
        batches = order.split(self.counts)
        numbers = self._permute(torch.arange(len(batches)))
        return (self._batch(batches[n].tolist()) for n in numbers)

    def _permute(self, indices: Int64[Tensor, "N"]) -> Int64[Tensor, "N"]:
        if not self.shuffle:
            return indices
        return indices[torch.randperm(len(indices), generator=self.generator)]

    def _batch(self, indices: list[int]) -> Batch:
        bos, eos = Vocab.bos, Vocab.eos
        src, src_lens = pad_rows([[*self.srcs[i], eos] for i in indices])
        tgt, tgt_lens = pad_rows([[bos, *self.tgts[i]] for i in indices])
        labels, _ = pad_rows([[*self.tgts[i], eos] for i in indices])
        return Batch(src, src_lens, tgt, labels, tgt_lens)


def count_batches(lens: Sequence[int], max_tokens: int) -> list[int]:
    """Count the sentences of each batch, given their lengths in order.

    >>> count_batches([2, 2, 3, 5, 9], max_tokens=8)
    [2, 1, 1, 1]
    """
    counts = []
    for length in lens:
        if counts and length * (counts[-1] + 1) <= max_tokens:
            counts[-1] += 1
        else:
            counts.append(1)
    return counts
