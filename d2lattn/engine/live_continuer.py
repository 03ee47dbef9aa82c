"""A language model in a running notebook: ipywidgets over PyTorch."""

import html
import itertools
from typing import Any

from d2lattn.corpora.phrasebook import detokenize, tokenize
from d2lattn.corpora.vocabulary import Vocab
from d2lattn.engine import drawing
from d2lattn.engine.choices import Choices
from d2lattn.engine.continuing import Rule, Text, go_on
from d2lattn.engine.heads import button
from d2lattn.engine.live import near
from d2lattn.engine.looking import without

TYPED = 24  # words of a beginning


class LiveContinuer:
    """A `Continuer` that PyTorch drives: its controls, in a box to show.

    `now` is what they show; None where the model refuses it. `taken` is a
    place in the text, and the tokens that the reader took from there on.
    """

    def __init__(self, continuer: Any):
        self.it = continuer
        self.now: Text | None = None
        self.seed = 0
        self.taken: tuple[int, list[int]] | None = None
        self.controls = it = Choices(continuer)
        self.box = it.arranged(continuer)
        boxes = itertools.chain(*it.heads.boxes.values())
        for control in (
            it.greedy,
            it.ends,
            it.temperature,
            it.k,
            it.p,
            *boxes,
        ):
            control.observe(self.compute, "value")
        for control in (it.place, it.heads.map):
            control.observe(self.show, "value")
        it.text.observe(lambda _: self.take(None), "value")
        it.sentences.observe(self.begin, "value")
        it.again.on_click(lambda _: self.draw_again())
        it.back.on_click(lambda _: self.take(None))
        self.take(None)

    def begin(self, _change: Any) -> None:
        """Type the beginning that was chosen."""
        self.controls.text.value = self.controls.sentences.value or ""

    def draw_again(self) -> None:
        """Take other numbers for chance."""
        self.seed += 1
        self.compute()

    def take(self, token: int | None) -> None:
        """Take a word for the chosen place and go on; None: drop all taken."""
        at, first = self.controls.place.value, len(self.words())
        if token is None or self.now is None or at is None:
            self.taken, at = None, first
        else:
            tokens = self.now.tokens[1:]
            start = min(at, first)
            self.taken = start, [*tokens[start:at], token]
        self.compute(at=at)

    def words(self) -> list[str]:
        """What is typed, as far as the text still begins with it."""
        words = elided([*tokenize(self.controls.text.value)], self.it.vocab)
        words = words[:TYPED]
        return words[: self.taken[0]] if self.taken else words

    def given(self) -> int:
        """How many words the reader typed and took."""
        return len(self.words()) + len(self.taken[1] if self.taken else [])

    def rule(self) -> Rule:
        """How words are to be chosen."""
        it = self.controls
        if it.greedy.value:
            return Rule(k=1, ends=it.ends.value)
        chosen = it.temperature.value, it.k.value, it.p.value
        return Rule(*chosen, it.ends.value, self.seed)

    def compute(self, _change: Any = None, *, at: int | None = None) -> None:
        """Go on with what is typed, as the controls ask for."""
        it, vocab, words = self.controls, self.it.vocab, self.words()
        it.back.disabled = self.taken is None
        for control in (it.temperature, it.k, it.p, it.again):
            control.disabled = it.greedy.value
        begun = [vocab.bos, *vocab.encode(words)]
        begun += self.taken[1] if self.taken else []
        try:
            with without(self.it.model, it.heads.off()):
                self.now = go_on(self.it.model, begun, vocab.eos, self.rule())
        except (RuntimeError, ValueError) as error:
            self.now = None
            it.status.value = f'<p role="alert">{html.escape(str(error))}</p>'
        self.offer(it.place.value if at is None else at)
        it.unknown.children = [
            near(words, i, vocab, self.write)
            for i, word in enumerate(words)
            if word not in vocab
        ]
        self.show()

    def write(self, words: list[str]) -> None:
        """Type these words."""
        self.controls.text.value = detokenize(words, "en")

    def offer(self, at: int | None) -> None:
        """Let the words of the text be chosen, by their places."""
        menu, texts = self.controls.place, self.texts()
        menu.unobserve(self.show, "value")  # it would come too soon
        menu.options = [(word, i) for i, word in enumerate(texts)]
        menu.value = min(at or 0, len(texts) - 1) if texts else None
        menu.observe(self.show, "value")

    def texts(self) -> list[str]:
        """The words of the text, as they were typed and as they are known."""
        tokens = self.now.tokens[1:] if self.now else []
        known = [self.it.vocab.words[token] for token in tokens]
        words = self.words()[: len(known)]
        return [*words, *known[len(words) :]]

    def show(self, _change: Any = None) -> None:
        """Draw what belongs to the chosen word and the chosen map."""
        it = self.controls
        if self.now is None:
            it.lines.value, it.candidates.children = "", ()
            it.heads.clear()
            return
        at = it.place.value
        it.heads.draw(self.now.weights, {"tgt": at})
        self.draw_lines(self.now, at)
        self.draw_candidates(self.now, at)

    def draw_lines(self, now: Text, at: int) -> None:
        """Show the sentence and its translation, the chosen word framed."""
        words, shares = self.texts(), []
        if self.controls.heads.map.value:
            _, shares = self.controls.heads.shares(now.weights, {"tgt": at})
        ends = [i + 1 for i, it in enumerate(words) if it == "<eos>"]
        turn = ends[0] if ends else len(words)
        rows = now.logits.softmax(-1).tolist()
        probs = [p[it] for p, it in zip(rows, now.tokens[1:], strict=True)]
        notes = [*map(drawing.percent, probs)]
        given = self.given()
        unknown = [i for i, it in enumerate(words) if it not in self.it.vocab]
        self.controls.lines.value = drawing.line(
            "the text",
            ["<bos>", *words[:turn]],
            at + 1,
            shares,
            [i + 1 for i in unknown],
            notes=["", *notes],
            given=given + 1,  # and <bos>
        )
        if turn < len(words):
            self.controls.lines.value += drawing.line(
                "and its translation",
                words[turn:],
                at - turn,
                shares[turn + 1 :],
                notes=notes[turn:],
                given=given - turn,
            )

    def draw_candidates(self, now: Text, at: int) -> None:
        """Offer the most probable words for a place, and say what was kept."""
        logits, words = now.logits[at], self.it.vocab.words
        own, drawn = logits.softmax(-1), self.rule().probs(logits)
        if self.controls.greedy.value:
            drawn = own
        buttons = []
        for token in logits.topk(min(8, len(logits))).indices.tolist():
            one, two = (
                drawing.percent(float(it[token])) for it in (own, drawn)
            )
            two = two if drawn[token] else "cut"
            said = one if one == two else f"{one} → {two}"
            buttons.append(button(f"{words[token]} {said}"))
            buttons[-1].on_click(lambda _, token=token: self.take(token))
        self.controls.candidates.children = buttons
        read, each = at + 1, round(now.kept)
        self.controls.status.value = (
            f"<p>To write “{html.escape(self.texts()[at])}”, the cache holds "
            f"{read} × {each} = {read * each:,} numbers.</p>"
        )


def elided(words: list[str], vocab: Vocab) -> list[str]:
    """Make one word of an article that waits for its noun: l', qu', n'.

    >>> elided(["il", "dit", "qu", "'"], Vocab([["qu'"]]))
    ['il', 'dit', "qu'"]
    """
    last = "".join(words[-2:])
    waits = words[-1:] == ["'"] and last in vocab
    return [*words[:-2], last] if waits else words
