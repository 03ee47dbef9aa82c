"""Controls: what ipywidgets.interact makes of them, made finite."""

import math
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
import torch
from ipywidgets import Checkbox, Dropdown, IntSlider, interactive

from d2lattn.figures.controls import parse_controls

NAN = math.nan


def parse(given, **default):
    """The control for one abbreviation, of a parameter with this default."""
    if default:

        def draw(x=default["default"]):
            pass
    else:

        def draw(x):
            pass

    (control,) = parse_controls(draw, {"x": given})
    return control


@pytest.mark.parametrize(
    "given",
    [
        *((0, 5), (-3, 3), (1, 7, 3), (0, 11, 3), (2, 2)),
        *((0, 1.0), (0.1, 2.0, 0.1), (0.0, 1.0, 0.3), (-1.0, 1.0, 0.25)),
        (np.int64(1), np.int64(5)),
        (np.float64(0.5), np.float64(2.5), np.float64(0.5)),
        *(5, -7, 0, 0.5, 0.7, -0.7, 0.0),
    ],
)
def test_range_is_the_slider_of_interact(given):
    control = parse(given)
    slider = interactive.widget_from_abbrev(given)
    kind = int if isinstance(slider, IntSlider) else float
    assert control.kind == "range"
    assert {type(value) for value in control.values} == {kind}
    first, last = control.values[0], control.values[-1]
    assert first == pytest.approx(slider.min)
    assert last == pytest.approx(slider.max) or (
        last < slider.max < last + slider.step
    )
    assert np.diff(control.values) == pytest.approx(slider.step)
    start = [value for value in control.values if value <= slider.value][-1]
    assert control.start == control.values[control.index] == start


@pytest.mark.parametrize(
    "given",
    [
        [0, 2.5, True, "three"],
        [("one", 1), ["two", 2]],
        [(1, 2), "all"],
        {"no": False, "yes": True},
        {1: "one", 2: "two"},
        np.linspace(0, 1, 3),
        {"only"},
    ],
)
def test_options_are_those_of_interact(given):
    control = parse(given)
    menu = interactive.widget_from_abbrev(given)
    assert isinstance(menu, Dropdown)
    assert control.kind == "select"
    assert control.start == menu.value
    for i, pair in enumerate(zip(control.labels, control.values, strict=True)):
        menu.index = i
        assert pair == (menu.label, menu.value)
    assert i == len(menu.options) - 1


@pytest.mark.parametrize("given", [("a", "b"), ("a", "b", "c"), (1, 2, 3, 4)])
def test_a_tuple_that_is_no_range_is_a_list_of_options(given):
    assert parse(given).values == given


@pytest.mark.parametrize("given", [True, False])
def test_bool_is_the_checkbox_of_interact(given):
    control = parse(given)
    box = interactive.widget_from_abbrev(given)
    assert isinstance(box, Checkbox)
    assert control.kind == "checkbox"
    assert control.values == (False, True)
    assert control.start is box.value
    assert control.index == int(given)
    assert parse(given, default=not given).start is not given


@pytest.mark.parametrize(
    ("given", "default"),
    [
        ((0, 5), 4),
        ((0.0, 1.0, 0.1), 0.25),
        ((0.0, 1.0, 0.1), 1),
        ((0, 5), np.int64(4)),
        ((0, 5), None),
        (["a", "b"], "b"),
        (["a", None], None),
        ([("a", 1), ("b", 2)], 2),
        ({"a": 1.0, "b": 2.0}, 2),
    ],
)
def test_starts_at_the_default_as_in_interact(given, default):
    widget = interactive.widget_from_abbrev(given, default)
    assert parse(given, default=default).start == widget.value


def test_a_start_between_stops_opens_on_the_nearest():
    control = parse((0.0, 1.0, 0.25), default=0.6)
    assert (control.start, control.values[control.index]) == (0.6, 0.5)


def test_where_a_control_starts_otherwise():
    assert parse(3, default=5).start == 5
    assert parse(["a", None]).start == "a"
    assert parse(["a", "b"], default=None).start == "a"


@pytest.mark.parametrize(
    ("options", "default"),
    [
        *(([1, True], True), ([1.0, 2.0], 2), ([0.0, NAN], NAN)),
        ([7, float("7")], float("7")),
    ],
)
def test_options_are_found_by_identity_then_type_then_equality(
    options, default
):
    assert parse(options, default=default).index == 1


@pytest.mark.parametrize("make", [torch.tensor, np.array])
def test_options_may_be_arrays(make):
    one, two = make([2.0, 3.0]), make([5.0, 7.0])
    given = {"one": one, "two": two}
    assert parse(given).index == 0
    assert parse(given, default=two).index == 1
    with pytest.raises(ValueError, match="must start at one of its options"):
        parse(given, default=make([2.0, 7.0]))


@pytest.mark.parametrize(
    "texts",
    [("0.1", "2.0", "0.1"), ("-1", "1.5", "0.05"), ("1e-7", "1e-6", "1e-7")],
)
def test_stops_are_the_nearest_floats_to_the_decimals(texts):
    lo, hi, step = map(Fraction, texts)
    control = parse(tuple(map(float, texts)))
    exact = [lo + i * step for i in range(int((hi - lo) / step) + 1)]
    assert control.values == tuple(map(float, exact))
    assert [Fraction(label) for label in control.labels] == exact


@pytest.mark.parametrize(("lo", "hi"), [(0, 1), (-math.pi, math.pi)])
def test_the_last_stop_is_there_whatever_the_step_rounds_to(lo, hi):
    for count in range(1, 120):
        step = (hi - lo) / count
        control = parse((float(lo), float(hi), step))
        assert control.values[-1] == hi
        assert np.diff(control.values) == pytest.approx([step] * count)
        assert len(set(control.labels)) == count + 1
        assert max(map(len, control.labels)) <= len("-3.141593")


def test_labels_have_the_digits_of_the_range():
    assert parse((0, 1, 0.5)).labels == ("0.0", "0.5", "1.0")
    assert parse((0, 1, 0.25)).labels[:2] == ("0.00", "0.25")
    assert parse((8, 10)).labels == ("8", "9", "10")
    assert parse((-0.2, 0.2, 0.1)).labels[2] == "0.0"
    assert parse((-math.pi, math.pi, math.pi / 3)).labels[3] == "0.0000"
    assert parse((0.0, math.pi, math.pi / 2)).labels[1] == "1.5708"
    assert parse(0.7).labels[-1] == "2.1"


def draw(bandwidth, kernel="gaussian", **others):
    pass


def test_controls_keep_their_order_and_say_what_they_are():
    controls = parse_controls(
        draw,
        {
            "valid_len": (1, 3),
            "bandwidth": (0.5, 2.0, 0.5),
            "kernel": ["gaussian", "boxcar"],
        },
    )
    assert controls[0].title == "valid len"
    assert [str(control) for control in controls] == [
        "valid_len 1 to 3 (3 stops)",
        "bandwidth 0.5 to 2.0 (4 stops)",
        "kernel gaussian | boxcar",
    ]


class Drawing:
    """Something to call."""

    def __call__(self, x, y=0):
        """Call it."""


@pytest.mark.parametrize(
    "fn", [Drawing(), lambda x: x, lambda **all_: 0, partial(draw, 1)]
)
def test_anything_to_call_has_controls(fn):
    (control,) = parse_controls(fn, {"x": (0, 1)})
    assert control.values == (0, 1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, r"draw\) must have a control.* bandwidth=\(0.0, 1.0, 0.1\)"),
        (
            {"bandwith": (0, 1)},
            r"of draw must fit its parameters \(bandwidth, kernel, others\), "
            "but are bandwith: missing .* 'bandwidth'",
        ),
        ({"bandwidth": (1, 0)}, r"bandwidth must .* lo <= hi .* \(1, 0, 1\)"),
        ({"bandwidth": (0, 1, 0)}, r"a step above zero, but is \(0, 1, 0\)"),
        ({"bandwidth": (0, 1, -0.1)}, "a step above zero"),
        ({"bandwidth": (0.0, math.inf)}, "bandwidth must be finite"),
        ({"bandwidth": (NAN, 1.0)}, "bandwidth must be finite"),
        ({"bandwidth": (0.0, 1.0, NAN)}, "bandwidth must be finite"),
        ({"bandwidth": (0, 10**9)}, "at most 100000 stops, but has 10{8}1"),
        ({"bandwidth": []}, "bandwidth must have an option"),
        ({"bandwidth": {}}, "bandwidth must have an option"),
        ({"bandwidth": ()}, "bandwidth must have an option"),
        ({"bandwidth": "wide"}, r"must be \(lo, hi\), .* but is 'wide'"),
        ({"bandwidth": None}, "but is None"),
        (
            {"bandwidth": 1, "kernel": ["boxcar", "constant"]},
            "kernel must start at .*'boxcar', 'constant', but .* 'gaussian'",
        ),
        (
            {"bandwidth": 1, "kernel": (0.0, 1.0)},
            "kernel must start at a number, but starts at 'gaussian'",
        ),
    ],
)
def test_a_wrong_control_says_what_is_wrong(given, message):
    with pytest.raises(ValueError, match=message):
        parse_controls(draw, given)


@pytest.mark.parametrize(
    ("given", "default", "message"),
    [
        ((0, 5), 6, "x must start between 0 and 5, but starts at 6"),
        ((0.0, 1.0, 0.3), 0.95, "between 0.0 and 0.9"),
        ((0, 5), 2.5, "x must start at a whole number"),
        ((0, 5), True, "a whole number, but starts at True"),
        ((0.0, 5.0), NAN, "starts at nan"),
    ],
)
def test_a_wrong_start_says_what_is_wrong(given, default, message):
    with pytest.raises(ValueError, match=message):
        parse(given, default=default)
