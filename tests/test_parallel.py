"""Pages with code are read side by side, and it is told which one failed."""

import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from sites import build_book

ROOT = Path(__file__).resolve().parents[1]
PAGES = [f"page{number}" for number in range(6)]  # for fewer, Sphinx does not
PAGE = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
# Page

```{code-cell}
import os
print("read by", os.getppid(), "on", os.environ["OMP_NUM_THREADS"], "thread")
```
"""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2,
    reason="pages are read one after the other here",
)


@pytest.fixture
def folder(tmp_path):
    """A book with our settings and some pages with code."""
    for name in ("_ext", "_static", "_templates"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "_config.yml", tmp_path)
    chapters = [{"file": page} for page in PAGES]
    toc = {"format": "jb-book", "root": "intro", "chapters": chapters}
    (tmp_path / "_toc.yml").write_text(json.dumps(toc), "utf-8")
    (tmp_path / "intro.md").write_text("# Book\n", "utf-8")
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters/references.bib").touch()
    for page in PAGES:
        (tmp_path / f"{page}.md").write_text(PAGE, "utf-8")
    return tmp_path


def build(folder):
    """Build a book where no number of threads is set."""
    return build_book(
        folder, {k: v for k, v in os.environ.items() if k[:3] != "OMP"}
    )


def test_pages_are_read_side_by_side_and_their_warnings_count(folder):
    (folder / "page2.md").write_text(f"{PAGE}\n### Two deeper\n", "utf-8")
    built = build(folder)
    assert built.returncode == 1
    assert re.search(r"page2\.md:\d+.*WARNING.*H1 to H3", built.stderr)
    pages = [folder / f"_build/html/{page}.html" for page in PAGES]
    read = [
        re.search(r"read by (\d+) on 1 thread", page.read_text("utf-8"))
        for page in pages
    ]
    assert all(read)
    first, second, *_ = (by[1] for by in read if by)
    assert first != second  # neighbours go to different processes


def test_the_cell_that_failed_is_told(folder):
    page = folder / "page4.md"
    page.write_text(PAGE.replace("```\n", "1 / 0\n```\n"), "utf-8")
    built = build(folder)
    assert built.returncode == 1
    said = re.sub(r"\x1b\[[\d;]*m", "", built.stdout + built.stderr)
    assert "ZeroDivisionError: division by zero" in said
    assert "1 / 0\n" in said
    assert "ExecutionError: " in said
    assert str(page) in said
