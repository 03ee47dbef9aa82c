"""The check of external links tells those that work from those that do not."""

import subprocess
import sys
from http.server import BaseHTTPRequestHandler

import links
import pytest
from servers import serving


class Host(BaseHTTPRequestHandler):
    """A host that has one page."""

    def do_GET(self):
        self.send_response(200 if self.path == "/here" else 404)
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, format, *args):
        pass


@pytest.fixture
def host():
    with serving(Host) as address:
        yield address


@pytest.fixture
def small(tmp_path, host):
    (tmp_path / "_config.yml").write_text("title: Small\n", "utf-8")
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: intro\n")
    (tmp_path / "intro.md").write_text(
        f"# Small\n\n[a]({host}/here) [b]({host}/gone) "
        "[c](https://github.com/set_me_first/small)\n",
        "utf-8",
    )
    return tmp_path


def test_a_broken_link_is_told(small, host):
    # In a process of its own, since Sphinx keeps what it registers.
    done = subprocess.run(
        [sys.executable, links.__file__, small],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    said = done.stdout
    assert f"intro.md:3: {host}/gone: 404" in said
    assert "/here" not in said
    assert "1 working" in said
    assert "1 broken" in said
    assert "1 ignored" in said
