"""What PyTorch says that a page's explorers show."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import jaxtyping
import numpy as np
import sources
import torch

from d2lattn.figures import Explorer, leaves
from d2lattn.figures.leaves import jsonable


@cache
def explorers(page: str, most: int | None = None) -> list[Explorer]:
    """The explorers of a page, made by running its code here.

    Args:
        page: its name.
        most: how many are wanted; no code runs after the last of them.
    """
    made: list[Explorer] = []
    init = Explorer.__init__

    def noted(self, *args, **options):
        init(self, *args, **options)
        made.append(self)

    home = Path.cwd()
    cells = count(1)
    Explorer.__init__ = noted
    os.chdir(sources.source(page).parent)
    try:
        with as_in_kernels():
            namespace = {"__name__": "__main__"}
            for cell in sources.code(page):
                if len(made) == most:
                    break
                name = f"{page}, cell {next(cells)}"
                exec(compile(cell, name, "exec"), namespace)
    finally:
        os.chdir(home)
        Explorer.__init__ = init
        torch.set_printoptions(profile="default")  # what chapter 4 changes
    return made


def frame(explorer: Explorer, stops: list[int]) -> leaves.Frame:
    """The leaves of the figure that these stops of the controls show."""
    values = {
        control.name: control.values[stop]
        for control, stop in zip(explorer.controls, stops, strict=True)
    }
    with as_in_kernels():
        return leaves.frame(explorer.figure(**values))


@contextmanager
def as_in_kernels() -> Iterator[None]:
    """As in the kernel that the page comes from.

    A warning is no error there, and shapes are not checked, nor whether what
    a mirror builds is the package's class of the same name.
    """
    disabled = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            yield
    finally:
        jaxtyping.config.update("jaxtyping_disable", disabled)


def scales(moving: list[dict[str, Any]]) -> dict[leaves.Path, dict[str, Any]]:
    """How each moving leaf is packed, as an explorer's payload says."""
    return {tuple(leaf["path"]): leaf for leaf in moving}


def differs(wanted: Any, shown: Any, scale: dict[str, Any] | None) -> str:
    """What is wrong with what a page shows for one leaf; "" if nothing.

    Args:
        wanted: the leaf as the figure's function returned it.
        shown: the leaf as the page's plot has it, gaps as None.
        scale: how it is packed, or None for one that never moves.
    """
    numbers = leaves.numeric(wanted)
    if numbers is None:
        same = jsonable(wanted) == shown
        return "" if same else f"shows {shown!r}, want {wanted!r}"
    numbers = numbers.astype(float)
    try:
        got = np.array(shown, dtype=float)
    except (TypeError, ValueError):
        return f"shows {shown!r}, want numbers"
    if not got.size == numbers.size == 0 and got.shape != numbers.shape:
        return f"has shape {got.shape}, want {numbers.shape}"
    gaps = np.isnan(numbers)
    if gaps.all() and np.isnan(got).all():
        return ""
    if (np.isnan(got) != gaps).any():
        return f"has {np.isnan(got).sum()} gaps, want {gaps.sum()}"
    apart = np.abs(got - numbers)[~gaps] - _error(numbers[~gaps], scale)
    if apart.max() <= 0:
        return ""
    return f"is off by {apart.max():.3g} more than its packing allows"


def _error(numbers: np.ndarray, scale: dict[str, Any] | None) -> np.ndarray:
    """How far each number may be off."""
    size = np.abs(numbers)
    whole = bool((numbers == np.rint(numbers)).all())
    if scale is None:
        return 0 * size
    if scale["bits"] >= 32:
        return 2**-24 * size
    if whole and scale["step"] == 1:
        return 0 * size
    # The packing rounds to the nearest code; floats round a little more.
    return scale["step"] / 2 + 1e-12 * size.max()
