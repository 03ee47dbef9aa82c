"""Words and their numbers."""

import operator
from collections import Counter
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path
from typing import Any, SupportsIndex

from jaxtyping import Integer
from torch import Tensor

from d2lattn.checks import check_positive

__all__ = ["SPECIALS", "Vocab"]

Indices = Iterable[SupportsIndex] | Integer[Tensor, "T"]

#: What is in every vocabulary and in no language: padding, the beginning of a
#: sentence, its end, and any word that is not in the vocabulary.
SPECIALS = ("<pad>", "<bos>", "<eos>", "<unk>")


class Vocab:
    """The words of some sentences, numbered.

    The most frequent comes first, after the four specials, and words equally
    frequent are in alphabetical order. A word seen less than `min_freq` times
    is left out. Only what a model trains on should be given here: whoever
    counts the words of held-out sentences has looked at them.

    Raises `ValueError` where a sentence is a string and not words, where a
    word is empty or holds a line break, or where `min_freq` is below 1.

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
        wanted = "sentences must be a list, each a list of words, but"
        if isinstance(sentences, str):
            raise ValueError(f"{wanted} is {sentences!r}")
        for sentence in listed(wanted, sentences):
            counts.update(check_words("a sentence", sentence))
        words = [word for word in counts if counts[word] >= min_freq]
        words.sort(key=lambda word: (-counts[word], word))
        self._number(words)

    def _number(self, words: Iterable[str]) -> None:
        others = [word for word in words if word not in SPECIALS]
        self.words: tuple[str, ...] = (*SPECIALS, *others)
        self._numbers = {word: n for n, word in enumerate(self.words)}
        check_lines(self.words)

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

    def save(self, path: Path | str) -> None:
        """Write the words to a text file in UTF-8, one a line."""
        text = "".join(f"{word}\n" for word in self.words)
        Path(path).write_text(text, encoding="utf-8", newline="\n")

    @classmethod
    def load(cls, path: Path | str) -> "Vocab":
        """Read what `save` wrote; anything else raises `ValueError`."""
        vocab = cls([])
        vocab._number(read_words(path))
        return vocab


def check_words(name: str, words: Iterable[str]) -> list[str]:
    """Return the words, or raise a `ValueError` where they are none.

    A string is an iterable of strings too, and would pass for letters.
    """
    wanted = f"{name} must be a list or tuple of words, but"
    if isinstance(words, str):
        raise ValueError(f"{wanted} is the string {words!r}; split it first")
    words = listed(wanted, words)
    for word in words:
        if not isinstance(word, str):
            raise ValueError(f"{wanted} one is {word!r}")
    return words


def listed(wanted: str, things: Iterable[Any]) -> list[Any]:
    """Return the things in a list, or raise a `ValueError` where none are."""
    try:
        return list(things)
    except TypeError:
        raise ValueError(f"{wanted} is {things!r}") from None


def check_lines(words: Iterable[str]) -> None:
    """Raise a `ValueError` unless each word can be saved on a line."""
    for word in words:
        if not word or "\n" in word:
            raise ValueError(
                "a word must not be empty and must stand on one line, but one "
                f"is {word!r}"
            )


def check_indices(indices: Indices, size: int) -> list[int]:
    """Return numbers of words, or raise a `ValueError` where one is none."""
    wanted = (
        "indices must be integers between 0 and the size of the vocabulary - "
        f"1, that is {size - 1}, but"
    )
    if isinstance(indices, Tensor):
        indices = indices.tolist()  # one wait for the device, not many
    numbers = []
    for thing in listed(f"{wanted} what came", indices):
        try:
            numbers.append(operator.index(thing))
        except TypeError:
            numbers.append(-1)
        if not 0 <= numbers[-1] < size:
            raise ValueError(f"{wanted} one is {thing!r}")
    return numbers


def read_words(path: Path | str) -> list[str]:
    """Read a saved vocabulary, or raise a `ValueError` where it is none."""
    with Path(path).open(encoding="utf-8", newline="\n") as file:
        *words, rest = file.read().split("\n")
    specials = tuple(words[: len(SPECIALS)])
    if specials != SPECIALS or rest or len({*words}) < len(words):
        raise ValueError(
            f"{path} must hold a saved vocabulary, that is "
            f"{', '.join(SPECIALS)} and words, each once and on a line of its "
            "own"
        )
    return words
