"""The widgets for the heads of any model in a notebook, and what they show."""

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets
from jaxtyping import Float
from torch import Tensor, nn

from d2lattn.engine import drawing
from d2lattn.engine.looking import attentions, title
from d2lattn.engine.packing import STATIC

WIDTH = {"width": "5rem", "margin": "0"}  # of a map, with its box below it
# JupyterLab's colours, which follow its theme.
THEME = """.d2l-model {
  --d2l-surface: var(--jp-layout-color1); --d2l-line: var(--jp-border-color1);
  --d2l-paper: var(--jp-layout-color0); --d2l-ink: var(--jp-ui-font-color1);
  --d2l-muted: var(--jp-ui-font-color2); }
.d2l-model .d2l-block { gap: 0; }
.d2l-model .d2l-map { align-items: start; width: 5rem; }
.d2l-model.d2l-continuer .d2l-map [role="img"] {
  height: 4.75rem; width: 4.75rem; }
.d2l-model .widget-checkbox label { gap: 0; }"""
# As in the page: the encoder, what looks back, what looks across.
KINDS = [("src", "src"), ("tgt", "tgt"), ("tgt", "src")]
Weights = Mapping[str, Float[Tensor, "H Q K"]]


class Heads:
    """A box to switch each head of a model off, and a map of its weights.

    Attributes:
        titles: the name of each attention by its path, and the lines of its
            queries and its keys.
        boxes, maps: for each attention, a box for each head, and what its
            heads are drawn in.
        map: the menu of maps, of which one is chosen.
    """

    def __init__(self, model: nn.Module):
        found = attentions(model)
        titles = {path: title(path, it) for path, it in found.items()}
        self.titles = {
            path: titles[path]
            for path in sorted(
                titles, key=lambda path: KINDS.index(titles[path][1:])
            )
        }
        self.boxes = {
            path: [
                box(f"head {i + 1}")
                for i in range(getattr(found[path], "num_heads", 1))
            ]
            for path in self.titles
        }
        self.map = menu("map", self._named())
        self.maps = {path: ipywidgets.HTML() for path in self.titles}

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

    def off(self) -> dict[str, list[int]]:
        """The heads that are switched off, by the path of their attention."""
        return {
            path: [i for i, it in enumerate(boxes) if not it.value]
            for path, boxes in self.boxes.items()
        }

    def draw(self, weights: Weights, at: Mapping[str, int]) -> None:
        """Show the weights of every head; `at` has the place in each line."""
        path, head = self.map.value or (None, None)
        off = self.off()
        for other, (name, queries, _) in self.titles.items():
            chosen = head if other == path else None
            self.maps[other].value = drawing.maps(
                name, weights[other], at[queries], chosen, off[other]
            )

    def shares(
        self, weights: Weights, at: Mapping[str, int]
    ) -> tuple[str, list[float]]:
        """The line of the keys in the chosen map, and their weights there.

        Raises `ValueError` where no map is chosen, since there is none.
        """
        if not self.map.value:
            raise ValueError("map must have maps to choose, but has none")
        path, head = self.map.value
        _, queries, keys = self.titles[path]
        heads = weights[path]  # (H, Q, K)
        chosen = heads.mean(0) if head < 0 else heads[head]
        return keys, chosen[at[queries]].tolist()

    def clear(self) -> None:
        """Show no weights."""
        for drawn in self.maps.values():
            drawn.value = ""

    def arranged(self) -> list[ipywidgets.Widget]:
        """The maps of each attention, and the boxes below them."""
        rows = []
        for path, drawn in self.maps.items():
            boxes = self.boxes[path]
            mean = [ipywidgets.HTML("mean", layout=WIDTH)] * (len(boxes) > 1)
            rows += [drawn, row(*mean, *boxes)]
        return rows


def figure(kind: str, *rows: ipywidgets.Widget) -> ipywidgets.VBox:
    """All that is shown of a model, from top to bottom, in its style."""
    css = (STATIC / "model.css").read_text(encoding="utf-8")
    style = ipywidgets.HTML(f"<style>{css}{THEME}</style>")
    box = ipywidgets.VBox([style, *rows])
    return box.add_class("d2l-model").add_class(f"d2l-{kind}")


def row(*widgets: ipywidgets.Widget) -> ipywidgets.HBox:
    """Widgets beside one another, as far as there is room."""
    return ipywidgets.HBox(widgets, layout={"flex_flow": "row wrap"})


def button(name: str) -> ipywidgets.Button:
    """A button as wide as its name."""
    return ipywidgets.Button(description=name, layout={"width": "auto"})


def box(name: str, *, value: bool = True) -> ipywidgets.Checkbox:
    """A box to check, as wide as a map."""
    return ipywidgets.Checkbox(
        value=value, description=name, indent=False, layout=WIDTH
    )


def menu(
    name: str, options: Sequence[tuple[str, Any]] = ()
) -> ipywidgets.Dropdown:
    """A menu as wide as its options."""
    return ipywidgets.Dropdown(
        options=options,
        description=name,
        style={"description_width": "initial"},
        layout={"width": "auto"},
    )
