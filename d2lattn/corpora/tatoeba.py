"""Real language: the English–French pairs of the Tatoeba Project.

167,130 pairs of sentences, selected by manythings.org/anki in 2019, on which
d2l trains its translators. `load` downloads 3.4 MB once. Licence: CC BY 2.0,
attribution www.manythings.org/anki and tatoeba.org.
"""

import hashlib
import io
import os
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pooch

from d2lattn.checks import check_positive
from d2lattn.corpora.batches import SentencePair
from d2lattn.corpora.words import normalize, tokenize
from d2lattn.progress import waits

#: Where d2l keeps its copy. Other zips of the same text exist, so the text is
#: what has to be right, whichever zip it comes from.
URL = "http://d2l-data.s3-accelerate.amazonaws.com/fra-eng.zip"
ZIP_SHA1 = "94646ad1522d915e7b0f9296181140edcf86a4f5"
SHA256 = "0bb85dbaa1c896844649094d7eaf2e34bee34e84fe362b26ce7e8f2e12aae104"

#: Names the folder to keep the zip in, instead of the user's cache.
FOLDER = "D2LATTN_DATA"

#: One in so many sources is held out for validation, and one for the test.
ONE_IN = 58


class HeldOut(NamedTuple):
    """A held-out sentence, as words, and all its translations, as text."""

    src: tuple[str, ...]
    references: tuple[str, ...]


class Tatoeba(NamedTuple):
    """The corpus: pairs to train on, and sentences held out."""

    train: tuple[SentencePair, ...]
    valid: tuple[HeldOut, ...]
    test: tuple[HeldOut, ...]


def load(
    path: Path | str | None = None,
    *,
    num_pairs: int | None = None,
) -> Tatoeba:
    """Load the corpus, split by source sentence.

    `path` is a file, `fra-eng.zip` or the `fra.txt` in it. Without one, the
    zip is downloaded once, into the user's cache or the folder that the
    environment variable `D2LATTN_DATA` names.

    With `num_pairs`, training has a sample of so many pairs: the same each
    time, and a part of every larger sample. What is held out never changes.

    No source is in two of the splits, capitals and punctuation aside: a hash
    of its words decides. A *translation* may be in two: "It's cold." and "It
    is cold." are both "C'est froid.".

    Raises `ValueError` where the file is damaged or the wrong one, or
    `num_pairs` is below 1; `OSError` where the file cannot be read,
    downloaded or stored.

    >>> corpus = load(num_pairs=40_000)  # doctest: +SKIP
    >>> [len(part) for part in corpus]  # doctest: +SKIP
    [40000, 2056, 2059]
    """
    check_positive(num_pairs=1 if num_pairs is None else num_pairs)
    train, valid, test = split(text_pairs(path))
    if num_pairs is not None:
        train = sample(train, num_pairs)
    return Tatoeba(tuple(train), tuple(valid), tuple(test))


def text_pairs(path: Path | str | None = None) -> list[tuple[str, str]]:
    """Return all pairs as normalised text, in the order of the file.

    The file goes from short to long; of pairs that are equal once normalised,
    one stays. `path` and errors are those of `load`.
    """
    text = read_text(fetch() if path is None else path)
    lines = (line.split("\t") for line in text.splitlines())
    pairs = ((normalize(src), normalize(tgt)) for src, tgt in lines)
    return list(dict.fromkeys(pairs))


def split(
    pairs: Iterable[tuple[str, str]],
) -> tuple[list[SentencePair], list[HeldOut], list[HeldOut]]:
    """Split pairs of texts by their source, and the texts into words.

    >>> train, valid, test = split([("Go!", "Va !"), ("GO !", "Pars !")])
    >>> train[1], valid, test
    (SentencePair(src=('go', '!'), tgt=('pars', '!')), [], [])
    """
    train: list[SentencePair] = []
    held_out: list[dict[tuple[str, ...], list[str]]] = [{}, {}]
    for src, tgt in pairs:
        words = tuple(tokenize(src))
        letters = " ".join(word for word in words if re.search(r"\w", word))
        part = _number_of(letters) % ONE_IN
        if part < 2:
            held_out[part].setdefault(words, []).append(tgt)
        else:
            train.append(SentencePair(words, tuple(tokenize(tgt))))
    valid, test = (
        [HeldOut(words, tuple(texts)) for words, texts in found.items()]
        for found in held_out
    )
    return train, valid, test


def sample(pairs: list[SentencePair], count: int) -> list[SentencePair]:
    """Choose so many pairs, by their hashes, and keep their order."""
    numbers = [_number_of("\t".join(map(" ".join, pair))) for pair in pairs]
    chosen = sorted(range(len(pairs)), key=numbers.__getitem__)[:count]
    return [pairs[index] for index in sorted(chosen)]


def _number_of(text: str) -> int:
    """Return a number for a text, the same on every machine."""
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:8], "big")


def fetch() -> Path:
    """Return the zip in the cache, downloaded if it is not there."""
    folder = Path(os.environ.get(FOLDER) or pooch.os_cache("d2lattn"))
    file = folder.absolute() / "fra-eng.zip"
    if file.exists():
        return file
    # Its type has other names for what pooch hands over by place.
    download: Any = pooch.HTTPDownloader(progressbar=waits(), timeout=30)
    known = f"sha1:{ZIP_SHA1}"
    try:
        pooch.retrieve(URL, known, file.name, file.parent, downloader=download)
    except OSError as error:  # those of the network are, too
        raise OSError(
            f"{URL} could not be downloaded to {file}: {error}. A copy in "
            f"that place, or as load(path), will do; {FOLDER} in the "
            "environment names another folder."
        ) from error
    return file


def read_text(path: Path | str) -> str:
    """Read the text from a file, `fra.txt` or a zip with it, and check it."""
    data = Path(path).read_bytes()
    if Path(path).suffix.lower() != ".txt":
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as files:
                names = {Path(name).name: name for name in files.namelist()}
                data = files.read(names["fra.txt"])
        except Exception as error:  # damage shows in many ways
            raise ValueError(
                f"{path} must be a zip with a file fra.txt, but is damaged or "
                f"another file: {error!r}"
            ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        raise ValueError(
            f"the text of {path} must be that of 2019-04-07, with SHA-256 "
            f"{SHA256}, but it is damaged or of another release: its SHA-256 "
            f"is {found}, and its size {len(data):,} bytes"
        )
    return data.decode()
