"""Additive and scaled dot-product attention."""

import copy
import io
import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import gradcheck
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from d2lattn.masking import length_mask
from d2lattn.recording import record_attention
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
RECORDED = pytest.mark.parametrize("recorded", [False, True])


def draw(make, *, lead=(B,), value_size=V, dtype=torch.float32, device="cpu"):
    """Return queries, keys and values."""
    query_size = DQ if make is additive else D
    sizes = [(Q, query_size), (K, D), (K, value_size)]
    tensors = [torch.randn(*lead, *size).to(device, dtype) for size in sizes]
    return [x.requires_grad_() for x in tensors]


def run(attention, inputs, valid_lens=None, *, recorded=False):
    """Call it, with or without somebody recording."""
    if not recorded:
        return attention(*inputs, valid_lens)
    with record_attention(attention):
        return attention(*inputs, valid_lens)


def additive_score(attention, query, key):
    """w_v tanh(W_q q + W_k k), one number after the other."""
    score = 0.0
    for w_q, w_k, w_v in zip(
        attention.W_q.weight.tolist(),
        attention.W_k.weight.tolist(),
        attention.w_v.weight[0].tolist(),
        strict=True,
    ):
        from_query = sum(w * q for w, q in zip(w_q, query, strict=True))
        from_key = sum(w * k for w, k in zip(w_k, key, strict=True))
        score += w_v * math.tanh(from_query + from_key)
    return score


def dot_score(attention, query, key):
    """The dot product over the root of the size, likewise."""
    products = [q * k for q, k in zip(query, key, strict=True)]
    return sum(products) / math.sqrt(len(products))


@BOTH
def test_scores_are_the_formula(make, device):
    attention = make().double().to(device)
    queries, keys, _ = draw(make, lead=(B, H), dtype=torch.float64)
    scores = attention.scores(queries.to(device), keys.to(device))
    written_out = additive_score if make is additive else dot_score
    for b, h, i, j in itertools.product(*map(range, (B, H, Q, K))):
        expected = written_out(
            attention, queries[b, h, i].tolist(), keys[b, h, j].tolist()
        )
        assert scores[b, h, i, j].item() == pytest.approx(expected)


@LENGTHS
@RECORDED
@BOTH
def test_output_is_the_weighted_mean(make, recorded, valid_lens):
    attention = make().double()
    inputs = queries, keys, values = draw(make, dtype=torch.float64)
    output = run(attention, inputs, valid_lens, recorded=recorded)
    scores = attention.scores(queries, keys)
    lens = torch.full((B,), K) if valid_lens is None else valid_lens
    lens = lens.reshape(B, -1).expand(B, Q)
    for b, i in itertools.product(range(B), range(Q)):
        n = int(lens[b, i])
        expected = scores[b, i, :n].softmax(dim=0) @ values[b, :n]
        torch.testing.assert_close(output[b, i], expected)


@LENGTHS
@RECORDED
@LEADS
@VALUE_SIZES
def test_dot_product_is_pytorchs(
    lead, value_size, valid_lens, recorded, dtype, device
):
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
    ours = run(attention, inputs, lens, recorded=recorded)
    assert ours.dtype == dtype
    ours = with_gradients(ours, inputs)
    theirs = with_gradients(sdpa(*inputs, attn_mask=mask), inputs)
    truth = with_gradients(sdpa(*exact, attn_mask=mask), exact)
    for our, their, true in zip(ours, theirs, truth, strict=True):
        error = (our.double() - true).abs().max()
        allowed = 2 * (their.double() - true).abs().max()
        assert error <= allowed + 4 * torch.finfo(dtype).eps


@LENGTHS
@BOTH
def test_recording_changes_nothing(make, valid_lens, device):
    attention = make().to(device)
    inputs = draw(make, lead=(B, H), device=device)
    lens = None if valid_lens is None else valid_lens.to(device)
    results = []
    for recorded in (False, True):
        output = run(attention, inputs, lens, recorded=recorded)
        wanted = [*inputs, *attention.parameters()]
        grads = torch.autograd.grad(output.square().sum(), wanted)
        results.append([output, *grads])
    for without, with_ in zip(*results, strict=True):
        torch.testing.assert_close(without, with_)


@pytest.mark.parametrize("valid_lens", [PER_SEQUENCE, PER_QUERY], ids=str)
@pytest.mark.parametrize("dropout", [0.0, 0.5])
@RECORDED
@LEADS
@BOTH
@VALUE_SIZES
def test_queries_without_keys(
    make, lead, value_size, valid_lens, dropout, recorded, dtype, device
):
    attention = make(dropout).to(device, dtype)
    inputs = draw(
        make, lead=lead, value_size=value_size, dtype=dtype, device=device
    )
    lens = valid_lens.to(device)
    empty = (lens == 0).reshape(B, *[1] * (len(lead) - 1), -1)
    empty = empty.expand(*lead, Q)
    assert (attention.weights(*inputs[:2], lens)[empty] == 0).all()
    output = run(attention, inputs, lens, recorded=recorded)
    assert (output[empty] == 0).all()
    assert output.isfinite().all()
    output.square().sum().backward()
    for x in (*inputs, *attention.parameters()):
        assert x.grad.isfinite().all()
    assert (inputs[0].grad[empty] == 0).all()


@BOTH
def test_weights_sum_to_one_or_nothing(make):
    queries, keys, _ = draw(make, lead=(B, H))
    weights = make(dropout=0.5).weights(queries, keys, PER_QUERY)
    rows = (PER_QUERY > 0).float()[:, None].expand(B, H, Q)
    torch.testing.assert_close(weights.sum(dim=-1), rows)


@RECORDED
@BOTH
def test_order_of_keys_and_padding_change_nothing(make, recorded):
    attention = make()
    queries, keys, values = draw(make)
    output = run(attention, (queries, keys, values), recorded=recorded)
    order = torch.randperm(K)
    shuffled = queries, keys[:, order], values[:, order]
    again = run(attention, shuffled, recorded=recorded)
    torch.testing.assert_close(again, output)
    padded = (
        queries,
        *(
            torch.cat([x, 99 * torch.ones_like(x[:, :2])], dim=1)
            for x in (keys, values)
        ),
    )
    lens = torch.full((B,), K)
    again = run(attention, padded, lens, recorded=recorded)
    torch.testing.assert_close(again, output)
    changed = run(attention, padded, lens + 1, recorded=recorded)
    assert not torch.allclose(changed, output)


@RECORDED
@BOTH
def test_without_a_batch(make, recorded):
    inputs = draw(make, lead=())
    attention = make()
    one = run(attention, inputs, recorded=recorded)
    many = attention(*(x[None] for x in inputs))
    torch.testing.assert_close(one, many[0])


@RECORDED
@BOTH
def test_dropout_as_pytorch_does_it(make, recorded):
    attention = make(dropout=0.5)
    queries, keys, _ = draw(make)
    values = torch.eye(K).expand(B, K, K)  # the output is the weights
    inputs = queries, keys, values
    weights = attention.weights(queries, keys, PER_SEQUENCE)
    dropped = run(attention, inputs, PER_SEQUENCE, recorded=recorded)
    kept = dropped != 0
    torch.testing.assert_close(dropped[kept], 2 * weights[kept])
    assert kept.sum() < (weights != 0).sum()  # some are dropped
    assert kept.sum() > 0
    attention.eval()
    output = run(attention, inputs, PER_SEQUENCE, recorded=recorded)
    torch.testing.assert_close(output, weights)


class LargestTensor(TorchDispatchMode):
    """Remember the size of the largest tensor that was computed."""

    numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        sizes = [x.numel() for x in tree_leaves(result) if torch.is_tensor(x)]
        self.numel = max(self.numel, *sizes, 0)
        return result


@pytest.mark.parametrize("lead", [(2,), (2, 3)], ids=str)
def test_weights_exist_only_when_somebody_looks(lead, device):
    many, size = 64, 8
    X = torch.randn(*lead, many, size, device=device, requires_grad=True)
    lens = torch.tensor([many, 40], device=device)
    attention = DotProductAttention()
    for recorded, least in ((False, X.numel()), (True, X.numel() * 8)):
        with LargestTensor() as largest:
            run(attention, (X, X, X), lens, recorded=recorded).sum().backward()
        assert least <= largest.numel < 2 * least


@BOTH
def test_gradients(make):
    attention = make().double()
    inputs = draw(make, dtype=torch.float64)
    for recorded in (False, True):
        assert gradcheck(
            lambda *x, recorded=recorded: run(
                attention, x, PER_QUERY, recorded=recorded
            ),
            inputs,
            fast_mode=True,
        )


def test_float16_scores_do_not_overflow():
    X = torch.full((1, 1, 64), 60.0, dtype=torch.float16)
    scores = DotProductAttention().scores(X, X)  # 64 * 60 * 60 > 65504
    assert scores.item() == 60 * 60 * 64 / 8


def test_additive_takes_the_weights_of_d2l():
    class Theirs(nn.Module):
        """The layers that d2l's module has, once they are not lazy."""

        def __init__(self):
            super().__init__()
            self.W_k = nn.Linear(D, NUM_HIDDENS, bias=False)
            self.W_q = nn.Linear(DQ, NUM_HIDDENS, bias=False)
            self.w_v = nn.Linear(NUM_HIDDENS, 1, bias=False)
            self.dropout = nn.Dropout(0.1)

    theirs, ours = Theirs(), additive()
    ours.load_state_dict(theirs.state_dict())
    for name, weight in theirs.named_parameters():
        assert ours.get_parameter(name).equal(weight)


def test_dot_product_has_nothing_to_load():
    assert not DotProductAttention(dropout=0.1).state_dict()


SIZES = ((B, Q, D), (B, K, D), (B, K, V))
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
                r"equally many, .* \(3, 7, 11\) .*\(3, 5, 13\)",
            ),
            (1, (D,), r"keys must have at least two .* shape \(11,\)"),
        ]
    ),
]


@pytest.mark.parametrize(("make", "which", "shape", "message"), WRONG_SIZES)
@RECORDED
@pytest.mark.usefixtures("unchecked")
def test_wrong_sizes(make, which, shape, message, recorded):
    inputs = draw(make)
    inputs[which] = torch.zeros(shape)
    with pytest.raises(ValueError, match=message):
        run(make(), inputs, recorded=recorded)
    if which < 2:
        with pytest.raises(ValueError, match=message):
            make().weights(*inputs[:2])


@pytest.mark.parametrize("lens", [[8, 1, 1], [1, 1], [0.5, 1, 1]], ids=str)
@RECORDED
@BOTH
@pytest.mark.usefixtures("unchecked")
def test_wrong_lengths(make, recorded, lens):
    with pytest.raises(ValueError, match=r"^valid_lens"):
        run(make(), draw(make), torch.tensor(lens), recorded=recorded)


@LENGTHS
@RECORDED
@BOTH
def test_arguments_are_left_alone(make, recorded, valid_lens):
    inputs = draw(make)
    before = [x.clone() for x in inputs]
    lens = None if valid_lens is None else valid_lens.clone()
    run(make(), inputs, lens, recorded=recorded)
    assert all(x.equal(y) for x, y in zip(inputs, before, strict=True))
    assert valid_lens is None or lens.equal(valid_lens)


@LENGTHS
@BOTH
@pytest.mark.usefixtures("compiler")
def test_compiles_exports_and_copies(make, valid_lens):
    inputs = (*draw(make), valid_lens)
    attention = make()
    expected = attention(*inputs)
    file = io.BytesIO()
    torch.save(attention.state_dict(), file)
    loaded = make()
    loaded.load_state_dict(torch.load(io.BytesIO(file.getvalue())))
    for same in (
        torch.compile(attention, backend="aot_eager", fullgraph=True),
        torch.export.export(attention, inputs).module(),
        copy.deepcopy(attention),
        loaded,
    ):
        torch.testing.assert_close(same(*inputs), expected)


@LEADS
def test_fused_attention_takes_any_mask(lead):
    inputs = draw(dot_product, lead=lead)
    mask = torch.rand(*lead, Q, K) < 0.5
    scores = DotProductAttention().scores(*inputs[:2])
    weights = scores.masked_fill(~mask, -math.inf).softmax(dim=-1)
    expected = weights.nan_to_num(0) @ inputs[2]
    torch.testing.assert_close(fused_attention(*inputs, mask), expected)
