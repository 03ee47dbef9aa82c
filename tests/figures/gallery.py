"""Figures after Plotly's documentation, as functions of a slider."""

import datetime

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
    "AAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
DAYS = pd.date_range("2026-01-30", periods=4)
X = np.linspace(0, 6, 13)
SQUARE = np.add.outer(np.arange(5), np.arange(7))
TEXTS = ["<b>bold</b>", "</script><!--", "naïve 注意 🙂", "\u2028\t\\", ""]


def scatter(t):
    """Lines and points, with colours, sizes, errors and gaps."""
    y = np.where(X == 2, np.nan, np.sin(X * t / 3))
    marker = {"size": X + t, "color": y, "cmin": -1, "cmax": 1}
    return go.Figure(
        [
            go.Scatter(x=X, y=y, marker=marker, error_y={"array": y / 9}),
            go.Scatter(x=X, y=[None, t, np.inf, 0.1 * t], text=[None, t, 1]),
            go.Scattergl(x=X, y=X**t, fill="tozeroy"),
        ]
    )


def scaled(t):
    """A logarithmic axis, and two that show little of what there is."""
    figure = go.Figure(go.Scatter(x=X, y=10.0 ** (-X * t) * (X != 1)))
    figure.add_scatter(x=X, y=np.tan(X + t), yaxis="y2")
    figure.add_scatter(x=X, y=1e6 + X * t, yaxis="y3")
    return figure.update_layout(
        yaxis={"type": "log", "range": [-9, 0]},
        yaxis2={"range": [-0.01, 0.01], "overlaying": "y"},
        yaxis3={"range": [1e6, 1e6 + 1e-3], "overlaying": "y"},
    )


def bars(t):
    return go.Figure(
        [
            go.Bar(
                x=["a", "b", "c"], y=[t, 2, 0.25 / (t + 1)], base=[t, 0, 1]
            ),
            go.Bar(x=["a", "b"], y=[1 + 1e-7 * t, t], text=[t, "<i>"]),
            go.Bar(x=np.array([0.1, 0.3]) * t, y=[1, 2], xaxis="x2"),
        ],
        {
            "barmode": "stack",
            "xaxis": {"categoryorder": "total ascending"},
            "xaxis2": {"type": "category"},
        },
    )


def groups(t):
    figure = go.Figure(go.Bar(x=[["1", "1"], ["x", "y"]], y=[1, t]))
    return figure.add_bar(x=[["1"] * t, ["x"] * t], y=[3] * t)


def distributions(t):
    numbers = np.sin(np.arange(50.0) ** 2 * (t + 1)).round(1)
    prices = dict(
        zip(("open", "high", "low", "close"), 99 + np.eye(4) * t, strict=True)
    )
    return go.Figure(
        [
            go.Histogram(x=numbers, xbins={"size": 0.1}),
            go.Histogram2d(x=numbers, y=numbers[::-1], xaxis="x2"),
            go.Box(y=numbers, boxpoints="all", name="box"),
            go.Box(q1=[1], median=[2 + t / 7], q3=[3], lowerfence=[t / 9]),
            go.Violin(x=numbers * 1e-5, side="positive"),
            go.Candlestick(x=DAYS, **prices, xaxis="x3"),
        ]
    )


def heatmap(t):
    z = np.where(SQUARE == 4, np.nan, SQUARE * t / 7)
    return go.Figure(
        [
            go.Heatmap(z=z, zmin=0, zmax=20, customdata=SQUARE[..., None] * t),
            go.Heatmap(
                z=[[1, None], [t, np.nan]], text=[["a", None], ["", "b"]]
            ),
            go.Heatmap(z=np.full((3, 5), 1 / (3 + t)), coloraxis="coloraxis"),
            go.Heatmap(z=[[1, 2, t], [0.5], []]),
            go.Contour(z=np.cos(SQUARE * t), contours={"start": -1, "end": t}),
        ],
        {"coloraxis": {"cmin": 0, "cmax": 1}},
    )


def image(t):
    pixels = np.uint8(SQUARE[..., None] * [t, 9, 12])
    return go.Figure(
        [go.Image(z=pixels), go.Image(source=PIXEL)],
        {"images": [{"source": PIXEL, "x": t, "y": 1, "sizex": 1}]},
    )


def dates(t):
    noon = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
    later = DAYS + pd.Timedelta(days=t)
    stamps = [pd.Timestamp("2026-03-01"), pd.NaT, noon, datetime.date.min]
    figure = go.Figure(
        [
            go.Scatter(x=later, y=[1, 2, 3, t]),
            go.Scatter(x=np.array(later, "datetime64[D]"), y=[t, 2, 3, 4]),
            go.Scatter(
                x=stamps, y=pd.Series([1, pd.NA, None, t], dtype=object)
            ),
            go.Scatter(x=[np.datetime64("2026-01-02T03"), later[0]], y=[0, t]),
        ]
    )
    figure.add_vline(x=np.datetime64("2026-01-30"))
    figure.add_vrect(x0=later[0], x1=datetime.date(2026, 2, 3 + t))
    return figure.update_xaxes(range=["2026-01-01", later[3]])


def round_or_solid(t):
    """On other axes than x and y."""
    z = np.cos(SQUARE / 3 + t)
    corners = {"x": [0, 1, 2, t], "y": [0, 0, 1, 2], "z": [0, 2, 0.1, 1]}
    return go.Figure(
        [
            go.Surface(z=z, surfacecolor=z * 9, cmin=-9, cmax=9),
            go.Scatter3d(x=X, y=X**2, z=X * t, marker={"color": X / (t + 1)}),
            go.Mesh3d(**corners, i=[0], j=[1], k=[2 + t % 2]),
            go.Scatterpolar(r=X * t, theta=X * 50),
            go.Barpolar(r=[t, 2, 3], theta=["a", "b", "c"], subplot="polar2"),
            go.Scatterternary(a=[1, t, 3], b=[3.5, 2, t / 7], c=[1, 1, 1]),
        ],
        {
            "polar": {"radialaxis": {"range": [0, 1], "type": "linear"}},
            "scene": {
                "zaxis": {"range": [-2, 2]},
                "camera": {"eye": {"x": 0.1 * t}},
            },
        },
    )


def without_axes(t):
    return go.Figure(
        [
            go.Pie(labels=["a", "b", ""], values=[1, t, 0.5], hole=0.1 * t),
            go.Treemap(
                labels=["all", "a", "b"],
                parents=["", "all", "all"],
                values=[10, 4 + t / 3, 6 - t / 3],
            ),
            go.Sankey(
                node={"label": ["a", "b", f"c {t}"], "color": ["red"] * 3},
                link={"source": [0, 1], "target": [2, 2], "value": [4.5, t]},
            ),
            go.Table(
                header={"values": ["name", f"<b>{t}</b>"]},
                cells={"values": [["a", None], np.array([0.1, 0.3]) * t]},
            ),
            go.Parcoords(
                dimensions=[
                    {"label": "a", "range": [0, 9], "values": X * t},
                    {"constraintrange": [[1, t + 2]], "values": X},
                ],
                line={"color": X * t, "colorscale": [[0, "red"], [1, "blue"]]},
            ),
            go.Indicator(value=0.1 * t, gauge={"axis": {"range": [None, t]}}),
        ]
    )


def data_of_users(t):
    """What Plotly hands on and does not look into."""
    return go.Figure(
        go.Scatter(
            y=[1, t],
            customdata=[[{"a": [{"b": t}]}, None], [pd.NA, {}], [True, []]],
            meta={"uid": "mine", "none": None, "deep": [[[{"uid": t}]]]},
            ids=["a", f"b{t}"],
            hovertemplate="%{customdata[0].a}<extra></extra>",
            selectedpoints=[t % 2],
        ),
        {
            "meta": [
                True,
                1,
                2**60,
                {"uid": t},
                "x",
                {},
                [],
                [[0.1 * t], [1]],
            ],
            "shapes": [{}, {"x0": t, "line": {}}],
        },
    )


def number_as_meta(t):
    return go.Figure(go.Scatter(y=[t]), {"meta": 0.1 * t})


def texts(t):
    text = TEXTS[t % len(TEXTS)]
    return go.Figure(
        go.Scatter(x=TEXTS, y=[t] * 5, text=TEXTS[::-1], name=text),
        {
            "title": {"text": text, "subtitle": {"text": rf"$\alpha_{t}$"}},
            "annotations": [{"text": text, "x": t, "ax": 1 / 3}],
            "meta": "NaN" if t else "Infinity",
        },
    )


def layout(t):
    """Axes, shapes and what else there is beside the traces."""
    figure = make_subplots(2, 2, shared_xaxes=True, subplot_titles=["a", "b"])
    for row in (1, 2):
        figure.add_scatter(x=X, y=X * t / 7, row=row, col=1)
    figure.add_shape(type="path", path=f"M 0,0 L {t},1 Z")
    figure.add_hline(y=0.1 * t, line_dash="dot", annotation_text="here")
    figure.update_yaxes(range=[0, t], tickvals=np.arange(3) * t / 3, row=1)
    figure.update_xaxes(range=[t, None], ticktext=["a", "b"])
    return figure.update_layout(
        colorway=["red", "blue"][: 1 + t % 2],
        showlegend=bool(t % 2),
        height=300 + t,
    )


def growing(t):
    return go.Figure(
        [
            go.Scatter(y=np.sqrt(np.arange(t))),
            go.Heatmap(z=np.sqrt(SQUARE[:t])),
            go.Scatter(x=["a"] * t, y=[]),
        ]
    )


# What the figure itself says that is visible of its numbers.
VISIBLE = {
    (scatter, "data", 0, "marker", "color"): 2,
    (scaled, "data", 1, "y"): 0.02,
    (scaled, "data", 2, "y"): 1e-3,
    (heatmap, "data", 0, "z"): 20,
    (heatmap, "data", 2, "z"): 1,
    (round_or_solid, "data", 0, "z"): 4,
    (round_or_solid, "data", 0, "surfacecolor"): 18,
    (round_or_solid, "data", 1, "z"): 4,
    (round_or_solid, "data", 3, "r"): 1,
    (without_axes, "data", 4, "dimensions", 0, "values"): 9,
    (layout, "data", 0, "y"): 1,
}
FIGURES = [
    scatter,
    scaled,
    bars,
    groups,
    distributions,
    heatmap,
    image,
    dates,
    round_or_solid,
    without_axes,
    data_of_users,
    number_as_meta,
    texts,
    layout,
    growing,
]
