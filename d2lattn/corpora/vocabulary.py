"""Words and their numbers."""

from collections import Counter
from collections.abc import Iterable
from itertools import takewhile
from typing import Any, SupportsIndex

from jaxtyping import Integer
from torch import Tensor

from d2lattn.checks import check_positive

Indices = Iterable[SupportsIndex] | Integer[Tensor, "T"]

#: What is in every vocabulary and in no language: padding, the beginning of a
#: sentence, its end, and any word that is not in the vocabulary.
SPECIALS = ("<pad>", "<bos>", "<eos>", "<unk>")


class Vocab:
    """The words of some sentences, numbered.

    The most frequent comes first, after the four specials, and words equally
    frequent are in alphabetical order. A word seen fewer than `min_freq`
    times is left out. Count only what a model trains on: to count the words
    of held-out sentences is to look at them.

    Raises `ValueError` where a sentence is a string instead of words, or
    `min_freq` is below 1.

    >>> vocab = Vocab([["le", "chat"], ["le", "chien"]])
    >>> vocab.words
    ('<pad>', '<bos>', '<eos>', '<unk>', 'le', 'chat', 'chien')
    >>> vocab["chien"], vocab["loup"] == vocab.unk, "loup" in vocab
    (6, True, False)
    >>> vocab.encode(["le", "loup"])
    [4, 3]
    >>> vocab.decode([1, 4, 3, 2, 0, 0])
    ['le', '<unk>']
    """

    pad, bos, eos, unk = range(4)

    def __init__(self, sentences: Iterable[Iterable[str]], min_freq: int = 1):
        check_positive(min_freq=min_freq)
        counts = Counter()
        for sentence in _listed("sentences", "lists of words", sentences):
            counts.update(check_words("a sentence", sentence))
        words = {w for w, n in counts.items() if n >= min_freq} - {*SPECIALS}
        order = sorted(words, key=lambda word: (-counts[word], word))
        self.words: tuple[str, ...] = (*SPECIALS, *order)
        self._numbers = {word: n for n, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self._numbers

    def __getitem__(self, word: str) -> int:
        return self._numbers.get(word, self.unk)

    def encode(self, words: Iterable[str]) -> list[int]:
        """The number of each word; neither `<bos>` nor `<eos>` is added."""
        return [self[word] for word in check_words("words", words)]

    def decode(self, indices: Indices) -> list[str]:
        """The words up to the first `<eos>`; no `<pad>` and no `<bos>`."""
        indices = check_indices(indices, len(self))
        kept = takewhile(lambda index: index != self.eos, indices)
        skipped = self.pad, self.bos
        return [self.words[index] for index in kept if index not in skipped]


def check_words(name: str, words: Iterable[str]) -> list[str]:
    """Return the words, or raise a `ValueError` where they are not words."""
    words = _listed(name, "words", words)
    for word in words:
        if not isinstance(word, str):
            raise ValueError(f"{name} must be words, but one is {word!r}")
    return words


def check_indices(indices: Indices, size: int) -> list[int]:
    """Return numbers of words, or raise a `ValueError` where one is wrong."""
    if isinstance(indices, Tensor):
        indices = indices.tolist()  # one wait for the device, not many
    numbers = []
    for index in _listed("indices", "integers", indices):
        number = getattr(index, "__index__", lambda: -1)()
        if not 0 <= number < size:
            raise ValueError(
                "indices must be integers between 0 and the size of the "
                f"vocabulary - 1, that is {size - 1}, but one is {index!r}"
            )
        numbers.append(number)
    return numbers


def _listed(name: str, wanted: str, things: Iterable[Any]) -> list[Any]:
    """Return the things as a list, or raise a `ValueError`.

    A string is an iterable of strings, too, and would pass for words.
    """
    if isinstance(things, str) or not isinstance(things, Iterable):
        raise ValueError(
            f"{name} must be a list of {wanted}, but is {things!r}"
        )
    return list(things)
