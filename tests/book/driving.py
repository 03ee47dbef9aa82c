"""Moving an explorer as a reader does, and seeing that all follows."""

from typing import Any

import expected
from browser import INTO_VIEW, look, until

from d2lattn.figures import Explorer, leaves

# What Plotly turns into its own answer: "reversed" into a range, and the
# domain of an axis whose scale follows another's into what that leaves.
WRITTEN_OVER = ("autorange", "domain")

# How the page unpacks what moves.
MOVING = """async (root) => {
    const spec = JSON.parse(root.querySelector(".d2l-spec").textContent);
    return (await d2lattn.frames.read(spec)).moving;
}"""

# The numbers that a plot shows, its traces and axes as they are drawn, and all
# that is drawn; each as a number that is another one when they change.
DRAWN = """plot => {
    const digest = (text) => {
        let sum = 0;
        for (let i = 0; i < text.length; i++)
            sum = Math.imul(sum, 31) + text.charCodeAt(i) | 0;
        return sum;
    };
    const inside = (parts) => [...plot.querySelectorAll(parts)]
        .map((part) => part.innerHTML).join("");
    const numbers = JSON.stringify(
        plot.data.map(({ x, y, z }) => [x, y, z]),
        (_, value) => ArrayBuffer.isView(value) ? Array.from(value) : value);
    return [numbers, inside(".main-svg .cartesianlayer"), inside(".main-svg")]
        .map(digest);
}"""


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
        self.scales = expected.scales(root.evaluate(MOVING))
        self.stops = [control.index for control in self.controls]

    def follow(self) -> None:
        """Wait until the page shows what PyTorch computes for the stops."""
        frame = expected.frame(self.explorer, self.stops)
        until(lambda: self.wrong(frame))

    def wrong(self, frame: leaves.Frame) -> str:
        """What the page shows otherwise than it stands in `frame`."""
        shown = look(self.plot, list(frame))
        for (path, leaf), got in zip(frame.items(), shown, strict=True):
            if path[0] == "layout" and path[-1] in WRITTEN_OVER:
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

    def check(self, i: int, stop: int) -> None:
        """See that control `i` stands at `stop` and that all follows it."""
        assert self.stop(i) == stop, self.controls[i].name
        self.stops[i] = stop
        self.follow()
        control = self.controls[i]
        label = control.labels[stop]
        assert self.outputs[i].evaluate("output => output.value") == label
        if control.kind == "range":
            count = len(control.labels)
            words = self.inputs[i].get_attribute("aria-valuetext")
            assert words == f"{label}, stop {stop + 1} of {count}"

    def work(self, i: int) -> list[list[int]]:
        """Work control `i` by keyboard and by pointer, and check every stop.

        Returns:
            what was drawn before it moved and after each move: see `DRAWN`.
        """
        seen = [self.drawn()]
        for key, stop in keys(self.controls[i], self.stops[i]):
            self.inputs[i].press(key)
            self.check(i, stop)
            seen.append(self.drawn())
        self.check(i, self.point(i))
        return [*seen, self.drawn()]

    def drawn(self) -> list[int]:
        """What tells one drawing from another: see `DRAWN`."""
        return self.plot.evaluate(DRAWN)

    def point(self, i: int) -> int:
        """Move a control with the pointer.

        Returns:
            the stop it should stand at.
        """
        control, entry = self.controls[i], self.inputs[i]
        entry.evaluate(INTO_VIEW)
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
