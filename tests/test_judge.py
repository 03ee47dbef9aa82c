"""What the judge says of sentences is what the grammar does with them."""

import itertools
import math
import operator
import sys
from collections import Counter, defaultdict

import judge
import pytest
from choices import adjectives, known, new, person, something
from corpus import CONSTRUCTIONS, acceptable, sentences
from drawing import Draw
from events import place, time
from guide import Guide
from judge import TOTAL, acceptance, constructions, probability
from nominals import Nominal
from pieces import Piece, finish
from wanted import Wanted

from d2lattn.corpora import phrasebook

SAMPLE = 1  # sentences of each construction in each split


@pytest.fixture(scope="module")
def book():
    return phrasebook.load()


def sample(split, count=SAMPLE):
    """Some sentences of each construction, and of each family."""
    by_name = defaultdict(list)
    for phrase in split:
        by_name[phrase.construction].append(phrase)
    for phrases in by_name.values():
        yield from phrases[:: max(1, len(phrases) // count)][:count]


# What the grammar makes is accepted


@pytest.mark.parametrize("split", phrasebook.Phrasebook._fields)
def test_sentences_of_the_corpus_are_accepted(book, split):
    for phrase in sample(getattr(book, split)):
        both = probability(phrase.src, phrase.tgt)
        assert 0 < both <= 1
        for side in ((phrase.src, None), (None, phrase.tgt)):
            found = constructions(*side)
            assert sum(found.values()) >= both * (1 - 1e-9), phrase
            if split != "combinations":  # named for their family
                assert phrase.construction in found


class Witness(Draw):
    """Draws again what made a sentence, and asks whether all of it fits it."""

    def __init__(self, seed, wanted):
        super().__init__(seed)
        self.wanted, self.sure, self.asked = wanted, True, 0

    def ask(self, fits):
        if self.sure:
            self.asked += 1
            assert fits

    def __call__(self, options):
        option = super().__call__(options)
        self.ask(self.wanted.fits(option))
        return option

    def perhaps(self, options):
        return self.unsure(lambda draw: Draw.__call__(draw, options))

    def unused(self, options):
        # Its first draw may be of a word that is used.
        option = self.unsure(lambda draw: Draw.unused(draw, options))
        self.ask(option is None or self.wanted.fits(option))
        return option

    def says(self, english, french):
        self.ask(self.wanted.says(english, french))

    def part(self, function, *args, **options):
        what = super().part(function, *args, **options)
        piece = what.piece if isinstance(what, Nominal) else what
        self.ask(not isinstance(piece, Piece) or self.wanted.holds(piece))
        return what

    def unsure(self, function, *args, **options):
        sure, self.sure = self.sure, False
        what = function(self, *args, **options)
        self.sure = sure
        return what


@pytest.mark.parametrize("name", CONSTRUCTIONS)
def test_nothing_that_makes_a_sentence_is_given_up(name):
    construct, _ = CONSTRUCTIONS[name]
    for number in range(60):
        seed = f"{name} {number}"
        phrase = finish(construct(Draw(seed)), name)
        for sides in ((phrase.src, None), (None, phrase.tgt)):
            witness = Witness(seed, Wanted(*sides))
            assert finish(construct(witness), name)[:2] == phrase[:2]
            assert witness.asked > 2


# What it cannot make is refused


@pytest.mark.parametrize(
    "text",
    [
        "the cat the black is sleeping .",  # order
        "i see the cat black .",
        "the a cat is sleeping .",
        "the cat sleep .",  # agreement
        "the cats sleeps .",
        "she are tired .",
        "this cats are black .",
        "he is a eating an apple .",
        "he has a egg .",  # spelling
        "he has an cat .",
        "the cat eats an tired apple .",  # sense
        "the table sleeps in the garden .",
        "the cat is sleeping in garden .",  # a word less, a word more
        "the cat is sleeping in the the garden .",
        "the cat is sleeping",
        "is sleeping .",
        "does she sleeps ?",
        "she does not sleeps .",
        "the sad boy is happy .",  # what the corpus leaves out
        "",
        ".",
    ],
)
def test_english_that_is_wrong_is_refused(text):
    assert probability(text.split()) == 0


@pytest.mark.parametrize(
    "text",
    [
        "la chat dort .",  # gender
        "le vache dort .",
        "une homme dort .",
        "cette arbre est vieux .",
        "la femme est fatigué .",
        "elle est parti .",
        "le chat dorment .",  # agreement
        "les chats dort .",
        "je mange le pomme .",
        "les chat dorment .",
        "elle a vue le chat .",
        "le école est grande .",  # spelling
        "l' chat dort .",
        "je aime paul .",
        "elle va à le marché .",
        "le noir chat dort .",  # order
        "elle ne dort .",
        "elle dort pas .",
        "le chat le dort .",
        "",
    ],
)
def test_french_that_is_wrong_is_refused(text):
    assert probability(None, text.split()) == 0


WRONG = {
    "src": {
        "is": "are",
        "was": "were",
        "has": "have",
        "does": "do",
        "a": "an",
        "an": "a",
        "this": "these",
    },
    "tgt": {
        "un": "une",
        "une": "un",
        "cette": "ce",
        "du": "des",
        "est": "sont",
        "était": "étaient",
        "a": "ont",
        "au": "aux",
    },
}


@pytest.mark.parametrize("side", WRONG)
def test_words_doubled_dropped_swapped_or_changed(book, side):
    """A word dropped or swapped may leave a sentence; doubled, it cannot."""
    refused, left = Counter(), []

    def judge(kind, words):
        both = (words, None) if side == "src" else (None, words)
        if probability(*both):
            left.append((kind, " ".join(words)))
        else:
            refused[kind] += 1

    for phrase in sample(book.test):
        words = [*getattr(phrase, side)]
        at = len(words) // 2
        judge("doubled", words[: at + 1] + words[at:])
        judge("no end", words[:-1])
        judge("end first", [words[-1], *words[:-1]])
        judge("swapped", [*words[:-3], words[-2], words[-3], words[-1]])
        judge("dropped", words[: at - 1] + words[at:])
        for i, word in enumerate(words):
            if word in WRONG[side]:
                wrong = [*words]
                wrong[i] = WRONG[side][word]
                judge("changed", wrong)
    assert min(refused.values()) > 10
    kinds = Counter(kind for kind, _ in left)
    assert not kinds.keys() & {"doubled", "no end", "end first", "swapped"}
    assert kinds["changed"] <= 2, left
    assert kinds["dropped"] <= refused["dropped"] / 2, left


def test_what_remains_a_sentence_is_accepted():
    """What the grammar makes of the words that are left, it makes."""
    whole = "the black cat does not see the bird in the garden ."
    for left_out in ("black", "in the garden"):
        left = whole.replace(left_out, "").split()
        assert probability(left) > probability(whole.split()) > 0
    assert not probability(whole.replace("does", "").split())


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        (("he is tired .",), "^english must be .* string 'he is tired"),
        ((None, "il dort ."), "^french must be .* string 'il dort"),
        ((), "both are None"),
    ],
)
def test_what_is_no_sentence(sides, message):
    with pytest.raises(ValueError, match=message):
        probability(*sides)


def test_the_command_line(monkeypatch, capsys):
    for words in (["he is tired ."], ["--french", "il est fatigué ."]):
        monkeypatch.setattr(sys, "argv", ["judge.py", *words])
        judge.main()
        assert capsys.readouterr().out.startswith("qualities: ")
    monkeypatch.setattr(sys, "argv", ["judge.py"])
    with pytest.raises(SystemExit):
        judge.main()
    assert "give a sentence" in capsys.readouterr().err


# Probabilities


@pytest.mark.parametrize(
    # The last three draw parts that they may drop.
    "name",
    [
        "who questions",
        "feelings",
        "conditions",
        "comparisons",
        "numbers",
        "datives",
    ],
)
def test_probabilities_are_those_of_the_draws(name):
    number = CONSTRUCTIONS[name][1]
    stream = (phrase for phrase, _ in sentences(name, "frequencies"))
    first = Counter(p[:2] for p in itertools.islice(stream, 2_000))
    later = [p[:2] for p in itertools.islice(stream, 20_000)]
    for sides in (slice(0, 1), slice(1, 2), slice(0, 2)):
        chosen, padding = first.most_common(15), [None] * sides.start
        chosen = {pair[sides] for pair, _ in chosen}
        wanted = sum(
            constructions(*padding, *sentence)[name] for sentence in chosen
        )
        wanted *= TOTAL / number
        found = sum(pair[sides] in chosen for pair in later) / len(later)
        error = math.sqrt(wanted * (1 - wanted) / len(later))
        assert abs(found - wanted) < 4 * error
        assert wanted > 16 / len(later), "so few say nothing"


@pytest.mark.parametrize(
    ("part", "arguments"),
    [
        (time, ("past",)),
        (place, ("sleep",)),
        (adjectives, ("cat",)),
        (known, (("cat", "orange", "school"),)),
        (new, (("bread", "tree"),)),
        (something, (("dress", "milk"), "not")),
        (person, ()),
    ],
)
def test_the_probabilities_of_all_choices_add_up_to_one(part, arguments):
    found = Guide(Wanted(None, None)).results(part, *arguments)
    assert sum(share for _, share, _ in found) == pytest.approx(1)
    for _, _, used in found:
        assert sum(used.sets.values()) == pytest.approx(1)


def test_a_part_that_is_dropped_counts_as_all_that_it_can_be():
    guide = Guide(Wanted(["the", "cat"], None))
    both = guide.runs(lambda: guide.unsure(known, ("cat", "dog")), guide.used)
    (_, said, used, _), (_, dropped, of_all, _) = both
    assert said < dropped == pytest.approx(1)
    assert len(used.sets) == 1 < len(of_all.sets)


def test_the_translations_of_a_sentence_share_its_probability():
    french = ["tu", "vois", "son", "chat", "."]
    shares = [
        probability(f"you see {whose} cat .".split(), french)
        for whose in ("his", "her", "my")
    ]
    assert shares[0] == shares[1] > shares[2] == 0
    assert sum(shares) == pytest.approx(probability(None, french))
    english = ["you", "see", "his", "cat", "."]
    assert probability(english) == shares[0]
    assert not probability(english, ["tu", "vois", "sa", "chat", "."])


def test_what_the_corpus_leaves_out(monkeypatch):
    """It is refused, and its probability is shared out among the others."""
    name, drawn, draw = "coordination", [], Draw("left out")
    construct, _ = CONSTRUCTIONS[name]
    for _ in range(1000):
        draw.start()
        drawn.append(finish(construct(draw), name).src)
    taken = [*map(acceptable, drawn)]
    left_out = [*itertools.compress(drawn, map(operator.not_, taken))]
    assert len(left_out) > 50
    assert not any(map(probability, left_out[:3]))
    assert abs(sum(taken) / 1000 - acceptance(name)) < 0.03
    sentence = drawn[taken.index(True)]
    before = probability(sentence)
    monkeypatch.setattr(judge, "acceptance", lambda _: acceptance(name) / 2)
    assert probability(sentence) / before == pytest.approx(2)


def test_a_fresh_sentence_is_not_one_of_the_corpus(book):
    name = "coordination"
    fresh = [p for p, _ in itertools.islice(sentences(name, "other"), 20)]
    assert all(acceptable(phrase.src) for phrase in fresh)
    corpus = {phrase.src for split in book for phrase in split}
    assert not corpus & {phrase.src for phrase in fresh}
