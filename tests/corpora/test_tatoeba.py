"""The Tatoeba pairs on their way here, with all that can go wrong.

It is tried out with a small text and a server on this machine. The real text
is looked at in test_tatoeba_pairs.
"""

import hashlib
import io
import re
import subprocess
import sys
import threading
import zipfile
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler

import pooch
import pytest
import servers

from d2lattn.corpora import tatoeba
from d2lattn.progress import progress_bar

LINES = [f"I have {n} cats.\tJ'ai {n} chats." for n in range(7000)]
TEXT = ("\n".join(LINES) + "\n").encode()


def zipped(text=TEXT, name="fra-eng/fra.txt"):
    """A zip as d2l's, with another file before the text."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr("fra-eng/_about.txt", "Attribution: tatoeba.org")
        files.writestr(name, text)
    return archive.getvalue()


ZIP = zipped()
HTML = b"<html>Please sign in to this network</html>"
OTHER = TEXT.replace(b"cats", b"cats\tCC BY 2.0")  # as later releases have it


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A cache that does not exist yet, and the small text for the real one."""
    monkeypatch.setenv("D2LATTN_DATA", str(tmp_path / "some" / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(tatoeba, "SHA256", hashlib.sha256(TEXT).hexdigest())
    # Nobody is asked for anything, unless a test has a server.
    monkeypatch.setattr(tatoeba, "URL", "http://127.0.0.1:9/fra-eng.zip")
    return tmp_path / "some" / "cache"


@contextmanager
def serving(answer):
    """A server, its address, and the paths that it was asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            answer(self)

        def log_message(self, *args):
            pass

    with servers.serving(Handler) as address:
        yield f"{address}/fra-eng.zip", asked


def send(handler, body=ZIP, *, status=200, say=None, until=None):
    """Answer with a body, or with less of it than was said."""
    handler.send_response(status)
    if say is not False:
        handler.send_header("Content-Length", str(say or len(body)))
    handler.end_headers()
    handler.wfile.write(body[:until])


@contextmanager
def served(monkeypatch, answer=send):
    """Let the corpus come from such a server."""
    with serving(answer) as (url, asked):
        monkeypatch.setattr(tatoeba, "URL", url)
        yield asked


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_files_by_path(tmp_path):
    for name, data in [
        ("fra.txt", TEXT),
        ("FRA.TXT", TEXT),
        ("fra-eng.zip", ZIP),
        ("as_you_like", ZIP),
        ("flat.zip", zipped(name="fra.txt")),
    ]:
        (tmp_path / name).write_bytes(data)
        pairs = tatoeba.text_pairs(tmp_path / name)
        assert pairs == [tuple(line.split("\t")) for line in LINES]
        assert tatoeba.text_pairs(str(tmp_path / name)) == pairs


def test_downloaded_once(folder, monkeypatch):
    with served(monkeypatch) as asked:
        first = tatoeba.load()
        assert files_in(folder) == ["fra.txt"]
        assert (folder / "fra.txt").read_bytes() == TEXT
        assert tatoeba.load() == first
    assert asked == ["/fra-eng.zip"]
    assert tatoeba.load() == first  # and with no network
    assert len(first.train) > 6000


def test_cache_of_the_user(tmp_path, monkeypatch):
    asked = []
    cache = tmp_path / "user"
    monkeypatch.setattr(pooch, "os_cache", lambda n: asked.append(n) or cache)
    for value in (None, ""):
        if value is None:
            monkeypatch.delenv("D2LATTN_DATA")
        else:
            monkeypatch.setenv("D2LATTN_DATA", value)
        with served(monkeypatch):
            assert tatoeba.fetch() == cache / "fra.txt"
        (cache / "fra.txt").unlink()
    assert asked == ["d2lattn", "d2lattn"]


@pytest.mark.parametrize("damaged", [False, True])
def test_zip_laid_into_the_folder(folder, damaged):
    folder.mkdir(parents=True)
    (folder / "fra-eng.zip").write_bytes(ZIP)
    if damaged:  # and what the cache had before is not what stays
        (folder / "fra.txt").write_bytes(TEXT[:1000])
    before = files_in(folder)
    assert len(tatoeba.text_pairs()) == len(LINES)
    assert files_in(folder) == before  # the folder may be read-only


def test_damaged_in_the_cache(folder, monkeypatch):
    folder.mkdir(parents=True)
    for damage in (TEXT[:-1], b"", OTHER):
        (folder / "fra.txt").write_bytes(damage)
        with pytest.raises(OSError, match="could not be downloaded"):
            tatoeba.load()
        with served(monkeypatch):
            assert len(tatoeba.text_pairs()) == len(LINES)
        assert (folder / "fra.txt").read_bytes() == TEXT
        monkeypatch.setattr(tatoeba, "URL", "http://127.0.0.1:9/fra-eng.zip")


def test_no_network(folder):
    with pytest.raises(OSError, match="could not be downloaded") as caught:
        tatoeba.load()
    for told in (
        tatoeba.URL,
        str(folder),
        "Connection refused",
        "nothing of it was kept",
        "fra-eng.zip in that folder, or as load(path), will do",
        "D2LATTN_DATA",
    ):
        assert told in str(caught.value)
    assert files_in(folder) == []


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        # Broken off, when the length was said and when it was not
        (partial(send, until=9000), OSError, "could not be downloaded"),
        (partial(send, say=False, until=9000), ValueError, "damaged or anoth"),
        (partial(send, until=0), OSError, "could not be downloaded"),
        (partial(send, status=404), OSError, "404 Client Error: Not Found"),
        (partial(send, status=500), OSError, "500 Server Error"),
        (partial(send, body=HTML), ValueError, "must be a zip .* not a zip"),
        (partial(send, body=b""), ValueError, "must be a zip with a file"),
        (
            partial(send, body=zipped(name="deu.txt")),
            ValueError,
            "must be a zip with a file fra.txt, .* KeyError",
        ),
        (
            partial(send, body=zipped(OTHER)),
            ValueError,
            "must be that of 2019-04-07, .* damaged or of another release",
        ),
        (partial(send, body=TEXT), ValueError, "must be a zip with a file"),
    ],
)
def test_downloads_that_go_wrong(folder, monkeypatch, answer, error, message):
    with served(monkeypatch, answer) as asked:
        with pytest.raises(error, match=message) as caught:
            tatoeba.load()
        assert tatoeba.URL in str(caught.value)
    assert asked
    assert files_in(folder) == []
    with served(monkeypatch):  # and the next time it is right
        assert len(tatoeba.text_pairs()) == len(LINES)


def test_nothing_to_see_while_it_comes(folder, monkeypatch):
    seen = []

    def slowly(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(ZIP)))
        handler.end_headers()
        for start in range(0, len(ZIP), 5000):
            handler.wfile.write(ZIP[start : start + 5000])
            seen.append((folder / "fra.txt").exists())

    with served(monkeypatch, slowly):
        tatoeba.load()
    assert len(seen) > 5
    assert not any(seen)


def test_no_room(folder, monkeypatch):
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with served(monkeypatch):
        try:  # a file may grow to a half of what comes
            half = len(TEXT) // 2, limits[1]
            resource.setrlimit(resource.RLIMIT_FSIZE, half)
            with pytest.raises(OSError, match="File too large") as caught:
                tatoeba.load()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert f"unpacked into {folder}, and nothing of it was kept" in str(
            caught.value
        )
        assert files_in(folder) == []
        assert len(tatoeba.text_pairs()) == len(LINES)


def test_folder_that_cannot_be(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("D2LATTN_DATA", str(tmp_path / "file" / "cache"))
    message = "D2LATTN_DATA in the environment"
    with served(monkeypatch), pytest.raises(OSError, match=message):
        tatoeba.load()


TWO_AT_ONCE = """
import sys
from d2lattn.corpora import tatoeba
from d2lattn.progress import progress_bar
tatoeba.URL, tatoeba.SHA256 = sys.argv[1:]
print(len(tatoeba.text_pairs()))
"""


def test_two_processes_at_once(folder):
    both = threading.Barrier(2)
    found = []

    def together(handler):
        both.wait(timeout=60)  # nobody is answered before the other asks
        send(handler)

    with serving(together) as (url, asked):
        code = [sys.executable, "-c", TWO_AT_ONCE, url, tatoeba.SHA256]
        processes = [
            subprocess.Popen(
                code,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        for process in processes:
            out, errors = process.communicate(timeout=120)
            assert process.returncode == 0, errors
            found.append(int(out))
    assert asked == ["/fra-eng.zip"] * 2
    assert found == [len(LINES)] * 2
    assert files_in(folder) == ["fra.txt"]
    assert (folder / "fra.txt").read_bytes() == TEXT


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("told", [False, True])
def test_progress_where_somebody_waits(terminal, told, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    if told:
        monkeypatch.setenv("TQDM_DISABLE", "1")
    bars = []

    def seen(**options):
        bars.append(progress_bar(**options))
        return bars[0]

    monkeypatch.setattr(tatoeba, "progress_bar", seen)
    with served(monkeypatch):
        tatoeba.load()
    assert [bar.total for bar in bars] == [len(ZIP)]
    # Pooch's line about what it does is for everybody.
    bar = re.search(r"fra-eng.zip: +\d+%", capsys.readouterr().err)
    assert bool(bar) is (terminal and not told)


@pytest.mark.parametrize("name", ["fra.txt", "fra-eng.zip"])
def test_no_file(tmp_path, name):
    with pytest.raises(OSError, match=rf"No such file .*{name}"):
        tatoeba.load(tmp_path / name)


def test_every_damage_is_seen(tmp_path):
    """A byte changed anywhere: an error that says so, or the same text."""
    data = zipped()
    told = []
    places = [*range(0, len(data), len(data) // 150), *range(-150, 0)]
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 0x55
        (tmp_path / "fra-eng.zip").write_bytes(changed)
        try:
            text = tatoeba.read_text(tmp_path / "fra-eng.zip")
        except ValueError as error:
            told.append(str(error))
        else:
            assert text.encode() == TEXT
    assert len(told) > 150
    assert all("fra-eng.zip must be a zip with" in text for text in told)


@pytest.mark.parametrize("place", [0, 1, 5000, len(TEXT) - 1])
@pytest.mark.parametrize("name", ["fra.txt", "fra-eng.zip"])
def test_swapped_text_is_seen(tmp_path, name, place):
    changed = bytearray(TEXT)
    changed[place] ^= 1
    data = bytes(changed)
    path = tmp_path / name
    path.write_bytes(data if name == "fra.txt" else zipped(data))
    with pytest.raises(ValueError, match="damaged or of another") as caught:
        tatoeba.load(path)
    assert f"the text of {path} must be" in str(caught.value)
    assert hashlib.sha256(data).hexdigest() in str(caught.value)


@pytest.mark.parametrize("length", [0, 1, 100, 9000, len(ZIP) - 1])
def test_cut_off_zip_is_seen(tmp_path, length):
    (tmp_path / "fra-eng.zip").write_bytes(ZIP[:length])
    with pytest.raises(ValueError, match="damaged or another file"):
        tatoeba.load(tmp_path / "fra-eng.zip")


@pytest.mark.parametrize("name", ["num_pairs", "max_words"])
@pytest.mark.parametrize("number", [0, -1])
@pytest.mark.usefixtures("unchecked")
def test_wrong_numbers(name, number):
    with pytest.raises(ValueError, match=f"{name} must be at least 1"):
        tatoeba.load(**{name: number})
