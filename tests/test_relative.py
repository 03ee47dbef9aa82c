"""Rotary positions and ALiBi, against formulas written another way."""

import math

import pytest
import torch

from d2lattn.language_model import LanguageModel
from d2lattn.multihead import CausalAttention
from d2lattn.relative import (
    AlibiAttention,
    RotaryAttention,
    alibi_slopes,
    rotate,
)

B, H, N, D, V = 2, 3, 7, 10, 11


def draw(heads=H, n=N, dtype=torch.float64):
    return [torch.randn(B, heads, n, d, dtype=dtype) for d in (D, D, V)]


@pytest.mark.parametrize("base", [10.0, 10000.0])
def test_to_rotate_is_to_multiply_complex_numbers(base, device):
    X = torch.randn(B, H, N, D, dtype=torch.float64, device=device)
    i = torch.arange(N, device=device) + 10**6  # large angles
    speeds = [base ** (-2 * j / D) for j in range(D // 2)]
    angles = [[p * s for s in speeds] for p in i.tolist()]
    angles = torch.tensor(angles, dtype=torch.float64, device=device)
    turns = torch.polar(torch.ones_like(angles), angles)
    pairs = torch.view_as_complex(X.unflatten(-1, (-1, 2)))
    expected = torch.view_as_real(pairs * turns).flatten(-2)
    turned = rotate(X, i, base)
    torch.testing.assert_close(turned, expected, rtol=0, atol=1e-8)


def test_scores_depend_on_the_distance_alone():
    queries, keys, _ = draw()
    same = [x[:, :, :1].expand(-1, -1, N, -1) for x in (queries, keys)]
    q, k = RotaryAttention().rotated(*same)
    scores = q @ k.mT
    for shift in range(-N + 1, N):
        along = scores.diagonal(shift, dim1=-2, dim2=-1)
        torch.testing.assert_close(along, along[..., :1].expand_as(along))
    assert scores[0, 0, 0].std() > 0.01
    lengths = [x.norm(dim=-1) for x in (*same, q, k)]
    torch.testing.assert_close(lengths[:2], lengths[2:])


def test_the_base_sets_the_speeds():
    queries, keys, _ = draw()
    places = torch.arange(N)
    q, k = RotaryAttention(base=10.0).rotated(queries[:, :, 2:], keys)
    assert q.equal(rotate(queries[:, :, 2:], places[2:], 10.0))
    assert k.equal(rotate(keys, places, 10.0))


def test_words_before_change_no_rotary_score():
    queries, keys, _ = draw(n=40)
    attention = RotaryAttention()
    whole = attention.weights(queries, keys)[..., 20:, 20:]
    alone = attention.weights(queries[..., 20:, :], keys[..., 20:, :])
    ratio = whole / whole.sum(dim=-1, keepdim=True)
    torch.testing.assert_close(ratio, alone, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_half_precision_is_rounded_once(dtype):
    X, i = torch.randn(N, 64).to(dtype), torch.arange(N) + 10**6
    assert rotate(X, i).equal(rotate(X.float(), i).to(dtype))


@pytest.mark.usefixtures("unchecked")
def test_odd_heads_cannot_be_turned():
    X = torch.zeros(1, 2, 3)
    message = "^heads must have an even size, .* but have 3"
    with pytest.raises(ValueError, match=message):
        RotaryAttention()(X, X, X)
    with pytest.raises(ValueError, match=message):
        RotaryAttention().weights(X, X)


@pytest.mark.parametrize("base", [0.0, -10.0, math.nan])
def test_wrong_bases(base):
    with pytest.raises(ValueError, match=f"^base must be .* but is {base}"):
        rotate(torch.zeros(2, 4), torch.arange(2), base)


@pytest.mark.parametrize("num_heads", [0, -1, 2.5])
@pytest.mark.usefixtures("unchecked")
def test_wrong_heads(num_heads):
    message = f"^num_heads must be .* but is {num_heads}"
    with pytest.raises(ValueError, match=message):
        alibi_slopes(num_heads)


def papers_slopes(n):
    """As `get_slopes` in the code of Press et al."""

    def power_of_two(n):
        start = 2 ** (-(2 ** -(math.log2(n) - 3)))
        return [start * start**i for i in range(n)]

    if math.log2(n).is_integer():
        return power_of_two(n)
    closest = 2 ** math.floor(math.log2(n))
    others = papers_slopes(2 * closest)[0::2][: n - closest]
    return power_of_two(closest) + others


@pytest.mark.parametrize("num_heads", range(1, 34))
def test_slopes_are_the_papers(num_heads):
    expected = torch.tensor(papers_slopes(num_heads))
    torch.testing.assert_close(alibi_slopes(num_heads), expected)


@pytest.mark.parametrize("heads", [1, H, 8])
@pytest.mark.parametrize("Q", [1, 4, N])
def test_alibi_is_an_explicit_bias(heads, Q):
    queries, keys, values = draw(heads)
    queries = queries[:, :, -Q:]
    scores = queries @ keys.mT / math.sqrt(D)
    for h, slope in enumerate(papers_slopes(heads)):
        for i in range(Q):
            for j in range(N):
                place = i + N - Q
                scores[:, h, i, j] -= slope * (place - j)
                if j > place:
                    scores[:, h, i, j] = -torch.inf
    expected = scores.softmax(dim=-1)
    weights = AlibiAttention().weights(queries, keys)
    torch.testing.assert_close(weights, expected, rtol=1e-6, atol=1e-9)
    output = AlibiAttention()(queries, keys, values)
    torch.testing.assert_close(output, expected @ values)


def test_without_heads_there_is_one():
    queries, keys, values = draw(heads=1)
    expected = AlibiAttention()(queries, keys, values)[:, 0]
    output = AlibiAttention()(queries[:, 0], keys[:, 0], values[:, 0])
    torch.testing.assert_close(output, expected)
    alone = AlibiAttention()(queries[1, 0], keys[1, 0], values[1, 0])
    torch.testing.assert_close(alone, expected[1])


@pytest.mark.parametrize(
    ("attention", "knows"),
    [
        (CausalAttention, False),
        (RotaryAttention, True),
        (AlibiAttention, True),
    ],
)
def test_who_knows_the_order_of_earlier_words(attention, knows):
    model = LanguageModel(
        13, 16, 8, 2, 1, positions=None, attention=attention
    ).double()
    X = torch.tensor([[3, 5, 7, 1]])
    swapped = torch.tensor([[5, 3, 7, 1]])
    gap = (model(X)[0][:, -1] - model(swapped)[0][:, -1]).abs().max()
    assert (gap > 1e-4) == knows
    assert knows or gap < 1e-12
