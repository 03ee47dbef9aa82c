"""A reader types, and the page shows what PyTorch computes."""

from functools import cache

import pytest
import torch
from browser import until
from engine import SIZES, short_enough
from engine_page import shelf
from model_figure import ModelFigure, in_a_sandbox, save_and_open
from rounding import rounded

from d2lattn.corpora import phrasebook
from d2lattn.decoding import translate
from d2lattn.engine import Translator
from d2lattn.recording import record_attention
from d2lattn.seq2seq import EncoderDecoder

MARKUP = "<img src=x onerror=\"document.title = 'hacked'\">"
TYPED = {
    "the girl's book is old.": "the girl 's book is old .",
    "She did not leave yesterday": "she did not leave yesterday .",
    "Why isn't Paul hungry?": "why is not paul hungry ?",
    "I love you.": "i love you .",
    "Their unicorn sleeps.": "their unicorn sleeps .",
    "": "",
    MARKUP: "< img src = x onerror = \" document . title = ' hacked .",
    "The cat sleeps!": "the cat sleeps .",
    "Who sleeps???": "who sleeps ?",
}
D, _, H, BLKS = SIZES


@cache
def html():
    """Chapter 6's translator as a page from disk."""
    model, _, *vocabs = shelf()
    book = phrasebook.load()
    sentences = {
        name: short_enough(pairs)[:3]
        for name, pairs in (("known", book.train), ("new", book.test))
    }
    return Translator(model, *vocabs, sentences).to_html()


def ours(words, beam_size=1, model=None):
    """What PyTorch makes of words, with the weights of the page."""
    whole, packed, *vocabs = shelf()
    model = model or rounded(whole, packed)
    options = {"beam_size": beam_size, "max_len": 40}
    (found,) = translate(model, [words.split()], *vocabs, **options)
    return found


class Figure(ModelFigure):
    """A translator in a page."""

    kind = "translator"

    def words(self, side):
        """The words of a line, without `<eos>`."""
        return [word for word in self.all(side) if word != "<eos>"]


@pytest.fixture
def figure(page, tmp_path):
    """The translator, as it was saved to a file."""
    return Figure(save_and_open(page, tmp_path, html()))


# -- what is typed -----------------------------------------------------------


@pytest.mark.parametrize("text", TYPED)
def test_what_is_typed_is_translated(page, figure, text):
    figure.type(text)
    assert " ".join(figure.words("src")) == TYPED[text]
    said = "Type a sentence."
    if text:
        assert figure.words("tgt") == ours(TYPED[text])
        said = phrasebook.detokenize(figure.words("tgt"))
    figure.part("status").filter(has_text=said).wait_for()
    for name in ("src", "tgt", "candidates", "said", "maps"):
        assert figure.part(name).is_visible() == bool(text)
    assert figure.frame.locator("img").count() == 0
    assert page.title() == "page"


@pytest.mark.parametrize("beam_size", [2, 5])
def test_a_wider_search_finds_what_ours_finds(figure, beam_size):
    figure.type("I love you.")
    figure.part("beam").select_option(str(beam_size))
    wanted = ours("i love you .", beam_size)
    assert figure.words("tgt") == wanted
    best = figure.part("tree").locator("strong").all_inner_texts()
    assert " ".join(best) == " ".join([*wanted, "<eos>"])
    ends = figure.part("tree").locator("li", has_text="<eos>")
    assert ends.count() >= beam_size
    figure.part("beam").select_option("1")
    assert figure.part("tree").is_hidden()


def test_an_unknown_word_has_near_ones_to_take(figure):
    figure.type("The docter and the xylophone are old.")
    said = figure.part("unknown").locator("li").all_inner_texts()
    assert [it.split("”")[0] for it in said] == [
        "The model does not know “docter",
        "The model does not know “xylophone",
    ]
    figure.part("unknown").get_by_text("doctor", exact=True).click()
    assert figure.words("src")[:4] == ["the", "doctor", "and", "the"]
    assert figure.part("unknown").locator("li").count() == 1
    text = figure.part("text")
    assert "doctor and" in text.input_value()
    assert text.evaluate("it => it === document.activeElement")


def test_a_word_begun_is_completed(figure):
    figure.type("The old sch")
    assert figure.completions() == ["The old school"]


@pytest.mark.parametrize("name", ["known", "new"])
def test_buttons_bring_sentences_in_turn(figure, name):
    opened, seen = figure.part("text").input_value(), []
    for _ in range(4):
        figure.part(name).click()
        seen.append(figure.part("text").input_value())
    assert len({*seen}) == 3
    assert seen[0] == seen[3] != opened
    words = phrasebook.tokenize(seen[3])
    assert figure.words("tgt") == ours(" ".join(words))


def test_two_words_are_swapped(figure):
    figure.type("The cat sees the dog.")
    assert figure.part("swap").is_disabled()
    figure.part("src").locator("button").nth(5).click()
    assert figure.part("swap").is_disabled()
    figure.part("src").locator("button").nth(1).click()
    figure.part("swap").click()
    assert figure.words("src") == ["the", "sees", "cat", "the", "dog", "."]
    assert figure.words("tgt") == ours("the sees cat the dog .")


# -- what is changed in the model --------------------------------------------


@torch.no_grad()
def test_heads_are_switched_off_and_on(figure):
    whole, packed, *_ = shelf()
    model: EncoderDecoder = rounded(whole, packed)
    text = "she did not leave yesterday ."
    figure.type(text)
    before = figure.words("tgt")
    off = {("decoder.blks.0.attention2", 2), ("encoder.blks.0.attention", 3)}
    for path, head in off:
        figure.box(path, head).uncheck()
        W_o = model.get_submodule(path).W_o
        W_o.weight[:, head * D // H : (head + 1) * D // H] = 0
    assert figure.words("tgt") == ours(text, model=model) != before
    for path, head in off:
        figure.box(path, head).check()
    assert figure.words("tgt") == before


def test_positions_are_switched_off(figure):
    whole, packed, *_ = shelf()
    model = rounded(whole, packed)
    for part in (model.encoder, model.decoder):
        part.pos_encoding.P = torch.zeros_like(part.pos_encoding.P)
    text = "the girl 's book is near the old house ."
    figure.type(text)
    figure.part("positions").uncheck()
    assert figure.words("tgt") == ours(text, model=model) != ours(text)


# -- what is looked at -------------------------------------------------------


def test_a_chosen_word_brings_a_map_in_which_it_is_a_query(figure):
    figure.type("The cat sees the dog.")
    for side, map_ in (("src", "Encoder"), ("tgt", "Across")):
        figure.part(side).locator("button").nth(1).click()
        said = figure.part("said").inner_text()
        assert said.startswith(map_)
        assert "looks at" in said
        assert figure.part("candidates").is_visible() == (side == "tgt")


def test_every_head_has_a_map_and_a_box(figure):
    maps = figure.part("maps")
    assert maps.locator("fieldset").count() == 3
    assert maps.locator("button").count() == 3 * BLKS * (H + 1)
    assert maps.locator("input").count() == 3 * BLKS * H
    labels = maps.locator("button").evaluate_all(
        "all => all.map((it) => it.getAttribute('aria-label'))"
    )
    assert len({*labels}) == len(labels)


ASKED = ["their", "old", "doctor", "is", "hungry", "."]
CHOICES = {  # a path, a head, the lines of its queries and its keys
    "across": ("decoder.blks.1.attention2", 0, "tgt", "src"),
    "across, mean": ("decoder.blks.0.attention2", "mean", "tgt", "src"),
    "back": ("decoder.blks.0.attention1", 2, "tgt", "tgt"),
    "encoder": ("encoder.blks.1.attention", 3, "src", "src"),
}


@torch.no_grad()
def seen():
    """The French, the logits and the weights of a sentence, by PyTorch."""
    whole, packed, src_vocab, tgt_vocab = shelf()
    model, french = rounded(whole, packed), ours(" ".join(ASKED))
    src = torch.tensor([[*src_vocab.encode(ASKED), src_vocab.eos]])
    tgt = torch.tensor([[tgt_vocab.bos, *tgt_vocab.encode(french)]])
    with record_attention(model) as weights:
        logits = model(src, tgt)
    return french, logits[0], {k: call[0] for k, (call,) in weights.items()}


@pytest.mark.parametrize("choice", CHOICES)
def test_a_chosen_word_says_what_it_looks_at(figure, choice):
    path, head, query_side, key_side = CHOICES[choice]
    french, _, weights = seen()
    figure.type(" ".join(ASKED))
    place = f'button[data-path="{path}"][data-head="{head}"]'
    figure.frame.locator(place).click()
    figure.part(query_side).locator("button").nth(2).click()
    heads = weights[path]  # (H, Q, K)
    shares = (heads.mean(0) if head == "mean" else heads[head])[2].tolist()
    keys = [*ASKED, "<eos>"] if key_side == "src" else ["<bos>", *french]
    shown = figure.part(key_side).locator("small").all_inner_texts()
    if path.endswith("attention1"):  # what is read stands a step behind
        assert shown == [*map(percent, shares[1:]), ""]
    else:
        assert shown == [*map(percent, shares)]
    name = "mean of the heads" if head == "mean" else f"head {head + 1}"
    block = int(path.split(".")[2]) + 1
    said = figure.part("said").inner_text()
    assert f"block {block}, {name}: " in said
    word = french[2] if query_side == "tgt" else ASKED[2]
    assert f"“{word}”" in said.split(":")[2]
    best = max(range(len(shares)), key=shares.__getitem__)
    assert f"at “{keys[best]}” {percent(shares[best])}" in said


def test_candidates_have_the_probabilities_of_pytorch(figure):
    words = shelf()[3].words
    _, logits, _ = seen()
    figure.type(" ".join(ASKED))
    figure.part("tgt").locator("button").nth(2).click()
    probs, tokens = logits[2].softmax(-1).topk(5)
    found = figure.part("candidates").locator("li").all_inner_texts()
    assert [" ".join(it.split()) for it in found] == [
        f"{words[token]} {percent(prob)}"
        for token, prob in zip(tokens.tolist(), probs.tolist(), strict=True)
    ]


def test_gold_links_lie_over_what_looks_across(figure):
    pair = short_enough(phrasebook.load().test)[0]
    assert figure.words("src") == [*pair.src]  # with which the figure opens
    assert figure.words("tgt") == [*pair.tgt]  # which is right
    figure.part("gold").check()
    links = figure.frame.locator(
        'button[data-path="decoder.blks.0.attention2"] >> nth=0'
    ).locator(".d2l-gold")
    places = links.evaluate_all(
        "all => all.map((it) => ['x', 'y'].map((name) =>"
        " Math.floor(it.getAttribute(name))))"
    )
    assert places == [list(link) for link in pair.alignment]
    others = figure.frame.locator('button[data-path$="attention"] .d2l-gold')
    assert others.count() == 0
    figure.type("The unicorn sleeps.")
    assert figure.part("gold").is_disabled()
    assert figure.frame.locator(".d2l-gold").count() == 0


def percent(share):
    """A share as the page writes it."""
    rounded_ = int(100 * share + 0.5)
    return "<1%" if 0 < share < 0.005 else f"{rounded_}%"


def test_by_keyboard_alone(page, figure):
    figure.type("The cat sleeps.")
    figure.part("tgt").locator("button").first.focus()
    focused = "document.activeElement.firstChild.textContent"
    seen = [page.evaluate(focused)]
    for key in ("ArrowRight", "End", "ArrowLeft", "Home"):
        page.keyboard.press(key)
        seen.append(page.evaluate(focused))
        pressed = figure.part("tgt").locator('[aria-pressed="true"]')
        assert pressed.evaluate("it => it === document.activeElement")
    assert seen == ["le", "chat", "<eos>", ".", "le"]
    page.keyboard.press("Tab")
    box = figure.box("encoder.blks.1.attention", 1)
    box.focus()
    page.keyboard.press("Space")
    assert not box.is_checked()
    assert box.evaluate("it => it === document.activeElement")


def test_a_choice_beyond_the_end_moves_to_the_end(figure):
    figure.type("She did not leave yesterday.")
    figure.part("tgt").locator("button").last.click()
    before = figure.words("tgt")
    figure.box("decoder.blks.0.attention2", 2).uncheck()
    assert len(figure.words("tgt")) < len(before)
    for state in ('[tabindex="0"]', '[aria-pressed="true"]'):
        chosen = figure.part("tgt").locator(state)
        assert chosen.all_inner_texts()[0].split()[0] == "<eos>"


# -- wherever it is shown ----------------------------------------------------


def test_in_a_sandbox_as_in_colab(page, figure):
    page.goto("about:blank")
    inside = Figure(in_a_sandbox(page, html()))
    inside.type("The cat sleeps.")
    assert inside.words("tgt") == ours("the cat sleeps .")


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_in_the_book(visit, scheme):
    page, trouble = visit("chapters/try-it", scheme)
    shown = Figure(page.main_frame)
    shown.type("The cat sleeps.")
    until(
        lambda: "" if shown.words("tgt") == ours("the cat sleeps .") else "no"
    )
    assert not trouble
