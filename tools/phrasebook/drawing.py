"""What the grammar draws its choices with."""

import functools
import random
from collections.abc import Callable, Sequence
from typing import Any

from sense import SENSE


class Draw:
    """Choices at random, the same on every machine and Python.

    Python promises that `random.Random.random` stays as it is, and makes no
    such promise for `choice`.

    `judge` runs the grammar with a draw of its own, which tries every choice
    that a given sentence admits. So the grammar says of what it draws whether
    the sentence will say it: what it draws with `perhaps` or `unsure`, it may
    drop again.

    >>> draw = Draw("a seed")
    >>> draw(["heads"]), draw.chance(1.0)
    ('heads', True)
    """

    def __init__(self, seed: str):
        self._random = random.Random(seed).random
        self.start()

    def start(self) -> None:
        """Begin a sentence, which has used no word yet."""
        self._named = set()

    def __call__(self, options: Sequence[Any]) -> Any:
        return options[int(self._random() * len(options))]

    def perhaps(self, options: Sequence[Any]) -> Any:
        """One of the options, which the sentence need not say."""
        return self(options)

    def says(self, english: str, french: str) -> None:
        """The sentence will say this, whatever else is drawn."""

    def chance(self, share: float) -> bool:
        """True in this share of the calls."""
        return self._random() < share

    def unused(self, options: Sequence[Any]) -> Any:
        """An option whose word the sentence has not used, if there is one.

        The word of an option is the option or the last part of it.
        """
        option = self(options)
        if sense(option) in self._named:
            left = [o for o in options if sense(o) not in self._named]
            option = self(left) if left else None
        return option

    def use(self, word: str) -> None:
        """From now on the sentence has used this word."""
        self._named.add(sense(word))

    def fresh(self, options: Sequence[str]) -> str:
        """A word that the sentence has not used, or "" where there is none.

        A sentence uses only one of several adjectives that say much the same
        thing or its opposite.

        >>> draw = Draw("a seed")
        >>> draw.fresh(["big"]), draw.fresh(["big", "small"])
        ('big', '')
        """
        word = self.unused(options) or ""
        self.use(word)
        return word

    def noun(self, options: Sequence[str]) -> str:
        """A noun that the sentence has not used, where there is one."""
        return self.fresh(options) or self(options)

    def part(self, function: Callable, *args: Any, **options: Any) -> Any:
        """What a function draws: words that stand side by side."""
        return function(self, *args, **options)

    def unsure(self, function: Callable, *args: Any, **options: Any) -> Any:
        """A part that the sentence may drop again."""
        return function(self, *args, **options)


def part(function: Callable) -> Callable:
    """Mark a function that draws a part of a sentence."""

    @functools.wraps(function)
    def drawn(draw: Draw, *args: Any, **options: Any) -> Any:
        return draw.part(function, *args, **options)

    return drawn


def sense(option: Any) -> str:
    """What an option's word says; opposites say the same here.

    >>> sense("sad"), sense(("under", "tree"))
    ('happy sad', 'tree')
    """
    word = option if isinstance(option, str) else option[-1]
    return SENSE.get(word, word)
