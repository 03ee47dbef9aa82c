"""The widgets of a translator in a notebook, before they do anything."""

import html
from typing import Any

import ipywidgets

from d2lattn.engine.heads import Heads, box, button, figure, menu, row
from d2lattn.positional import PositionalEncoding

NAMES = {
    "known": "A sentence it was trained on",
    "new": "A sentence it never saw",
}
SEARCHES = [("greedy", 1), *((f"beam of {n}", n) for n in range(2, 6))]


class Controls:
    """The widgets of a `Translator`, which do nothing yet.

    Attributes:
        heads: those of the heads.
        places: the chosen word of each line.
    """

    def __init__(self, translator: Any):
        self.heads = Heads(translator.model)
        self.text = ipywidgets.Text(
            description="English", layout={"flex": "1 1 16rem"}
        )
        self.buttons = {
            name: button(NAMES.get(name, name))
            for name, phrases in translator.sentences.items()
            if phrases
        }
        self.beam = menu("search", SEARCHES)
        self.positions = box("positions")
        self.places = {
            "src": menu("English word"),
            "tgt": menu("French word"),
        }
        self.swap = button("Swap it with the next")
        self.status, self.lines, self.tree = (
            ipywidgets.HTML() for _ in range(3)
        )
        self.unknown = ipywidgets.VBox()

    def arranged(self, translator: Any) -> ipywidgets.VBox:
        """All that is shown, from top to bottom."""
        has_positions = any(
            isinstance(module, PositionalEncoding)
            for module in translator.model.modules()
        )
        caption = html.escape(f"{translator.title}. {translator.caption}")
        return figure(
            "translator",
            row(self.text, *self.buttons.values()),
            self.unknown,
            row(self.beam, *[self.positions] * has_positions),
            row(self.places["src"], self.swap),
            row(
                self.places["tgt"],
                *[self.heads.map] * bool(self.heads.maps),
            ),
            self.status,
            self.lines,
            *self.heads.arranged(),
            self.tree,
            ipywidgets.HTML(caption),
        )
