"""The widgets of a continuer in a notebook, before they do anything."""

import html
from typing import Any

import ipywidgets

from d2lattn.engine.heads import Heads, box, button, figure, menu, row

NUMBERS = 1, 2, 3, 5, 10, 20, 50  # of words, for top-k
ENDS = [("the sentence", 1), ("its translation", 2)]
WIDE: dict[str, Any] = {
    "layout": {"width": "22rem"},
    "style": {"description_width": "6rem"},
}


class Choices:
    """The widgets of a `Continuer`, which do nothing yet.

    Attributes:
        heads: those of the heads.
        place: the chosen word.
        candidates: a button for each of the most probable words there.
    """

    def __init__(self, continuer: Any):
        self.heads = Heads(continuer.model)
        beginnings = [(it, it) for it in continuer.sentences]
        self.text = ipywidgets.Text(
            value=beginnings[0][1] if beginnings else "",
            description="begin with",
            layout={"flex": "1 1 16rem"},
        )
        self.sentences = menu("or", [("choose a beginning", ""), *beginnings])
        self.greedy = box("greedy", value=False)
        self.ends = menu("stop after", ENDS)
        self.ends.value = 2
        self.again = button("Draw again")
        self.back = button("Drop my choices")
        self.temperature = slider("temperature", 0.1, 2.0, 0.1)
        numbers = [(str(it), it) for it in NUMBERS]
        self.k = ipywidgets.SelectionSlider(
            options=[*numbers, ("all", len(continuer.vocab))],
            value=len(continuer.vocab),
            description="top-k",
            **WIDE,
        )
        self.p = slider("top-p", 0.05, 1.0, 0.05)
        self.place = menu("word")
        self.unknown, self.candidates = ipywidgets.VBox(), row()
        self.status, self.lines = ipywidgets.HTML(), ipywidgets.HTML()

    def arranged(self, continuer: Any) -> ipywidgets.VBox:
        """All that is shown, from top to bottom."""
        caption = html.escape(f"{continuer.title}. {continuer.caption}")
        return figure(
            "continuer",
            row(self.text, self.sentences),
            self.unknown,
            row(self.greedy, self.ends, self.again, self.back),
            row(self.temperature, self.k, self.p),
            self.lines,
            row(self.place, *[self.heads.map] * bool(self.heads.maps)),
            self.candidates,
            self.status,
            *self.heads.arranged(),
            ipywidgets.HTML(caption),
        )


def slider(
    name: str, low: float, high: float, step: float
) -> ipywidgets.FloatSlider:
    """A slider that starts at 1."""
    return ipywidgets.FloatSlider(
        value=1.0,
        min=low,
        max=high,
        step=step,
        description=name,
        **WIDE,
    )
