"""Text becomes words, and words become text again.

The rules serve plain sentences of English and French: `detokenize` puts
together what `tokenize` split, in small letters. Addresses, single quotation
marks, and words such as `C++` and `'90s` may come back with other spaces.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

# Pronouns and the like that follow a verb or a noun and a hyphen.
CLITIC = (
    "-(?:t-)?(?:je|tu|ils?|elles?|on|nous|vous|ce|moi|toi|lui|leur|les?|la|y|"
    "en|ci|là)"
)
ENGLISH_END = r"(?:s|m|re|ve|ll|d)\b"

WORD = re.compile(
    rf"""
      (?:[^\W\d_]\.){{2,}}                    # p.m.
    | [$€]\d+(?:[.,:]\d+)*                    # $5
    | \d+(?:[.,:]\d+)+                        # 10,000  2:30
    | \.{{2,}} | [?!]{{2,}}                   # ...  ?!
    | aujourd'hui | quelqu'une? | o'clock     # words of one piece
    | \w+(?=n't\b) | n't\b                    # do n't
    | '{ENGLISH_END}                          # it 's
    | {CLITIC}(?=(?:{CLITIC})*(?![\w-]))      # as -tu, dis -le -moi
    | \w+(?:(?!(?:{CLITIC})+(?![\w-]))-\w+)*  # grand-père
      (?:'(?!{ENGLISH_END})(?=\w))?           # l' homme
    | \S                                      # , « 50 %
    """,
    re.VERBOSE,
)
# Invisible characters go, and there is one kind of apostrophe.
ONE_OF_EACH = {0xAD: None, 0x200B: None, ord("’"): "'", ord("‘"): "'"}


def normalize(text: str) -> str:
    """Write each letter, space and apostrophe in one way only.

    Letters with accents become one character each (NFC), spaces of any width
    and kind become one plain space, curly apostrophes straight ones. Soft
    hyphens and spaces of no width go. Capitals stay.

    >>> normalize("J’ai\u202ffini\u00a0!")
    "J'ai fini !"
    """
    text = unicodedata.normalize("NFC", text.translate(ONE_OF_EACH))
    return " ".join(text.split())


def tokenize(text: str) -> list[str]:
    """Split a text into words, in small letters.

    Words of their own are punctuation marks, what is elided (`l'`, `qu'`),
    English endings (`n't`, `'s`) and pronouns after a hyphen (`-tu`,
    `-t-il`). Other hyphens stay (`grand-père`), and so does the punctuation
    in a number (`10,000`).

    >>> tokenize("N'as-tu pas vu l'arc-en-ciel, aujourd'hui ?")
    ["n'", 'as', '-tu', 'pas', 'vu', "l'", 'arc-en-ciel', ',', \
"aujourd'hui", '?']
    >>> tokenize("It's $10,000, isn't it?")
    ['it', "'s", '$10,000', ',', 'is', "n't", 'it', '?']
    """
    pieces = normalize(text).lower().split(" ")
    return [word for piece in pieces for word in split_piece(piece)]


@lru_cache(maxsize=2**17)  # the same pieces come again and again
def split_piece(piece: str) -> tuple[str, ...]:
    """Split what has no space in it into words.

    >>> split_piece("qu'est-ce")
    ("qu'", 'est', '-ce')
    """
    return tuple(WORD.findall(piece))


def detokenize(words: Iterable[str], language: str = "fr") -> str:
    """Put words together into a text, without a capital at its start.

    The languages, "fr" and "en", differ before `?`, `!`, `:` and `;`, where
    French has a space.

    Raises `ValueError` where `words` is a string, or the language neither.

    >>> detokenize(["n'", "as", "-tu", "pas", "fini", "?"])
    "n'as-tu pas fini ?"
    >>> detokenize(["is", "n't", "it", "?"], "en")
    "isn't it?"
    """
    if isinstance(words, str) or language not in ("fr", "en"):
        raise ValueError(
            "words must be a list of words and language 'fr' or 'en', but "
            f"they are {words!r} and {language!r}"
        )
    text = " ".join(words)
    text = re.sub(r"(?<=\w') (?=\w)|(?<=[(/]) ", "", text)  # l' homme
    text = re.sub(r" (?=[.,)%…/']|-\w|n't\b)", "", text)  # fini .
    text = re.sub(r'" (.*?) "', r'"\1"', text)
    if language == "en":
        text = re.sub(r" (?=[?!:;])", "", text)
    return text
