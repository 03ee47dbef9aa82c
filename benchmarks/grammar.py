"""The phrasebook's grammar as a measure: what it makes, and how often.

A sentence has as many tokens as words and marks, and one more, `<eos>`, which
is certain after a mark that ends a sentence. All losses are in nats.
"""

import functools
import itertools
import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path += [str(ROOT / "tools"), str(ROOT / "tools" / "phrasebook")]

from corpus import CONSTRUCTIONS, sentences  # noqa: E402
from judge import possible, probability  # noqa: E402

from d2lattn.corpora import phrasebook  # noqa: E402
from d2lattn.corpora.phrasebook import Phrase  # noqa: E402

#: What is measured: a sentence, or its translation once it is known.
PARTS = ("english", "french", "french given english", "english given french")


class Fresh(NamedTuple):
    """A sentence drawn anew: the families in it, and the grammar's losses."""

    phrase: Phrase
    families: tuple[str, ...]
    losses: dict[str, float]

    def tokens(self, part: str) -> int:
        """How many tokens a part has."""
        english = part.startswith("english")
        return 1 + len(self.phrase.src if english else self.phrase.tgt)


def fresh(share: float, seed: str = "fresh") -> list[Fresh]:
    """Draw sentences of each construction: this share of the corpus's."""
    return [
        Fresh(phrase, families, losses(phrase))
        for name, (_, number) in CONSTRUCTIONS.items()
        for phrase, families in itertools.islice(
            sentences(name, seed), round(number * share)
        )
    ]


def losses(phrase: Phrase) -> dict[str, float]:
    """The grammar's own losses: nothing can predict its sentences better."""
    english = -math.log(probability(phrase.src))
    french = -math.log(probability(None, phrase.tgt))
    both = -math.log(probability(phrase.src, phrase.tgt))
    found = english, french, both - english, both - french
    return dict(zip(PARTS, map(abs, found), strict=True))


def per_token(
    drawn: Sequence[Fresh], part: str, numbers: Sequence[float]
) -> dict[str, float]:
    """The mean of a loss per sentence and per token, with standard errors.

    The numbers are those of the sentences drawn. Each construction is drawn
    in a fixed number, so that only what varies within one is an error.
    """
    tokens = [each.tokens(part) for each in drawn]
    token = sum(numbers) / sum(tokens)
    off = [x - token * n for x, n in zip(numbers, tokens, strict=True)]
    return {
        "per_sentence": round(sum(numbers) / len(drawn), 3),
        "per_sentence_error": round(standard_error(drawn, numbers), 3),
        "tokens": round(sum(tokens) / len(drawn), 2),
        "per_token": round(token, 4),
        "per_token_error": round(
            standard_error(drawn, off) * len(drawn) / sum(tokens), 4
        ),
        "perplexity": round(math.exp(token), 3),
    }


def standard_error(drawn: Sequence[Fresh], numbers: Sequence[float]) -> float:
    """The standard error of a mean, from the spread within constructions."""
    strata = defaultdict(list)
    for each, number in zip(drawn, numbers, strict=True):
        strata[each.phrase.construction].append(number)
    total = 0.0
    for some in strata.values():
        middle = sum(some) / len(some)
        spread = sum((number - middle) ** 2 for number in some)
        total += spread * len(some) / max(len(some) - 1, 1)
    return math.sqrt(total) / len(drawn)


def entropies(drawn: Sequence[Fresh]) -> dict[str, dict[str, float]]:
    """The entropy of the grammar, estimated from what it drew."""
    return {
        part: per_token(drawn, part, [each.losses[part] for each in drawn])
        for part in PARTS
    }


@functools.cache
def made(english: tuple | None, french: tuple | None = None) -> bool:
    """Whether the grammar can make a sentence, or a pair."""
    return possible(english, french)


@functools.cache
def known(side: str) -> tuple[set, set, dict, dict]:
    """What the training sentences of a language hold.

    These are the sentences, their words, and which words come after and
    before which; "" is the beginning and the end.
    """
    said = {getattr(phrase, side) for phrase in phrasebook.load().train}
    after, before = defaultdict(set), defaultdict(set)
    for sentence in said:
        for one, other in itertools.pairwise(("", *sentence, "")):
            after[one].add(other)
            before[other].add(one)
    return said, {*after} - {""}, after, before


def side_of(sentence: Iterable[str]) -> str:
    """The language that more of the words belong to: "src" is English."""
    english, french = (known(side)[1] for side in ("src", "tgt"))
    lead = sum((word in english) - (word in french) for word in sentence)
    return "src" if lead > 0 else "tgt"


def judged(sentence: tuple[str, ...], side: str) -> bool:
    """Whether the grammar can make this English or French sentence."""
    return made(sentence) if side == "src" else made(None, sentence)


def strange_neighbours(sentence: tuple[str, ...], side: str) -> bool:
    """Whether two words stand side by side that never do in training."""
    after = known(side)[2]
    return any(
        other not in after.get(one, ())
        for one, other in itertools.pairwise(("", *sentence, ""))
    )


def one_word_off(sentence: tuple[str, ...], side: str) -> bool:
    """Whether another word in one place would make the sentence right.

    Only words are tried that go with both neighbours in some sentence of the
    training, so a repair may be missed, though hardly ever.
    """
    _, _, after, before = known(side)
    whole = ("", *sentence, "")
    for i in range(1, len(whole) - 1):
        fit = after.get(whole[i - 1], set()) & before.get(whole[i + 1], set())
        for word in sorted(fit - {whole[i], ""}):
            if judged((*whole[1:i], word, *whole[i + 1 : -1]), side):
                return True
    return False
