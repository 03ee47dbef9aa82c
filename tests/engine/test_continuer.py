"""A continuer shows what PyTorch computes, in a page and in a notebook."""

import copy
import json

import pytest
import torch
from bs4 import BeautifulSoup
from test_packing import transformer
from torch import nn

from d2lattn.corpora import Vocab
from d2lattn.engine import Continuer
from d2lattn.engine.continuing import Rule, go_on
from d2lattn.engine.drawing import percent
from d2lattn.engine.live_continuer import LiveContinuer
from d2lattn.figures.explorer import WIDGET_MIME
from d2lattn.figures.sphinx import PART_MIME
from d2lattn.language_model import LanguageModel
from d2lattn.recording import record_attention
from d2lattn.sampling import generate, top_k, top_p, with_temperature

SCRIPT = '<script>document.title = "hacked"</script>'
ENGLISH = ["the", "old", "cat", "sees", "a", "dog", ".", SCRIPT]
FRENCH = ["le", "vieux", "chat", "voit", "un", "chien", "."]
VOCAB = Vocab([ENGLISH, FRENCH])
V, EOS = len(VOCAB), Vocab.eos
SIZES = {"num_hiddens": 12, "ffn_num_hiddens": 14, "num_heads": 3}
BEGINNINGS = ["The old cat", "Le vieux", SCRIPT]


def made(**options):
    """A small language model, each of whose numbers is drawn."""
    model = LanguageModel(V, **SIZES, num_blks=2, dropout=0.5, **options)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.7)
    with torch.no_grad():
        model.dense.bias[EOS] += 2
    return model


def continuer(model=None, **options):
    return Continuer(model or made(), VOCAB, BEGINNINGS, **options)


# -- in a page ---------------------------------------------------------------


def test_a_page_has_the_model_and_the_beginnings():
    shown = continuer(title=f"title {SCRIPT}", caption=f"caption {SCRIPT}")
    root = BeautifulSoup(shown.to_html(), "html.parser")
    (figure,) = root.select("figure.d2l-continuer")
    spec = json.loads(figure.select_one("script").string)
    assert spec["packed"] == json.loads(json.dumps(shown.packed()))
    assert spec["packed"]["tgt_vocab"] == [*VOCAB.words]
    assert spec["sentences"] == BEGINNINGS
    assert figure["aria-label"] == f"title {SCRIPT}"
    caption = figure.figcaption.get_text()
    assert caption == f"title {SCRIPT}. caption {SCRIPT}"
    assert figure.find("input")["value"] == BEGINNINGS[0]


def test_a_built_page_asks_for_files_that_come_with_it():
    parts = continuer().parts()
    root = BeautifulSoup(parts["markup"], "html.parser")
    spec = json.loads(root.select_one("figure script").string)
    asked = [it["src"] for it in root.select("script[src]")]
    asked += [it["href"] for it in root.select("link")] + [spec["src"]]
    names = {it.removeprefix("{static}/") for it in asked}
    assert names == parts["files"].keys()


def test_every_control_has_a_name_and_an_id_of_its_own():
    shown = continuer()
    roots = [BeautifulSoup(shown.to_html(), "html.parser") for _ in range(2)]
    figures = [root.select_one("figure") for root in roots]
    ids = [it["id"] for figure in figures for it in figure.select("[id]")]
    assert len(ids) == len({*ids})
    controls = figures[0].select("input, select")
    assert len(controls) == 7
    for control in controls:
        label = control.find_parent("label") or figures[0].find(
            "label", attrs={"for": control.get("id")}
        )
        assert label.get_text().strip()
        if control.get("type") == "range":
            assert figures[0].find("output", attrs={"for": control["id"]})


def without_positions():
    return made(positions=None)


def other_norm():
    return made(norm=nn.RMSNorm)


def other_attention():
    model = made()
    model.blks[1].attention.attention = nn.Identity()
    return model


def other_network():
    model = made()
    model.blks[0].ffn = nn.Linear(12, 12)
    return model


def fewer_keys():
    model = made()
    for blk in model.blks:
        blk.attention.W_k = nn.Linear(12, 4)
    return model


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            without_positions,
            "pos_encoding of this LanguageModel is a NoneType",
        ),
        (other_norm, "addnorm1.ln of this LanguageModel is a RMSNorm"),
        (other_attention, "blks.1.attention.attention of .* is a Identity"),
        (other_network, "blks.0.ffn of this LanguageModel is a Linear"),
        (fewer_keys, "MultiHeadAttention whose heads share keys"),
        (transformer, "pos_encoding of this EncoderDecoder is a NoneType"),
    ],
)
@pytest.mark.parametrize("form", ["page", "html"])
def test_a_page_refuses_what_its_engine_does_not_compute(
    make, message, form, monkeypatch
):
    monkeypatch.setenv("D2LATTN_FIGURES", form)
    with pytest.raises(ValueError, match=f"{message}.*JupyterLab"):
        continuer(make())


@pytest.mark.parametrize("sentences", [[], "the cat"])
def test_a_page_wants_beginnings(sentences, monkeypatch):
    monkeypatch.setenv("D2LATTN_FIGURES", "page")
    with pytest.raises(ValueError, match="sentences must be a list"):
        Continuer(made(), VOCAB, sentences)


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize(
    ("form", "mime"),
    [("page", PART_MIME), ("html", "text/html"), ("live", WIDGET_MIME)],
)
def test_what_shows_hangs_on_where_it_is(norm_first, form, mime, monkeypatch):
    monkeypatch.setenv("D2LATTN_FIGURES", form)
    shown = continuer(made(norm_first=norm_first))._repr_mimebundle_()
    assert shown.keys() == {mime, "text/plain"}
    assert shown["text/plain"] == f"Continuer(LanguageModel, {V} words)"


# -- how a text goes on ------------------------------------------------------


@torch.no_grad()
def test_a_text_is_that_of_generate_and_what_it_is_made_of():
    model = made().eval()
    model.train()
    begun = [1, *VOCAB.encode(["the", "old"])]
    rule = Rule(temperature=0.8, k=5, p=0.9, ends=1, seed=3)
    text = go_on(model, begun, EOS, rule)
    (new,) = generate(
        model,
        torch.tensor([begun]),
        max_len=57,
        eos=EOS,
        temperature=0.8,
        k=5,
        p=0.9,
        generator=torch.Generator().manual_seed(3),
    )
    assert text.tokens == [*begun, *new, EOS][:60]
    assert model.training
    model.eval()
    with record_attention(model) as weights:
        logits, state = model(torch.tensor([text.tokens[:-1]]))
    torch.testing.assert_close(text.logits, logits[0])
    assert text.weights.keys() == weights.keys()
    for path, (call,) in weights.items():
        torch.testing.assert_close(text.weights[path], call[0])
    numbers = sum(x.numel() for cache in state.caches for x in cache)
    assert text.kept * (len(text.tokens) - 1) == numbers
    two = go_on(model, begun, EOS, rule._replace(ends=2))
    assert two.tokens[: len(text.tokens)] == text.tokens
    assert two.tokens.count(EOS) == 2
    assert go_on(model, text.tokens, EOS, rule).tokens == text.tokens


def test_a_text_is_no_longer_than_the_positions_reach():
    model = made(max_len=7)
    with torch.no_grad():
        model.dense.bias[EOS] = -99
    assert len(go_on(model, [1, 5], EOS, Rule()).tokens) == 7


# -- in a notebook -----------------------------------------------------------


def live(model=None):
    return LiveContinuer(continuer(model))


def shown(figure):
    """The words, and what stands below them, by line."""
    lines = BeautifulSoup(figure.controls.lines.value, "html.parser")
    found = []
    for line in lines.select(".d2l-words"):
        chips = line.select(".d2l-chip")
        notes = [it.small.extract().get_text() for it in chips]
        found.append(([it.get_text() for it in chips], notes))
    return found


def texts(figure):
    """All words, without `<bos>`."""
    return [word for words, _ in shown(figure) for word in words][1:]


def test_words_and_probabilities_are_the_models():
    figure = live()
    figure.controls.temperature.value = 0.7
    text = go_on(
        figure.it.model,
        [1, *VOCAB.encode(["the", "old", "cat"])],
        2,
        Rule(0.7, V, 1.0, 2, 0),
    )
    assert texts(figure) == [VOCAB.words[it] for it in text.tokens[1:]]
    first, second = (words for words, _ in shown(figure))
    assert first[-1] == second[-1] == "<eos>"
    probs = text.logits.softmax(-1)
    notes = [note for _, notes in shown(figure) for note in notes]
    assert notes == [
        "",
        *(
            percent(float(probs[i, it]))
            for i, it in enumerate(text.tokens[1:])
        ),
    ]


def test_candidates_say_what_the_sliders_leave():
    figure = live()
    it = figure.controls
    it.temperature.value, it.k.value, it.p.value = 1.6, 5, 0.7
    logits = figure.now.logits[3].double()  # of the first new word
    kept = top_p(top_k(with_temperature(logits, 1.6), 5), 0.7).softmax(-1)
    wanted = []
    for token in logits.topk(8).indices.tolist():
        own = percent(float(logits.softmax(-1)[token]))
        left = percent(float(kept[token])) if kept[token] else "cut"
        said = own if own == left else f"{own} → {left}"
        wanted.append(f"{VOCAB.words[token]} {said}")
    assert [button.description for button in it.candidates.children] == wanted
    assert "cut" in wanted[4]  # by top-p, which top-k would keep


def test_shares_lie_below_their_words():
    figure = live()
    it = figure.controls
    figure.controls.place.value = at = len(figure.now.tokens) - 2
    it.heads.map.value = "blks.0.attention", 1
    row = figure.now.weights["blks.0.attention"][1][at].tolist()
    lines = BeautifulSoup(it.lines.value, "html.parser")
    found = [
        float(chip["style"].split(":")[1])
        for chip in lines.select(".d2l-chip")
    ]
    assert found == pytest.approx([*row, 0.0], abs=1e-3)


def test_another_candidate_is_taken_and_dropped():
    figure = live()
    before = texts(figure)
    assert figure.controls.place.value == 3  # the first new word
    figure.controls.place.value = 4
    word = figure.controls.candidates.children[5].description.split()[0]
    assert word != before[4]
    figure.controls.candidates.children[5].click()
    assert texts(figure)[:5] == [*before[:4], word]
    assert figure.controls.lines.value.count("d2l-given") == 6  # with <bos>
    figure.controls.place.value = 1  # in what was typed
    other = figure.controls.candidates.children[0].description.split()[0]
    figure.controls.candidates.children[0].click()
    assert texts(figure)[:2] == ["the", other]
    figure.controls.back.click()
    assert texts(figure) == before


def test_greedy_takes_the_first_candidate_everywhere():
    figure = live()
    figure.controls.greedy.value = True
    assert figure.controls.temperature.disabled
    best = figure.now.logits.argmax(-1).tolist()
    assert figure.now.tokens[4:] == best[3:]
    figure.controls.greedy.value = False
    seen = {str(texts(figure))}
    for _ in range(5):
        figure.controls.again.click()
        seen.add(str(texts(figure)))
    assert len(seen) > 3


@torch.no_grad()
def test_heads_go_as_if_their_stripes_were_zero():
    model = made()
    figure = live(model)
    figure.controls.heads.boxes["blks.1.attention"][2].value = False
    twin = copy.deepcopy(model).eval()
    twin.blks[1].attention.W_o.weight[:, 8:] = 0
    logits = twin(torch.tensor([figure.now.tokens[:-1]]))[0][0]
    torch.testing.assert_close(figure.now.logits, logits)


def test_any_language_model_goes_on_in_a_notebook():
    for make in (without_positions, other_norm):
        figure = live(make())
        assert texts(figure)[:3] == ["the", "old", "cat"]
        assert "Each word looks back, block 2" in str(
            figure.controls.heads.map.options
        )


def test_unknown_words_nothing_typed_and_markup():
    figure = live()
    figure.controls.text.value = "The catt <b>"
    said = figure.controls.unknown.children[0].children
    assert "know “catt”. Did you mean:" in said[0].value
    said[1].click()
    assert figure.controls.text.value.startswith("The cat")
    assert figure.controls.unknown.children
    assert "<b>" not in figure.controls.lines.value
    figure.controls.text.value = ""
    assert texts(figure)
    assert figure.controls.place.value == 0
    figure.controls.sentences.value = "Le vieux"
    assert texts(figure)[:2] == ["le", "vieux"]


def test_what_the_model_refuses_is_said():
    figure = live(made(max_len=4))
    assert len(figure.now.tokens) == 4
    figure.controls.text.value = "the old cat sees a dog"
    assert 'role="alert"' in figure.controls.status.value
    assert not figure.controls.lines.value
    figure.controls.text.value = "the"
    assert "holds" in figure.controls.status.value
