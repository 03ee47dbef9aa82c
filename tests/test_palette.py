"""The palette keeps its promises: contrast, colour blindness, even steps."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from colorspacious import cspace_convert

from d2lattn.figures.palette import COLORS, THEMES, colorscale, css, template

# How much of the colour vision is missing (Machado, Oliveira and Fernandes,
# 2009), at severity 100: all of one kind of cone.
VISION = {
    "normal": None,
    "protanopia": "protanomaly",
    "deuteranopia": "deuteranomaly",
    "tritanopia": "tritanomaly",
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
ROOT = Path(__file__).parents[1]
DRAWINGS = sorted((ROOT / "chapters" / "images").glob("*.svg"))
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


def oklab(color):
    return LAB @ np.cbrt(LMS @ linear(color))


def perceived(color, vision="normal"):
    """A colour as seen, in CAM02-UCS: distance is how different it looks."""
    rgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    if VISION[vision]:
        space = {
            "name": "sRGB1+CVD",
            "cvd_type": VISION[vision],
            "severity": 100,
        }
        rgb = cspace_convert(rgb, space, "sRGB1").clip(0, 1)
    return cspace_convert(rgb, "sRGB1", "CAM02-UCS")


def closest(colors, vision):
    """The two colours that look most alike, and how different they look."""
    seen = {name: perceived(it, vision) for name, it in colors.items()}
    return min(
        (np.linalg.norm(seen[a] - seen[b]), a, b)
        for a, b in combinations(seen, 2)
    )


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
# come to 11.7 (blue and green, tritanopia), at half of our contrast.
ENOUGH = 10


@pytest.mark.parametrize("vision", VISION)
def test_traces_stay_apart_for_colour_blind_readers(vision):
    apart, one, other = closest(COLORS, vision)
    assert apart >= ENOUGH, f"{one} and {other}"


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("vision", VISION)
def test_drawings_stay_readable_for_colour_blind_readers(vision, theme):
    drawn = {role: THEMES[theme][role] for role in (*HUES, "muted", "ink")}
    apart, one, other = closest(drawn, vision)
    assert apart >= ENOUGH, f"{one} and {other}"


@pytest.mark.parametrize("theme", THEMES)
def test_weights_darken_or_lighten_in_even_steps(theme):
    places, stops = zip(*colorscale(theme), strict=True)
    assert (places[0], places[-1]) == (0, 1)
    for vision in VISION:
        steps = np.diff([perceived(stop, vision)[0] for stop in stops])
        assert np.all(steps < 0) or np.all(steps > 0)
    steps = np.diff([oklab(stop)[0] for stop in stops])
    assert np.ptp(steps) < 0.1 * abs(steps.mean())
    fade = np.linalg.norm(oklab(stops[0]) - oklab(THEMES[theme]["surface"]))
    assert fade < 0.04
    assert contrast(stops[-1], THEMES[theme]["paper"]) >= 7


@pytest.mark.parametrize("file", DRAWINGS, ids=lambda file: file.name)
def test_drawings_without_the_book_have_its_light_colours(file):
    ours = THEMES["light"] | {f"trace-{n}": it for n, it in COLORS.items()}
    given = re.findall(
        r"var\(--d2l-([\w-]+), *(#\w+)\)", file.read_text("utf-8")
    )
    assert given
    for role, color in given:
        assert color == ours[role], role


def test_css_and_themes_are_the_same_colours():
    light, dark = css().split('@media screen {\nhtml[data-theme="dark"]')
    for name, theme in (("light", light), ("dark", dark)):
        for role, color in THEMES[name].items():
            assert f"--d2l-{role}: {color};" in theme
    assert light.count("{") == light.count("}") == 1


@pytest.mark.parametrize("theme", THEMES)
def test_the_template_dresses_a_figure(theme):
    dressed = template(theme)
    assert dressed.layout.font.color == THEMES[theme]["ink"]
    assert dressed.data.heatmap[0].colorscale[0][1] == colorscale(theme)[0][1]
    assert list(dressed.layout.colorway) == list(COLORS.values())
