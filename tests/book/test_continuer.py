"""A reader types a beginning, and the page goes on as PyTorch does."""

from functools import cache
from itertools import product

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from browser import until
from model_figure import ModelFigure, in_a_sandbox, save_and_open
from rounding import rounded

from d2lattn.corpora import Vocab
from d2lattn.corpora.batches import pad_rows
from d2lattn.engine import Continuer
from d2lattn.engine.drawing import percent
from d2lattn.language_model import LanguageModel
from d2lattn.recording import record_attention
from d2lattn.sampling import generate, top_k, top_p, with_temperature
from d2lattn.training import sequence_loss

MARKUP = "<img src=x onerror=\"document.title = 'hacked'\">"
SUBJECTS = {
    "the woman": "la femme",
    "the man": "l' homme",
    "the tired woman": "la femme fatiguée",
    "the old man": "le vieil homme",
}
VERBS = {"bought": "a acheté", "saw": "a vu", "found": "a trouvé"}
OBJECTS = {
    "the hat": "le chapeau",
    "a hat": "un chapeau",
    "the black hat": "le chapeau noir",
}
SENTENCES = [
    [" ".join((*words, ".")).split() for words in zip(*pairs, strict=True)]
    for pairs in product(SUBJECTS.items(), VERBS.items(), OBJECTS.items())
]
VOCAB = Vocab(text for pair in SENTENCES for text in pair)
BEGINNINGS = ["The tired woman bought", "La femme a", "The"]
V, EOS, H, D, BLKS = len(VOCAB), Vocab.eos, 3, 18, 2
LAST = f"blks.{BLKS - 1}.attention"


@cache
def model():
    """A language model that has learned the few sentences there are."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        made = LanguageModel(V, D, 24, H, BLKS, 0.0, True)
    pairs = [pair[:: 1 - 2 * (i % 2)] for i, pair in enumerate(SENTENCES)]
    texts = [
        [1, *VOCAB.encode(one), EOS, *VOCAB.encode(two), EOS]
        for one, two in pairs
    ]
    X, lens = pad_rows(texts)
    adam = torch.optim.Adam(made.parameters(), lr=0.02)
    for _ in range(100):
        logits, _ = made(X[:, :-1])
        adam.zero_grad()
        sequence_loss(logits, X[:, 1:], lens - 1).backward()
        adam.step()
    return made.eval()


@cache
def shown():
    """The figure, and the model as it travels."""
    figure = Continuer(model(), VOCAB, BEGINNINGS, title="Go on")
    return figure.to_html(), rounded(model(), figure.packed())


class Figure(ModelFigure):
    """A continuer in a page."""

    kind = "continuer"

    def texts(self):
        """The words of the text and of its translation."""
        return [*self.all("first"), *self.all("second")]

    def tokens(self):
        return [Vocab.bos, *VOCAB.encode(self.texts())]

    def slide(self, name, value):
        self.part(name).fill(str(value))

    def choose(self, at):
        """Choose a word of the first line."""
        self.part("first").locator("button").nth(at).click()

    def candidates(self):
        items = self.part("candidates").locator("li").all_inner_texts()
        return [" ".join(it.split()) for it in items]


@pytest.fixture
def figure(page, tmp_path):
    """The continuer, as it was saved to a file."""
    return Figure(save_and_open(page, tmp_path, shown()[0]))


@torch.no_grad()
def read(tokens):
    """The logits and the weights of a text, by PyTorch."""
    with record_attention(shown()[1]) as weights:
        logits, _ = shown()[1](torch.tensor([tokens[:-1]]))
    return logits[0], {path: call[0] for path, (call,) in weights.items()}


def greedy(tokens, ends=2):
    """What PyTorch goes on with."""
    while tokens.count(EOS) < ends and len(tokens) < 60:
        room = 60 - len(tokens)
        (new,) = generate(
            shown()[1], torch.tensor([tokens]), max_len=room, eos=EOS, k=1
        )
        tokens = [*tokens, *new, *[EOS] * (len(new) < room)]
    return tokens


# -- what is typed -----------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["The tired woman", "La femme a vu l'homme.", "", "THE??"]
)
def test_greedy_words_are_pytorchs(figure, text):
    figure.part("greedy").check()
    figure.type(text)
    found = figure.tokens()
    given = figure.part("first").locator("button.d2l-given").count()
    assert found == greedy(found[: given + 1])
    assert figure.texts().count("<eos>") == 2
    second = figure.part("second")
    assert second.is_visible()
    figure.part("ends").select_option("1")
    assert figure.tokens() == greedy(found[: given + 1], ends=1)
    assert second.is_hidden()
    assert figure.part("temperature").is_disabled()
    assert figure.part("again").is_disabled()


def test_each_word_has_the_probability_of_pytorch(figure):
    tokens = figure.tokens()
    probs = read(tokens)[0].softmax(-1)
    notes = [
        note
        for name in ("first", "second")
        for note in figure.all(name, "it.lastChild.textContent")
    ]
    assert notes == [
        percent(float(probs[i, token])) for i, token in enumerate(tokens[1:])
    ]


def test_unknown_words_markup_and_near_words(page, figure):
    figure.type(f"The tird woman {MARKUP}")
    said = figure.part("unknown").locator("li").all_inner_texts()
    assert said[0].startswith("The model does not know “tird")
    assert figure.texts()[:3] == ["the", "tird", "woman"]
    figure.part("unknown").get_by_text("tired", exact=True).click()
    assert figure.texts()[:3] == ["the", "tired", "woman"]
    assert figure.frame.locator("figure img").count() == 0
    assert page.title() == "page"


def test_an_article_that_waits_for_its_noun_is_one_word(figure):
    for text, words in {
        "Le chapeau l'": ["le", "chapeau", "l'"],
        "L'": ["l'"],
        "the man'": ["the", "man", "'"],
        "'": ["'"],
    }.items():
        figure.type(text)
        assert figure.texts()[: len(words)] == words


def test_a_word_begun_is_completed_and_beginnings_are_there(figure):
    figure.type("The tired wom")
    assert figure.completions() == ["The tired woman"]
    figure.part("sentences").select_option("La femme a")
    assert figure.texts()[:3] == ["la", "femme", "a"]
    assert figure.part("text").input_value() == "La femme a"
    assert figure.part("first").get_attribute("lang") == "fr"
    figure.part("status").filter(has_text="“La femme a").wait_for()


# -- how words are chosen ----------------------------------------------------


def test_sliders_change_what_is_drawn_from(figure):
    figure.slide("temperature", 1.6)
    figure.slide("k", 3)  # its fourth stop, five words
    figure.slide("p", 0.9)
    said = [
        figure.part(f"{name}-said").inner_text()
        for name in ("temperature", "k", "p")
    ]
    assert said == ["1.6", "5", "0.90"]
    words = figure.part("k").get_attribute("aria-valuetext")
    assert words == "5 words"
    at, tokens = 4, figure.tokens()  # the first new word
    logits, _ = read(tokens)
    own = logits.softmax(-1)
    rows = top_k(with_temperature(logits.double(), 1.6), 5)
    drawn_with = top_p(rows, 0.9).softmax(-1)
    for i, token in enumerate(tokens[1:]):
        assert i < at or drawn_with[i, token] > 0
    wanted = []
    for token in logits[at].topk(8).indices.tolist():
        one = percent(float(own[at, token]))
        share = float(drawn_with[at, token])
        two = percent(share) if share else "cut"
        ending = one if one == two else f"{one} → {two}"
        wanted.append(f"{VOCAB.words[token]} {ending}")
    assert figure.candidates() == wanted
    cut = figure.part("candidates").locator(".d2l-cut")
    assert cut.count() == sum(it.endswith("cut") for it in wanted) > 0


def test_a_slider_is_dragged_and_the_words_follow(page, figure):
    figure.type("")
    slider = figure.part("temperature")
    box = slider.bounding_box()
    y, seen = box["y"] + box["height"] / 2, {str(figure.texts())}
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    for share in (0.7, 0.95, 0.3, 0.02):
        page.mouse.move(box["x"] + share * box["width"], y, steps=3)
        seen.add(str(figure.texts()))
    page.mouse.up()
    value = slider.input_value()
    assert (
        figure.part("temperature-said").inner_text() == f"{float(value):.1f}"
    )
    assert float(value) < 0.3
    assert len(seen) > 1


def test_another_draw_is_another_text_and_the_same_again_later(page, figure):
    figure.type("The")
    seen = [figure.texts()]
    for _ in range(9):
        figure.part("again").click()
        seen.append(figure.texts())
    assert len({*map(str, seen)}) > 2
    assert all(it[0] == "the" for it in seen)
    page.reload()
    again = Figure(page.main_frame)
    again.type("The")
    assert again.texts() == seen[0]


# -- another word ------------------------------------------------------------


@pytest.mark.parametrize("at", [1, 5])  # typed, and new
def test_a_candidate_is_taken_and_the_text_goes_on(figure, at):
    before = figure.texts()
    figure.choose(at)
    other = figure.part("candidates").locator('[aria-pressed="false"]').first
    word = other.locator("span").inner_text()
    assert word != before[at]
    other.click()
    assert figure.texts()[: at + 1] == [*before[:at], word]
    pressed = figure.part("candidates").locator('[aria-pressed="true"]')
    assert pressed.locator("span").inner_text() == word
    assert pressed.evaluate("it => it === document.activeElement")
    given = figure.part("first").locator(".d2l-chip.d2l-given")
    assert given.count() == at + 2  # with <bos>
    figure.part("back").click()
    assert figure.texts() == before
    assert figure.part("back").is_hidden()


def test_an_end_is_taken_in_the_translation_too(figure):
    figure.part("greedy").check()
    figure.type("The")
    figure.part("second").locator("button").first.click()
    other = figure.part("candidates").locator('[aria-pressed="false"]').first
    turn, word = len(figure.all("first")), other.locator("span").inner_text()
    other.click()
    found = figure.tokens()
    assert figure.texts()[turn] == word
    assert found == greedy(found[: turn + 2])


# -- what is looked at -------------------------------------------------------


@pytest.mark.parametrize("head", ["mean", 1])
def test_a_word_says_what_it_looks_at_and_what_is_kept(figure, head):
    at, tokens = 5, figure.tokens()
    figure.choose(at)
    place = f'button[data-path="{LAST}"][data-head="{head}"]'
    figure.frame.locator(place).click()
    heads = read(tokens)[1][LAST]
    shares = (heads.mean(0) if head == "mean" else heads[head])[at].tolist()
    shown_shares = (
        figure.part("first")
        .locator(".d2l-chip")
        .evaluate_all(
            "all => all.map((it) =>"
            " Number(it.style.getPropertyValue('--share')) || 0)"
        )
    )
    wanted = shares[: len(shown_shares)]
    assert shown_shares == pytest.approx(wanted, abs=2e-3)
    texts = ["<bos>", *figure.texts()]
    best = max(range(len(shares)), key=shares.__getitem__)
    said = figure.part("said").inner_text()
    assert f"at “{texts[best]}” {percent(shares[best])}" in said
    name = "mean of the heads" if head == "mean" else f"head {head + 1}"
    assert f"block {BLKS}, {name}: " in said
    numbers = f"{at + 1} × {2 * BLKS * D} = {(at + 1) * 2 * BLKS * D} numbers"
    assert numbers in figure.part("cache").inner_text()


@torch.no_grad()
def test_heads_are_switched_off_and_on(figure):
    figure.part("greedy").check()
    before = figure.texts()
    whole = shown()[1]
    W_o = whole.blks[1].attention.W_o.weight
    kept = W_o.clone()
    box = figure.box(LAST, 2)
    try:
        box.uncheck()
        W_o[:, 2 * D // H :] = 0
        assert figure.tokens() == greedy(figure.tokens()[:5])
    finally:
        W_o.copy_(kept)
    assert box.evaluate("it => it === document.activeElement")
    box.check()
    assert figure.texts() == before


# -- for everyone ------------------------------------------------------------


def test_by_keyboard_alone(page, figure):
    figure.part("first").locator("button").first.focus()
    for key in ("ArrowRight", "End", "Home", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
        pressed = figure.part("first").locator('[aria-pressed="true"]')
        assert pressed.evaluate("it => it === document.activeElement")
    assert figure.all("first", "it.ariaPressed")[0] == "true"
    figure.part("candidates").locator('[aria-pressed="false"]').first.focus()
    page.keyboard.press("Enter")
    assert figure.part("back").is_visible()
    figure.part("temperature").focus()
    page.keyboard.press("ArrowRight")
    assert figure.part("temperature-said").inner_text() == "1.1"
    figure.part("back").focus()
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.dataset.part") == "text"


@pytest.mark.parametrize("width", [320, 1280])
def test_it_fits_and_has_names_for_all(page, figure, width):
    page.set_viewport_size({"width": width, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    figure.slide("k", 2)
    found = Axe().run(page, context=".d2l-continuer")
    assert not found.response["violations"], found.generate_report()


def test_in_a_sandbox_as_in_colab(page):
    inside = Figure(in_a_sandbox(page, shown()[0]))
    inside.part("greedy").check()
    inside.type("The")
    assert inside.tokens() == greedy([1, *VOCAB.encode(["the"])])


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_in_the_book(visit, scheme):
    opened, trouble = visit("chapters/try-it", scheme)
    opened.evaluate("d2lattn.pause = 1e8")
    opened.locator(".d2l-continuer").scroll_into_view_if_needed()
    figure = Figure(opened.main_frame)
    # At once: a line that came later would push the next ones away.
    said = figure.part("status").text_content()
    assert said.startswith("The model goes on: “The tired woman bought")
    figure.part("greedy").check()
    figure.type("She did not leave yesterday.")
    wanted = ["elle", "n'", "est", "pas", "partie", "hier", ".", "<eos>"]
    until(lambda: "" if figure.all("second") == wanted else "no translation")
    assert not trouble
