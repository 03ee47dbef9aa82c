"""Windows over the last keys, with and without the first ones."""

import pytest
import torch
import torch.nn.functional as F
from oracles import LargestTensor

from d2lattn.windows import WindowAttention, window_attention, window_mask

B, H, D, V = 2, 3, 5, 7


@pytest.mark.parametrize("sinks", [0, 1, 4])
@pytest.mark.parametrize("window", [1, 3, 64, 100, 1000])
@pytest.mark.parametrize(("Q", "K"), [(131, 131), (67, 200), (1, 200)])
@pytest.mark.parametrize("lens", [None, torch.tensor([150, 90])], ids=str)
def test_is_pytorchs_with_the_mask(window, sinks, Q, K, lens, device):
    queries = torch.randn(B, H, Q, D, device=device)
    keys, values = (torch.randn(B, H, K, n, device=device) for n in (D, V))
    mask = torch.zeros(B, 1, Q, K, dtype=torch.bool, device=device)
    if lens is not None:
        lens = lens.clamp(max=K)
    for b in range(B):
        for i in range(Q):
            place = i + K - Q
            mask[b, 0, i, max(place - window + 1, 0) : place + 1] = True
            mask[b, 0, i, : min(sinks, place + 1)] = True
        if lens is not None:
            mask[b, :, :, lens[b] :] = False
    expected = F.scaled_dot_product_attention(queries, keys, values, mask)
    attention = WindowAttention(window, sinks=sinks)
    lens = None if lens is None else lens.to(device)
    output = attention(queries, keys, values, lens)
    torch.testing.assert_close(output, expected)
    weights = attention.weights(queries, keys, lens)
    assert (weights[~mask.expand_as(weights)] == 0).all()
    torch.testing.assert_close(weights @ values, expected)


def test_scores_far_below_zero():
    X = torch.full((1, 9, 1), 300.0)
    attention = WindowAttention(3, sinks=1)
    assert attention.weights(-X, X).equal(attention.weights(0 * X, X))


def test_what_no_window_reaches_is_not_read():
    queries, keys, values = torch.randn(3, B, H, 200, D)
    output = WindowAttention(3, sinks=2)(queries[:, :, -2:], keys, values)
    for x in (keys, values):
        x[:, :, 2:196] = torch.nan
    again = WindowAttention(3, sinks=2)(queries[:, :, -2:], keys, values)
    assert again.equal(output)


def test_memory_grows_with_the_length():
    largest = []
    for n in (1024, 4096):
        X = torch.randn(1, 2, n, 4)
        with LargestTensor() as found:
            WindowAttention(16)(X, X, X)
        largest.append(found.numel)
    assert largest[1] <= 4 * largest[0]
    assert largest[1] < 4096**2 / 50


def test_a_window_of_everything_is_causal():
    i = torch.arange(9)
    assert window_mask(i, i, window=9).equal(torch.ones(9, 9).tril().bool())
    assert window_mask(i, i, window=1).equal(torch.eye(9).bool())
    queries, keys, values = torch.randn(3, B, H, 9, D)
    torch.testing.assert_close(
        window_attention(queries, keys, values, window=1), values
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"window": 0}, "^window must be at least 1, but is 0"),
        ({"window": 2.5}, "^window must be an integer .* 1, but is 2.5"),
        ({"window": 2, "sinks": -1}, "^sinks must be .* 0, but is -1"),
        ({"window": 2, "sinks": 1.5}, "^sinks must be an integer .* is 1.5"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        WindowAttention(**arguments)
    X = torch.zeros(B, 5, D)
    with pytest.raises(ValueError, match=message):
        window_attention(X, X, X, **arguments)


@pytest.mark.usefixtures("unchecked")
def test_wrong_sizes():
    X = torch.zeros(B, 5, D)
    with pytest.raises(ValueError, match="same leading dimensions"):
        window_attention(X, X[:1], X[:1], window=2)
