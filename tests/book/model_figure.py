"""A model in a page, as a reader works it, whatever it does."""


class ModelFigure:
    """A figure that runs a model.

    Args:
        frame: the page's, or that of an output in it.
    """

    kind = ""

    def __init__(self, frame):
        self.frame = frame
        frame.wait_for_selector(f".d2l-{self.kind}[data-ready]")
        frame.evaluate("d2lattn.pause = 0")
        self.root = frame.locator(f".d2l-{self.kind}")

    def part(self, name):
        return self.root.locator(f'[data-part="{name}"]')

    def type(self, text):
        self.part("text").fill(text)

    def box(self, path, head):
        """The box that switches a head off."""
        place = f'input[data-path="{path}"][data-head="{head}"]'
        return self.root.locator(place)

    def all(self, name, what="it.firstChild.textContent"):
        """Something of each button of a part."""
        buttons = self.part(name).locator("button")
        return buttons.evaluate_all(f"all => all.map((it) => {what})")

    def completions(self):
        """What the text field offers."""
        options = self.root.locator("datalist option")
        return options.evaluate_all("all => all.map((it) => it.value)")


def save_and_open(page, folder, html):
    """Save what a figure is as a page, and open that from disk."""
    file = folder / "page.html"
    head = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        "<title>page</title>"
    )
    file.write_text(f"{head}{html}", encoding="utf-8")
    page.goto(file.as_uri())
    return page.main_frame


def in_a_sandbox(page, html):
    """Show it as Colab does an output; return its frame."""
    page.evaluate(
        """html => {
            const frame = document.createElement("iframe");
            frame.sandbox = "allow-scripts";
            frame.srcdoc = "<!doctype html><body>" + html;
            document.body.append(frame);
        }""",
        html,
    )
    page.wait_for_selector("iframe")
    return page.query_selector("iframe").content_frame()
