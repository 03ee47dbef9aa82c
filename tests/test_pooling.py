"""Kernels and Nadaraya–Watson attention pooling."""

import itertools
import math

import pytest
import torch
from oracles import assert_nothing_comes_through, assert_travels
from torch.autograd import gradcheck, gradgradcheck

from d2lattn.pooling import (
    KERNELS,
    NadarayaWatson,
    boxcar,
    constant,
    epanechnikov,
    gaussian,
    kernel_weights,
)

B, Q, K, D, V = 3, 5, 7, 2, 11  # each axis its own prime
LENS = torch.tensor([4, 0, 7])

FORMULAS = {
    gaussian: lambda u: math.exp(-u * u / 2),
    boxcar: lambda u: 1.0 if abs(u) <= 1 else 0.0,
    epanechnikov: lambda u: 1 - u * u if abs(u) < 1 else 0.0,
    constant: lambda u: 1.0,
}
ALL_KERNELS = pytest.mark.parametrize(
    "kernel", KERNELS.values(), ids=KERNELS.keys()
)


def draw(*, dtype=torch.float64, device="cpu"):
    """Return queries, keys and values."""
    sizes = [(B, Q, D), (B, K, D), (B, K, V)]
    return [
        torch.randn(s, dtype=torch.float64).to(device, dtype) for s in sizes
    ]


def written_out(queries, keys, kernel, bandwidth, lens):
    """The weights, one number after the other."""
    weights = torch.zeros(B, Q, K, dtype=torch.float64)
    for b, i in itertools.product(range(B), range(Q)):
        raw = []
        for j in range(int(lens[b])):
            squares = (queries[b, i] - keys[b, j]).square().tolist()
            raw.append(FORMULAS[kernel](math.sqrt(sum(squares)) / bandwidth))
        for j, number in enumerate(raw):
            weights[b, i, j] = number / sum(raw) if sum(raw) else 0.0
    return weights


def test_every_kernel_has_its_name():
    assert {k: f.__name__ for k, f in KERNELS.items()} == {
        k: k for k in ("gaussian", "boxcar", "epanechnikov", "constant")
    }


@ALL_KERNELS
def test_kernels_are_their_formulas(kernel, dtype, device):
    u = torch.arange(-3, 3.125, 0.125, dtype=dtype, device=device)
    expected = torch.tensor([FORMULAS[kernel](x) for x in u.tolist()])
    result = kernel(u)
    assert result.dtype == dtype
    torch.testing.assert_close(result.cpu(), expected.to(dtype))


@ALL_KERNELS
@pytest.mark.parametrize("bandwidth", [0.3, 1.0, torch.tensor(2.5).double()])
def test_weights_are_the_formula(kernel, bandwidth, device):
    queries, keys, _ = draw()
    before = queries.clone(), keys.clone()
    expected = written_out(queries, keys, kernel, float(bandwidth), LENS)
    weights = kernel_weights(
        queries.to(device), keys.to(device), kernel, bandwidth, LENS.to(device)
    )
    torch.testing.assert_close(weights.cpu(), expected)
    assert (queries.equal(before[0]), keys.equal(before[1])) == (True, True)


@ALL_KERNELS
def test_lengths_for_each_query(kernel):
    queries, keys, _ = draw()
    lens = torch.arange(B * Q).reshape(B, Q) % (K + 1)
    weights = kernel_weights(queries, keys, kernel, 2.0, lens)
    for i in range(Q):
        one = queries[:, i : i + 1]
        expected = kernel_weights(one, keys, kernel, 2.0, lens[:, i])
        torch.testing.assert_close(weights[:, i : i + 1], expected)


def test_far_gaussian_keys_do_not_underflow():
    keys = torch.tensor([[1000.0], [1001.0]])
    weights = kernel_weights(torch.zeros(1, 1), keys, gaussian, 0.1)
    assert weights.equal(torch.tensor([[1.0, 0.0]]))


@pytest.mark.parametrize("kernel", [gaussian, epanechnikov])
def test_no_key_near_gives_zeros(kernel, dtype, device):
    tensors = draw(dtype=dtype, device=device)
    queries, keys, values = (x.requires_grad_() for x in tensors)
    attention = NadarayaWatson(kernel, 0.5, learned=True).to(device, dtype)
    far = queries + 99 if kernel is epanechnikov else queries
    lens = LENS.to(device)
    assert (attention.weights(far, keys, lens)[1] == 0).all()
    output = attention(far, keys, values, lens)
    assert (output[1] == 0).all()
    output.sum().backward()
    for x in (queries, keys, values, attention.log_bandwidth):
        assert x.grad.isfinite().all()


@pytest.mark.parametrize("lead", [(), (13,), (13, 3), (2, 13, 3)], ids=str)
def test_any_leading_dimensions(lead):
    queries, keys = torch.randn(*lead, Q, D), torch.randn(*lead, K, D)
    values = torch.randn(*lead, K, V)
    attention = NadarayaWatson()
    output = attention(queries, keys, values)
    assert output.shape == (*lead, Q, V)
    for index in itertools.product(*map(range, lead)):
        one = attention(queries[index], keys[index], values[index])
        torch.testing.assert_close(output[index], one)


@pytest.mark.parametrize("kernel", [gaussian, epanechnikov])
def test_gradients(kernel):
    inputs = [*draw(), torch.tensor(1.7).double()]

    def attend(queries, keys, values, bandwidth):
        return kernel_weights(queries, keys, kernel, bandwidth, LENS) @ values

    inputs = [x.requires_grad_() for x in inputs]
    assert gradcheck(attend, inputs, fast_mode=True)


def test_gradients_where_query_meets_key():
    _, keys, values = (x.requires_grad_() for x in draw())
    attention = NadarayaWatson().double()

    def meet(keys, values):
        return attention(keys[:, :Q], keys, values, LENS)

    for check in (gradcheck, gradgradcheck):
        assert check(meet, (keys, values), fast_mode=True)


@ALL_KERNELS
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_nothing_comes_through(kernel, value, dtype, device):
    inputs = draw(dtype=dtype, device=device)
    attention = NadarayaWatson(kernel, 2.0).to(device, dtype)
    assert_nothing_comes_through(attention, inputs, LENS.to(device), value)


def test_bandwidth_is_learned_only_if_asked():
    fixed = NadarayaWatson(bandwidth=0.4)
    learned = NadarayaWatson(bandwidth=0.4, learned=True)
    for attention in (fixed, learned):
        assert list(attention.state_dict()) == ["log_bandwidth"]
        torch.testing.assert_close(attention.bandwidth, torch.tensor(0.4))
    assert not fixed.log_bandwidth.requires_grad
    assert learned.log_bandwidth.requires_grad


@pytest.mark.parametrize("bandwidth", [0, -1.0, math.nan])
@pytest.mark.usefixtures("unchecked")
def test_wrong_bandwidth(bandwidth):
    queries, keys, _ = draw()
    message = f"^bandwidth must be positive, but is {float(bandwidth)}"
    with pytest.raises(ValueError, match=message):
        NadarayaWatson(bandwidth=bandwidth)
    for number in (bandwidth, torch.tensor(bandwidth)):
        with pytest.raises(ValueError, match=message):
            kernel_weights(queries, keys, bandwidth=number)


@pytest.mark.parametrize("kernel", [boxcar, constant])
def test_flat_kernels_cannot_learn(kernel):
    with pytest.raises(
        ValueError, match=f"but is {kernel.__name__}, which is flat"
    ):
        NadarayaWatson(kernel, learned=True)


WRONG_SIZES = [
    ((B, Q, 3), (B, K, D), (B, K, V), "queries and keys .* same size"),
    ((B, Q, D), (2, K, D), (2, K, V), "queries and keys .* same leading"),
    ((B, Q, D), (B, K, D), (2, K, V), "queries and values .* same leading"),
    ((B, Q, D), (B, K, D), (B, 2, V), "keys and values must be equal in"),
    ((B, Q, D), (B, K, D), (K,), "values must have at least two dim"),
    ((D,), (K, D), (K, V), "queries must have at least two dimensions"),
]


@pytest.mark.parametrize(("queries", "keys", "values", "message"), WRONG_SIZES)
@pytest.mark.usefixtures("unchecked")
def test_wrong_sizes(queries, keys, values, message):
    tensors = [torch.zeros(shape) for shape in (queries, keys, values)]
    with pytest.raises(ValueError, match=message):
        NadarayaWatson()(*tensors)


@ALL_KERNELS
@pytest.mark.usefixtures("compiler")
def test_compiles_exports_and_copies(kernel):
    inputs = (*draw(dtype=torch.float32), LENS)
    attention = NadarayaWatson(kernel, 1.7)
    assert_travels(attention, inputs, NadarayaWatson(kernel))
