"""Multi-head attention, and attention that never looks ahead."""

import math
from contextlib import nullcontext

import pytest
import torch
import torch.nn.functional as F
from oracles import (
    LargestTensor,
    assert_as_good,
    assert_nothing_comes_through,
    assert_travels,
    some_loss,
)
from torch import nn

from d2lattn.masking import length_mask
from d2lattn.multihead import (
    CausalAttention,
    MultiHeadAttention,
    causal_lens,
)
from d2lattn.recording import record_attention

B, H, Q, K, D, KEY_SIZE, VALUE_SIZE = 2, 3, 5, 7, 33, 13, 17
PER_SEQUENCE = torch.tensor([4, 7])
PER_QUERY = torch.tensor([[1, 2, 3, 4, 5], [3, 7, 1, 6, 1]])
CAUSAL = torch.arange(K - Q + 1, K + 1).expand(B, Q)
WITHOUT_KEYS = torch.tensor([[0, 2, 3, 0, 5], [0, 0, 0, 0, 0]])
LENGTHS = pytest.mark.parametrize(
    "valid_lens",
    [None, PER_SEQUENCE, PER_QUERY, CAUSAL],
    ids=["None", "(B,)", "(B, Q)", "causal"],
)
BIAS = pytest.mark.parametrize("bias", [False, True])
SIZES = pytest.mark.parametrize(
    "sizes",
    [(D, D), (KEY_SIZE, VALUE_SIZE)],
    ids=["one size", "three sizes"],
)


def make(sizes=(D, D), bias=False, dropout=0.0):
    key_size, value_size = sizes
    return MultiHeadAttention(
        D, H, dropout, bias, key_size=key_size, value_size=value_size
    )


def draw(sizes=(D, D), *, dtype=torch.float32, device="cpu"):
    """Return queries, keys and values."""
    shapes = (B, Q, D), (B, K, sizes[0]), (B, K, sizes[1])
    tensors = (torch.randn(shape).to(device, dtype) for shape in shapes)
    return [x.requires_grad_() for x in tensors]


def draw_heads(queries=Q, *, dtype=torch.float32, device="cpu"):
    """Return queries, keys and values that were cut into heads."""
    shapes = (B, H, queries, 11), (B, H, K, 11), (B, H, K, 11)
    tensors = (torch.randn(shape).to(device, dtype) for shape in shapes)
    return [x.requires_grad_() for x in tensors]


def to(valid_lens, device):
    return None if valid_lens is None else valid_lens.to(device)


@LENGTHS
@BIAS
@SIZES
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_is_pytorchs(sizes, bias, valid_lens, dtype, device):
    ours = make(sizes, bias).to(device, dtype)
    theirs = nn.MultiheadAttention(
        D, H, bias=bias, kdim=sizes[0], vdim=sizes[1], batch_first=True
    ).to(device, dtype)
    lens = to(valid_lens, device)
    mask = length_mask(lens, (B, H, Q, K))
    if mask is not None:  # theirs is True where a key is hidden
        mask = ~mask.expand(B, H, Q, K).flatten(0, 1)

    def call_ours(module, inputs):
        output = module(*inputs, lens)
        return output, [module.weights(*inputs[:2], lens)]

    def call_theirs(module, inputs):
        output, _ = module(*inputs, attn_mask=mask, need_weights=False)
        _, weights = module(
            *inputs, attn_mask=mask, average_attn_weights=False
        )
        return output, [weights]

    shapes = (B, Q, D), (B, K, sizes[0]), (B, K, sizes[1])
    assert_as_good(ours, theirs, call_ours, call_theirs, shapes, dtype)


@LENGTHS
@SIZES
def test_recording(sizes, valid_lens, device):
    attention = make(sizes).to(device)
    inputs = draw(sizes, device=device)
    lens = to(valid_lens, device)
    expected = attention.weights(*inputs[:2], lens)
    with record_attention(attention) as weights:
        output = attention(*inputs, lens)
        projected = attention.project(*inputs[1:])
        attention.attend(inputs[0], *projected, lens)  # as decoders do
    assert output.equal(attention(*inputs, lens))
    assert list(weights) == [""]  # and not the scoring inside
    assert len(weights[""]) == 2
    for calls in weights[""]:
        assert calls.shape == (B, H, Q, K)
        assert calls.equal(expected)
        assert not calls.requires_grad


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("valid_lens", [PER_SEQUENCE, WITHOUT_KEYS], ids=str)
def test_nothing_comes_through(valid_lens, value, dtype, device):
    attention = make((KEY_SIZE, VALUE_SIZE), bias=True).to(device, dtype)
    inputs = draw((KEY_SIZE, VALUE_SIZE), dtype=dtype, device=device)
    lens = valid_lens.to(device)
    assert_nothing_comes_through(attention, inputs, lens, value)
    attention.attention = CausalAttention()
    assert_nothing_comes_through(attention, inputs, lens, value)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@BIAS
def test_queries_without_keys(bias, dropout, dtype, device):
    attention = make(bias=bias, dropout=dropout).to(device, dtype)
    inputs = draw(dtype=dtype, device=device)
    lens = WITHOUT_KEYS.to(device)
    empty = lens == 0
    weights = attention.weights(*inputs[:2], lens)
    assert (weights.transpose(1, 2)[empty] == 0).all()
    output = attention(*inputs, lens)
    of_nothing = attention.W_o(torch.zeros_like(output))
    assert output[empty].equal(of_nothing[empty])
    output.square().sum().backward()
    for x in (output, *(x.grad for x in [*inputs, *attention.parameters()])):
        assert x.isfinite().all()


def test_dropout_is_on_the_weights():
    attention = make(dropout=0.5)
    inputs = draw()
    drops = [attention(*inputs) for _ in range(500)]
    assert not drops[0].equal(drops[1])
    attention.eval()
    exact = attention(*inputs)
    off = torch.stack(drops).mean(dim=0) - exact
    assert off.abs().mean() < 0.05 * (drops[0] - exact).abs().mean()


@pytest.mark.parametrize("inside", ["any", "causal"])
def test_no_weights_unless_somebody_looks(inside, device):
    many = 64
    attention = MultiHeadAttention(8, 2).to(device)
    lens = torch.tensor([9, many], device=device)
    if inside == "causal":
        attention.attention, lens = CausalAttention(), None
    X = torch.randn(2, many, 8, device=device, requires_grad=True)
    for recorded, least in ((False, X.numel()), (True, 2 * 2 * many**2)):
        watched = record_attention(attention) if recorded else nullcontext()
        with watched, LargestTensor() as largest:
            attention(X, X, X, lens).sum().backward()
        assert least <= largest.numel < 2 * least


def test_parameters_are_named_as_in_d2l():
    names = {name for name, _ in make().named_parameters()}
    assert names == {f"W_{name}.weight" for name in "qkvo"}


@pytest.mark.parametrize(
    ("which", "shape", "message"),
    [
        (0, (B, Q, 2), r"queries must have size 33 .*\(2, 5, 2\)"),
        (1, (B, K, 2), r"keys must have size 13 .*\(2, 7, 2\)"),
        (2, (B, K, 2), r"values must have size 17 .*\(2, 7, 2\)"),
        (1, (3, K, KEY_SIZE), r"leading .* keys \(3, 7, 13\)"),
        (2, (3, K, VALUE_SIZE), r"leading .* values \(3, 7, 17\)"),
        (2, (B, Q, VALUE_SIZE), r"equal in number, .* values \(2, 5, 17\)"),
        (0, (D,), r"queries must have at least two .*\(33,\)"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_sizes(which, shape, message):
    sizes = KEY_SIZE, VALUE_SIZE
    inputs = draw(sizes)
    inputs[which] = torch.zeros(shape)
    with pytest.raises(ValueError, match=message):
        make(sizes)(*inputs)
    if which < 2:
        with pytest.raises(ValueError, match=message):
            make(sizes).weights(*inputs[:2])


@pytest.mark.usefixtures("unchecked")
def test_wants_a_batch():
    queries, keys, values = (x[0] for x in draw())
    message = r"queries must have shape \(B, Q, 33\), .*\(5, 33\)"
    with pytest.raises(ValueError, match=message):
        make()(queries, keys, values)


@pytest.mark.parametrize("num_heads", [0, -1, 2, 4, 66, 16.5])
@pytest.mark.usefixtures("unchecked")
def test_wrong_heads(num_heads):
    message = f"num_heads must divide num_hiddens, 33, but is {num_heads}$"
    with pytest.raises(ValueError, match=message):
        MultiHeadAttention(D, num_heads)


@LENGTHS
@pytest.mark.usefixtures("compiler")
def test_compiles_exports_and_copies(valid_lens):
    assert_travels(make(), (*draw(), valid_lens), make())


def test_causal_lens():
    queries, keys = torch.zeros(2, 3, 3, 1), torch.zeros(2, 3, 5, 1)
    lens = causal_lens(queries, keys)
    assert lens.tolist() == [[3, 4, 5], [3, 4, 5]]
    lens = causal_lens(queries, keys, torch.tensor([4, 2]))
    assert lens.tolist() == [[3, 4, 4], [2, 2, 2]]
    per_query = torch.tensor([[5, 5, 0], [1, 4, 5]])
    lens = causal_lens(queries, keys, per_query)
    assert lens.tolist() == [[3, 4, 0], [1, 4, 5]]


@pytest.mark.parametrize("queries", [1, Q, K])
@pytest.mark.parametrize(
    "valid_lens", [None, PER_SEQUENCE, torch.tensor([1, 0])], ids=str
)
def test_causal_attention(valid_lens, queries, dtype, device):
    attention = CausalAttention()
    inputs = draw_heads(queries, dtype=dtype, device=device)
    later = torch.arange(K) > torch.arange(K - queries, K)[:, None]
    mask = ~later.expand(B, 1, queries, K)
    if valid_lens is not None:
        mask = mask & length_mask(valid_lens, (B, 1, queries, K))
    mask, lens = mask.to(device), to(valid_lens, device)

    def results(function, inputs):
        output = function(*inputs)
        grads = torch.autograd.grad(some_loss(output), inputs)
        return [output, *grads]

    def sdpa(*inputs):
        return F.scaled_dot_product_attention(*inputs, attn_mask=mask)

    def ours(*inputs):
        return attention(*inputs, lens)

    exact = [x.detach().double().requires_grad_() for x in inputs]
    floor = 4 * torch.finfo(dtype).eps
    for our, their, true in zip(
        results(ours, inputs),
        results(sdpa, inputs),
        results(sdpa, exact),
        strict=True,
    ):
        error = (our.double() - true).abs().max()
        assert error <= 2 * (their.double() - true).abs().max() + floor
    weights = attention.weights(*inputs[:2], lens)
    assert (weights.masked_select(~mask) == 0).all()


@pytest.mark.usefixtures("unchecked")
def test_causal_attention_wants_its_keys():
    queries, keys, values = draw_heads(K)
    fewer = keys[:, :, :Q], values[:, :, :Q]
    with pytest.raises(
        ValueError, match=r"^keys must be .* but are 5 for 7 queries"
    ):
        CausalAttention()(queries, *fewer)
    with pytest.raises(ValueError, match=r"equal in number"):
        CausalAttention()(queries, keys, values[:, :, :Q])
    with pytest.raises(ValueError, match=r"^valid_lens must lie .* 7, but"):
        CausalAttention()(queries, keys, values, torch.tensor([8, 1]))


SHARED = pytest.mark.parametrize("num_kv_heads", [1, 2, 3, 6])


def make_shared(num_kv_heads, **options):
    return MultiHeadAttention(
        66, 6, key_size=13, value_size=17, num_kv_heads=num_kv_heads, **options
    )


def draw_shared():
    shapes = (B, Q, 66), (B, K, 13), (B, K, 17)
    return [torch.randn(shape, requires_grad=True) for shape in shapes]


@SHARED
@LENGTHS
@BIAS
def test_shared_keys_are_repeated_ones(num_kv_heads, valid_lens, bias):
    """A layer with the same weights for all heads of a group does the same."""
    ours = make_shared(num_kv_heads, bias=bias)
    plain = make_shared(None, bias=bias)
    plain.load_state_dict(
        {
            name: weight.unflatten(0, (-1, 11))
            .repeat_interleave(6 // num_kv_heads, dim=0)
            .flatten(0, 1)
            if name[:3] in ("W_k", "W_v")
            else weight
            for name, weight in ours.state_dict().items()
        }
    )
    inputs = draw_shared()
    both = []
    for layer in (ours, plain):
        output = layer(*inputs, valid_lens)
        weights = layer.weights(*inputs[:2], valid_lens)
        loss = some_loss(output) + some_loss(weights)
        both.append([output, weights, *torch.autograd.grad(loss, inputs)])
    for our, their in zip(*both, strict=True):
        torch.testing.assert_close(our, their, rtol=1e-5, atol=1e-5)
    loss = some_loss(ours(*inputs, valid_lens))
    loss.backward()
    assert ours.W_k.weight.grad.abs().sum() > 0


@SHARED
def test_shared_keys_are_pytorchs(num_kv_heads):
    ours = make_shared(num_kv_heads)
    queries, keys, values = draw_shared()
    k, v = ours.project(keys, values)
    assert k.shape == v.shape == (B, num_kv_heads, K, 11)
    q = ours.split(ours.W_q(queries))
    heads = F.scaled_dot_product_attention(q, k, v, enable_gqa=True)
    expected = ours.W_o(heads.transpose(1, 2).flatten(2))
    torch.testing.assert_close(ours(queries, keys, values), expected)
    torch.testing.assert_close(ours.attend(queries, k, v), expected)


def test_shared_keys_are_not_copied():
    """Neither by a fused kernel, nor on the way to it."""
    attention = MultiHeadAttention(32, 8, num_kv_heads=1)
    query, X = torch.randn(1, 1, 32), torch.randn(1, 512, 32)
    k, v = attention.project(X, X)
    with torch.no_grad(), LargestTensor() as largest:
        attention.attend(query, k, v)
    assert largest.numel < k.numel()


@pytest.mark.parametrize("num_kv_heads", [0, -1, 2, 4, 6, 1.5])
@pytest.mark.usefixtures("unchecked")
def test_wrong_shared_heads(num_kv_heads):
    message = f"num_kv_heads must divide num_heads, 3, but is {num_kv_heads}$"
    with pytest.raises(ValueError, match=message):
        MultiHeadAttention(D, H, num_kv_heads=num_kv_heads)
