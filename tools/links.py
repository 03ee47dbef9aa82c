"""Ask other hosts whether the links of the book still work.

Sphinx's link checker reads the pages as they are recorded, so no notebook
runs. It writes its findings to `_build/links/output.txt`; the exit status is
1 if a link is broken. ``python tools/links.py FOLDER`` checks the book in
another folder.
"""

import json
import sys
from collections import Counter
from pathlib import Path

from jupyter_book.sphinx import build_sphinx

ROOT = Path(__file__).resolve().parents[1]
OPTIONS = {
    "nb_execution_mode": "off",
    "linkcheck_report_timeouts_as_broken": False,
    "linkcheck_timeout": 20,
    "linkcheck_retries": 2,
    # The repository, as long as its address is not set.
    "linkcheck_ignore": [r"https://github\.com/[^/]*_[^/]*/"],
}


def check(root: Path, output: Path) -> list[dict]:
    """Check the links of the book in `root`.

    Returns:
        the `uri` and the `status` of each link, and what else Sphinx found.
    """
    options = {
        **OPTIONS,
        "external_toc_path": str(root / "_toc.yml"),
        "latex_individualpages": False,  # jupyter-book insists
    }
    result = build_sphinx(
        root,
        output,
        path_config=root / "_config.yml",
        noconfig=True,
        confoverrides=options,
        doctreedir=output / ".doctrees",
        builder="linkcheck",
        freshenv=True,
        quiet=True,
    )
    if isinstance(result, Exception):
        raise SystemExit("Sphinx could not read the pages: see above")
    found = (output / "output.json").read_text("utf-8").splitlines()
    return [json.loads(line) for line in found]


def main(root: Path = ROOT) -> int:
    """Check the book's links and report the findings."""
    links = check(root, root / "_build" / "links")
    external = [link for link in links if link["uri"].startswith("http")]
    counts = Counter(link["status"] for link in external)
    for link in external:
        if link["status"] in ("broken", "timeout"):
            place = f"{link['filename']}:{link['lineno']}"
            print(f"{place}: {link['uri']}: {link['info']}")
    print(", ".join(f"{count} {status}" for status, count in counts.items()))
    return 1 if counts["broken"] + counts["timeout"] else 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
