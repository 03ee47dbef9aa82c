"""Moving an explorer as a reader does, and seeing that all follows."""

from typing import Any

import expected
from browser import look, until

from d2lattn.figures import Explorer

# The plot as it was drawn.
DRAWN = """root => [...root.querySelectorAll(".main-svg")]
    .map(svg => svg.innerHTML).join("")"""


class Driven:
    """One explorer in a page, and what its figure should show.

    Args:
        mouse: the page's mouse.
        root: the `figure` element, started.
        explorer: what it was made from.
    """

    def __init__(self, mouse: Any, root: Any, explorer: Explorer) -> None:
        self.mouse = mouse
        self.explorer = explorer
        self.controls = explorer.controls
        self.root = root
        self.plot = self.root.query_selector(".js-plotly-plot")
        self.inputs = self.root.query_selector_all("[data-control]")
        self.outputs = self.root.query_selector_all("output")
        self.scales = expected.scales(explorer)
        self.stops = [control.index for control in self.controls]

    def wrong(self) -> str:
        """What the page shows otherwise than PyTorch computes it."""
        frame = expected.frame(self.explorer, self.stops)
        shown = look(self.plot, list(frame))
        for (path, leaf), got in zip(frame.items(), shown, strict=True):
            if path[-1] == "autorange" and (leaf, got) == ("reversed", True):
                continue
            fault = expected.differs(leaf, got, self.scales.get(path))
            if fault:
                return f"at {self.said()} {path} {fault}"
        alt = frame.get(("layout", "meta", "alt"))
        alt = alt or f"{self.explorer.title}: {self.said()}"
        heard = self.root.query_selector(".d2l-plot")
        if heard.get_attribute("aria-label") != alt:
            return f"at {self.said()} the plot is called {heard!r}, not {alt}"
        if self.root.query_selector(".d2l-alt").text_content() != alt:
            return f"at {self.said()} the text does not say {alt}"
        return ""

    def said(self) -> str:
        """The values that the figure should show, as its fallback text."""
        return ", ".join(
            f"{control.title} {control.labels[stop]}"
            for control, stop in zip(self.controls, self.stops, strict=True)
        )

    def stop(self, i: int) -> int:
        """The stop at which control `i` stands in the page."""
        return self.inputs[i].evaluate(
            "input => Number(input.type == 'checkbox'"
            " ? input.checked : input.value)"
        )

    def check(self, i: int, stop: int) -> str:
        """See that control `i` stands at `stop` and that all follows it.

        Returns:
            the figure as drawn.
        """
        assert self.stop(i) == stop, self.controls[i].name
        self.stops[i] = stop
        until(self.wrong)
        control = self.controls[i]
        label = control.labels[stop]
        assert self.outputs[i].evaluate("output => output.value") == label
        if control.kind == "range":
            count = len(control.labels)
            words = self.inputs[i].get_attribute("aria-valuetext")
            assert words == f"{label}, stop {stop + 1} of {count}"
        return self.root.evaluate(DRAWN)

    def point(self, i: int) -> int:
        """Move a control with the pointer.

        Returns:
            the stop it should stand at.
        """
        control, entry = self.controls[i], self.inputs[i]
        entry.evaluate("entry => entry.scrollIntoView({block: 'center'})")
        at, last = self.stop(i), len(control.labels) - 1
        if control.kind == "checkbox":
            entry.click()
            return 1 - at
        there = last // 4 if at > last / 2 else last - last // 4
        if control.kind == "select":
            entry.select_option(index=there)
            return there
        box = entry.bounding_box()
        thumb = 16  # what the browser draws, about
        way = (box["width"] - thumb) / max(last, 1)
        middle = box["y"] + box["height"] / 2
        mouse = self.mouse
        mouse.move(box["x"] + thumb / 2 + at * way, middle)
        mouse.down()
        mouse.move(box["x"] + thumb / 2 + there * way, middle, steps=6)
        mouse.up()
        # Close to where it was dropped: a thumb may be wider than we think.
        now = self.stop(i)
        assert abs(now - there) <= 1 + last // 20
        assert now != at or not last
        return now


def keys(control: Any, at: int) -> list[tuple[str, int]]:
    """Keys to press on a control that stands at `at`, and where each leads."""
    last = len(control.labels) - 1
    if control.kind == "checkbox":
        return [("Space", 1 - at), ("Space", at)]
    if control.kind == "range":
        return [
            ("Home", 0),
            ("ArrowRight", min(1, last)),
            ("ArrowUp", min(2, last)),
            ("End", last),
            ("ArrowLeft", max(last - 1, 0)),
        ]
    return [
        ("Home", 0),
        ("ArrowDown", min(1, last)),
        ("End", last),
        ("ArrowUp", max(last - 1, 0)),
    ]
