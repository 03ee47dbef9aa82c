"""Controls: what ipywidgets.interact makes of them, made finite."""

import math
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
import torch
from ipywidgets import Dropdown, FloatSlider, IntSlider, interactive

from d2lattn.figures.controls import parse_controls


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


def options(widget):
    """The labels and values of an ipywidgets menu, read from outside."""
    found = []
    for i in range(len(widget.options)):
        widget.index = i
        found.append((widget.label, widget.value))
    return found


RANGES = [
    (0, 5),
    (0, 6),
    (-3, 3),
    (1, 7, 3),
    (0, 11, 3),
    (2, 2),
    (0.0, 1.0),
    (0, 1.0),
    (0.1, 2.0, 0.1),
    (0.0, 1.0, 0.3),
    (-1.0, 1.0, 0.25),
    (1.0, 2.0, 0.5),
    (np.int64(1), np.int64(5)),
    (np.float64(0.5), np.float64(2.5), np.float64(0.5)),
    5,
    -7,
    0,
    0.5,
    0.7,
    -0.7,
    0.0,
]


@pytest.mark.parametrize("given", RANGES)
def test_range_is_the_slider_of_interact(given):
    control = parse(given)
    slider = interactive.widget_from_abbrev(given)
    whole = isinstance(slider, IntSlider)
    assert isinstance(slider, FloatSlider) != whole
    assert control.kind == "range"
    assert {type(value) for value in control.values} == {
        int if whole else float
    }
    first, last = control.values[0], control.values[-1]
    assert first == pytest.approx(slider.min)
    assert last == pytest.approx(slider.max) or (
        last < slider.max < last + slider.step
    )
    assert np.diff(control.values) == pytest.approx(slider.step)
    start = [value for value in control.values if value <= slider.value][-1]
    assert control.start == start
    assert control.values[control.index] == control.start


@pytest.mark.parametrize(
    "given",
    [
        ["gaussian", "boxcar"],
        [0, 2.5, True, "three"],
        [("one", 1), ("two", 2)],
        [["one", 1], ["two", 2]],
        [(1, 2), "all"],
        [(1, 2), (3, 4)],
        {"no": False, "yes": True},
        {1: "one", 2: "two"},
        range(3),
        np.linspace(0, 1, 3),
        {"only"},
    ],
)
def test_options_are_those_of_interact(given):
    control = parse(given)
    menu = interactive.widget_from_abbrev(given)
    assert isinstance(menu, Dropdown)
    assert control.kind == "select"
    pairs = list(zip(control.labels, control.values, strict=True))
    assert control.start == menu.value
    assert pairs == options(menu)


@pytest.mark.parametrize("given", [("a", "b"), ("a", "b", "c"), (1, 2, 3, 4)])
def test_a_tuple_that_is_no_range_is_a_list_of_options(given):
    assert parse(given).values == given


@pytest.mark.parametrize("given", [True, False])
def test_bool_is_the_checkbox_of_interact(given):
    control = parse(given)
    assert control.kind == "checkbox"
    assert control.values == (False, True)
    assert control.start is interactive.widget_from_abbrev(given).value
    assert control.index == int(given)
    assert parse(given, default=not given).start is not given


@pytest.mark.parametrize(
    ("given", "default"),
    [
        ((0, 5), 4),
        ((0.0, 1.0, 0.1), 0.7),
        ((0.0, 1.0, 0.1), 0.25),
        ((0.0, 1.0, 0.1), 1),
        ((0, 5), np.int64(4)),
        ((0, 5), None),
        (["a", "b"], "b"),
        (["a", None], None),
        ([("a", 1), ("b", 2)], 2),
        ({"a": 1.0, "b": 2.0}, 2),
        (range(3), 2),
    ],
)
def test_starts_at_the_default_as_in_interact(given, default):
    widget = interactive.widget_from_abbrev(given, default)
    assert parse(given, default=default).start == widget.value


def test_the_default_starts_even_what_gives_a_value_itself():
    assert parse(3).start == 3
    assert parse(3, default=5).start == 5


def test_a_start_between_stops_opens_on_the_nearest():
    control = parse((0.0, 1.0, 0.25), default=0.6)
    assert control.start == 0.6
    assert control.values[control.index] == 0.5


def test_no_default_and_none_start_at_the_first_option():
    assert parse(["a", None]).start == "a"
    assert parse(["a", "b"], default=None).start == "a"


def test_options_are_found_by_identity_then_type_then_equality():
    assert parse([1, True], default=True).index == 1
    assert parse([True, 1], default=1).index == 1
    assert parse([1.0, 2.0], default=2).index == 1
    assert parse([7, float("7")], default=float("7")).index == 1
    nan = math.nan
    assert parse([0.0, nan], default=nan).index == 1


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


@pytest.mark.parametrize(("lo", "hi"), [(0, 1), (-math.pi, math.pi), (1, 10)])
def test_the_last_stop_is_there_whatever_the_step_rounds_to(lo, hi):
    for count in range(1, 120):
        step = (hi - lo) / count
        control = parse((float(lo), float(hi), step))
        assert len(control.values) == count + 1
        assert control.values[-1] == hi
        assert np.diff(control.values) == pytest.approx(step)
        assert len(set(control.labels)) == count + 1
        assert max(map(len, control.labels)) <= len("-3.141593")


def test_labels_have_the_digits_of_the_range():
    assert parse((0.5, 2.0, 0.5)).labels == ("0.5", "1.0", "1.5", "2.0")
    assert parse((0, 1, 0.25)).labels == (
        "0.00",
        "0.25",
        "0.50",
        "0.75",
        "1.00",
    )
    assert parse((8, 10)).labels == ("8", "9", "10")
    assert parse((-0.2, 0.2, 0.1)).labels[2] == "0.0"
    assert parse((0.0, math.pi, math.pi / 2)).labels[1] == "1.5708"
    assert parse(0.7).labels[-1] == "2.1"


def test_controls_keep_their_order_and_say_what_they_are():
    def draw(kernel, bandwidth=0.5, valid_len=2):
        pass

    controls = parse_controls(
        draw,
        {
            "valid_len": (1, 3),
            "bandwidth": (0.5, 2.0, 0.5),
            "kernel": ["gaussian", "boxcar"],
        },
    )
    assert [control.title for control in controls] == [
        "valid len",
        "bandwidth",
        "kernel",
    ]
    assert [str(control) for control in controls] == [
        "valid_len 1 to 3 (3 stops)",
        "bandwidth 0.5 to 2.0 (4 stops)",
        "kernel gaussian | boxcar",
    ]


class Drawing:
    """Something to call."""

    def __call__(self, x, y=0):
        """Call it."""


def anything(**values):
    pass


def two(y, x=0):
    pass


@pytest.mark.parametrize(
    "fn",
    [Drawing(), anything, lambda x: x, partial(two, 1), partial(anything)],
)
def test_anything_to_call_has_controls(fn):
    (control,) = parse_controls(fn, {"x": (0, 1)})
    assert control.values == (0, 1)


def draw(bandwidth, kernel="gaussian"):
    pass


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, r"draw\) must have a control.* bandwidth=\(0.0, 1.0, 0.1\)"),
        (
            {"bandwith": (0, 1)},
            r"controls of draw must fit its parameters \(bandwidth, kernel\), "
            "but are bandwith: missing .* 'bandwidth'",
        ),
        ({"kernel": ["a"]}, "but are kernel: missing .* 'bandwidth'"),
        ({"bandwidth": 1, "size": 2}, "unexpected keyword argument 'size'"),
        (
            {"bandwidth": (1, 0)},
            r"bandwidth must have lo <= hi .* \(1, 0, 1\)",
        ),
        ({"bandwidth": (0, 1, 0)}, r"a step above zero, but is \(0, 1, 0\)"),
        ({"bandwidth": (0, 1, -0.1)}, "a step above zero"),
        ({"bandwidth": (0.0, math.inf)}, "bandwidth must be finite"),
        ({"bandwidth": (math.nan, 1.0)}, "bandwidth must be finite"),
        ({"bandwidth": (0.0, 1.0, math.nan)}, "bandwidth must be finite"),
        (
            {"bandwidth": (0, 10**12)},
            "at most 100000 stops, but has 1000000000001",
        ),
        ({"bandwidth": (0.0, 1.0, 1e-9)}, "but has 1000000001"),
        ({"bandwidth": []}, "bandwidth must have an option"),
        ({"bandwidth": {}}, "bandwidth must have an option"),
        ({"bandwidth": ()}, "bandwidth must have an option"),
        ({"bandwidth": "wide"}, r"must be \(lo, hi\), .* but is 'wide'"),
        ({"bandwidth": None}, "but is None"),
        ({"bandwidth": object}, "but is <class 'object'>"),
        (
            {"bandwidth": 1, "kernel": ["boxcar", "constant"]},
            "kernel must start at .*'boxcar', 'constant', but .* 'gaussian'",
        ),
        (
            {"bandwidth": 1, "kernel": (0, 1)},
            "kernel must start at a whole number, but starts at 'gaussian'",
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
        ((0, 5), 6, "x must start in 0 to 5, but starts at 6"),
        ((0.5, 2.0, 0.5), 0.1, "in 0.5 to 2.0, but starts at 0.1"),
        ((0.0, 1.0, 0.3), 0.95, "in 0.0 to 0.9"),
        ((0, 5), 2.5, "x must start at a whole number"),
        ((0, 5), math.nan, "a whole number, but starts at nan"),
        ((0.0, 5.0), math.nan, "starts at nan"),
        ((0, 5), True, "a whole number, but starts at True"),
    ],
)
def test_a_wrong_start_says_what_is_wrong(given, default, message):
    with pytest.raises(ValueError, match=message):
        parse(given, default=default)


def test_a_function_without_parameters_has_none_to_control():
    with pytest.raises(ValueError, match=r"parameters \(\), but are x"):
        parse_controls(lambda: None, {"x": (0, 1)})
