"""An explorer as HTML: markup that is the same in the book and in Colab."""

import base64
import hashlib
import html
import json
import re
import secrets
import warnings
import zlib
from functools import cache
from typing import Any

from d2lattn.figures import bundle, palette
from d2lattn.figures.bundle import STATIC

# The parts of a payload that a figure does not need until it is near.
MOVING = ("moving", "frames")


def script() -> str:
    """The front end as one script: what Python tells it, and its parts."""
    known = {
        "version": bundle.version(),
        "templates": {
            theme: palette.template(theme).to_plotly_json()
            for theme in palette.THEMES
        },
    }
    parts = (
        *("frames", "looks", "bricks", "bars", "words"),
        *("redraw", "explorer"),
    )
    return "\n".join(
        [
            f"Object.assign(window.d2lattn ||= {{}}, {_json(known)});",
            *((STATIC / f"{it}.js").read_text("utf-8") for it in parts),
        ]
    )


def style() -> str:
    """The palette and the structure of explorers, one style sheet."""
    structure = (STATIC / "explorer.css").read_text(encoding="utf-8")
    return f"{palette.css()}\n{structure}"


def explorer(
    payload: dict[str, Any],
    uid: str,
    *,
    static: str | None = None,
    frames_src: str | None = None,
) -> str:
    """The markup of an explorer; all text in it is escaped.

    Args:
        payload: what `Explorer.payload` returns.
        uid: an id that is unique in the page.
        static: the address of the folder with Plotly's scripts; None if
            they are in the page.
        frames_src: the address of the frames; None puts them into the page.
    """
    spec = dict(payload)
    table = spec.pop("table")
    if frames_src is not None:
        for part in MOVING:
            del spec[part]
        spec |= {"src": frames_src, "key": frames_key(payload)}
    rows = "".join(
        _control(control, f"{uid}-{i}")
        for i, control in enumerate(spec["controls"])
    )
    title, caption = html.escape(spec["title"]), html.escape(spec["caption"])
    alt = html.escape(opening_text(payload))
    height = int(spec["figure"]["layout"].get("height") or 450)
    return (
        f'<figure class="d2l-explorer" id="{uid}" aria-label="{title}"'
        f"{_needs(static, payload)}>"
        f'<div class="d2l-controls">{rows}</div>'
        f'<div class="d2l-plot" role="img" aria-label="{alt}" '
        f'style="min-height:{height}px"></div>'
        f'<p class="d2l-alt" role="status">{alt}</p>'
        f"<figcaption><strong>{title}.</strong> {caption}</figcaption>"
        f"<noscript>{table} To drag it, allow JavaScript.</noscript>"
        f'<script type="application/json" class="d2l-spec">{_json(spec)}'
        "</script></figure>"
    )


def opening_text(payload: dict[str, Any]) -> str:
    """What the figure shows as it opens, in words.

    It stands in the page from the start, for readers without JavaScript and
    for paper; `say` in `static/explorer.js` keeps it up to date.
    """
    values = ", ".join(
        f"{control['label']} {control['labels'][control['index']]}"
        for control in payload["controls"]
    )
    return str(payload["alt"] or f"{payload['title']}: {values}")


def figure(spec: dict[str, Any], *, static: str | None = None) -> str:
    """The markup of an ordinary Plotly figure, given as its JSON."""
    layout = spec.get("layout") or {}
    title = layout.get("title") or {}
    title = title.get("text") if isinstance(title, dict) else title
    meta = layout.get("meta")
    said = meta.get("alt") if isinstance(meta, dict) else None
    alt = html.escape(str(said or title or "Figure"))
    shown = {
        "data": spec.get("data", []),
        "layout": {k: v for k, v in layout.items() if k != "template"},
    }
    if spec.get("frames"):
        shown["frames"] = spec["frames"]
    height = int(layout.get("height") or 450)
    return (
        f'<figure class="d2l-figure" aria-label="{alt}"'
        f"{_needs(static, spec)}>"
        f'<div class="d2l-plot" role="img" aria-label="{alt}" '
        f'style="min-height:{height}px"></div><p class="d2l-alt"></p>'
        f'<script type="application/json" class="d2l-spec">{_json(shown)}'
        "</script></figure>"
    )


def standalone(payload: dict[str, Any]) -> str:
    """An explorer with all that it needs except MathJax: `warn_of_latex`."""
    warn_of_latex(payload)
    uid = f"d2l-{secrets.token_hex(8)}"  # it may be shown more than once
    part = bundle.part(payload)
    return (
        f"<style>{style()}</style>{explorer(payload, uid)}"
        f'<script type="text/plain" class="d2l-plotly-{part}">'
        f"{_packed(part)}</script>"
        f"<script>{script()}</script>"
    )


def frames_key(payload: dict[str, Any]) -> str:
    """A name for a payload's frames that changes when they do."""
    digest = hashlib.sha256(_json(payload).encode("utf-8"))
    return digest.hexdigest()[:16]


def frames_file(payload: dict[str, Any]) -> str:
    """The script that delivers a payload's frames to the page."""
    moving = _json({part: payload[part] for part in MOVING})
    return f"d2lattn.deliver({_json(frames_key(payload))}, {moving});\n"


@cache
def _packed(part: str) -> str:
    """Plotly's script, deflated, in base64."""
    code = bundle.script(part).encode("utf-8")
    return base64.b64encode(zlib.compress(code, 9)).decode("ascii")


def latex(shown: dict[str, Any]) -> list[str]:
    """The texts in a payload or in a figure that Plotly takes for LaTeX."""
    text = json.dumps([shown.get("figure", shown), shown.get("moving")])
    found = dict.fromkeys(re.findall(r'"(?:[^"\\]|\\.)*"', text))
    # As Plotly does: what stands between dollars, wherever in a text.
    return [json.loads(it) for it in found if re.search(r"\$[^$]+\$", it)]


def warn_of_latex(shown: dict[str, Any]) -> None:
    """Warn of texts that show their dollars where Plotly has no MathJax."""
    if texts := latex(shown):
        warnings.warn(
            "LaTeX is typeset in built pages only, and shows as its source "
            f"here: {', '.join(map(repr, texts))}",
            stacklevel=3,
        )


def _needs(static: str | None, shown: dict[str, Any]) -> str:
    """What the front end has to load, as attributes."""
    part = bundle.part(shown)
    attributes = f' data-part="{part}"'
    if static is not None:
        source = html.escape(f"{static}/plotly-{part}.min.js")
        attributes += f' data-plotly="{source}"'
    return attributes + (" data-latex" if latex(shown) else "")


def _json(value: Any) -> str:
    """JSON that can stand inside a script element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _control(control: dict[str, Any], uid: str) -> str:
    kind, at = control["kind"], control["index"]
    labels = [html.escape(label) for label in control["labels"]]
    name = html.escape(control["name"])
    # Disabled until the script listens, so that no movement is lost; and
    # autocomplete is off because Firefox restores moved sliders on reload.
    common = f'id="{uid}" data-control="{name}" autocomplete="off" disabled'
    if kind == "range":
        entry = (
            f'<input type="range" {common} min="0" max="{len(labels) - 1}" '
            f'step="1" value="{at}" aria-valuetext="{labels[at]}, stop '
            f'{at + 1} of {len(labels)}">'
        )
    elif kind == "checkbox":
        checked = " checked" if at else ""
        entry = f'<input type="checkbox" {common}{checked}>'
    else:
        options = "".join(
            f'<option value="{i}"{" selected" if i == at else ""}>'
            f"{label}</option>"
            for i, label in enumerate(labels)
        )
        entry = f"<select {common}>{options}</select>"
    label = html.escape(control["label"])
    # A menu shows its value itself.
    hidden = ' class="d2l-hidden"' if kind == "select" else ""
    return (
        f'<label for="{uid}">{label}</label>{entry}'
        f'<output for="{uid}" aria-live="off"{hidden}>{labels[at]}</output>'
    )
