"""Figures of attention weights, ready for `explore`."""

import html
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go


def describe(figure: go.Figure, text: str) -> go.Figure:
    """Give a figure the sentence that says what it shows.

    Readers see the sentence below the figure, and screen readers read it in
    place of the picture. In an explorer it follows the controls.

    Example:
        >>> describe(go.Figure(), "The first key gets half the weight.")[
        ...     "layout"]["meta"]["alt"]
        'The first key gets half the weight.'
    """
    layout: Any = figure.layout
    others = layout.meta if isinstance(layout.meta, dict) else {}
    return figure.update_layout(meta={**others, "alt": text})


def heatmap(
    weights: Any,
    *,
    queries: Sequence[str] | None = None,
    keys: Sequence[str] | None = None,
    zmax: float | None = None,
    title: str | None = None,
) -> go.Figure:
    """Draw attention weights as a map: a row per query, a column per key.

    Args:
        weights: (Q, K) tensor or array; NaN and masked cells stay empty.
        queries: the names of the rows, from the top down.
        keys: the names of the columns.
        zmax: the weight with the darkest colour; the largest by default.
        title: written above the map.

    Raises:
        ValueError: `weights` is not a matrix, or the names do not fit it.
    """
    if hasattr(weights, "detach"):  # a tensor, in whatever precision it has
        weights = weights.detach().cpu().double().numpy()
    z = np.ma.filled(np.ma.asarray(weights).astype(float), np.nan)
    if z.ndim != 2:
        raise ValueError(
            f"weights must be of shape (Q, K), but are {z.shape}; pick one "
            "batch element and one head first"
        )
    for axis, (name, given) in enumerate(
        [("queries", queries), ("keys", keys)]
    ):
        if given is not None and len(given) != z.shape[axis]:
            raise ValueError(
                f"{name} must be {z.shape[axis]} names, one for each along "
                f"axis {axis} of weights {z.shape}, but are {len(given)}"
            )
    if zmax is None:  # Plotly heeds zmin only beside a zmax
        zmax = z[np.isfinite(z)].max(initial=0) or 1
    map_ = go.Heatmap(
        z=z,
        zmin=0,
        zmax=float(zmax),
        colorbar={  # above the map, so that phones keep its full width
            "orientation": "h",
            "len": 0.6,
            "x": 0,
            "xanchor": "left",
            "yref": "container",  # else Plotly misplaces the axis title
            "y": 1 if title is None else 0.9,
            "yanchor": "top",
            "title": {"text": "weight", "side": "right"},
        },
        hovertemplate="query %{y}, key %{x}<br>weight %{z:.3f}<extra></extra>",
    )
    figure = go.Figure(map_)
    figure.update_layout(height=380)
    if title is not None:
        figure.update_layout(
            title={"text": title, "y": 0.98, "yanchor": "top"},
            margin={"t": 76},
        )
    figure.update_xaxes(title_text="keys", showgrid=False, **_names(keys))
    figure.update_yaxes(
        title_text="queries",
        showgrid=False,
        autorange="reversed",
        **_names(queries),
    )
    return figure


def _names(names: Sequence[str] | None) -> dict[str, Any]:
    """Tick labels by position, since the same word can come twice."""
    if names is None:
        return {}
    return {
        "tickmode": "array",
        "tickvals": list(range(len(names))),
        # Plotly would read "<b>" as bold type.
        "ticktext": [html.escape(str(name), quote=False) for name in names],
    }
