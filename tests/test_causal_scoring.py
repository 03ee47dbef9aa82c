"""What holds for every attention that a language model can look back with."""

from functools import partial

import pytest
import torch
from oracles import (
    NoFloat64,
    assert_nothing_comes_through,
    assert_travels,
    some_loss,
)

from d2lattn.language_model import LanguageModel
from d2lattn.linear import LinearAttention
from d2lattn.masking import length_mask
from d2lattn.multihead import CausalAttention, MultiHeadAttention
from d2lattn.recording import record_attention
from d2lattn.relative import AlibiAttention, RotaryAttention
from d2lattn.windows import WindowAttention

B, H, G, Q, K, D, V = 2, 6, 3, 5, 7, 10, 11
KINDS = {
    "causal": CausalAttention,
    "window": partial(WindowAttention, 3),
    "sinks": partial(WindowAttention, 2, sinks=2),
    "rotary": RotaryAttention,
    "alibi": AlibiAttention,
    "linear": LinearAttention,
}
LENGTHS = {
    "None": None,
    "(B,)": torch.tensor([4, 7]),
    "(B, Q)": torch.tensor([[1, 2, 3, 4, 5], [3, 7, 1, 6, 1]]),
    "without keys": torch.tensor([[0, 2, 3, 0, 5], [0, 0, 0, 0, 0]]),
}


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def kind(request):
    return request.param


def draw(heads=H, queries=Q, *, dtype=torch.float32, device="cpu"):
    """Return queries, keys and values."""
    shapes = (B, H, queries, D), (B, heads, K, D), (B, heads, K, V)
    tensors = (torch.randn(shape).to(device, dtype) for shape in shapes)
    return [x.requires_grad_() for x in tensors]


def results(function, inputs):
    output = function(*inputs)
    return [output, *torch.autograd.grad(some_loss(output), inputs)]


@pytest.mark.parametrize("lens", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("queries", [1, Q, K])
def test_output_is_the_weighted_mean(kind, lens, queries, dtype, device):
    if lens is not None:
        lens = lens.to(device)
        if lens.ndim == 2 and queries != Q:
            lens = lens[:, :1].expand(B, queries)
    attention = kind(0.0)
    inputs = draw(queries=queries, dtype=dtype, device=device)
    before = [x.detach().clone() for x in inputs]
    exact = [x.detach().double().requires_grad_() for x in inputs]

    def by_weights(q, k, v):
        return attention.weights(q, k, lens) @ v

    def ours(q, k, v):
        return attention(q, k, v, lens)

    floor = 64 * torch.finfo(dtype).eps
    true = results(by_weights, exact)
    for our, right in zip(results(ours, inputs), true, strict=True):
        assert our.dtype == dtype
        assert our.isfinite().all()
        scale = right.abs().max() + 1
        assert (our.double() - right).abs().max() <= floor * scale
    weights = attention.weights(*exact[:2], lens)
    sums = weights.sum(dim=-1)
    assert ((sums - 1).abs() < 1e-9).logical_or(sums == 0).all()
    if lens is not None:
        mask = length_mask(lens, weights.shape).expand_as(weights)
        assert (weights[~mask] == 0).all()
        empty = (lens == 0).reshape(B, -1)  # (B, Q) or (B, 1)
        assert (our_output(attention, inputs, lens, empty) == 0).all()
    for x, kept in zip(inputs, before, strict=True):
        assert x.equal(kept)


def our_output(attention, inputs, lens, empty):
    """The output of the queries without keys."""
    output = attention(*inputs, lens).transpose(1, 2)  # (B, Q, H, V)
    return output[empty.expand(output.shape[:2])]


def test_the_future_changes_nothing(kind):
    attention = kind(0.0)
    queries, keys, values = draw(queries=K)
    output = attention(queries, keys, values)
    for x in (keys, values):
        with torch.no_grad():
            x[:, :, 4:] += 1
    moved = (attention(queries, keys, values) - output).abs().amax((0, 1, 3))
    assert (moved[:4] == 0).all()
    assert (moved[4:] > 1e-3).all()


@pytest.mark.parametrize("lens", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("shared", [1, G])
def test_heads_that_share_keys(kind, shared, lens, device):
    attention = kind(0.0)
    queries, keys, values = draw(shared, device=device)
    lens = None if lens is None else lens.to(device)
    output = attention(queries, keys, values, lens)
    weights = attention.weights(queries, keys, lens)
    each = [x.repeat_interleave(H // shared, dim=1) for x in (keys, values)]
    torch.testing.assert_close(attention(queries, *each, lens), output)
    expected = attention.weights(queries, each[0], lens)
    torch.testing.assert_close(weights, expected)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nothing_comes_through(kind, value, dtype, device):
    inputs = draw(dtype=dtype, device=device)
    for lens in (LENGTHS["(B,)"] - 1, LENGTHS["without keys"]):
        lens = lens.to(device)
        assert_nothing_comes_through(kind(0.0), inputs, lens, value)


@pytest.mark.parametrize("num_kv_heads", [None, 1, 2])
def test_step_by_step_is_all_at_once(kind, num_kv_heads, device):
    options = {"attention": kind, "num_kv_heads": num_kv_heads}
    model = LanguageModel(13, 24, 8, 4, 2, positions=None, **options)
    model = model.to(device)
    X = torch.randint(13, (B, 70), device=device)  # more than a block
    at_once, _ = model(X)
    for cut in ([1] * 70, [66, 1, 3], [5, 65]):
        steps, state = [], None
        for part in X.split(cut, dim=1):
            logits, state = model(part, state)
            steps.append(logits)
        torch.testing.assert_close(torch.cat(steps, dim=1), at_once)
    heads = num_kv_heads or 4
    assert state.caches[0].k.shape == (B, heads, 70, 6)


def test_no_texts_and_no_tokens(kind, device):
    model = LanguageModel(13, 12, 8, 2, 1, positions=None, attention=kind)
    model, X = model.to(device), torch.randint(13, (B, K), device=device)
    _, state = model(X)
    assert model(X[:0])[0].shape == (0, K, 13)
    for before in (None, state):
        nothing, after = model(X[:, :0], before)
        assert nothing.shape == (B, 0, 13)
    assert after.length == K
    empty = [x[:0].to(device) for x in (*draw(), LENGTHS["(B,)"])]
    assert kind(0.0)(*empty).shape == (0, H, Q, V)
    assert kind(0.0).weights(*empty[:2], empty[3]).shape == (0, H, Q, K)


@pytest.mark.parametrize("default", ["cpu", "meta"])
def test_no_float64_where_the_model_is(kind, default):
    with NoFloat64("meta"), torch.device(default):
        model = LanguageModel(13, 12, 8, 2, 1, attention=kind).to("meta")
        X = torch.ones(B, K, dtype=torch.int64, device="meta")
        _, state = model(X)
        assert model(X[:, :1], state)[0].is_meta


def test_recording(kind):
    model = LanguageModel(
        13, 12, 8, 2, 1, positions=None, attention=kind, num_kv_heads=1
    )
    X = torch.randint(13, (B, K))
    with record_attention(model) as weights:
        model(X)
    ((path, calls),) = weights.items()
    assert path == "blks.0.attention"
    assert calls[0].shape == (B, 2, K, K)
    assert (calls[0].triu(1) == 0).all()


def test_dropout_is_on_the_weights(kind):
    attention = kind(0.5)
    inputs = draw()
    drops = torch.stack([attention(*inputs) for _ in range(500)])
    exact = attention.eval()(*inputs)
    off = (drops.mean(dim=0) - exact).abs().mean()
    assert off < 0.1 * (drops[0] - exact).abs().mean()


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(B, H, Q, D), (B, H, K, 2), (B, H, K, V)], "same size"),
        ([(B, H, Q, D), (B, 4, K, D), (B, 4, K, V)], "leading dimensions"),
        ([(B, H, Q, D), (B, G, K, D), (B, 2, K, V)], "leading dimensions"),
        ([(B, H, Q, D), (3, H, K, D), (3, H, K, V)], "leading dimensions"),
        ([(B, H, Q, D), (B, H, K, D), (B, H, Q, V)], "equal in number"),
        ([(B, H, K, D), (B, H, Q, D), (B, H, Q, V)], "are 5 for 7 queries"),
    ],
)
def test_wrong_sizes(kind, shapes, message):
    with pytest.raises(ValueError, match=message):
        kind(0.0)(*map(torch.zeros, shapes))
    if shapes[1][:-1] == shapes[2][:-1]:  # the values are not what is wrong
        with pytest.raises(ValueError, match=message):
            kind(0.0).weights(*map(torch.zeros, shapes[:2]))


@pytest.mark.usefixtures("compiler")
def test_one_export_serves_any_batch(kind):
    model = LanguageModel(13, 12, 8, 2, 1, positions=None, attention=kind)
    X = torch.randint(13, (3, K))
    batch = torch.export.Dim("B", min=2)
    exported = torch.export.export(
        model, (X[:2],), dynamic_shapes={"X": {0: batch}}
    )
    torch.testing.assert_close(exported.module()(X), model(X))


@pytest.mark.usefixtures("compiler")
def test_compiles_exports_and_copies(kind):
    attention = MultiHeadAttention(24, 4, num_kv_heads=2)
    fresh = MultiHeadAttention(24, 4, num_kv_heads=2)
    attention.attention, fresh.attention = kind(0.0), kind(0.0)
    X = torch.randn(B, K, 24)
    assert_travels(attention, (X, X, X, LENGTHS["(B,)"]), fresh)
