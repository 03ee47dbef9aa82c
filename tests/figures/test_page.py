"""The page's markup, read by an HTML parser that is not ours."""

import base64
import json
import math
import re
import zlib

import plotly.graph_objects as go
import pytest
from bs4 import BeautifulSoup

from d2lattn.figures import bundle, describe, explore, page

# Of an older Plotly the whole.
PART = bundle.part({})
PLOTLY = f"plotly-{PART}"


def parse(html):
    return BeautifulSoup(html, "html.parser")


def spec(element):
    return json.loads(element.find("script", class_="d2l-spec").string)


def line(bandwidth=1.0, kernel="boxcar", mask=False):
    """Look at the slope."""
    figure = go.Figure(go.Scatter(x=[0, 1, 2], y=[0, bandwidth, math.nan]))
    figure.update_layout(height=320)
    return describe(figure, f"{kernel} of {bandwidth}, {mask}")


@pytest.fixture
def made():
    """An explorer with one control of each kind."""
    return explore(
        line,
        title="A line",
        bandwidth=(0.5, 2.0, 0.5),
        kernel=["gaussian", "boxcar"],
        mask=True,
    )


def test_each_control_has_a_label_an_input_and_an_output(made):
    (root,) = parse(page.explorer(made.payload(), "here")).find_all("figure")
    controls = root.find(class_="d2l-controls")
    ids = [entry["id"] for entry in controls.find_all(attrs={"id": True})]
    assert len(set(ids)) == len(ids) == 3
    for at, name in zip(ids, ["bandwidth", "kernel", "mask"], strict=True):
        entry = controls.find(id=at)
        assert entry["data-control"] == name
        assert entry.has_attr("disabled")  # until the script listens
        assert controls.find("label", attrs={"for": at}).text == name
        assert controls.find("output", attrs={"for": at})


def test_controls_stand_at_their_start(made):
    root = parse(page.explorer(made.payload(), "here"))
    slider = root.find("input", type="range")
    assert (slider["min"], slider["max"], slider["step"]) == ("0", "3", "1")
    assert slider["value"] == "1"
    assert slider["aria-valuetext"] == "1.0, stop 2 of 4"
    assert [option.text for option in root.find_all("option")] == [
        "gaussian",
        "boxcar",
    ]
    assert root.find("option", selected=True).text == "boxcar"
    assert not root.find("input", type="checkbox").has_attr("checked")
    outputs = [output.text for output in root.find_all("output")]
    assert outputs == ["1.0", "boxcar", "off"]
    ticked = explore(line, mask=True, title="x", bandwidth=[1.0]).payload()
    ticked["controls"][0]["index"] = 1
    assert parse(page.explorer(ticked, "x")).find("input", checked=True)


def test_an_explorer_says_what_it_is(made):
    (root,) = parse(page.explorer(made.payload(), "here")).find_all("figure")
    assert root["class"] == ["d2l-explorer"]
    assert root["aria-label"] == "A line"
    assert root.find("figcaption").text == "A line. Look at the slope."
    plot = root.find(class_="d2l-plot")
    assert plot["role"] == "img"
    assert "min-height:320px" in plot["style"]  # nothing jumps later
    assert root.find(class_="d2l-alt")["role"] == "status"


def silent(bandwidth=1.0, kernel="boxcar", mask=False):
    """A figure that nobody described."""
    return go.Figure(go.Scatter(y=[0, bandwidth]))


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (line, "box & car of 1.0, True"),
        (silent, "A line: bandwidth 1.0, kernel box & car, mask on"),
    ],
)
def test_an_explorer_says_what_it_shows_before_any_script_runs(draw, said):
    def opened(bandwidth=1.0, kernel="box & car", mask=True):
        return draw(bandwidth, kernel, mask)

    made = explore(
        opened,
        title="A line",
        bandwidth=(0.5, 2.0, 0.5),
        kernel=["gaussian", "box & car"],
        mask=True,
    )
    root = parse(page.explorer(made.payload(), "here"))
    assert root.find(class_="d2l-alt").text == said
    assert root.find(class_="d2l-plot")["aria-label"] == said


def test_frames_may_stand_in_a_file_of_their_own(made):
    payload = made.payload()
    beside = parse(
        page.explorer(payload, "x", static="static", frames_src="f.js")
    )
    assert beside.figure["data-plotly"] == f"static/{PLOTLY}.min.js"
    written = spec(beside)
    assert not written.keys() & {"frames", "moving"}
    assert written["src"] == "f.js"
    call = re.fullmatch(
        r"d2lattn\.deliver\((.*?), (.*)\);\n", page.frames_file(payload)
    )
    key, beside = map(json.loads, call.groups())
    assert key == written["key"] == page.frames_key(payload)
    within = parse(page.explorer(payload, "x"))
    for part in ("frames", "moving"):
        assert beside[part] == payload[part] == spec(within)[part]
    assert not within.figure.has_attr("data-plotly")


def test_the_name_of_the_frames_changes_with_them(made):
    def steeper(bandwidth=1.0, kernel="boxcar", mask=False):
        return line(bandwidth * 3, kernel, mask)

    steeper.__name__, steeper.__doc__ = "line", line.__doc__
    controls = {"bandwidth": (0.5, 2.0, 0.5), "kernel": ["gaussian", "boxcar"]}
    keys = {
        page.frames_key(explore(fn, title="A line", **controls).payload())
        for fn in (line, line, steeper)
    }
    assert len(keys) == 2


def scary(figure, text):
    """A figure with this text wherever a figure can have text."""
    figure.add_scatter(x=[text, "b"], y=[1, 2], name=text)
    figure.update_layout(title={"text": text})
    return describe(figure, text)


@pytest.fixture(params=["page", "html"])
def scary_root(request, markup):
    """An explorer full of markup, in the two forms that are HTML."""

    def draw(**values):
        return scary(go.Figure(), values[markup])

    made = explore(
        draw,
        title=markup,
        caption=markup,
        **{markup: {markup: markup, "plain": "plain"}},
    )
    if request.param == "html":
        return parse(made.to_html())
    return parse(page.explorer(made.payload(), "here", frames_src=markup))


def test_markup_shows_as_text(scary_root, markup):
    root = scary_root.find("figure")
    assert scary_root.find(["img", "b"]) is None
    assert root["aria-label"] == markup
    assert root.find(class_="d2l-plot")["aria-label"] == markup
    assert root.find("figcaption").text == f"{markup}. {markup}"
    assert root.find("label").text == markup
    assert root.find("output").text == markup
    assert [it.text for it in root.find_all("option")] == [markup, "plain"]
    assert root.find("select")["data-control"] == markup
    (script,) = root.find_all("script")
    assert "<" not in script.string
    written = spec(root)
    assert written["title"] == written["caption"] == markup
    assert written["controls"][0]["labels"] == [markup, "plain"]
    if "moving" in written:  # in the book it stands in a file beside the page
        texts = {tuple(it["path"]): it["choices"] for it in written["moving"]}
        assert texts["layout", "meta", "alt"] == [markup, "plain"]
        assert texts["data", 0, "name"] == [markup, "plain"]


def test_ids_hold_no_text_of_others(scary_root):
    for entry in scary_root.find_all(attrs={"id": True}):
        assert re.fullmatch(r"[\w-]+", entry["id"])


def test_standalone_html_needs_nothing_else(made):
    html = made.to_html()
    root = parse(html)
    for element in root.find_all(True):
        assert not {"src", "href", "data-plotly"} & element.attrs.keys()
    assert not re.search(r"url\(|@import", root.style.string)
    plotly_js = root.find("script", class_=f"d2l-{PLOTLY}").string
    code = zlib.decompress(base64.b64decode(plotly_js)).decode()
    assert code == bundle.script(PART)
    (script,) = root.find_all("script", class_=False)
    assert script.string == page.script()
    assert root.style.string == page.style()


def test_the_script_survives_inside_a_page():
    assert "</" not in page.script()
    assert "<!--" not in page.script()
    assert "</" not in page.style()


@pytest.mark.parametrize(
    ("layout", "alt"),
    [
        (None, "Figure"),
        ({"title": {"text": "Loss"}}, "Loss"),
        ({"title": "Loss"}, "Loss"),
        ({"title": {}}, "Figure"),
        (
            {"meta": {"alt": "It falls."}, "title": {"text": "Loss"}},
            "It falls.",
        ),
        ({"meta": ["a", "b"], "title": {"text": 3}}, "3"),
    ],
)
def test_an_ordinary_figure_has_a_text_alternative(layout, alt):
    root = parse(page.figure({"data": [], "layout": layout})).figure
    assert root["aria-label"] == alt
    assert root.find(class_="d2l-plot")["aria-label"] == alt


def test_an_ordinary_figure_is_written_without_its_template(markup):
    figure = scary(go.Figure(layout={"height": 260}), markup)
    figure.frames = [go.Frame(name="next")]
    given = json.loads(figure.to_json())
    assert given["layout"].pop("template")
    root = parse(page.figure(json.loads(figure.to_json()), static=".."))
    assert root.find(["img", "b"]) is None
    assert root.figure["class"] == ["d2l-figure"]
    assert root.figure["data-plotly"] == f"../{PLOTLY}.min.js"
    assert "min-height:260px" in root.find(class_="d2l-plot")["style"]
    assert spec(root) == given


def test_numbers_that_json_lacks_are_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        page.figure({"data": [{"y": [math.nan]}], "layout": {}})
