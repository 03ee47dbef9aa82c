"""Second derivatives, or the reason why there are none."""

import weakref

import pytest
import torch
import torch.nn.functional as F

from d2lattn.derivatives import differentiable
from d2lattn.scoring import DotProductAttention


@pytest.mark.parametrize(
    "hessian",
    [
        lambda loss, X: torch.autograd.functional.hessian(loss, X),
        lambda loss, X: torch.func.jacrev(torch.func.jacrev(loss))(X),
    ],
)
def test_curvature_is_that_of_the_formula(hessian):
    X, lens = torch.randn(2, 3, 5, dtype=torch.float64), torch.tensor([2, 0])
    attention = DotProductAttention()

    def written_out(X):
        return (attention.weights(X, X, lens) @ X).square().sum()

    def fused(X):
        return attention(X, X, X, lens).square().sum()

    torch.testing.assert_close(hessian(fused, X), hessian(written_out, X))


@pytest.mark.parametrize("which", range(3))
def test_of_one_input_alone(which):
    inputs = [torch.randn(1, 3, 5, requires_grad=True) for _ in range(3)]
    attention, X = DotProductAttention(), inputs[which]
    plain = attention.weights(*inputs[:2]) @ inputs[2]
    twice = []
    for output in (attention(*inputs), plain):
        loss = output.sin().sum()
        (slope,) = torch.autograd.grad(loss, X, create_graph=True)
        twice.append(torch.autograd.grad(slope.square().sum(), X)[0])
    torch.testing.assert_close(*twice)


@pytest.mark.parametrize("again", [False, True])
def test_nothing_is_kept_after_the_way_back(again):
    heads = torch.randn(1, 2, 3, 5, requires_grad=True) * 1
    kept, loss = weakref.ref(heads), DotProductAttention()(*[heads] * 3).sum()
    del heads
    loss.backward(retain_graph=again)
    assert (kept() is not None) == again


def test_what_was_dropped_is_not_known():
    @differentiable
    def attend(queries, keys, values, mask, dropout, causal):
        return F.scaled_dot_product_attention(queries, keys, values)

    X = torch.randn(1, 1, 3, 5, requires_grad=True)
    attend(X, X, X, dropout=0.5).sum().backward()
    loss = attend(X, X, X, dropout=0.5).sum()
    with pytest.raises(ValueError, match=r"dropout must be 0 .* but is 0.5"):
        torch.autograd.grad(loss, X, create_graph=True)
