"""Everything that can be checked without running the book.

`make lint`, the hook of pre-commit and CI all run this, so that what passes
here passes there. Each check is one that a change can make fail by itself;
together they take a few seconds, and none needs a network.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# What is run, by Python, and what to do about it.
CHECKS = {
    ("-m", "ruff", "check", "."): "`ruff check --fix` mends some of it",
    ("-m", "ruff", "format", "--check", "."): "`ruff format` mends it",
    ("-m", "pyrefly", "check", "--python-interpreter-path", sys.executable): (
        "what a type should be is in the annotations"
    ),
    ("tools/mirror.py",): "`make mirror` mends it",
    ("tools/record.py", "--form"): "`make record` mends it",
    ("tools/publish.py", "--check"): "`make publish-to` mends it",
}


def main(checks=CHECKS):
    """Run every check, whatever the others say; the exit status."""
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
