"""A figure's numbers as a table, for readers whose browser runs no script."""

import html
import re
from collections.abc import Iterable
from itertools import zip_longest
from typing import Any

KINDS = ("bar", "heatmap", "scatter")
MOST = 100  # numbers in a figure; more of them tell a reader little


def table(figure: dict[str, Any]) -> str:
    """The tables of a small figure as HTML; "" where it is not small.

    What is drawn at the same places shares a table. Drawings without a name,
    such as a circle or the line to a query, are left out.

    Args:
        figure: `data` and `layout`, with numbers in lists or arrays.
    """
    layout = figure.get("layout") or {}
    columns: dict[tuple[str, ...], list[tuple[str, Any]]] = {}
    for trace in figure.get("data") or ():
        x, y, z = (trace.get(way) for way in "xyz")
        if trace.get("visible", True) is not True or z is y is None:
            continue
        if trace.get("type", "scatter") not in KINDS:
            return ""
        across, down = (_axis(layout, trace, way) for way in "xy")
        places = f"{trace.get('xaxis')} {trace.get('yaxis')}"
        if z is not None:
            sides = _ticks(down, range(len(z)) if y is None else y)
            key = (places, _title(down), *sides)
            heads = _ticks(
                across, range(max(map(len, z), default=0)) if x is None else x
            )
            found = list(zip(heads, zip_longest(*z), strict=False))
        else:
            sides = _ticks(across, range(len(y)) if x is None else x)
            key = (places, _title(across), *sides)
            found = [(str(trace.get("name") or _title(down)), y)]
        if len(sides) > 2 and found and found[0][0]:
            columns.setdefault(key, []).extend(found)
    count = sum((len(key) - 2) * len(it) for key, it in columns.items())
    if count > MOST:
        return ""
    return "".join(_html(*key[1:], of=it) for key, it in columns.items())


def _axis(layout: dict[str, Any], trace: dict[str, Any], way: str) -> Any:
    name = trace.get(f"{way}axis") or way
    axis = layout.get(f"{way}axis{name[1:]}") or {}
    if shared := axis.get("matches"):  # the other one may have the title
        axis = {**(layout.get(f"{way}axis{shared[1:]}") or {}), **axis}
    return axis


def _title(axis: dict[str, Any]) -> str:
    return str((axis.get("title") or {}).get("text") or "")


def _ticks(axis: dict[str, Any], places: Iterable) -> list[str]:
    """What stands at places on an axis, in words where it has words."""
    values, words = axis.get("tickvals"), axis.get("ticktext")
    said: dict[str, Any] = {}
    if values is not None and words is not None:
        said = dict(zip(map(_said, values), words, strict=False))
    return [str(said.get(it, it)) for it in map(_said, places)]


def _said(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):  # categories in categories
        return " ".join(map(_said, value))
    missing = value is None or value != value
    return "" if missing else f"{float(value):.3g}"


def _html(corner: str, *sides: str, of: list[tuple[str, Any]]) -> str:
    head = _row("th", [corner, *(name for name, _ in of)])
    rows = zip(sides, *(map(_said, it) for _, it in of), strict=False)
    body = "".join(_row("td", row) for row in rows)
    return (
        "<table><caption>What the figure shows as it opens</caption>"
        f"<thead>{head}</thead><tbody>{body}</tbody></table>"
    )


def _row(kind: str, cells: Iterable[str]) -> str:
    plain = (re.sub("<[^>]*>", " ", it) for it in cells)
    inside = "".join(f"<{kind}>{html.escape(it)}</{kind}>" for it in plain)
    return f"<tr>{inside}</tr>"
