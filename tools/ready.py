"""Tell whether this Python can build the book, and what to do if it cannot.

`make book` asks before it builds, since Sphinx and Jupyter Book would say so
late, or unclearly. This file needs nothing installed, and runs on old Pythons.
"""

import shutil
import sys
from importlib import metadata, util
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENOUGH = 60_000_000  # bytes that a build takes
SET_UP = "`make distclean`, then `make book`, sets the environment up anew"
INSTALL = "`pip install --no-deps -e .`, in this folder, installs it"


def problems():
    """What is wrong here, in a sentence each; nothing if all is well."""
    if sys.version_info < (3, 11):  # noqa: UP036  # it may well be
        return [
            "This book needs Python 3.11 or newer, and this is "
            f"{sys.version_info[0]}.{sys.version_info[1]}. Name a newer one: "
            "make PYTHON=python3.12 book"
        ]
    return [text for text in (_jupyter_book(), _package()) if text]


def _jupyter_book():
    try:
        version = metadata.version("jupyter-book")
    except metadata.PackageNotFoundError:
        return (
            "Jupyter Book is not installed. `pip install -r requirements.txt` "
            "installs it, in the version that this book is made with."
        )
    if version.partition(".")[0] != "1":
        return (
            f"Jupyter Book {version} is installed. It is another program than "
            "the 1.x that this book is made with, and does not read "
            f"_config.yml. `pip install -r requirements.txt` brings 1.x back; "
            f"{SET_UP}."
        )
    return ""


def _package():
    found = util.find_spec("d2lattn")
    if found is None or found.origin is None:
        return f"The package d2lattn is not installed here. {INSTALL}."
    if not Path(found.origin).is_relative_to(ROOT):
        return (
            f"The package d2lattn that is installed here is another copy: "
            f"{Path(found.origin).parent}. The pages would show what that one "
            f"computes. {INSTALL} from this one."
        )
    renderers = metadata.entry_points(group="myst_nb.renderers")
    if "d2lattn" not in renderers.names:
        return (
            "The renderer of d2lattn is not registered with MyST-NB, which "
            f"could not show a figure. {INSTALL}."
        )
    return ""


def room(folder):
    """What to say of the disk after a failed build; often nothing."""
    free = shutil.disk_usage(folder).free
    if free > ENOUGH:
        return ""
    return (
        f"The disk is full, or nearly: {free / 1e6:.0f} MB are left in "
        f"{folder}, and the book takes about {ENOUGH / 1e6:.0f}. The next "
        "build begins anew and takes nothing from this one."
    )


def main(arguments=()):
    """Say what is wrong, and return the exit status."""
    if "--failed" in arguments:
        if text := room(ROOT):
            print(text)
        return 0
    found = problems()
    if found:
        print("This Python cannot build the book:", sys.executable)
        for problem in found:
            print("-", problem)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
