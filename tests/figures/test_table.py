"""Small figures as tables, read by an HTML parser that is not ours."""

import numpy as np
import plotly.graph_objects as go
from bs4 import BeautifulSoup

from d2lattn.figures.leaves import frame, nest
from d2lattn.figures.table import table


def rows(*traces, **layout):
    """The cells of a figure's tables."""
    html = table(nest(frame(go.Figure(list(traces), layout))))
    soup = BeautifulSoup(html, "html.parser")
    return [
        [[cell.text for cell in row.find_all(["th", "td"])] for row in rows]
        for rows in (it.find_all("tr") for it in soup.find_all("table"))
    ]


def test_what_stands_at_the_same_places_is_one_table():
    x = ["a", "b<br>c", "<"]
    bars = go.Bar(x=x, y=[1, np.nan, 1 / 3], name="one")
    dots = go.Scatter(x=x, y=np.array([4.0, 5.0, 6.0]), name="two")
    nameless = go.Scatter(x=[0, 1, 2], y=[0, 1, 0])
    head = ["key", "one", "two"]
    shown = [head, ["a", "1", "4"], ["b c", "", "5"], ["<", "0.333", "6"]]
    assert rows(bars, nameless, dots, xaxis_title="key") == [shown]


def test_a_heatmap_has_the_words_of_its_axes():
    ticks = {"tickvals": [0, 1, 2], "ticktext": ["on", "the", "desk"]}
    heatmap = go.Heatmap(z=np.arange(6).reshape(3, 2), x=["cup", "mug"])
    head = ["", "cup", "mug"]
    shown = [head, ["on", "0", "1"], ["the", "2", "3"], ["desk", "4", "5"]]
    assert rows(heatmap, yaxis=ticks) == [shown]


def test_a_large_figure_has_no_table():
    assert rows(go.Bar(x=np.arange(101), y=np.arange(101), name="y")) == []
