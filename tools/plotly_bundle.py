"""Fetch the cartesian part of Plotly, in the version that is installed.

The `npm` on the path downloads it, with its licence, from the package in
which Plotly's makers publish it; `eager` adds one pair of parentheses.
"""

import gzip
import subprocess
import tarfile
import tempfile
from pathlib import Path

from plotly.offline import get_plotlyjs_version

STATIC = Path(__file__).parents[1] / "d2lattn" / "figures" / "static"


def eager(script: str) -> str:
    """The script, with its one large function in parentheses.

    A browser reads a function in parentheses for good while the script comes
    in, beside the page; any other it skims then, and reads again when it is
    called, with the page waiting: a quarter of a second.
    """
    start, end = ', () => {\n"use strict"', "return Plotly;\n}));"
    if script.count(start) != 1 or not script.endswith(end):
        raise ValueError("Plotly's script has another form than was expected")
    script = script.replace(start, ', (() => {\n"use strict"')
    return script.removesuffix(end) + "return Plotly;\n})));"


def main(folder: Path = STATIC) -> None:
    """Write the script and its licence into a folder."""
    name = f"plotly.js-cartesian-dist-min@{get_plotlyjs_version()}"
    with tempfile.TemporaryDirectory() as there:
        subprocess.run(
            ["npm", "pack", "--silent", name], cwd=there, check=True
        )
        (packed,) = Path(there).glob("*.tgz")
        with tarfile.open(packed) as archive:
            archive.extractall(there, filter="data")
        package = Path(there, "package")
        file = package / "plotly-cartesian.min.js"
        script = eager(file.read_text("utf-8"))
        # The same bytes whenever it is made.
        (folder / "plotly-cartesian.min.js.gz").write_bytes(
            gzip.compress(script.encode("utf-8"), 9, mtime=0)
        )
        licence = (package / "LICENSE").read_bytes()
        (folder / "plotly-LICENSE").write_bytes(licence)
    print(f"{name} is in {folder.name}")


if __name__ == "__main__":
    main()
