"""Write the phrasebook's file, which the package reads.

After a change of the grammar run `python tools/phrasebook/make.py`, and put
the hash that it prints into `d2lattn/corpora/phrasebook.py`.
"""

import hashlib
import json
import lzma
from collections.abc import Hashable, Iterable

import corpus
from lexicon import ADJECTIVES, DETERMINERS, NOUNS

from d2lattn.corpora.phrasebook import FILE, Phrase, places, table

FORMS = {
    "nouns": {word: noun.english for word, noun in NOUNS.items()},
    "adjectives": {word: each.forms for word, each in ADJECTIVES.items()},
    "determiners": DETERMINERS,
}


def content() -> bytes:
    """Compose the phrasebook, and write it as the JSON in the file.

    What repeats is listed once. In a text, a character stands for a word or a
    link; alignments and constructions have numbers.
    """
    splits = corpus.compose()._asdict()
    phrases = [phrase for split in splits.values() for phrase in split]
    words = once(word for p in phrases for word in p.src + p.tgt)
    links = once(link for p in phrases for link in p.alignment)
    alignments = once(p.alignment for p in phrases)
    constructions = once(p.construction for p in phrases)
    characters = [*table(range(max(len(words), len(links))))]

    def row(phrase: Phrase) -> tuple[str, int, int]:
        src, tgt = places(phrase.alignment)
        at = dict(zip(src + tgt, phrase.src + phrase.tgt, strict=True))
        text = "".join(characters[words[at[n]]] for n in range(len(at)))
        return (
            text,
            alignments[phrase.alignment],
            constructions[phrase.construction],
        )

    tables = {
        "words": [*words],
        "links": [*links],
        "alignments": [
            "".join(characters[links[link]] for link in alignment)
            for alignment in alignments
        ],
        "constructions": [*constructions],
        "lexicon": {
            name: {word: [*filter(None, each)] for word, each in forms.items()}
            for name, forms in FORMS.items()
        },
    }
    for name, split in splits.items():
        tables[name] = [*zip(*map(row, split), strict=True)]
    text = json.dumps(tables, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def once(things: Iterable[Hashable]) -> dict:
    """Each of these things once, with its number, in order of appearance.

    >>> once("abca")
    {'a': 0, 'b': 1, 'c': 2}
    """
    return {thing: n for n, thing in enumerate(dict.fromkeys(things))}


def main() -> None:
    """Write the file, and print the hash of its content."""
    made = content()
    FILE.write_bytes(lzma.compress(made, preset=9 | lzma.PRESET_EXTREME))
    print(f"{FILE}: {FILE.stat().st_size} bytes")
    print(f'SHA256 = "{hashlib.sha256(made).hexdigest()}"')


if __name__ == "__main__":
    main()
