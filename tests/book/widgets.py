"""An explorer's widgets in a running notebook, moved as a hand does."""

import ast

import expected
from browser import INTO_VIEW, look, until

from d2lattn.figures import leaves

SECONDS = 120  # for a server to start, or a figure to follow


class Widgets:
    """The widgets of one explorer, and what its figure should show.

    Args:
        output: the cell that shows them.
        explorer: what they were made from.
    """

    def __init__(self, output, explorer):
        self.output = output
        self.explorer = explorer
        self.plot = output.locator(".js-plotly-plot")

    def widget(self, control):
        """The widget of a control."""
        text = self.output.page.get_by_text(control.title, exact=True)
        return self.output.locator(".jupyter-widgets", has=text).last

    def values(self):
        """What the widgets say that their values are."""
        values = {}
        for control in self.explorer.controls:
            widget = self.widget(control)
            if control.kind == "range":
                text = widget.locator(".widget-readout").inner_text()
                number = text.replace("\N{MINUS SIGN}", "-")
                values[control.name] = type(control.start)(number)
            elif control.kind == "select":
                values[control.name] = control.values[self.chosen(widget)]
            else:
                values[control.name] = widget.locator("input").is_checked()
        return values

    def chosen(self, widget):
        """The number of the option that a menu stands at."""
        menu = widget.locator("select")
        return menu.evaluate("menu => menu.selectedIndex")

    def wrong(self):
        """What the plot shows otherwise than PyTorch computes it here."""
        self.output.page.wait_for_timeout(100)  # the kernel computes, too
        values = self.values()
        with expected.as_in_kernels():
            frame = leaves.frame(self.explorer.figure(**values))
        data = {p: leaf for p, leaf in frame.items() if p[0] == "data"}
        shown = look(self.plot.element_handle(), list(data))
        for (path, leaf), got in zip(data.items(), shown, strict=True):
            if fault := expected.differs(leaf, got, scale=None):
                return f"at {values} {path} {fault}"
        said = frame.get(("layout", "meta", "alt"), "")
        heard = self.output.get_by_text(said, exact=True).count()
        return "" if heard or not said else f"nothing says {said!r}"

    def check(self):
        """Move every control, and see that the plot follows."""
        self.plot.wait_for()
        until(self.wrong, SECONDS)
        for control in self.explorer.controls:
            self.check_control(control)

    def check_control(self, control):
        """Move a control: the plot follows it and the others stay."""
        before = self.values()
        self.move(control)
        until(lambda: "it stays" if self.values() == before else "", SECONDS)
        until(self.wrong, SECONDS)
        assert {**self.values(), control.name: before[control.name]} == before

    def move(self, control):
        """Move a control to another value, as a hand does."""
        widget = self.widget(control)
        widget.first.evaluate(INTO_VIEW)
        if control.kind == "checkbox":
            widget.locator("input").click()
        elif control.kind == "select":
            last = len(control.labels) - 1
            there = 0 if self.chosen(widget) == last else last
            widget.locator("select").select_option(index=there)
        else:
            self.drag(control, widget)

    def drag(self, control, widget):
        """Drag a slider to the far side of where it is."""
        mouse = self.output.page.mouse

        def slipped():
            # What comes into view may still push what is below it.
            widget.locator(".noUi-handle").hover()
            mouse.down()
            if widget.locator(".noUi-active").count():
                return ""
            mouse.up()
            return "the handle is never where it was"

        until(slipped, SECONDS)
        low, high = control.values[0], control.values[-1]
        left = self.values()[control.name] - low < (high - low) / 2
        track = widget.locator(".noUi-base").bounding_box()
        there = track["x"] + track["width"] * (0.85 if left else 0.15)
        mouse.move(there, track["y"] + track["height"] / 2, steps=12)
        mouse.up()


def explorer_cells(notebook):
    """The numbers of the cells that end in a call of `explore`."""
    return [
        number
        for number, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
        and cell.source.startswith("explore(")
        and isinstance(ast.parse(cell.source).body[-1], ast.Expr)
    ]
