"""The palette keeps its promises: contrast, colour blindness, even steps."""

from itertools import combinations

import numpy as np
import plotly.graph_objects as go
import pytest

from d2lattn.figures.palette import COLORS, THEMES, colorscale, css, template

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
HUES = ("query", "key", "value", "weight")


def linear(color):
    rgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(
        rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4
    )


def contrast(a, b):
    """The contrast ratio of WCAG 2."""
    luminance = sorted(linear(c) @ [0.2126, 0.7152, 0.0722] for c in (a, b))
    return (luminance[1] + 0.05) / (luminance[0] + 0.05)


def oklab(color, vision="normal"):
    seen = (VISION[vision] @ linear(color)).clip(0, 1)
    return LAB @ np.cbrt(LMS @ seen)


def test_contrast_of_black_and_white():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert oklab("#ffffff") == pytest.approx([1, 0, 0], abs=1e-4)


@pytest.mark.parametrize("ground", ["paper", "surface"])
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("role", COLORS)
def test_traces_stand_out_on_both_papers(role, theme, ground):
    assert contrast(COLORS[role], THEMES[theme][ground]) >= 3


@pytest.mark.parametrize("ground", ["paper", "surface"])
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("role", ["ink", "muted", "accent", *HUES])
def test_text_is_readable(role, theme, ground):
    colors = THEMES[theme]
    assert contrast(colors[role], colors[ground]) >= 4.5


# Okabe and Ito's own vermilion, blue, bluish green, reddish purple and a grey
# come to 0.037 (green and grey, deuteranopia).
@pytest.mark.parametrize("vision", VISION)
def test_traces_stay_apart_for_colour_blind_readers(vision):
    seen = [oklab(color, vision) for color in COLORS.values()]
    apart = min(np.linalg.norm(a - b) for a, b in combinations(seen, 2))
    assert apart >= 0.079


@pytest.mark.parametrize("theme", THEMES)
def test_weights_darken_or_lighten_in_even_steps(theme):
    places, stops = zip(*colorscale(theme), strict=True)
    assert (places[0], places[-1]) == (0, 1)
    for vision in VISION:
        steps = np.diff([oklab(stop, vision)[0] for stop in stops])
        assert np.all(steps < 0) or np.all(steps > 0)
    steps = np.diff([oklab(stop)[0] for stop in stops])
    assert np.ptp(steps) < 0.1 * abs(steps.mean())
    fade = np.linalg.norm(oklab(stops[0]) - oklab(THEMES[theme]["surface"]))
    assert fade < 0.04
    assert contrast(stops[-1], THEMES[theme]["paper"]) >= 7


@pytest.mark.parametrize("theme", THEMES)
def test_the_template_dresses_a_figure(theme):
    fig = go.Figure(go.Heatmap(z=[[0, 1], [1, 0]]))
    fig.layout.template = template(theme)
    dressed = fig.layout.template
    assert dressed.layout.font.color == THEMES[theme]["ink"]
    assert dressed.data.heatmap[0].colorscale[0][1] == colorscale(theme)[0][1]
    assert list(dressed.layout.colorway) == list(COLORS.values())


def test_css_and_themes_are_the_same_colours():
    light, dark = css().split('@media screen {\nhtml[data-theme="dark"]')
    for name, theme in (("light", light), ("dark", dark)):
        for role, color in THEMES[name].items():
            assert f"--d2l-{role}: {color};" in theme
    assert light.count("{") == light.count("}") == 1
