"""A figure as leaves: what stands at each path, and how two figures differ.

A leaf is JSON as Plotly writes it, such as the text at ("layout", "title",
"text"); arrays of numbers, as at ("data", 0, "y"), are NumPy's.
"""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.utils import PlotlyJSONEncoder

Path = tuple[str | int, ...]
Frame = dict[Path, Any]


class _Encoder(PlotlyJSONEncoder):
    def default(self, obj: Any) -> Any:
        if isinstance(obj, np.datetime64):  # a bare integer to Plotly
            return str(obj)
        if isinstance(obj, np.ndarray) and obj.dtype.kind in "iuf":
            data = base64.b64encode(obj.tobytes()).decode("ascii")
            shape = ",".join(map(str, obj.shape))
            return {"dtype": obj.dtype.str, "bdata": data, "shape": shape}
        return super().default(obj)


def frame(figure: go.Figure) -> Frame:
    """The leaves of a figure, with None for what is missing or infinite.

    Two things are left out: templates, which depend on where the figure is
    shown, and the random ids that Plotly's widget gives to its traces.

    Raises:
        ValueError: the figure holds what cannot become JSON.
    """
    parts = figure.to_plotly_json()
    parts["layout"].pop("template", None)
    for trace in parts["data"]:
        trace.pop("uid", None)
    try:
        text = _Encoder().encode([list(parts["data"]), parts["layout"]])
    except TypeError as error:
        raise ValueError(
            f"a figure must be JSON, but is not: {error}"
        ) from error
    data, layout = json.loads(text, object_hook=_decoded)
    return dict(_leaves({"data": data, "layout": layout}))


def _decoded(part: dict[str, Any]) -> Any:
    """An array, as Plotly 6 writes it and we do beside Plotly 5."""
    if not {"bdata", "dtype"} <= part.keys():
        return part
    flat = np.frombuffer(base64.b64decode(part["bdata"]), part["dtype"])
    shape = re.findall("[0-9]+", str(part.get("shape", flat.size)))
    return flat.reshape([int(size) for size in shape])


def _leaves(part: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    items: Any = ()
    if isinstance(part, dict):
        items = part.items()
    elif isinstance(part, list) and any(
        isinstance(value, dict) for value in part
    ):
        items = enumerate(part)
    if not items:
        yield path, part
    for key, value in items:
        yield from _leaves(value, (*path, key))


def nest(leaves: Frame) -> Any:
    """Leaves as the nested dicts and lists that they come from."""
    if () in leaves:
        return leaves[()]
    parts: dict[Any, Frame] = {}
    for (key, *rest), leaf in leaves.items():
        parts.setdefault(key, {})[tuple(rest)] = leaf
    nested = {key: nest(part) for key, part in parts.items()}
    return list(nested.values()) if 0 in nested else nested


def numeric(leaf: Any) -> np.ndarray | None:
    """An array or a list of numbers as an array, NaN for gaps, or None."""
    if not isinstance(leaf, list | np.ndarray) or not _only_numbers(leaf):
        return None
    try:
        array = np.asarray(leaf, dtype=np.float64)
    except (OverflowError, ValueError):  # rows of different lengths
        return None
    return np.where(np.isfinite(array), array, np.nan)


def _only_numbers(leaf: Any) -> bool:
    if isinstance(leaf, list):
        return all(map(_only_numbers, leaf))
    if isinstance(leaf, bool):
        return False
    return leaf is None or isinstance(leaf, int | float | np.ndarray)


def same(one: Any, other: Any) -> bool:
    """Whether two leaves draw the same; gaps equal each other."""
    a, b = numeric(one), numeric(other)
    if a is None or b is None:
        return json.dumps(jsonable(one)) == json.dumps(jsonable(other))
    return np.array_equal(a, b, equal_nan=True)


def jsonable(leaf: Any) -> Any:
    """A leaf with lists for arrays, and None for their gaps."""
    if isinstance(leaf, np.ndarray):
        plain = leaf.astype(object)
        plain[~np.isfinite(leaf)] = None
        return plain.tolist()
    if isinstance(leaf, list):
        return [jsonable(value) for value in leaf]
    if isinstance(leaf, dict):
        return {key: jsonable(value) for key, value in leaf.items()}
    return leaf


def check_structure(
    first: Frame, other: Frame, values: dict[str, Any]
) -> None:
    """Refuse a frame that has other leaves than the first.

    Raises:
        ValueError: naming up to three of the leaves and the values.
    """
    differ = []
    for path in first.keys() ^ other.keys():
        keys = (f"[{it}]" if isinstance(it, int) else f".{it}" for it in path)
        differ.append("".join(keys).removeprefix("."))
    if differ:
        differ.sort()
        more = f" and {len(differ) - 3} more" if len(differ) > 3 else ""
        raise ValueError(
            f"at {listed(values)} the figure must have the structure of its "
            f"first frame, but only one of the two has {', '.join(differ[:3])}"
            f"{more}; return the same traces with the same keys at every "
            "stop, with NaN or '' where there is nothing to show"
        )


def listed(values: dict[str, Any]) -> str:
    """Values as in a call."""
    return ", ".join(f"{name}={value!r}" for name, value in values.items())
