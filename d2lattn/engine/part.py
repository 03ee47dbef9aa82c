"""A model in a page: its markup, and the scripts and files that it needs."""

import hashlib
import html
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from d2lattn.engine.packing import (
    PARTS,
    STATIC,
    Packed,
    as_json,
    model_file,
    script,
)
from d2lattn.figures import page
from d2lattn.figures.explorer import form, view

#: What shows any model, each after what it needs.
SHARED = ("dom", "maps", "chips", "asking", "starting")
MIME = "application/vnd.d2lattn.page+json"


@dataclass(frozen=True)
class Part:
    """A figure that runs a model, as HTML.

    Attributes:
        kind: what it is, "translator" for instance, after which its class
            and its script are named.
        scripts: those of its own, each after what it needs.
        controls: the markup inside; "{uid}" stands for an id that is unique.
        packed: the model.
        spec: what else its script is told.
        title: what the figure is called.
        caption: what to look for in it.
        purpose: what needs JavaScript.
        words: texts that stand in the controls by their names.
    """

    kind: str
    scripts: tuple[str, ...]
    controls: str
    packed: Packed
    spec: dict[str, Any]
    title: str
    caption: str
    purpose: str
    words: dict[str, str] = field(default_factory=dict)

    def to_html(self) -> str:
        """HTML that needs no kernel, network or other file."""
        scripts = page.script(), script(), script((*SHARED, *self.scripts))
        return (
            f"<style>{page.style()}{style()}</style>"
            f"{self._markup({'packed': self.packed, **self.spec})}"
            + "".join(f"<script>{text}</script>" for text in scripts)
        )

    def built(self) -> dict[str, Any]:
        """What a built page takes: markup, and the files it asks for.

        In the markup, "{static}" stands for the address of their folder.
        """
        digest = hashlib.sha256(as_json(self.packed).encode("utf-8"))
        key = digest.hexdigest()[:16]
        source = f"frames/{key}.js"
        spec = {"src": f"{{static}}/{source}", "key": key, **self.spec}
        scripts = {
            "engine.js": script((*PARTS, *SHARED)),
            f"{self.kind}.js": script(self.scripts),
        }
        links = '<link rel="stylesheet" href="{static}/model.css">' + "".join(
            f'<script src="{{static}}/{name}" defer></script>'
            for name in scripts
        )
        return {
            "markup": self._markup(spec) + links,
            "files": {
                source: model_file(key, self.packed),
                "model.css": style(),
                **scripts,
            },
        }

    def _markup(self, spec: dict[str, Any]) -> str:
        title, caption = html.escape(self.title), html.escape(self.caption)
        # It may be shown more than once.
        words = {"uid": f"d2l-{secrets.token_hex(8)}", **self.words}
        inside = self.controls.strip()
        for name, text in words.items():
            inside = inside.replace(f"{{{name}}}", html.escape(text))
        return (
            f'<figure class="d2l-model d2l-{self.kind}" aria-label="{title}">'
            f"{inside}"
            f"<figcaption><strong>{title}.</strong> {caption}</figcaption>"
            f"<noscript>{self.purpose}, allow JavaScript.</noscript>"
            '<script type="application/json" class="d2l-spec">'
            f"{as_json(spec)}</script></figure>"
        )


def shown(
    figure: Any, part: Callable[[], Part], box: Callable[[], Any]
) -> dict[str, Any]:
    """What a notebook or a page shows of a figure, by mime type.

    Args:
        figure: it, for readers of text.
        part: makes it for a page.
        box: makes its widgets for a running notebook.
    """
    wanted = form()
    if wanted == "page":
        found = {MIME: part().built()}
    elif wanted == "html":
        found = {"text/html": part().to_html()}
    else:
        found = view(box())
    return {**found, "text/plain": repr(figure)}


def style() -> str:
    """The structure of these figures, one style sheet."""
    return (STATIC / "model.css").read_text(encoding="utf-8")
