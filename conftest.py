"""How pytest runs the notebooks: what nbval compares and what it leaves."""

import importlib
import os

from nbval.plugin import IPyNbFile

# What a figure or a widget shows is not text to compare: it is random (a
# widget's id) or large (a figure's data), and the browser tests look at it.
# The text beside it is compared.
NOT_COMPARED = (
    "application/vnd.d2lattn.explorer+json",
    "application/vnd.d2lattn.page+json",
    "application/vnd.plotly.v1+json",
)


def pytest_configure(config):
    """Set what the kernels of the notebooks start with."""
    # A plain figure shows as it does when outputs are recorded, and progress
    # does not show.
    os.environ["PLOTLY_RENDERER"] = "plotly_mimetype"
    os.environ["TQDM_DISABLE"] = "1"
    if hasattr(config, "workerinput"):
        # Workers share the cores already; threads would fight over them.
        os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_sessionstart(session):
    """Import the package before its modules are collected for doctests.

    One that is collected first would be imported twice, by the package and
    by pytest, and its classes would not be the same.
    """
    importlib.import_module("d2lattn")


def pytest_collection_modifyitems(items):
    """Begin with what takes longest, so that it does not end the run."""
    items.sort(key=_place)


def _place(item):
    if item.path.suffix == ".ipynb":
        return 0
    return 1 if item.path.parent.name == "book" else 2


def pytest_collectstart(collector):
    """Add to what nbval does not compare."""
    if isinstance(collector, IPyNbFile):
        # Its type counts those that it has.
        # pyrefly: ignore[bad-assignment]
        collector.skip_compare += NOT_COMPARED
