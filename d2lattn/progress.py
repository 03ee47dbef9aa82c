"""How far something has come, for whoever waits."""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from tqdm.auto import tqdm

__all__ = ["progress", "progress_bar"]

Item = TypeVar("Item")


def progress_bar(items: Iterable[Any] | None = None, **options: Any) -> tqdm:
    """Return tqdm's bar, hidden where nobody waits.

    It shows in a terminal and in a live notebook; not where the standard
    error goes to a file, and nowhere if `TQDM_DISABLE` is 1.

    >>> with progress_bar(total=3) as bar:
    ...     bar.update(3)
    """
    # The bar of a notebook is a widget, which asks for no terminal.
    waits = in_a_notebook() or sys.stderr.isatty()
    waits = waits and os.environ.get("TQDM_DISABLE", "0") == "0"
    return tqdm(items, leave=False, disable=not waits, **options)


def in_a_notebook() -> bool:
    """Whether this is a kernel. IPython is asked, but not imported for it."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and "IPKernelApp" in shell.config


def progress(items: Iterable[Item], description: str) -> Iterator[Item]:
    """Yield the items, with a bar that goes when they are through.

    >>> [2 * number for number in progress([1, 2], "doubling")]
    [2, 4]
    """
    yield from progress_bar(items, desc=description)
