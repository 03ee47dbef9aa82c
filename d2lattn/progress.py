"""How far something has come, for whoever waits."""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm.auto import tqdm

__all__ = ["progress"]

Item = TypeVar("Item")


def progress(items: Iterable[Item], description: str) -> Iterator[Item]:
    """Yield the items, with a bar that goes when they are through.

    There is a bar in a terminal and in a live notebook. There is none where
    nobody waits: where the standard error goes to a file, while a book is
    built or outputs are recorded, and wherever `TQDM_DISABLE` is 1.

    >>> [2 * number for number in progress([1, 2], "doubling")]
    [2, 4]
    """
    # The bar of a notebook is a widget, which asks for no terminal.
    in_notebook = "ipykernel" in sys.modules
    somebody_waits = in_notebook or sys.stderr.isatty()
    if os.environ.get("TQDM_DISABLE", "0") != "0":
        somebody_waits = False
    yield from tqdm(
        items, description, leave=False, disable=not somebody_waits
    )
