"""A translator in a running notebook: ipywidgets over PyTorch."""

import html
import itertools
import math
import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from itertools import takewhile
from typing import Any

import ipywidgets

from d2lattn.corpora.phrasebook import detokenize, tokenize
from d2lattn.corpora.vocabulary import SPECIALS, Vocab
from d2lattn.engine import drawing
from d2lattn.engine.controls import Controls
from d2lattn.engine.heads import button
from d2lattn.engine.looking import LONGEST, Look, look, without


class Live:
    """A `Translator` that PyTorch drives: its controls, in a box to show.

    `now` is what they show; None for an empty sentence.
    """

    def __init__(self, translator: Any):
        self.it = translator
        self.now: Look | None = None
        self.controls = it = Controls(translator)
        self.box = it.arranged(translator)
        self.turns = {
            name: itertools.cycle(translator.sentences[name])
            for name in it.buttons
        }
        if "new" in self.turns:
            self.bring("new")
        boxes = itertools.chain(*it.heads.boxes.values())
        for control in (it.text, it.beam, it.positions, *boxes):
            control.observe(self.compute, "value")
        for control in (*it.places.values(), it.heads.map):
            control.observe(self.show, "value")
        for name, clicked in it.buttons.items():
            clicked.on_click(lambda _, name=name: self.bring(name))
        it.swap.on_click(lambda _: self.swap())
        self.compute()

    def bring(self, name: str) -> None:
        """Type the next of some sentences."""
        self.write([*next(self.turns[name]).src])

    def write(self, words: list[str]) -> None:
        """Type these words."""
        self.controls.text.value = detokenize(words, "en")

    def swap(self) -> None:
        """Swap the chosen word with the next; the mark at the end stays."""
        words, menu = self.words(), self.controls.places["src"]
        i = menu.value or 0
        if i + 2 < len(words):
            words[i], words[i + 1] = words[i + 1], words[i]
            self.write(words)
            menu.value = i + 1

    def words(self) -> list[str]:
        """What is typed, ended by one mark that the vocabulary has.

        A full stop is put where there is none, if the vocabulary has it.
        """
        words = [*tokenize(self.controls.text.value)][:LONGEST]
        marks = [*takewhile(lambda it: not re.search(r"\w", it), words[::-1])]
        first = "".join(marks[::-1])[:1]  # of a run of marks
        known = (it for it in (first, ".") if it in self.it.src_vocab)
        kept = words[: len(words) - len(marks)]
        return [*kept, *itertools.islice(known, len(words[:1]))]

    def compute(self, _change: Any = None) -> None:
        """Translate what is typed, as the controls ask for."""
        it, words = self.controls, self.words()
        try:
            self.now = self.look(words) if words else None
            said = f"<p>{html.escape(self.sentence())}</p>"
        except (RuntimeError, ValueError) as error:
            self.now = None
            said = f'<p role="alert">{html.escape(str(error))}</p>'
        self.offer("src", self.now.read if self.now else [])
        self.offer("tgt", self.now.written if self.now else [])
        it.unknown.children = [
            near(self.words(), i, self.it.src_vocab, self.write)
            for i in self.unknown()
        ]
        it.status.value = said
        self.show()

    def look(self, words: list[str]) -> Look:
        """Translate a sentence without the heads that are switched off."""
        it, model = self.controls, self.it.model
        vocabs = self.it.src_vocab, self.it.tgt_vocab
        off, positions = it.heads.off(), not it.positions.value
        with without(model, off, positions=positions):
            return look(model, words, *vocabs, beam_size=it.beam.value)

    def offer(self, side: str, words: list[str]) -> None:
        """Let the words of a line be chosen, by their places."""
        menu = self.controls.places[side]
        menu.unobserve(self.show, "value")  # it would come too soon
        at = min(menu.value or 0, len(words) - 1)
        menu.options = [(word, i) for i, word in enumerate(words)]
        menu.value = None if at < 0 else at
        menu.observe(self.show, "value")

    def sentence(self) -> str:
        """What became of the sentence, in words."""
        if self.now is None:
            return "Type a sentence."
        english = detokenize(self.now.read[:-1], "en")
        french = detokenize(self.it.tgt_vocab.decode(self.now.tokens))
        share = drawing.percent(math.exp(self.now.log_prob))
        ended = self.now.tokens[-1] == self.it.tgt_vocab.eos
        rest = "" if ended else " It did not come to an end."
        return f"“{english}” becomes “{french}”. Probability {share}.{rest}"

    def unknown(self) -> list[int]:
        """The places of the words that are not in the vocabulary."""
        read = self.now.read if self.now else []
        return [i for i, it in enumerate(read) if it not in self.it.src_vocab]

    def show(self, _change: Any = None) -> None:
        """Draw what belongs to the chosen words and the chosen map."""
        it = self.controls
        if self.now is None:
            it.lines.value = it.tree.value = ""
            it.heads.clear()
            return
        at = {side: menu.value for side, menu in it.places.items()}
        self.draw_lines(self.now, at)
        it.heads.draw(self.now.weights, at)
        it.tree.value = (
            drawing.tree(self.now.kept, self.now.tokens, self.it.tgt_vocab)
            if it.beam.value > 1
            else ""
        )

    def draw_lines(self, now: Look, at: dict[str, int]) -> None:
        """Show both sentences, and what might stand in a place of French."""
        src, tgt = at["src"], at["tgt"]
        shares = {"src": [], "tgt": [], **self.shares(now, at)}
        self.controls.lines.value = (
            drawing.line(
                "English", now.read, src, shares["src"], self.unknown()
            )
            + drawing.line("French", now.written, tgt, shares["tgt"])
            + drawing.candidates(now.probs[tgt], self.it.tgt_vocab)
        )

    def shares(self, now: Look, at: dict[str, int]) -> dict[str, list[float]]:
        """The weights of the keys in the chosen map, by their line."""
        if not self.controls.heads.map.value:
            return {}  # there is none
        keys, row = self.controls.heads.shares(now.weights, at)
        # What the decoder reads stands one step behind what it writes.
        return {keys: row[1:] if keys == "tgt" else row}


def near(
    words: Sequence[str],
    i: int,
    vocab: Vocab,
    write: Callable[[list[str]], None],
) -> ipywidgets.HBox:
    """Say that a word is unknown, with near ones to write instead."""
    found = get_close_matches(words[i], vocab.words[len(SPECIALS) :])
    buttons = [*map(button, found)]
    for it in buttons:
        taken = [*words[:i], it.description, *words[i + 1 :]]
        it.on_click(lambda _, taken=taken: write(taken))
    rest = ". Did you mean:" if found else ", or any word like it."
    said = html.escape(f"The model does not know “{words[i]}”{rest}")
    return ipywidgets.HBox([ipywidgets.HTML(said), *buttons])
