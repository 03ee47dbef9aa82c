"""The widgets of a translator in a notebook, before they do anything."""

import html
from collections.abc import Sequence
from typing import Any

import ipywidgets

from d2lattn.engine.looking import attentions, title
from d2lattn.engine.packing import STATIC
from d2lattn.positional import PositionalEncoding

NAMES = {
    "known": "A sentence it was trained on",
    "new": "A sentence it never saw",
}
SEARCHES = [("greedy", 1), *((f"beam of {n}", n) for n in range(2, 6))]
WIDTH = {"width": "5rem", "margin": "0"}  # of a map, with its box below it
# JupyterLab's colours, which follow its theme.
THEME = """.d2l-model {
  --d2l-surface: var(--jp-layout-color1); --d2l-line: var(--jp-border-color1);
  --d2l-paper: var(--jp-layout-color0); --d2l-ink: var(--jp-ui-font-color1);
  --d2l-muted: var(--jp-ui-font-color2); }
.d2l-model .d2l-block { gap: 0; }
.d2l-model .d2l-map { align-items: start; width: 5rem; }
.d2l-model .widget-checkbox label { gap: 0; }"""


class Controls:
    """The widgets of a `Translator`, which do nothing yet.

    Attributes:
        titles: the name of each attention by its path, and the lines of its
            queries and its keys.
        boxes, maps: for each attention, a box for each head, and what its
            heads are drawn in.
        places: the chosen word of each line.
    """

    def __init__(self, translator: Any):
        found = attentions(translator.model)
        titles = {path: title(path, it) for path, it in found.items()}
        # As in the page: the encoder, what looks back, what looks across.
        kinds = [("src", "src"), ("tgt", "tgt"), ("tgt", "src")]
        self.titles = {
            path: titles[path]
            for path in sorted(
                titles, key=lambda path: kinds.index(titles[path][1:])
            )
        }
        self.text = ipywidgets.Text(
            description="English", layout={"flex": "1 1 16rem"}
        )
        self.buttons = {
            name: button(NAMES.get(name, name))
            for name, phrases in translator.sentences.items()
            if phrases
        }
        self.beam = _menu("search", SEARCHES)
        self.positions = _box("positions")
        self.places = {
            "src": _menu("English word"),
            "tgt": _menu("French word"),
        }
        self.swap = button("Swap it with the next")
        self.boxes = {
            path: [
                _box(f"head {i + 1}")
                for i in range(getattr(found[path], "num_heads", 1))
            ]
            for path in self.titles
        }
        self.map = _menu("map", self._named())
        self.maps = {path: ipywidgets.HTML() for path in self.titles}
        self.status, self.lines, self.tree = (
            ipywidgets.HTML() for _ in range(3)
        )
        self.unknown = ipywidgets.VBox()

    def _named(self) -> list[tuple[str, tuple[str, int]]]:
        """What each map is called, the last attention first; -1: the mean."""
        named = []
        for path, boxes in reversed(self.boxes.items()):
            heads = [(f"head {i + 1}", i) for i in range(len(boxes))]
            if len(heads) > 1:
                heads = [("mean of the heads", -1), *heads]
            name = self.titles[path][0]
            named += [(f"{name}, {head}", (path, i)) for head, i in heads]
        return named

    def off(self, path: str) -> list[int]:
        """The heads of an attention that are switched off."""
        return [i for i, it in enumerate(self.boxes[path]) if not it.value]

    def arranged(self, translator: Any) -> ipywidgets.VBox:
        """All that is shown, from top to bottom."""
        css = (STATIC / "model.css").read_text(encoding="utf-8")
        has_positions = any(
            isinstance(module, PositionalEncoding)
            for module in translator.model.modules()
        )
        caption = html.escape(f"{translator.title}. {translator.caption}")
        rows = [
            ipywidgets.HTML(f"<style>{css}{THEME}</style>"),
            _row(self.text, *self.buttons.values()),
            self.unknown,
            _row(self.beam, *[self.positions] * has_positions),
            _row(self.places["src"], self.swap),
            _row(self.places["tgt"], *[self.map] * bool(self.maps)),
            self.status,
            self.lines,
        ]
        for path, drawn in self.maps.items():
            boxes = self.boxes[path]
            mean = [ipywidgets.HTML("mean", layout=WIDTH)] * (len(boxes) > 1)
            rows += [drawn, _row(*mean, *boxes)]
        rows += [self.tree, ipywidgets.HTML(caption)]
        return (
            ipywidgets.VBox(rows)
            .add_class("d2l-model")
            .add_class("d2l-translator")
        )


def _row(*widgets: ipywidgets.Widget) -> ipywidgets.HBox:
    """Widgets beside one another, as far as there is room."""
    return ipywidgets.HBox(widgets, layout={"flex_flow": "row wrap"})


def button(name: str) -> ipywidgets.Button:
    """A button as wide as its name."""
    return ipywidgets.Button(description=name, layout={"width": "auto"})


def _box(name: str) -> ipywidgets.Checkbox:
    return ipywidgets.Checkbox(
        value=True, description=name, indent=False, layout=WIDTH
    )


def _menu(
    name: str, options: Sequence[tuple[str, Any]] = ()
) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(
        options=options,
        description=name,
        style={"description_width": "initial"},
        layout={"width": "auto"},
    )
