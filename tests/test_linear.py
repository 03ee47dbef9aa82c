"""Linear attention, all at once and as a recurrence."""

import pytest
import torch

from d2lattn.linear import (
    LinearAttention,
    LinearState,
    feature_map,
    linear_steps,
)

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


def test_heads_that_share_keys():
    queries = torch.randn(B, 2 * H, N, D)
    inputs = queries, *draw(torch.float32)[1:]
    whole, _ = linear_steps(*inputs)
    torch.testing.assert_close(whole, LinearAttention()(*inputs))


def test_no_position_changes_no_state():
    inputs = [x[:, :, :0] for x in draw()]
    _, before = linear_steps(*draw())
    for state in (None, before):
        output, after = linear_steps(*inputs, state)
        assert output.shape == (B, H, 0, V)
    assert all(x.equal(y) for x, y in zip(before, after, strict=True))


@pytest.mark.parametrize(
    ("dtype", "size"), [(torch.bfloat16, 1), (torch.float16, 40)], ids=str
)
def test_half_precision_neither_piles_up_nor_overflows(dtype, size):
    inputs = [torch.randn(1, 2000, n).to(dtype) for n in (D, D, V)]
    inputs = inputs[0] * size, inputs[1] * size, inputs[2]
    exact = LinearAttention()(*(x.double() for x in inputs))
    for output in (LinearAttention()(*inputs), linear_steps(*inputs)[0]):
        torch.testing.assert_close(
            output.double(), exact, rtol=0.01, atol=0.01
        )


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
    message = r"^queries must have shape \(2, 3, 7, 5\), .* \(2, 3, 6, 5\)"
    with pytest.raises(ValueError, match=message):
        linear_steps(queries[:, :, 1:], keys, values)


@pytest.mark.usefixtures("unchecked")
def test_states_of_other_sequences():
    inputs = draw()
    S, z = linear_steps(*inputs)[1]
    for other in (LinearState(S[:1], z), LinearState(S[..., :1], z)):
        message = r"^S in the state must have shape \(2, 3, 5, 11\), but has"
        with pytest.raises(ValueError, match=message):
            linear_steps(*inputs, other)
    with pytest.raises(ValueError, match=r"^z .* shape \(2, 3, 5\), but has"):
        linear_steps(*inputs, LinearState(S, z[:1]))
