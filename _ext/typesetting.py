"""How a page looks: drawings, mirrors, folded code, tables, references."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, no_type_check

import sphinxcontrib.bibtex.plugin
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective
from sphinxcontrib.bibtex.style.referencing import BracketStyle
from sphinxcontrib.bibtex.style.referencing.author_year import (
    AuthorYearReferenceStyle,
)

from d2lattn.figures.sphinx import PlotlyFigure


class Drawing(SphinxDirective):
    """An SVG inside the page itself, so that it follows light and dark.

    The argument is the file, relative to the document; the content is the
    caption; `:name:` makes the drawing a target.
    """

    required_arguments = 1
    has_content = True
    option_spec = {"name": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        _, path = self.env.relfn2path(self.arguments[0], self.env.docname)
        self.env.note_dependency(path)
        try:
            svg = Path(path).read_text(encoding="utf-8")
        except OSError as error:
            raise self.error(f"drawing: cannot read it: {error}") from error
        start = svg.find("<svg")
        if start < 0 or "<title" not in svg or "<desc" not in svg:
            raise self.error(
                f"drawing: {self.arguments[0]} must be an SVG with a title "
                "and a desc, for readers who cannot see it"
            )
        figure = nodes.figure("", classes=["d2l-drawing"])
        figure += nodes.raw("", svg[start:], format="html")
        if self.content:
            caption = nodes.caption()
            text = " ".join(line.strip() for line in self.content)
            caption += self.parse_inline(text)[0]
            figure += caption
        self.set_source_info(figure)
        self.add_name(figure)
        return [figure]


def label_mirrors(app: Sphinx, doctree: nodes.document) -> None:
    """Say above each mirror cell where its code stands in the package."""
    for cell in list(doctree.findall(nodes.container)):
        mirrored = cell.get("cell_metadata", {}).get("mirror")
        if not mirrored or cell.get("nb_element") != "cell_code":
            continue
        cell["classes"].append("d2l-mirror")
        label = nodes.paragraph(classes=["d2l-mirror-label"])
        label += nodes.literal(text=mirrored)
        # What myst_nb folds is the first part of a cell, its code.
        part = cell.children[0]
        folded = cell.get("hide_mode") and isinstance(part, nodes.Element)
        (part if folded else cell).insert(0, label)


def _round() -> BracketStyle:
    return BracketStyle(left="(", right=")")


@no_type_check  # of the annotations that it inherits
@dataclass
class RoundAuthorYear(AuthorYearReferenceStyle):
    """Citations as in prose: Watson (1964), (Watson, 1964)."""

    bracket_textual: BracketStyle = field(default_factory=_round)
    bracket_parenthetical: BracketStyle = field(default_factory=_round)


class PlainReferences(SphinxPostTransform):
    """The bibliography as a plain list.

    The text cites authors and years, so the list needs no labels; and the
    roles that docutils gives to citations are deprecated.
    """

    default_priority = 6  # just after sphinxcontrib.bibtex has made them
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        for box in list(self.document.findall(nodes.container)):
            cited = [part for part in box if isinstance(part, nodes.citation)]
            if not cited or len(cited) < len(box):
                continue
            entries = nodes.bullet_list(classes=["d2l-references"])
            for entry in cited:
                entries += nodes.list_item(
                    "", *entry.children[1:], ids=entry["ids"]
                )
            box.replace_self(entries)


class FoldedCodeBelow(SphinxPostTransform):
    """The explorer first, then the folded code that draws it."""

    default_priority = 200  # just after myst_nb has folded it
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        for cell in list(self.document.findall(nodes.container)):
            drawn = next(iter(cell.findall(PlotlyFigure)), None)
            if cell.get("hide_mode") != "input" or drawn is None:
                continue
            folded = cell.children[0]
            cell.remove(folded)
            cell.append(folded)


class ManyExercises(SphinxPostTransform):
    """Exercises and solutions without the one id that all of them share.

    An id is a link's target, so a page may have it only once.
    """

    default_priority = 6
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        for content in list(self.document.findall(nodes.section)):
            if content["ids"] in (["exercise-content"], ["solution-content"]):
                content["classes"] += content["ids"]
                content["ids"] = []


EMPTY_HEADER = re.compile(r"<th\b([^>]*)>(?:\s|&nbsp;)*</th>")


def empty_headers(app: Sphinx, doctree: nodes.document) -> None:
    """Turn header cells that pandas leaves empty into ordinary cells."""
    for raw in doctree.findall(nodes.raw):
        if raw.get("format") == "html" and "<th" in raw.astext():
            text = EMPTY_HEADER.sub(r"<td\1></td>", raw.astext())
            raw.children[:] = [nodes.Text(text)]


HEADING_OR_TABLE = re.compile(
    r"<h[1-6][^>]*>(?P<heading>.*?)</h[1-6]>"
    r"|<table(?P<attributes>[^>]*)>(?P<caption>\s*<caption)?",
    re.DOTALL,
)


def name_tables(
    app: Sphinx, page: str, template: str, context: dict, doctree: Any
) -> None:
    """Name tables without a caption after the section they stand in.

    Screen readers list the tables of a page by name.
    """
    if doctree is None:
        return
    heading, count = "", 0

    def name(found: re.Match) -> str:
        nonlocal heading, count
        if found["heading"] is not None:
            heading = re.sub(
                r'<a class="headerlink".*?</a>|<[^>]+>|\\[()]',
                "",
                found["heading"],
            )
            heading, count = " ".join(heading.split()), 0
            return found[0]
        if found["caption"] or "aria-label" in found["attributes"]:
            return found[0]
        count += 1
        label = f"{heading}, table {count}".replace('"', "&quot;")
        return found[0].replace("<table", f'<table aria-label="{label}"', 1)

    context["body"] = HEADING_OR_TABLE.sub(name, context["body"])


def unlabel_summaries(
    app: Sphinx,
    page: str,
    template: str,
    context: dict[str, Any],
    doctree: Any,
) -> None:
    """Let the name of a folded cell be the words that are written on it.

    MyST-NB labels it with other words, so a reader who asks for "Show the
    code" by voice would ask in vain (WCAG 2.5.3).
    """
    if "body" in context:
        label = ' aria-label="Toggle hidden content"'
        context["body"] = context["body"].replace(label, "")


def launch_notebooks_only(app: Sphinx, doctree: nodes.document) -> None:
    """Give a page of Markdown no launch button, though it may have code.

    Colab opens notebooks, and would find none here.
    """
    page = app.env.docname
    if Path(app.env.doc2path(page)).suffix != ".ipynb":
        app.env.metadata[page].pop("kernelspec", None)


def register(app: Sphinx) -> None:
    """Register the classes and functions of this module with Sphinx."""
    app.add_directive("drawing", Drawing)
    app.connect("doctree-read", label_mirrors)
    app.connect("doctree-read", empty_headers)
    app.connect("html-page-context", name_tables)
    app.connect("doctree-read", launch_notebooks_only)
    app.connect("html-page-context", unlabel_summaries)
    app.add_post_transform(FoldedCodeBelow)
    app.add_post_transform(ManyExercises)
    app.add_post_transform(PlainReferences)
    sphinxcontrib.bibtex.plugin.register_plugin(
        "sphinxcontrib.bibtex.style.referencing",
        "author_year_round",
        RoundAuthorYear,
    )
