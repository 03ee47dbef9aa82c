"""What a translator puts into a page."""

import json

import pytest
from bs4 import BeautifulSoup
from test_packing import VOCABS, transformer

from d2lattn.corpora.phrasebook import Phrase
from d2lattn.engine import Translator, model_file
from d2lattn.engine.part import MIME
from d2lattn.figures.sphinx import PART_MIME

SCRIPT = '<script>document.title = "hacked"</script>'
ODD = Phrase(("a", SCRIPT), ("</script>",), ((0, 0), (1, 0)), "odd")
SENTENCES = {"known": [ODD], "new": [ODD, ODD]}


@pytest.fixture
def translator():
    """One with markup wherever text may stand."""
    return Translator(
        transformer(),
        *VOCABS,
        SENTENCES,
        title=f"title {SCRIPT}",
        caption=f"caption {SCRIPT}",
    )


def read(markup):
    """The figure, and what its script element says."""
    root = BeautifulSoup(markup, "html.parser")
    (figure,) = root.select(".d2l-translator")
    (spec,) = figure.select("script")
    assert spec["type"] == "application/json"
    return figure, json.loads(spec.string)


def test_a_page_of_its_own_has_all_that_it_needs(translator):
    figure, spec = read(translator.to_html())
    assert spec["packed"] == json.loads(json.dumps(translator.packed()))
    shown = [f"A {SCRIPT}", "</script>", [[0, 0], [1, 0]]]
    assert spec["sentences"] == {"known": [shown], "new": [shown, shown]}
    assert figure["aria-label"] == f"title {SCRIPT}"
    caption = figure.figcaption.get_text()
    assert caption == f"title {SCRIPT}. caption {SCRIPT}"
    assert figure.find("input")["value"] == f"A {SCRIPT}"


def test_a_built_page_asks_for_files_that_come_with_it(translator):
    parts = json.loads(json.dumps(translator.parts()))
    markup = parts["markup"]
    _, spec = read(markup)
    source = spec["src"].removeprefix("{static}/")
    assert parts["files"][source] == model_file(
        spec["key"], translator.packed()
    )
    root = BeautifulSoup(markup, "html.parser")
    asked = [it["src"] for it in root.select("script[src]")]
    asked += [it["href"] for it in root.select("link")]
    names = {it.removeprefix("{static}/") for it in asked}
    assert names | {source} == parts["files"].keys()
    assert "packed" not in spec


@pytest.mark.parametrize(
    ("form", "mime"), [("page", MIME), ("html", "text/html")]
)
def test_what_shows_hangs_on_where_it_is(translator, monkeypatch, form, mime):
    monkeypatch.setenv("D2LATTN_FIGURES", form)
    shown = translator._repr_mimebundle_()
    assert shown.keys() == {mime, "text/plain"}
    assert shown["text/plain"] == "Translator(EncoderDecoder, 7 to 8 words)"
    assert MIME == PART_MIME


def test_every_control_has_a_name_and_an_id_of_its_own(translator):
    figures = [read(translator.to_html())[0] for _ in range(2)]
    ids = [it["id"] for figure in figures for it in figure.select("[id]")]
    assert len(ids) == len({*ids}) == 4
    (figure, _) = figures
    for control in figure.select("input, select"):
        label = control.find_parent("label") or figure.find(
            "label", attrs={"for": control.get("id")}
        )
        assert label.get_text().strip()


@pytest.mark.parametrize("sentences", [{}, {"known": [ODD], "new": []}])
def test_a_page_wants_sentences_for_its_buttons(sentences, monkeypatch):
    monkeypatch.setenv("D2LATTN_FIGURES", "page")
    with pytest.raises(ValueError, match="sentences must have some under"):
        Translator(transformer(), *VOCABS, sentences)
