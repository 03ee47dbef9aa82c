"""A figure in which a reader's own sentence is translated, word by word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from d2lattn.corpora.phrasebook import Phrase, detokenize
from d2lattn.corpora.vocabulary import Vocab
from d2lattn.engine.packing import Packed, pack
from d2lattn.engine.part import Part, shown
from d2lattn.figures.explorer import form

SCRIPTS = ("tree", "translating", "searching", "translator")
CONTROLS = """
<form data-part="ask">
<label for="{uid}-text">English</label>
<input type="text" id="{uid}-text" data-part="text" list="{uid}-words"
 value="{opening}" lang="en" maxlength="200" autocapitalize="off"
 autocomplete="off" spellcheck="false" disabled>
<datalist id="{uid}-words"></datalist>
<button type="button" data-part="known" disabled>A sentence it was trained
 on</button>
<button type="button" data-part="new" disabled>A sentence it never saw</button>
</form>
<ul data-part="unknown" aria-live="polite"></ul>
<div class="d2l-options">
<label>search <select data-part="beam" autocomplete="off" disabled>
<option value="1">greedy</option><option value="2">beam of 2</option>
<option value="3">beam of 3</option><option value="4">beam of 4</option>
<option value="5">beam of 5</option></select></label>
<label><input type="checkbox" data-part="positions" autocomplete="off"
 checked disabled>positions</label>
<label><input type="checkbox" data-part="gold" autocomplete="off"
 disabled>gold alignment</label>
<button type="button" data-part="swap" disabled>Swap the chosen English
 word with the next</button>
</div>
<div class="d2l-line"><span>English</span>
<span class="d2l-words" data-part="src" role="group" lang="en"
 aria-label="English, as the model reads it"></span></div>
<div class="d2l-line"><span>French</span>
<span class="d2l-words" data-part="tgt" role="group" lang="fr"
 aria-label="French, as the model writes it"></span></div>
<p class="d2l-alt" role="status" data-part="status"></p>
<div class="d2l-line"><span>in its place</span>
<ol data-part="candidates" aria-label="The most probable words here"></ol>
</div>
<p data-part="said" aria-live="polite"></p>
<details open hidden><summary>All that the search kept</summary>
<div data-part="tree"></div></details>
<div data-part="maps"></div>
"""


@dataclass(eq=False, repr=False)
class Translator:
    """A model to type sentences for.

    In a running notebook, PyTorch drives the figure, for any model that
    `beam_search` takes. In a built page and in Colab, the page's own engine
    does, which knows the Transformer alone.

    Attributes:
        model, src_vocab, tgt_vocab: what `pack` takes, with an encoder.
        sentences: what to try, with its alignment: what the model learned
            from under "known" and the rest under "new", with which it opens.
        title: what the figure is called.
        caption: what to look for in it.
        bits: what a weight is rounded to in a page.

    Raises `ValueError` where a page is wanted and `pack` does, or where there
    are no sentences for one of its two buttons.
    """

    model: nn.Module
    src_vocab: Vocab
    tgt_vocab: Vocab
    sentences: Mapping[str, Sequence[Phrase]]
    title: str = "A sentence of your own"
    caption: str = ""
    bits: int = 8

    def __post_init__(self) -> None:
        if form() != "live":  # now, and not when the figure is shown
            self.packed()
            self._sentences()

    def packed(self) -> Packed:
        """The model as it travels."""
        return pack(self.model, self.src_vocab, self.tgt_vocab, bits=self.bits)

    def part(self) -> Part:
        """The figure as a page has it."""
        sentences = self._sentences()
        return Part(
            "translator",
            SCRIPTS,
            CONTROLS,
            self.packed(),
            {"sentences": sentences},
            self.title,
            self.caption,
            "To translate a sentence",
            {"opening": sentences["new"][0][0]},
        )

    def to_html(self) -> str:
        """HTML that needs no kernel, network or other file."""
        return self.part().to_html()

    def parts(self) -> dict[str, Any]:
        """What a built page takes: see `Part.built`."""
        return self.part().built()

    def _sentences(self) -> dict[str, list[Any]]:
        """Each as English text, French words, and the links between them."""
        for name in ("known", "new"):
            if not self.sentences.get(name):
                raise ValueError(
                    f"sentences must have some under {name!r}, for the "
                    f"button that brings them, but has {[*self.sentences]}"
                )
        return {
            name: [
                [detokenize(it.src, "en"), " ".join(it.tgt), it.alignment]
                for it in phrases
            ]
            for name, phrases in self.sentences.items()
        }

    def __repr__(self) -> str:
        sizes = f"{len(self.src_vocab)} to {len(self.tgt_vocab)} words"
        return f"Translator({type(self.model).__name__}, {sizes})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return shown(self, self.part, self._box)

    def _box(self) -> Any:
        """The widgets that PyTorch drives."""
        from d2lattn.engine.live import Live

        return Live(self).box
