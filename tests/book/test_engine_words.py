"""What is typed becomes the words that it becomes in Python."""

import random
from functools import cache

import pytest

from d2lattn.corpora import phrasebook

ODD = [
    "",
    " \t\n",
    "I don't see Paul\u2019s cat.",
    "N'as-tu pas vu l'arc-en-ciel, aujourd'hui ?",
    "Est-ce que l\u2018enfant n'a\u202fpas mang\u00e9\u00a0?!",
    "e\u0301t\u00e9 \u0130stanbul \u03a3\u03a3 stra\u00dfe",
    "\u00bd \u0664\u0665 x\u00b2 \U0001f600\U0001f468\u200d\U0001f469",
    "It's $10,000.50 at 2:30 p.m., o'clock... isn't it??",
    "won't can't I'll they're I'm he'd we've dogs' 'tis '90s",
    "dis-le-moi y a-t-il va-t'en donne-m'en grand-p\u00e8re- -a- a--b",
    "a\u200bb\xadc\ufeffd\x1ce\x85f\u3000g",
    '__proto__ constructor toString <b>&amp;</b> "quoted" (so) / 50 %',
]


def noise(number=300):
    """Texts of letters and signs that the rules tell apart."""
    draw = random.Random(1)
    pieces = [*"abeilmnostu \u00e9\u00e71290_-'\u2019.,:?!$\u20ac\"(/%"]
    pieces += ["n't", "'s", "-t-", "-le", "-ce", "est", "wo", "p.m.", " "]
    return [
        "".join(draw.choices(pieces, k=draw.randrange(2, 30)))
        for _ in range(number)
    ]


def some_sentences():
    """A few of each language, as a person writes them."""
    for pair in phrasebook.load().test[::9]:
        yield phrasebook.detokenize(pair.src, "en")
        yield phrasebook.detokenize(pair.tgt)


def test_text_becomes_the_words_that_it_becomes_in_python(engine_page):
    texts = [*ODD, *noise(), *some_sentences()]
    found = engine_page.evaluate("texts => texts.map(engine.tokenize)", texts)
    for text, words in zip(texts, found, strict=True):
        assert words == [*phrasebook.tokenize(text)], text


@pytest.mark.parametrize("language", ["en", "fr"])
def test_words_become_the_text_that_they_become_in_python(
    engine_page, language
):
    all_words = [
        phrasebook.tokenize(text)
        for text in (*ODD, *noise(), *some_sentences())
    ]
    found = engine_page.evaluate(
        """([all, language]) =>
            all.map((it) => engine.detokenize(it, language))""",
        [all_words, language],
    )
    for words, text in zip(all_words, found, strict=True):
        assert text == phrasebook.detokenize(words, language)


def test_words_are_numbers_and_come_back(engine_page, chapter):
    for name, ours in zip(
        ("src_vocab", "tgt_vocab"), chapter[2:], strict=True
    ):
        words = [*ours.words[::7], "zebra", "__proto__", "constructor", ""]
        tokens = [1, *range(4, len(ours), 5), 0, 3, 2, 5, 2]
        numbers, back, known = engine_page.evaluate(
            """([name, words, tokens]) => [it[name].encode(words),
                it[name].decode(tokens), words.map((it_) => it[name].has(it_))]
            """,
            [name, words, tokens],
        )
        assert numbers == ours.encode(words)
        assert back == ours.decode(tokens)
        assert known == [word in ours for word in words]


def distance(one, other):
    """The same as `editDistance`, said as briefly as can be."""

    @cache
    def of(i, j):
        if not (i and j):
            return i + j
        ways = [
            of(i - 1, j) + 1,
            of(i, j - 1) + 1,
            of(i - 1, j - 1) + (one[i - 1] != other[j - 1]),
        ]
        if min(i, j) > 1 and one[i - 2 : i] == other[j - 2 : j][::-1]:
            ways.append(of(i - 2, j - 2) + 1)
        return min(ways)

    return of(len(one), len(other))


@pytest.mark.parametrize(
    "word",
    ["gril", "dgo", "happpy", "cats", "hous", "x", "qqqqqqqq", "yesterda"],
)
def test_a_word_nobody_knows_has_near_ones(engine_page, chapter, word):
    words = chapter[2].words[4:]
    distances = {other: distance(word, other) for other in words}
    near, found = engine_page.evaluate(
        """([word, words]) => [it.src_vocab.near(word),
            words.map((other) => engine.editDistance(word, other))]""",
        [word, words],
    )
    assert found == [*distances.values()]
    most = min(max(1, len(word) // 3), len(word) - 1)
    ranked = sorted(words, key=distances.__getitem__)
    assert near == [it for it in ranked if distances[it] <= most][:3]


@pytest.mark.parametrize("prefix", ["", "s", "sch", "schools", "<"])
def test_a_prefix_is_completed_by_frequent_words_first(
    engine_page, chapter, prefix
):
    words = [it for it in chapter[2].words[4:] if it.startswith(prefix)]
    found = engine_page.evaluate("it_ => it.src_vocab.complete(it_)", prefix)
    assert found == words[:5]
