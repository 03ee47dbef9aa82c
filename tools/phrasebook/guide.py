"""A draw that finds all that the grammar can say, and how probable it is."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from drawing import Draw, sense
from nominals import Nominal
from pieces import Piece, words
from wanted import Wanted


class Used:
    """The words that a sentence may have used: sets, with probabilities.

    They are several where the sentence dropped a part. There is one object
    for each single set.
    """

    single: dict[frozenset, "Used"] = {}

    def __init__(self, sets: dict[frozenset, float]):
        self.sets, self._after = sets, {}

    @classmethod
    def of(cls, sets: dict[frozenset, float]) -> "Used":
        """Make the probabilities add up to one."""
        if len(sets) == 1:
            [only] = sets
            return cls.single.setdefault(only, cls({only: 1.0}))
        total = sum(sets.values())
        return cls({each: share / total for each, share in sets.items()})

    def and_(self, word: str) -> "Used":
        """The same, and this word."""
        if word not in self._after:
            sets = defaultdict(float)
            for each, share in self.sets.items():
                sets[each | {word}] += share
            self._after[word] = Used.of(sets)
        return self._after[word]


class Dead(Exception):
    """No choice is left that would make the sentence."""


#: What may be chosen, its probability, and the words used then.
Choice = tuple[Any, float, Used]
DROPPED = Piece(words("(dropped)"), words("(dropped)"))
NOTHING = Used.of({frozenset(): 1.0})


class Runs:
    """Run a program once for every sequence of choices.

    A run repeats the choices of the one before, but for the last that had
    something else to offer. The runs of a part are runs within a run.
    """

    path: list[list[Any]]  # of each choice: which is taken, of what
    depth: int  # the choices made in this run
    weight: float  # their probability
    used: Used

    def choose(self, choices: Callable[[], Sequence[Choice]]) -> Any:
        """Take a choice: the one of the run before, or the first, or the next.

        Raises `Dead` where there is none.
        """
        if self.depth == len(self.path):
            found = choices()
            if not found:
                raise Dead
            self.path.append([0, found])
        at, found = self.path[self.depth]
        self.depth += 1
        what, share, self.used = found[at]
        self.weight *= share
        return what

    def runs(
        self, program: Callable[[], Any], used: Used
    ) -> list[tuple[Any, float, Used, list[Piece]]]:
        """What comes of each run, its probability, and its unsure pieces."""
        before, found, path = vars(self).copy(), [], []
        while True:
            self.path, self.depth, self.unsures = path, 0, []
            self.weight, self.used = 1.0, used
            try:
                what = program()
                found.append((what, self.weight, self.used, self.unsures))
            except Dead:
                pass
            while path and path[-1][0] + 1 == len(path[-1][1]):
                path.pop()
            if not path:
                break
            path[-1][0] += 1
        vars(self).update(before)
        return found


class Guide(Runs, Draw):
    """A draw that tries all choices that can make a sentence.

    A part counts as one choice: it has runs of its own, once for each
    sentence, and what it can say is remembered. Where the grammar may drop a
    part, one run takes it as said and another as dropped; those that find it
    otherwise at the end count for nothing.

    >>> from events import time
    >>> guide = Guide(Wanted("at six o'clock".split(), None))
    >>> [(_, share, _)] = guide.results(time, "past")
    >>> round(share, 3)  # 0.3 times one of six
    0.05
    """

    dropped: dict[Any, list[Choice]] = {}

    def __init__(self, wanted: Wanted):
        self.wanted, self.used, self.saying = wanted, NOTHING, True
        self.memo: dict[Any, list[Choice]] = {}

    def __call__(self, options: Sequence[Any]) -> Any:
        return self.choose(lambda: self._even(options, sure=True))

    def perhaps(self, options: Sequence[Any]) -> Any:
        return self.choose(lambda: self._even(options, sure=False))

    def chance(self, share: float) -> bool:
        both = (True, share, self.used), (False, 1 - share, self.used)
        return self.choose(lambda: [each for each in both if each[1] > 0])

    def says(self, english: str, french: str) -> None:
        if self.saying and not self.wanted.says(english, french):
            raise Dead

    def use(self, word: str) -> None:
        self.used = self.used.and_(sense(word))

    def unused(self, options: Sequence[Any]) -> Any:
        return self.choose(lambda: self._unused(options))

    def part(self, function: Callable, *args: Any, **options: Any) -> Any:
        return self.choose(lambda: self.results(function, *args, **options))

    def unsure(self, function: Callable, *args: Any, **options: Any) -> Any:
        if not self.saying:
            return function(self, *args, **options)

        def choices() -> list[Choice]:
            said = self.results(function, *args, **options)
            self.saying = False
            [(_, share, used)] = self.results(function, *args, **options)
            self.saying = True
            return [*said, (Nominal(DROPPED, 2, 0), share, used)]

        what = self.choose(choices)
        self.unsures.append(what.piece)
        return what

    def results(
        self, function: Callable, *args: Any, **options: Any
    ) -> list[Choice]:
        """All that a part can say, each thing once.

        Of a part that is dropped, only the words that it uses matter.
        """
        memo = self.memo if self.saying else Guide.dropped
        given = self.wanted.key((args, [*options.items()]))
        key = function, given, self.used
        if key not in memo:
            found: dict[Any, tuple[Any, dict[frozenset, float]]] = {}
            for what, share, used, unsures in self.runs(
                lambda: function(self, *args, **options), self.used
            ):
                if self.saying and not self._stands(what, unsures):
                    continue
                same = self.wanted.key(what) if self.saying else None
                _, sets = found.setdefault(same, (what, defaultdict(float)))
                for each, of_these in used.sets.items():
                    sets[each] += share * of_these
            memo[key] = [
                (what, sum(sets.values()), Used.of(sets))
                for what, sets in found.values()
            ]
        return memo[key]

    def _even(self, options: Sequence[Any], *, sure: bool) -> list[Choice]:
        return [
            (option, count / len(options), self.used)
            for option, count in Counter(options).items()
            if not (sure and self.saying) or self.wanted.fits(option)
        ]

    def _unused(self, options: Sequence[Any]) -> list[Choice]:
        senses = [sense(option) for option in options]
        possible = frozenset(senses)
        left: dict[frozenset, list[Choice]] = {}
        found: dict[Any, dict[frozenset, float]] = {}
        for used, share in self.used.sets.items():
            gone = used & possible
            if gone not in left:
                both = zip(options, senses, strict=True)
                free = [option for option, each in both if each not in gone]
                left[gone] = self._even(free or [None], sure=True)
            for option, chance, _ in left[gone]:
                found.setdefault(option, {})[used] = share * chance
        return [
            (option, sum(sets.values()), Used.of(sets))
            for option, sets in found.items()
        ]

    def _stands(self, what: Any, unsures: list[Piece]) -> bool:
        """Whether a part stands in the sentence, with all that it said."""
        piece = what.piece if isinstance(what, Nominal) else what
        if not isinstance(piece, Piece):
            return True
        return self.wanted.holds(piece) and all(
            any(word is unsure.english[0] for word in piece.english)
            for unsure in unsures
            if unsure is not DROPPED  # whose word no sentence holds
        )
