"""Additive and scaled dot-product attention."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from oracles import assert_nothing_comes_through, assert_travels
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.attention import SDPBackend, sdpa_kernel

from d2lattn.masking import length_mask
from d2lattn.scoring import (
    AdditiveAttention,
    DotProductAttention,
    fused_attention,
)

B, H, Q, K, D, V, DQ, NUM_HIDDENS = 3, 2, 5, 7, 11, 13, 17, 19
PER_SEQUENCE = torch.tensor([4, 0, 7])
PER_QUERY = torch.tensor([[1, 2, 3, 4, 5], [0, 7, 0, 6, 1], [7, 7, 7, 7, 7]])
LENGTHS = pytest.mark.parametrize(
    "valid_lens",
    [None, PER_SEQUENCE, PER_QUERY],
    ids=["None", "(B,)", "(B, Q)"],
)
LEADS = pytest.mark.parametrize("lead", [(B,), (B, H), (B, H, 1)], ids=str)
VALUE_SIZES = pytest.mark.parametrize("value_size", [D, V])


def dot_product(dropout=0.0):
    return DotProductAttention(dropout)


def additive(dropout=0.0):
    return AdditiveAttention(DQ, D, NUM_HIDDENS, dropout)


BOTH = pytest.mark.parametrize("make", [dot_product, additive])


def draw(make, *, lead=(B,), value_size=V, dtype=torch.float32, device="cpu"):
    """Return queries, keys and values."""
    query_size = DQ if make is additive else D
    sizes = [(Q, query_size), (K, D), (K, value_size)]
    tensors = [torch.randn(*lead, *size).to(device, dtype) for size in sizes]
    return [x.requires_grad_() for x in tensors]


@BOTH
def test_scores_are_the_formula(make, device):
    attention = make().double().to(device)
    queries, keys, _ = draw(
        make, lead=(B, H), dtype=torch.float64, device=device
    )
    scores = attention.scores(queries, keys)
    for b, h, i, j in itertools.product(*map(range, (B, H, Q, K))):
        query, key = queries[b, h, i], keys[b, h, j]
        if make is additive:
            W_q, W_k, w_v = (
                attention.get_parameter(f"{name}.weight")
                for name in ("W_q", "W_k", "w_v")
            )
            expected = w_v[0] @ torch.tanh(W_q @ query + W_k @ key)
        else:
            expected = query @ key / math.sqrt(D)
        torch.testing.assert_close(scores[b, h, i, j], expected)


@LENGTHS
@BOTH
def test_output_is_the_weighted_mean(make, valid_lens):
    attention = make().double()
    inputs = queries, keys, values = draw(make, dtype=torch.float64)
    before = [x.clone() for x in inputs]
    output = attention(*inputs, valid_lens)
    assert all(x.equal(y) for x, y in zip(inputs, before, strict=True))
    scores = attention.scores(queries, keys)
    lens = torch.full((B,), K) if valid_lens is None else valid_lens
    lens = lens.reshape(B, -1).expand(B, Q)
    for b, i in itertools.product(range(B), range(Q)):
        n = int(lens[b, i])
        expected = scores[b, i, :n].softmax(dim=0) @ values[b, :n]
        torch.testing.assert_close(output[b, i], expected)


@LENGTHS
@LEADS
@VALUE_SIZES
def test_dot_product_is_pytorchs(lead, value_size, valid_lens, dtype, device):
    inputs = draw(
        dot_product,
        lead=lead,
        value_size=value_size,
        dtype=dtype,
        device=device,
    )
    mask = length_mask(valid_lens, (*lead, Q, K))
    mask = None if mask is None else mask.to(device)
    lens = None if valid_lens is None else valid_lens.to(device)
    exact = [x.detach().double().requires_grad_() for x in inputs]
    sdpa = F.scaled_dot_product_attention
    some = torch.randn(*lead, Q, value_size, dtype=torch.float64).to(device)

    def with_gradients(output, tensors):
        loss = (output.double() * some).sum()
        return [output.detach(), *torch.autograd.grad(loss, tensors)]

    attention = DotProductAttention()
    ours = attention(*inputs, lens)
    assert ours.dtype == dtype
    ours = with_gradients(ours, inputs)
    theirs = with_gradients(sdpa(*inputs, attn_mask=mask), inputs)
    truth = with_gradients(sdpa(*exact, attn_mask=mask), exact)
    for our, their, true in zip(ours, theirs, truth, strict=True):
        error = (our.double() - true).abs().max()
        allowed = 2 * (their.double() - true).abs().max()
        assert error <= allowed + 4 * torch.finfo(dtype).eps


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("valid_lens", [PER_SEQUENCE, PER_QUERY], ids=str)
@LEADS
@BOTH
def test_nothing_comes_through(make, lead, valid_lens, value, dtype, device):
    inputs = draw(make, lead=lead, dtype=dtype, device=device)
    attention, lens = make().to(device, dtype), valid_lens.to(device)
    assert_nothing_comes_through(attention, inputs, lens, value)


@pytest.mark.parametrize("valid_lens", [PER_SEQUENCE, PER_QUERY], ids=str)
@pytest.mark.parametrize("dropout", [0.0, 0.5])
@LEADS
@BOTH
@VALUE_SIZES
def test_queries_without_keys(
    make, lead, value_size, valid_lens, dropout, dtype, device
):
    attention = make(dropout).to(device, dtype)
    inputs = draw(
        make, lead=lead, value_size=value_size, dtype=dtype, device=device
    )
    lens = valid_lens.to(device)
    empty = (lens == 0).reshape(B, *[1] * (len(lead) - 1), -1)
    empty = empty.expand(*lead, Q)
    assert (attention.weights(*inputs[:2], lens)[empty] == 0).all()
    output = attention(*inputs, lens)
    assert (output[empty] == 0).all()
    assert output.isfinite().all()
    output.square().sum().backward()
    for x in (*inputs, *attention.parameters()):
        assert x.grad.isfinite().all()
    assert (inputs[0].grad[empty] == 0).all()


@BOTH
def test_without_a_batch(make):
    inputs = draw(make, lead=())
    attention = make()
    one = attention(*inputs)
    many = attention(*(x[None] for x in inputs))
    torch.testing.assert_close(one, many[0])


@BOTH
def test_dropout_as_pytorch_does_it(make):
    attention = make(dropout=0.5)
    queries, keys, _ = draw(make)
    values = torch.eye(K).expand(B, K, K)  # the output is the weights
    inputs = queries, keys, values
    weights = attention.weights(queries, keys, PER_SEQUENCE)
    dropped = attention(*inputs, PER_SEQUENCE)
    kept = dropped != 0
    torch.testing.assert_close(dropped[kept], 2 * weights[kept])
    assert kept.sum() < (weights != 0).sum()  # some are dropped
    assert kept.sum() > 0
    attention.eval()
    output = attention(*inputs, PER_SEQUENCE)
    torch.testing.assert_close(output, weights)


@pytest.mark.parametrize("value_size", [D, V])  # one kernel, or its parts
@LENGTHS
@LEADS
def test_gradients_of_the_dot_product(lead, valid_lens, value_size):
    inputs = draw(
        dot_product, lead=lead, value_size=value_size, dtype=torch.float64
    )
    attention = DotProductAttention()

    def attend(*inputs):
        return attention(*inputs, valid_lens)

    assert gradcheck(attend, inputs, fast_mode=True)
    with sdpa_kernel(SDPBackend.MATH):  # fused kernels have no second ones
        assert gradgradcheck(attend, inputs, fast_mode=True)


@pytest.mark.parametrize("lead", [(B,), (B, H)], ids=str)
def test_second_derivatives_say_what_to_do(lead):
    inputs = draw(dot_product, lead=lead, value_size=D)
    output = DotProductAttention()(*inputs)
    grads = torch.autograd.grad(output.sum(), inputs, create_graph=True)
    with pytest.raises(RuntimeError, match=r"sdpa_kernel\(SDPBackend\.MATH\)"):
        grads[0].sum().backward()


@LENGTHS
def test_gradients_of_additive_attention(valid_lens):
    attention = additive().double()
    inputs = draw(additive, dtype=torch.float64)
    for check in (gradcheck, gradgradcheck):
        assert check(
            lambda *x: attention(*x, valid_lens), inputs, fast_mode=True
        )


def test_float16_scores_do_not_overflow():
    X = torch.full((1, 1, 64), 60.0, dtype=torch.float16)
    scores = DotProductAttention().scores(X, X)  # 64 * 60 * 60 > 65504
    assert scores.item() == 60 * 60 * 64 / 8


def test_parameters_are_named_as_in_d2l():
    shapes = {name: (*x.shape,) for name, x in additive().named_parameters()}
    sizes = {"W_q": (NUM_HIDDENS, DQ), "W_k": (NUM_HIDDENS, D)}
    sizes["w_v"] = 1, NUM_HIDDENS
    assert shapes == {f"{name}.weight": sizes[name] for name in sizes}


WRONG_SIZES = [
    (
        dot_product,
        0,
        (B, Q, 2),
        r"queries and keys .* same size .*\(3, 5, 2\)",
    ),
    (
        dot_product,
        1,
        (B, K, 2),
        r"queries and keys .* same size .*\(3, 7, 2\)",
    ),
    (additive, 0, (B, Q, 2), r"queries must have size 17 .*\(3, 5, 2\)"),
    (additive, 1, (B, K, 2), r"keys must have size 11 .*\(3, 7, 2\)"),
    *(
        (make, *case)
        for make in (dot_product, additive)
        for case in [
            (1, (2, K, D), r"and keys .* leading .* keys \(2, 7, 11\)"),
            (1, (1, K, D), r"and keys .* leading .* keys \(1, 7, 11\)"),
            (2, (2, K, V), r"and values .* leading .* values \(2, 7, 13\)"),
            (
                2,
                (B, Q, V),
                r"equal in number, .* \(3, 7, 11\) .*\(3, 5, 13\)",
            ),
            (1, (D,), r"keys must have at least two .* shape \(11,\)"),
        ]
    ),
]


@pytest.mark.parametrize(("make", "which", "shape", "message"), WRONG_SIZES)
@pytest.mark.usefixtures("unchecked")
def test_wrong_sizes(make, which, shape, message):
    inputs = draw(make)
    inputs[which] = torch.zeros(shape)
    with pytest.raises(ValueError, match=message):
        make()(*inputs)
    if which < 2:
        with pytest.raises(ValueError, match=message):
            make().weights(*inputs[:2])


@LENGTHS
@BOTH
@pytest.mark.usefixtures("compiler")
def test_compiles_exports_and_copies(make, valid_lens):
    assert_travels(make(), (*draw(make), valid_lens), make())


@LEADS
def test_fused_attention_takes_any_mask(lead):
    inputs = draw(dot_product, lead=lead)
    mask = torch.rand(*lead, Q, K) < 0.5
    scores = DotProductAttention().scores(*inputs[:2])
    weights = scores.masked_fill(~mask, -math.inf).softmax(dim=-1)
    expected = weights.nan_to_num(0) @ inputs[2]
    torch.testing.assert_close(fused_attention(*inputs, mask), expected)
