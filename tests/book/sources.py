"""What the book is made of: its pages and their code."""

import ast
import json
from pathlib import Path

import yaml
from IPython.core.inputtransformer2 import TransformerManager
from markdown_it.renderer import RendererHTML
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser
from sphinx_external_toc.parsing import parse_toc_yaml

ROOT = Path(__file__).parents[2]


def pages() -> list[str]:
    """The documents of the table of contents, in reading order."""
    return list(parse_toc_yaml(ROOT / "_toc.yml"))


def source(page: str) -> Path:
    """The file that a page is made from."""
    for suffix in (".ipynb", ".md"):
        if (ROOT / f"{page}{suffix}").exists():
            return ROOT / f"{page}{suffix}"
    raise FileNotFoundError(page)


def cells(page: str) -> list[tuple[str, str]]:
    """The page's cells in order: ("code" or "markdown", what is in it)."""
    file = source(page)
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".ipynb":
        return [
            (cell["cell_type"], "".join(cell["source"]))
            for cell in json.loads(text)["cells"]
        ]
    found = [("markdown", text)]
    for token in parse(text):
        if token.type == "fence" and token.info.startswith("{code-cell}"):
            lines = token.content.splitlines(keepends=True)
            code = [line for line in lines if not line.startswith(":")]
            found.append(("code", "".join(code)))
    return found


def code(page: str) -> list[str]:
    """The page's code cells as plain Python."""
    transform = TransformerManager().transform_cell
    return [transform(text) for kind, text in cells(page) if kind == "code"]


def explore_calls(page: str) -> int:
    """How often the page's code calls `explore`."""
    return sum(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name | ast.Attribute)
        and getattr(node.func, "id", getattr(node.func, "attr", ""))
        == "explore"
        for cell in code(page)
        for node in ast.walk(ast.parse(cell))
    )


def parse(text: str) -> list:
    """MyST's tokens, with the extensions that `_config.yml` names."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    extensions = config["parse"]["myst_enable_extensions"]
    parser = create_md_parser(
        MdParserConfig(enable_extensions=set(extensions)),
        RendererHTML,
    )
    return parser.parse(text)
