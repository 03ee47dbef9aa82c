"""The check of external links tells those that work from those that do not."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import links
import pytest

# Sphinx looks at every module there is, and some warn when looked at.
pytestmark = pytest.mark.filterwarnings("ignore")


class Host(BaseHTTPRequestHandler):
    """A host that has one page."""

    def do_GET(self):
        self.send_response(200 if self.path == "/here" else 404)
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def host():
    with ThreadingHTTPServer(("127.0.0.1", 0), Host) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def small(tmp_path, host, monkeypatch):
    (tmp_path / "_config.yml").write_text("title: Small\n", "utf-8")
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: intro\n")
    (tmp_path / "intro.md").write_text(
        f"# Small\n\n[a]({host}/here) [b]({host}/gone) "
        "[c](https://github.com/set_me_first/small)\n",
        "utf-8",
    )
    monkeypatch.setattr(links, "ROOT", tmp_path)
    return tmp_path


def test_a_broken_link_is_told(small, host, capsys):
    assert links.main() == 1
    said = capsys.readouterr().out
    assert f"intro.md:3: {host}/gone: 404" in said
    assert "/here" not in said
    assert "1 working" in said
    assert "1 broken" in said
    assert "1 ignored" in said


def test_without_a_broken_link_all_is_well(small, host, capsys):
    page = small / "intro.md"
    page.write_text(page.read_text("utf-8").replace("gone", "here"), "utf-8")
    assert links.main() == 0
    assert "broken" not in capsys.readouterr().out
