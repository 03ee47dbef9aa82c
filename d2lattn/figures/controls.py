"""Slider values: the abbreviations of `ipywidgets.interact`, made finite."""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from numbers import Integral, Rational, Real
from typing import Any

WANTED = (
    "(lo, hi), (lo, hi, step), a number, a list of options, a list of "
    "(label, value) pairs, a dict of labels to values, or a bool"
)
MOST_STOPS = 100_000  # more would take long before the frames are counted
NO_START = inspect.Parameter.empty

# A Real; to type checkers, a float is none.
Number = Any


@dataclass(frozen=True)
class Control:
    """One parameter of a figure and the values it can take.

    Attributes:
        name: the parameter's name in the figure's function.
        kind: "range" (numbers in order), "select" or "checkbox".
        values: what the function is called with, one per stop.
        labels: the same values as a reader sees them.
        start: the value the figure opens with; one of `values`, except in a
            "range", where it may lie between two stops.
    """

    name: str
    kind: str
    values: tuple[Any, ...]
    labels: tuple[str, ...]
    start: Any

    @property
    def title(self) -> str:
        """The name as a reader sees it."""
        return self.name.replace("_", " ")

    @property
    def index(self) -> int:
        """The stop the figure opens on: the one nearest to `start`."""
        if self.kind == "range":
            gaps = [abs(value - self.start) for value in self.values]
            return gaps.index(min(gaps))
        found = _position(self.values, self.start)
        assert found is not None, "a control starts at one of its values"
        return found

    def __str__(self) -> str:
        if self.kind == "range":
            first, last = self.labels[0], self.labels[-1]
            return f"{self.name} {first} to {last} ({len(self.labels)} stops)"
        return f"{self.name} " + " | ".join(self.labels)


def innermost(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The function, or the one inside a `functools.partial`."""
    return innermost(fn.func) if isinstance(fn, partial) else fn


def called_by(fn: Callable[..., Any]) -> str:
    """What a function is called."""
    fn = innermost(fn)
    return getattr(fn, "__name__", type(fn).__name__)


def parse_controls(
    fn: Callable[..., Any], abbreviations: Mapping[str, Any]
) -> list[Control]:
    """Check each abbreviation against the parameters of `fn`.

    Args:
        fn: the figure's function. Its defaults are where the controls start.
        abbreviations: parameter name to abbreviation, in display order.

    Raises:
        ValueError: no control at all, a parameter that `fn` lacks, one that
            has neither default nor control, an empty range or list, a start
            outside the range, or something that is not an abbreviation.
    """
    called = called_by(fn)
    parameters = inspect.signature(fn).parameters
    if not abbreviations:
        raise ValueError(
            f"explore({called}) must have a control, but has none: give each "
            "slider as a keyword, such as "
            f"{next(iter(parameters), 'x')}=(0.0, 1.0, 0.1)"
        )
    try:
        inspect.signature(fn).bind(**abbreviations)
    except TypeError as error:
        raise ValueError(
            f"the controls of {called} must fit its parameters "
            f"({', '.join(parameters)}), but are {', '.join(abbreviations)}: "
            f"{error}"
        ) from error
    return [
        _control(
            name, given, getattr(parameters.get(name), "default", NO_START)
        )
        for name, given in abbreviations.items()
    ]


def _control(name: str, given: Any, start: Any) -> Control:
    unset = start is NO_START or start is None
    if isinstance(given, bool):
        start = given if unset else bool(start)
        return Control(name, "checkbox", (False, True), ("off", "on"), start)
    if _is_number(given):
        return _range(name, *_around(given), start=given if unset else start)
    if isinstance(given, tuple) and len(given) in (2, 3):
        if all(map(_is_number, given)):
            return _range(name, *given, start=start)
    if isinstance(given, Mapping):
        return _select(name, list(given.items()), start)
    if isinstance(given, Iterable) and not isinstance(given, str | bytes):
        options = list(given)
        pairs = all(
            isinstance(option, tuple | list) and len(option) == 2
            for option in options
        )
        if not pairs:
            options = [(str(option), option) for option in options]
        return _select(name, options, start)
    raise ValueError(f"{name} must be {WANTED}, but is {given!r}")


def _around(value: Number) -> tuple[Number, Number, Number]:
    """The range that ipywidgets gives to a bare number."""
    step = 1 if isinstance(value, Integral) else 0.1
    if value == 0:
        return 0, type(value)(1), step
    triple = type(value)(3 * _exact(value))  # 3 * 0.7 is 2.0999999999999996
    return min(-value, triple), max(-value, triple), step


def _range(
    name: str,
    lo: Number,
    hi: Number,
    step: Number | None = None,
    *,
    start: Any,
) -> Control:
    whole = all(
        isinstance(v, Integral) for v in (lo, hi, step) if v is not None
    )
    step = (1 if whole else 0.1) if step is None else step
    given = f"({lo}, {hi}, {step})"
    if not all(map(math.isfinite, (lo, hi, step))):
        raise ValueError(f"{name} must be finite numbers, but is {given}")
    if step <= 0 or lo > hi:
        raise ValueError(
            f"{name} must have lo <= hi and a step above zero, but is {given}"
        )
    stops, places = _stops(name, *map(_exact, (lo, hi, step)))
    number = int if whole else float
    values = tuple(map(number, stops))
    labels = tuple(f"{d:z.{places}f}" for d in stops)
    if start is NO_START or start is None:
        start = values[(len(values) - 1) // 2]
    if not _is_number(start) or (whole and start % 1 != 0):
        wanted = "a whole number" if whole else "a number"
        raise ValueError(
            f"{name} must start at {wanted}, but starts at {start!r}"
        )
    if not values[0] <= start <= values[-1]:
        raise ValueError(
            f"{name} must start between {labels[0]} and {labels[-1]}, but "
            f"starts at {start}"
        )
    return Control(name, "range", values, labels, number(start))


def _stops(
    name: str, lo: Decimal, hi: Decimal, step: Decimal
) -> tuple[list[Decimal], int]:
    """The stops from `lo` to `hi`, and how many decimals a label needs.

    In decimals, so that the third stop of (0.1, 1, 0.1) is 0.3 and not
    0.30000000000000004. A step like pi / 8 is rounded all the same, and
    may miss `hi` by that much.
    """
    steps = (hi - lo) / step
    last = int(steps + Decimal("1e-9"))
    if last >= MOST_STOPS:
        raise ValueError(
            f"{name} must have at most {MOST_STOPS} stops, but has "
            f"{last + 1} in ({lo}, {hi}, {step})"
        )
    stops = [lo + i * step for i in range(last + 1)]
    if abs(steps - last) < Decimal("1e-9"):
        stops[-1] = hi
    places = max(-int(d.as_tuple().exponent) for d in stops)
    return stops, max(0, min(places, 4 - step.adjusted()))


def _exact(value: Number) -> Decimal:
    if isinstance(value, Rational) and not isinstance(value, Integral):
        value = float(value)
    return Decimal(str(value))


def _select(name: str, pairs: Sequence[Sequence[Any]], start: Any) -> Control:
    if not pairs:
        raise ValueError(f"{name} must have an option, but has none")
    labels = tuple(str(label) for label, _ in pairs)
    values = tuple(value for _, value in pairs)
    without = start is None and not any(value is None for value in values)
    at = 0 if start is NO_START or without else _position(values, start)
    if at is None:
        raise ValueError(
            f"{name} must start at one of its options "
            f"{', '.join(map(repr, values))}, but starts at {start!r}"
        )
    return Control(name, "select", values, labels, values[at])


def _position(values: Sequence[Any], wanted: Any) -> int | None:
    """Where `wanted` is; failing that, where its equal is (True equals 1)."""
    for alike in (
        lambda value: value is wanted,
        lambda value: type(value) is type(wanted) and _equal(value, wanted),
        lambda value: _equal(value, wanted),
    ):
        for i, value in enumerate(values):
            if alike(value):
                return i
    return None


def _equal(value: Any, wanted: Any) -> bool:
    try:
        return bool(value == wanted)
    except (RuntimeError, ValueError):  # arrays and tensors have no one truth
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
