"""Softmax over blocks of keys."""

import pytest
import torch
import torch.nn.functional as F
from oracles import LargestTensor

from d2lattn.online import online_attention, online_steps

B, H, Q, K, D, V = 2, 3, 5, 47, 11, 13


def draw(dtype=torch.float32, device="cpu"):
    shapes = (B, H, Q, D), (B, H, K, D), (B, H, K, V)
    return [torch.randn(shape).to(device, dtype) for shape in shapes]


@pytest.mark.parametrize("block_size", [1, 2, 8, K - 1, K, 1000])
@pytest.mark.parametrize("scale", [1, 30])
def test_is_pytorchs(block_size, scale, dtype, device):
    queries, keys, values = draw(dtype, device)
    inputs = scale * queries, keys, values
    exact = F.scaled_dot_product_attention(*(x.double() for x in inputs))
    theirs = F.scaled_dot_product_attention(*inputs)
    ours = online_attention(*inputs, block_size)
    assert ours.dtype == dtype
    floor = 8 * scale * torch.finfo(dtype).eps
    error = (ours.double() - exact).abs().max()
    assert error <= 2 * (theirs.double() - exact).abs().max() + floor


@pytest.mark.parametrize("block_size", [1, 5, 8])
def test_each_step_knows_the_keys_so_far(block_size):
    queries, keys, values = draw(torch.float64)
    scores = queries @ keys.mT / D**0.5
    steps = list(online_steps(queries, keys, values, block_size))
    assert len(steps) == -(-K // block_size)
    for number, running in enumerate(steps, 1):
        seen = scores[..., : number * block_size]
        maximum = seen.amax(dim=-1, keepdim=True)
        torch.testing.assert_close(running.maximum, maximum)
        powers = (seen - maximum).exp()
        torch.testing.assert_close(
            running.total, powers.sum(dim=-1, keepdim=True)
        )
        expected = powers @ values[..., : seen.shape[-1], :]
        torch.testing.assert_close(running.output, expected)


def test_heads_that_share_keys():
    queries = torch.randn(B, 6, Q, D)
    _, keys, values = draw()
    expected = F.scaled_dot_product_attention(
        queries, keys, values, enable_gqa=True
    )
    found = online_attention(queries, keys, values, 8)
    torch.testing.assert_close(found, expected)


def test_half_precision_does_not_pile_up():
    X = torch.zeros(1, 600, 2, dtype=torch.bfloat16)  # which knows no 257
    *_, last = online_steps(X[:, :1], X, X + 1, block_size=1)
    assert last.total.item() == 600
    assert last.output.unique().item() == 600


def test_scores_that_would_overflow():
    queries = torch.full((1, 1, 1), 1000.0)
    keys = torch.tensor([[[-1.0], [0.5], [1.0]]])
    values = torch.tensor([[[1.0], [2.0], [3.0]]])
    assert online_attention(queries, keys, values, 1).item() == 3
    assert online_attention(-queries, keys, values, 1).item() == 1


def test_no_more_than_a_block_of_scores():
    queries, keys, values = torch.randn(3, 1, 2, 512, 8)
    with torch.no_grad(), LargestTensor() as largest:
        online_attention(queries, keys, values, block_size=32)
    assert largest.numel <= 2 * 512 * 32
    assert largest.numel < 2 * 512**2 / 10


def test_gradients():
    inputs = [x.requires_grad_() for x in draw(torch.float64)]
    both = []
    for output in (
        online_attention(*inputs, 8),
        F.scaled_dot_product_attention(*inputs),
    ):
        both.append(torch.autograd.grad(output.square().sum(), inputs))
    for our, their in zip(*both, strict=True):
        torch.testing.assert_close(our, their)


@pytest.mark.usefixtures("unchecked")
def test_wrong_arguments():
    queries, keys, values = draw()
    with pytest.raises(ValueError, match=r"^block_size must be at least 1"):
        online_attention(queries, keys, values, block_size=0)
    with pytest.raises(ValueError, match=r"^block_size must be an integer"):
        online_attention(queries, keys, values, block_size=2.5)
    with pytest.raises(ValueError, match=r"^keys must be at least 1"):
        online_attention(queries, keys[:, :, :0], values[:, :, :0])
    with pytest.raises(ValueError, match="equal in number"):
        online_attention(queries, keys, values[:, :, 1:])
