"""Linear attention, all at once and as a recurrence."""

import pytest
import torch

from d2lattn.linear import LinearAttention, feature_map, linear_steps

B, H, N, D, V = 2, 3, 7, 5, 11


def draw(dtype=torch.float64, device="cpu"):
    shapes = (B, H, N, D), (B, H, N, D), (B, H, N, V)
    return [torch.randn(shape).to(device, dtype) for shape in shapes]


def phi(x):
    """The feature map, written out."""
    return [n + 1 if n > 0 else torch.tensor(n).exp().item() for n in x]


def test_is_the_formula():
    queries, keys, values = draw()
    output = LinearAttention()(queries, keys, values)
    for i in range(N):
        q = phi(queries[1, 2, i].tolist())
        products = torch.tensor(
            [
                sum(x * y for x, y in zip(q, phi(k.tolist()), strict=True))
                for k in keys[1, 2, : i + 1]
            ],
            dtype=torch.float64,
        )
        expected = products @ values[1, 2, : i + 1] / products.sum()
        torch.testing.assert_close(
            output[1, 2, i], expected, rtol=1e-6, atol=1e-6
        )


def test_a_recurrence_computes_the_same(dtype, device):
    inputs = draw(dtype, device)
    exact = LinearAttention()(*(x.double() for x in inputs))
    tolerance = 32 * torch.finfo(dtype).eps
    whole, _ = linear_steps(*inputs)
    first, state = linear_steps(*(x[..., :3, :] for x in inputs))
    kept = [x.clone() for x in state]
    rest, after = linear_steps(*(x[..., 3:, :] for x in inputs), state)
    for output in (whole, torch.cat([first, rest], dim=-2)):
        assert output.dtype == dtype
        torch.testing.assert_close(
            output.double(), exact, rtol=tolerance, atol=tolerance
        )
    for x, before, later in zip(state, kept, after, strict=True):
        assert x.equal(before)  # a state is a value
        assert x.shape == later.shape  # and does not grow
    assert after.S.shape == (B, H, D, V)
    assert after.z.shape == (B, H, D)


def test_half_precision_does_not_pile_up():
    inputs = [torch.randn(1, 2000, n).bfloat16() for n in (D, D, V)]
    exact = LinearAttention()(*(x.double() for x in inputs))
    output, _ = linear_steps(*inputs)
    torch.testing.assert_close(output.double(), exact, rtol=0.01, atol=0.01)


def test_features_too_small_for_a_number_give_zeros():
    queries, keys, values = draw(torch.float32)
    output, _ = linear_steps(queries - 1000, keys, values)
    assert output.equal(torch.zeros_like(values))


def test_features_are_positive_and_grow(dtype):
    least = -8 if dtype == torch.float16 else -60
    x = torch.arange(least, 20, 2).to(dtype)
    features = feature_map(x[None])
    assert (features > 0).all()
    assert (features.diff() > 0).all()


@pytest.mark.usefixtures("unchecked")
def test_wrong_sizes():
    queries, keys, values = draw()
    with pytest.raises(ValueError, match="equal in number"):
        linear_steps(queries, keys, values[:, :, 1:])
