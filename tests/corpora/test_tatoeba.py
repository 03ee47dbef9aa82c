"""The Tatoeba pairs on their way here, with all that can go wrong.

It is tried out with a small text and a server on this machine. The real text
is looked at in test_tatoeba_pairs.
"""

import hashlib
import io
import re
import sys
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pooch
import pytest
import servers

from d2lattn.corpora import tatoeba

LINES = [f"I have {n} cats.\tJ'ai {n} chats." for n in range(7000)]
TEXT = ("\n".join(LINES) + "\n").encode()
PAIRS = [tuple(line.split("\t")) for line in LINES]


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
    monkeypatch.setattr(tatoeba, "ZIP_SHA1", hashlib.sha1(ZIP).hexdigest())
    # No host is asked for anything, unless a test has a server.
    monkeypatch.setattr(tatoeba, "URL", "http://127.0.0.1:9/fra-eng.zip")
    return tmp_path / "some" / "cache"


@contextmanager
def served(monkeypatch, body=ZIP, status=200, until=None):
    """Let the corpus come from a server; the paths that it was asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:until])

        def log_message(self, *args):
            pass

    with servers.serving(Handler) as address:
        monkeypatch.setattr(tatoeba, "URL", f"{address}/fra-eng.zip")
        yield asked


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("fra.txt", TEXT),
        ("FRA.TXT", TEXT),
        ("fra-eng.zip", ZIP),
        ("as_you_like", ZIP),
        ("flat.zip", zipped(name="fra.txt")),
    ],
)
def test_files_by_path(name, data, tmp_path):
    (tmp_path / name).write_bytes(data)
    assert tatoeba.text_pairs(tmp_path / name) == PAIRS
    assert tatoeba.text_pairs(str(tmp_path / name)) == PAIRS


@pytest.mark.parametrize("place", ["variable", "cache of the user"])
def test_downloaded_once(place, folder, monkeypatch):
    monkeypatch.setattr(pooch, "os_cache", lambda name: folder)
    if place != "variable":
        monkeypatch.setenv("D2LATTN_DATA", "")
    with served(monkeypatch) as asked:
        first = tatoeba.load()
        assert [path.name for path in folder.iterdir()] == ["fra-eng.zip"]
        assert tatoeba.load() == first
    assert asked == ["/fra-eng.zip"]
    assert tatoeba.load() == first  # and with no network
    assert len(first.train) > 6000


def test_another_zip_of_the_text_in_the_folder(folder):
    folder.mkdir(parents=True)
    (folder / "fra-eng.zip").write_bytes(zipped(name="fra.txt"))
    assert tatoeba.text_pairs() == PAIRS


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        ({"until": 9000}, OSError, "could not be downloaded"),
        ({"status": 404}, OSError, "404 Client Error: Not Found"),
        ({"body": HTML}, ValueError, "hash of downloaded file"),
        ({"body": zipped(OTHER)}, ValueError, "hash of downloaded file"),
    ],
)
def test_downloads_that_go_wrong(folder, monkeypatch, answer, error, message):
    with served(monkeypatch, **answer), pytest.raises(error, match=message):
        tatoeba.load()
    assert not [*folder.iterdir()]  # nothing is kept of it
    with served(monkeypatch):  # and the next time it is right
        assert tatoeba.text_pairs() == PAIRS


def test_no_network_and_no_folder(folder, monkeypatch):
    told = (
        f"{tatoeba.URL} could not be downloaded to {folder}/fra-eng.zip",
        "Connection refused",
        "A copy in that place, or as load(path), will do; D2LATTN_DATA in",
    )
    with pytest.raises(OSError, match=".*".join(map(re.escape, told))):
        tatoeba.load()
    folder.rmdir()
    folder.write_text("no folder")
    monkeypatch.setenv("D2LATTN_DATA", str(folder / "cache"))
    with served(monkeypatch), pytest.raises(OSError, match="D2LATTN_DATA"):
        tatoeba.load()


@pytest.mark.parametrize("waits", [False, True])
def test_progress_shows_where_somebody_waits(waits, monkeypatch):
    # What tqdm shows of it is settled where a process first imports tqdm.
    downloaders = []
    make = pooch.HTTPDownloader
    monkeypatch.setattr(
        pooch,
        "HTTPDownloader",
        lambda **options: (
            downloaders.append(make(**options)) or downloaders[-1]
        ),
    )
    monkeypatch.setattr(sys.stderr, "isatty", lambda: waits)
    monkeypatch.setenv("TQDM_DISABLE", "0")
    with served(monkeypatch):
        tatoeba.load()
    assert [it.progressbar for it in downloaders] == [waits]


@pytest.mark.parametrize("name", ["fra.txt", "fra-eng.zip"])
def test_no_file(tmp_path, name):
    with pytest.raises(OSError, match=rf"No such file .*{name}"):
        tatoeba.load(tmp_path / name)


def test_every_damage_is_seen(tmp_path):
    """A byte changed anywhere: an error that says so, or the same text."""
    places = [*range(0, len(ZIP), len(ZIP) // 150), *range(-150, 0)]
    path, told = tmp_path / "fra-eng.zip", []
    for place in places:
        changed = bytearray(ZIP)
        changed[place] ^= 0x55
        path.write_bytes(changed)
        try:
            assert tatoeba.read_text(path).encode() == TEXT
        except ValueError as error:
            told.append(str(error))
    assert len(told) > 150
    assert all("fra-eng.zip must be a zip with" in text for text in told)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("fra.txt", TEXT[:-1], "damaged or of another release"),
        ("fra-eng.zip", zipped(OTHER), "damaged or of another release"),
        ("fra-eng.zip", ZIP[:9000], "damaged or another file"),
        ("fra-eng.zip", zipped(name="deu.txt"), "a zip with a file fra.txt"),
    ],
)
def test_other_text_is_refused(name, data, message, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=f"{name} must be .*{message}"):
        tatoeba.load(tmp_path / name)


@pytest.mark.usefixtures("unchecked")
def test_wrong_numbers():
    with pytest.raises(ValueError, match="num_pairs must be at least 1"):
        tatoeba.load(num_pairs=0)
