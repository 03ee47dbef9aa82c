"""One palette for the figures, the drawings and the pages of the book.

Every hue has one meaning: a query is vermilion, a key blue, a value green, a
weight purple. `COLORS` holds the hues of figure traces, chosen to stand out
(contrast 3:1) from the light and the dark paper alike; `THEMES` holds what
changes with the theme, its hues dark or light enough for text (4.5:1). The
hues of each stay apart for colour-blind readers. `tests/test_palette.py`
checks all of this.
"""

import plotly.graph_objects as go

COLORS = {
    "query": "#df582e",
    "key": "#2670d4",
    "value": "#15a069",
    "weight": "#a640a7",
    "muted": "#707377",
}

THEMES = {
    "light": {
        "paper": "#fcfbf8",
        "surface": "#f6f4ef",
        "ink": "#1f2024",
        "muted": "#5b5e66",
        "line": "#d9d6cd",
        "query": "#b5390f",
        "key": "#1d5fc0",
        "value": "#0a7144",
        "weight": "#8f2f90",
        "accent": "#7a2a86",
    },
    "dark": {
        "paper": "#14161b",
        "surface": "#1c1f25",
        "ink": "#e6e4df",
        "muted": "#a3a6ae",
        "line": "#3a3e47",
        "query": "#fc9066",
        "key": "#84b5fe",
        "value": "#3fdea3",
        "weight": "#d88bd1",
        "accent": "#dfa3ea",
    },
}

FONTS = {
    "serif": '"Source Serif 4", "Iowan Old Style", Georgia, serif',
    "sans": '"Source Sans 3", system-ui, "Segoe UI", sans-serif',
    "mono": '"Source Code Pro", ui-monospace, Menlo, Consolas, monospace',
}

# From almost the surface to the weight hue and beyond, in even steps of
# OKLab lightness: equal differences of a weight look equally large.
_RAMPS = {
    "light": "#f5f2f6 #e3cfec #d2abe1 #c187d4 #b061c5 "
    "#9a40ad #7f268e #61156b #420a48",
    "dark": "#1d1b1e #3c2747 #602f72 #833c97 #a64db9 "
    "#c369d1 #dc8be3 #e9b5ea #f8dcf6",
}


def colorscale(theme: str = "light") -> list[list[float | str]]:
    """Plotly's sequential scale for weights: zero fades into the page."""
    stops = _RAMPS[theme].split()
    return [[i / (len(stops) - 1), stop] for i, stop in enumerate(stops)]


def template(theme: str = "light") -> go.layout.Template:
    """The Plotly template of a theme: the looks, so that figures set data."""
    t = THEMES[theme]
    scale = colorscale(theme)
    two_sided = [[0, COLORS["key"]], [0.5, t["surface"]], [1, COLORS["query"]]]
    axis = {
        "gridcolor": t["line"],
        "zerolinecolor": t["line"],
        "linecolor": t["muted"],
        "tickcolor": t["line"],
        "automargin": True,
        "title": {"standoff": 8},
    }
    bar = {"thickness": 10, "outlinewidth": 0, "tickcolor": t["line"]}
    return go.layout.Template(
        data={"heatmap": [{"colorscale": scale, "colorbar": bar}]},
        layout={
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"color": t["ink"], "family": FONTS["sans"], "size": 14},
            "title": {"x": 0, "xanchor": "left", "font": {"size": 16}},
            "colorway": list(COLORS.values()),
            "colorscale": {"sequential": scale, "diverging": two_sided},
            "xaxis": axis,
            "yaxis": axis,
            "margin": {"l": 44, "r": 12, "t": 36, "b": 40},
            "legend": {
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "y": 1.02,
                "yanchor": "bottom",
                "bgcolor": "rgba(0,0,0,0)",
            },
            "hoverlabel": {
                "bgcolor": t["surface"],
                "bordercolor": t["muted"],
                "font": {"color": t["ink"], "family": FONTS["sans"]},
            },
        },
    )


def css() -> str:
    """Custom properties `--d2l-…`: light by default, dark when asked for.

    Paper is always light. Until a script has chosen the theme of a page, the
    page follows the reader's system.
    """
    shared = {f"font-{name}": stack for name, stack in FONTS.items()}
    shared |= {f"trace-{role}": color for role, color in COLORS.items()}
    light, dark = (
        "".join(f"  --d2l-{name}: {it};\n" for name, it in rules.items())
        for rules in (
            shared | THEMES["light"] | {"scheme": "light"},
            THEMES["dark"] | {"scheme": "dark"},
        )
    )
    return (
        f"html {{\n{light}}}\n"
        f'@media screen {{\nhtml[data-theme="dark"] {{\n{dark}}}\n}}\n'
        "@media screen and (prefers-color-scheme: dark) {\n"
        f'html[data-theme="auto"] {{\n{dark}}}\n}}\n'
    )
