"""A figure in which a language model goes on with a reader's own beginning."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from d2lattn.corpora.vocabulary import Vocab
from d2lattn.engine.packing import Packed, pack
from d2lattn.engine.part import Part, shown
from d2lattn.figures.explorer import form

#: What the engine has for each part of a model.
KINDS = {
    r"pos_encoding": {"PositionalEncoding"},
    r"blks\.\d+\.attention": {"MultiHeadAttention"},
    r"blks\.\d+\.attention\.attention": {"CausalAttention"},
    r"blks\.\d+\.addnorm\d\.ln": {"LayerNorm"},
    r"blks\.\d+\.ffn": {"PositionWiseFFN"},
    r"ln": {"LayerNorm", "Identity"},  # that of post-norm
}
SCRIPTS = ("continuing", "choosing", "continuer")
CONTROLS = """
<form data-part="ask">
<label for="{uid}-text">begin with</label>
<input type="text" id="{uid}-text" data-part="text" list="{uid}-words"
 value="{opening}" maxlength="200" autocapitalize="off" autocomplete="off"
 spellcheck="false" disabled>
<datalist id="{uid}-words"></datalist>
<label>or <select data-part="sentences" autocomplete="off" disabled>
<option value="">choose a beginning</option></select></label>
</form>
<ul data-part="unknown" aria-live="polite"></ul>
<div class="d2l-options">
<label><input type="checkbox" data-part="greedy" autocomplete="off"
 disabled>greedy</label>
<label>stop after <select data-part="ends" autocomplete="off" disabled>
<option value="1">the sentence</option>
<option value="2" selected>its translation</option></select></label>
<button type="button" data-part="again" disabled>Draw again</button>
<button type="button" data-part="back" hidden>Drop my choices</button>
</div>
<div class="d2l-controls">
<label for="{uid}-temperature">temperature</label>
<input type="range" id="{uid}-temperature" data-part="temperature"
 min="0.1" max="2" step="0.1" value="1" autocomplete="off" disabled>
<output for="{uid}-temperature" data-part="temperature-said"
 aria-live="off"></output>
<label for="{uid}-k">top-k</label>
<input type="range" id="{uid}-k" data-part="k" min="0" max="7" step="1"
 value="7" autocomplete="off" disabled>
<output for="{uid}-k" data-part="k-said" aria-live="off"></output>
<label for="{uid}-p">top-p</label>
<input type="range" id="{uid}-p" data-part="p" min="0.05" max="1" step="0.05"
 value="1" autocomplete="off" disabled>
<output for="{uid}-p" data-part="p-said" aria-live="off"></output>
</div>
<div class="d2l-line"><span>the text</span>
<span class="d2l-words" data-part="first" role="group"
 aria-label="The sentence"></span></div>
<div class="d2l-line"><span>and its translation</span>
<span class="d2l-words" data-part="second" role="group"
 aria-label="Its translation"></span></div>
<p class="d2l-alt" role="status" data-part="status"></p>
<div class="d2l-line"><span>in its place</span>
<ol data-part="candidates"
 aria-label="The most probable words here, each to be taken"></ol></div>
<p data-part="said" aria-live="polite"></p>
<p data-part="cache"></p>
<div data-part="maps"></div>
"""


@dataclass(eq=False, repr=False)
class Continuer:
    """A language model to type beginnings for.

    In a running notebook, PyTorch drives the figure, for any model that
    `generate` takes. In a built page and in Colab, the page's own engine
    does, which knows one kind alone: `LanguageModel` with sinusoidal
    positions and layer normalisation.

    Attributes:
        model, vocab: the model, and the vocabulary of its texts: a sentence,
            `<eos>`, its translation, `<eos>`.
        sentences: beginnings to choose from; it opens with the first.
        title: what the figure is called.
        caption: what to look for in it.
        bits: what a weight is rounded to in a page.

    Raises `ValueError` where a page is wanted, and the model is of another
    kind, or there are no `sentences`; and as `pack` does.
    """

    model: nn.Module
    vocab: Vocab
    sentences: Sequence[str]
    title: str = "A beginning of your own"
    caption: str = ""
    bits: int = 8

    def __post_init__(self) -> None:
        if form() != "live":  # now, and not when the figure is shown
            self.part()

    def packed(self) -> Packed:
        """The model as it travels."""
        check_kind(self.model)
        return pack(self.model, None, self.vocab, bits=self.bits)

    def part(self) -> Part:
        """The figure as a page has it."""
        if isinstance(self.sentences, str) or not self.sentences:
            raise ValueError(
                "sentences must be a list of beginnings, and at least one, "
                f"but is {self.sentences!r}"
            )
        return Part(
            "continuer",
            SCRIPTS,
            CONTROLS,
            self.packed(),
            {"sentences": [*self.sentences]},
            self.title,
            self.caption,
            "To go on with a text",
            {"opening": self.sentences[0]},
        )

    def to_html(self) -> str:
        """HTML that needs no kernel, network or other file."""
        return self.part().to_html()

    def parts(self) -> dict[str, Any]:
        """What a built page takes: see `Part.built`."""
        return self.part().built()

    def __repr__(self) -> str:
        return (
            f"Continuer({type(self.model).__name__}, {len(self.vocab)} words)"
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return shown(self, self.part, self._box)

    def _box(self) -> Any:
        """The widgets that PyTorch drives."""
        from d2lattn.engine.live_continuer import LiveContinuer

        return LiveContinuer(self).box


def check_kind(model: nn.Module) -> None:
    """Raise a `ValueError` unless the page's engine computes such a model.

    Parts go by their names: a chapter's model is made of what it shows.
    """
    parts = {"pos_encoding": None, **dict(model.named_modules())}
    for pattern, wanted in KINDS.items():
        for place, part in parts.items():
            kind = type(part).__name__
            if kind == "MultiHeadAttention" and shares_keys(part):
                kind += " whose heads share keys"
            if re.fullmatch(pattern, place) and kind not in wanted:
                raise ValueError(
                    "the page's engine computes a LanguageModel with "
                    "PositionalEncoding, LayerNorm and CausalAttention "
                    f"alone, but {place} of this {type(model).__name__} is a "
                    f"{kind}; show it in JupyterLab, where PyTorch drives it"
                )


def shares_keys(attention: Any) -> bool:
    """Whether there are fewer heads of keys than of queries."""
    return attention.W_k.weight.shape != attention.W_q.weight.shape
