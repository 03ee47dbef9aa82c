"""Fetch the cartesian part of Plotly, in the version that is installed.

The `npm` on the path downloads it, with its licence, from the package in
which Plotly's makers publish it.
"""

import gzip
import subprocess
import tarfile
import tempfile
from pathlib import Path

from plotly.offline import get_plotlyjs_version

STATIC = Path(__file__).parents[1] / "d2lattn" / "figures" / "static"


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
        script = (package / "plotly-cartesian.min.js").read_bytes()
        # The same bytes whenever it is made.
        (folder / "plotly-cartesian.min.js.gz").write_bytes(
            gzip.compress(script, 9, mtime=0)
        )
        licence = (package / "LICENSE").read_bytes()
        (folder / "plotly-LICENSE").write_bytes(licence)
    print(f"{name} is in {folder.name}")


if __name__ == "__main__":
    main()
