"""Everything that can be checked without running the book.

`make lint`, the pre-commit hook and CI all run this, so what passes in one
passes in the others. Each check is one that a change can make fail by itself;
together they take a few seconds, and none needs a network.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# What Python runs, and what to do where it fails.
CHECKS = {
    ("-m", "ruff", "check", "."): "`ruff check --fix` fixes some of it",
    ("-m", "ruff", "format", "--check", "."): "`ruff format` fixes it",
    ("-m", "pyrefly", "check", "--python-interpreter-path", sys.executable): (
        "the annotations say what type each thing should have"
    ),
    ("tools/mirror.py",): "`make mirror` fixes it",
    ("tools/record.py", "--form"): "`make record` fixes it",
    ("tools/publish.py", "--check"): "`make publish-to` fixes it",
}


def main(checks=CHECKS):
    """Run every check, even where others fail; return the exit status."""
    failed = []
    for command, remedy in checks.items():
        print("$ python", *command, flush=True)
        run = subprocess.run([sys.executable, *command], cwd=ROOT)
        if run.returncode:
            failed.append(f"{' '.join(command)}: {remedy}")
    if failed:
        print("\nThese did not pass:", *failed, sep="\n- ", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
