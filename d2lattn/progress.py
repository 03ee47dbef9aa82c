"""Progress bars, where a reader waits for something."""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm.auto import tqdm

Item = TypeVar("Item")


def waits() -> bool:
    """Tell whether a reader waits: in a terminal or in a live notebook.

    Not where standard error goes to a file, nor if `TQDM_DISABLE` is 1.
    """
    ipython = sys.modules.get("IPython")  # asked, but not imported for it
    shell = ipython.get_ipython() if ipython else None
    # The bar of a notebook is a widget, which asks for no terminal.
    notebook = shell is not None and "IPKernelApp" in shell.config
    shows = os.environ.get("TQDM_DISABLE", "0") == "0"
    return shows and (notebook or sys.stderr.isatty())


def progress(items: Iterable[Item], description: str) -> Iterator[Item]:
    """Yield the items behind a bar that disappears at the end.

    >>> [2 * number for number in progress([1, 2], "doubling")]
    [2, 4]
    """
    yield from tqdm(items, description, leave=False, disable=not waits())
