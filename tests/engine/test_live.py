"""A translator in a notebook shows what the package computes."""

import pytest
import torch
from bs4 import BeautifulSoup
from test_packing import VOCABS as ODD_VOCABS
from test_packing import transformer
from torch import nn

from d2lattn.corpora import Vocab
from d2lattn.corpora.phrasebook import Phrase
from d2lattn.decoding import beam_search, translate
from d2lattn.engine import Translator
from d2lattn.engine.drawing import percent
from d2lattn.engine.live import Live
from d2lattn.figures.explorer import WIDGET_MIME
from d2lattn.recording import record_attention
from d2lattn.seq2seq import (
    EncoderDecoder,
    Seq2SeqAttentionDecoder,
    Seq2SeqDecoder,
    Seq2SeqEncoder,
)
from d2lattn.transformer import TransformerDecoder, TransformerEncoder

WORDS = ["the", "old", "cat", "sees", "a", "dog", "."]
FRENCH = ["le", "vieux", "chat", "voit", "un", "<b>chien</b>", "."]
VOCABS = Vocab([WORDS]), Vocab([FRENCH])
V = len(VOCABS[0])
LENGTH = {"length_penalty": 0.6, "max_len": 40}
PAIR = Phrase(tuple(WORDS), tuple(FRENCH), (), "none")
SENTENCES = {
    "known": [PAIR._replace(src=("a", "dog", ".")), PAIR],
    "new": [PAIR._replace(src=("the", "cat", "."))],
}


def made(kind):
    """A small model, each of whose numbers is drawn."""
    if kind == "Transformer":
        sizes = 12, 14, 3, 2
        parts = TransformerEncoder, TransformerDecoder
        model = EncoderDecoder(*(part(V, *sizes, 0.5) for part in parts))
    else:
        decoder = {
            "Bahdanau": Seq2SeqAttentionDecoder,
            "one vector": Seq2SeqDecoder,
        }[kind]
        sizes = 8, 12, 1, 0.5
        parts = Seq2SeqEncoder, decoder
        model = EncoderDecoder(*(part(V, *sizes) for part in parts))
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    return model


@pytest.fixture(params=["Transformer", "Bahdanau", "one vector"])
def model(request):
    return made(request.param)


def live(model, vocabs=VOCABS, sentences=SENTENCES):
    return Live(Translator(model, *vocabs, sentences))


def lines(figure):
    """The parts of the lines that it shows, parsed."""
    return BeautifulSoup(figure.controls.lines.value, "html.parser")


def words(figure, side):
    """The words of a line, and the shares below them."""
    line = lines(figure).select(".d2l-words")[side == "tgt"]
    chips = line.select(".d2l-chip")
    shares = [it.small.extract().get_text() for it in chips]
    return [it.get_text() for it in chips], shares


def searched(model, beam_size, src=WORDS):
    """The best hypothesis of the package's search."""
    eos = VOCABS[0].eos
    src = torch.tensor([[*VOCABS[0].encode(src), eos]])
    options = {"bos": 1, "eos": eos, "beam_size": beam_size, **LENGTH}
    return src, beam_search(model, src, **options)[0][0]


def written(best):
    """The words of a hypothesis, with `<eos>` if it came to an end."""
    return [VOCABS[1].words[it] for it in best.tokens] + [
        "<eos>"
    ] * best.finished


@pytest.mark.parametrize("beam_size", [1, 4])
def test_words_and_probabilities_are_those_of_the_search(model, beam_size):
    figure = live(model)
    figure.controls.beam.value = beam_size
    figure.controls.text.value = "The old cat sees a dog."
    src, best = searched(model, beam_size)
    assert words(figure, "src")[0] == [*WORDS, "<eos>"]
    assert words(figure, "tgt")[0] == written(best)
    total = percent(torch.tensor(best.log_prob).exp().item())
    said = BeautifulSoup(figure.controls.status.value, "html.parser")
    assert f"Probability {total}." in said.get_text()
    assert ("not come to an end" in said.get_text()) != best.finished

    menu = figure.controls.places["tgt"]
    menu.value = t = len(menu.options) - 1
    begun = torch.tensor([[1, *best.tokens][: t + 1]])
    model.eval()
    probs = model(src, begun)[0, -1].softmax(-1)
    probs, tokens = probs.topk(5)
    found = lines(figure).select('[data-part="candidates"] li')
    assert [it.get_text() for it in found] == [
        f"{VOCABS[1].words[token]} {percent(prob)}"
        for token, prob in zip(tokens.tolist(), probs.tolist(), strict=True)
    ]


@pytest.mark.parametrize("kind", ["Transformer", "Bahdanau"])
@torch.no_grad()
def test_maps_are_those_of_a_recording(kind):
    model = made(kind)
    figure = live(model)
    figure.controls.text.value = "A dog sees the old cat."
    tokens = list(figure.now.tokens)
    src = torch.tensor([[*VOCABS[0].encode(figure.now.read)]])
    model.eval()
    with record_attention(model) as weights:
        model(src, torch.tensor([[1, *tokens[:-1]]]))
    assert figure.now.weights.keys() == weights.keys()
    for path, calls in weights.items():
        heads = torch.cat(calls, -2).view(
            -1, *figure.now.weights[path].shape[1:]
        )
        torch.testing.assert_close(figure.now.weights[path], heads)
    for _, (path, head) in figure.controls.heads.map.options:
        figure.controls.heads.map.value = path, head
        _, queries, keys = figure.controls.heads.titles[path]
        menu = figure.controls.places[queries]
        menu.value = at = min(2, len(menu.options) - 1)
        heads = figure.now.weights[path]
        row = (heads.mean(0) if head < 0 else heads[head])[at].tolist()
        shown = [percent(share) for share in row]
        if keys == "tgt":  # what is read stands a step behind
            shown = [*shown[1:], ""]
        assert words(figure, keys)[1] == shown
        other = {"src": "tgt", "tgt": "src"}[keys]
        assert not any(words(figure, other)[1])
        drawn = figure.controls.heads.maps[path].value
        assert drawn.count('aria-current="true"') == 1
        assert f'class="d2l-row" x="0" y="{at}"' in drawn


def test_a_map_has_a_cell_for_each_key_of_each_query():
    figure = live(made("Bahdanau"))
    svg = BeautifulSoup(
        figure.controls.heads.maps["decoder.attention"].value, "html.parser"
    ).svg
    now = figure.now
    cells = "".join(path["d"] for path in svg.select("path")).split("z")[:-1]
    places = [it[1:].partition("h")[0] for it in cells]
    K, Q = len(now.read), len(now.written)
    assert {*places} == {f"{k} {q}" for k in range(K) for q in range(Q)}
    assert len(places) == K * Q


@torch.no_grad()
def test_heads_go_as_if_their_stripes_were_zero():
    model = made("Transformer")
    figure = live(model)
    figure.controls.text.value = "The old cat sees a dog."
    before = figure.now
    cut = [("encoder.blks.0.attention", 1), ("decoder.blks.1.attention2", 0)]
    for path, head in cut:
        figure.controls.heads.boxes[path][head].value = False
    twin = made("Transformer")
    twin.load_state_dict(model.state_dict())
    for path, head in cut:
        W = twin.get_submodule(path).W_o.weight
        W[:, head * 4 : head * 4 + 4] = 0
    assert figure.now.tokens != before.tokens
    src, best = searched(twin, 1)
    assert words(figure, "tgt")[0] == written(best)
    twin.eval()
    logits = twin(src, torch.tensor([[1, *figure.now.tokens[:-1]]]))
    torch.testing.assert_close(figure.now.probs, logits[0].softmax(-1))
    for path, head in cut:
        figure.controls.heads.boxes[path][head].value = True
    assert figure.now.tokens == before.tokens
    assert figure.now.probs.equal(before.probs)


@torch.no_grad()
def test_a_lone_head_goes_as_if_it_found_nothing():
    model = made("Bahdanau")
    figure = live(model)
    (box,) = figure.controls.heads.boxes["decoder.attention"]
    box.value = False
    rnn = model.decoder.rnn.weight_ih_l0
    rnn[:, :12] = 0  # what reads the context
    _, best = searched(model, 1, ["the", "cat", "."])
    assert words(figure, "tgt")[0] == written(best)


@torch.no_grad()
def test_positions_go():
    model = made("Transformer")
    figure = live(model)
    before = figure.now.probs
    figure.controls.positions.value = False
    for part in (model.encoder, model.decoder):
        part.pos_encoding.P = torch.zeros_like(part.pos_encoding.P)
    _, best = searched(model, 1, ["the", "cat", "."])
    assert words(figure, "tgt")[0] == written(best)
    assert not figure.now.probs[0].allclose(before[0])


def test_the_model_is_left_as_it_was(model):
    model.encoder.eval()
    modes = [it.training for it in model.modules()]
    state = {name: it.clone() for name, it in model.state_dict().items()}
    figure = live(model)
    figure.controls.positions.value = False
    for boxes in figure.controls.heads.boxes.values():
        boxes[0].value = False
    figure.controls.text.value = "a" * 99
    assert [it.training for it in model.modules()] == modes
    for name, tensor in model.state_dict().items():
        assert tensor.equal(state[name])
    for it in model.modules():
        assert not it._forward_hooks
        assert not it._forward_pre_hooks


def test_an_unknown_word_has_near_ones_to_take():
    figure = live(made("Bahdanau"))
    figure.controls.text.value = "The catt and the <i>xylophone</i>."
    said = [row.children for row in figure.controls.unknown.children]
    whole = "".join(row[0].value for row in said)
    assert "know “catt”. Did you mean:" in said[0][0].value
    assert "know “xylophone”, or any word like it." in whole
    assert "<" not in whole
    said[0][1].click()
    assert figure.controls.text.value.startswith("The cat and the <")
    assert "catt" not in str(figure.controls.unknown.children[0].children)


def test_sentences_come_in_turn_and_words_are_swapped():
    figure = live(made("one vector"))
    text = figure.controls.text
    seen = [text.value]
    for _ in range(3):
        figure.controls.buttons["known"].click()
        seen.append(text.value)
    whole = "The old cat sees a dog."
    assert seen == ["The cat.", "A dog.", whole, "A dog."]
    text.value = whole
    place = figure.controls.places["src"]
    place.value = 2
    figure.controls.swap.click()
    assert text.value == "The old sees cat a dog."
    assert place.value == 3
    place.value = 5  # before the full stop
    figure.controls.swap.click()
    assert text.value == "The old sees cat a dog."


def test_nothing_typed_is_nothing_shown(model):
    figure = live(model, sentences={})
    assert "Type a sentence." in figure.controls.status.value
    figure.controls.text.value = "the cat"
    for mark in ("", "!", "?!", "..."):
        figure.controls.text.value = "the cat" + mark
        assert words(figure, "src")[0] == ["the", "cat", ".", "<eos>"]
    figure.controls.text.value = "  "
    assert "Type a sentence." in figure.controls.status.value
    shown = [figure.controls.lines, *figure.controls.heads.maps.values()]
    assert not any(it.value for it in shown)


def test_other_vocabularies_and_what_they_hold_as_text():
    figure = live(transformer(), ODD_VOCABS)
    figure.controls.beam.value = 5
    figure.controls.text.value = "a c"
    assert words(figure, "src")[0] == ["a", "c", "<eos>"]  # it has no mark
    found = translate(
        figure.it.model, [["a", "c"]], *ODD_VOCABS, beam_size=5, max_len=40
    )
    tgt = [
        it for it in words(figure, "tgt")[0] if it[0] != "<" or it[1] == "/"
    ]
    assert tgt == found[0]
    drawn = [
        figure.controls.lines,
        figure.controls.tree,
        figure.controls.status,
    ]
    assert "</script>" not in "".join(it.value for it in drawn)


def test_the_tree_holds_all_that_the_search_kept():
    figure = live(made("Transformer"))
    assert not figure.controls.tree.value
    figure.controls.beam.value = 3
    tree = BeautifulSoup(figure.controls.tree.value, "html.parser")
    best = " ".join(it.get_text() for it in tree.select("strong"))
    assert best == " ".join(figure.now.written)
    ends = [it for it in tree.select("li") if not it.select("li")]
    leaves = [
        begun
        for begun in figure.now.kept
        if not any(it[:-1] == begun for it in figure.now.kept)
    ]
    assert len(ends) == len(leaves) >= 3


def test_what_the_model_refuses_is_said():
    sizes = 12, 14, 3, 2
    model = EncoderDecoder(
        TransformerEncoder(V, *sizes, max_len=5),
        TransformerDecoder(V, *sizes, max_len=3),
    )
    figure = live(model)
    assert 0 < len(figure.now.written) <= 3
    figure.controls.text.value = "the old cat sees a dog"
    assert 'role="alert"' in figure.controls.status.value
    assert "max_len" in figure.controls.status.value
    assert not figure.controls.lines.value
    figure.controls.text.value = "the cat"
    assert figure.controls.lines.value


def test_a_notebook_shows_the_widget_and_a_page_the_transformer_alone(
    monkeypatch,
):
    monkeypatch.setenv("D2LATTN_FIGURES", "live")
    shown = Translator(made("Bahdanau"), *VOCABS, SENTENCES)
    assert shown._repr_mimebundle_().keys() == {WIDGET_MIME, "text/plain"}
    for form in ("page", "html"):
        monkeypatch.setenv("D2LATTN_FIGURES", form)
        with pytest.raises(ValueError, match=r"Transformer.*JupyterLab"):
            Translator(made("Bahdanau"), *VOCABS, SENTENCES)
