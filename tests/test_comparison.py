"""The three layers of the comparison, and whether their costs are true."""

import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from d2lattn.comparison import Convolution, Recurrence, SelfAttention

B, N, D = 2, 11, 5
EACH = pytest.mark.parametrize(
    "kind", [Convolution, Recurrence, SelfAttention]
)
KERNELS = pytest.mark.parametrize("k", [3, 5, 7])


class Count(TorchDispatchMode):
    """Count the calls of one operation."""

    def __init__(self, operation):
        super().__init__()
        self.operation, self.calls = operation, 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.calls += func._overloadpacket == self.operation
        return func(*args, **(kwargs or {}))


@EACH
@KERNELS
def test_sequences_stay_as_long(kind, k, dtype, device):
    layer = kind(D, k).to(device, dtype)
    X = torch.randn(B, N, D).to(device, dtype)
    before = X.clone()
    Y = layer(X)
    assert Y.shape == (B, N, D)
    assert Y.dtype == dtype
    assert X.equal(before)


@EACH
@KERNELS
@pytest.mark.parametrize("n", [7, 13])
def test_operations_are_the_multiplications(kind, k, n):
    layer, X = kind(D, k), torch.randn(1, n, D)
    # The counter does not know the fused kernel of every device.
    plain = sdpa_kernel(SDPBackend.MATH)
    with plain, FlopCounterMode(display=False) as counter:
        layer(X)
    multiplications = counter.get_total_flops() / 2  # each with a sum
    assert layer.operations(n, D, k) == multiplications


@pytest.mark.parametrize("n", [2, 3, 11])
def test_steps_wait_for_each_other_in_the_recurrence_alone(n):
    with Count(torch.ops.aten.tanh) as count:
        Recurrence(D)(torch.randn(B, n, D))
    assert Recurrence.sequential_steps(n, D) == count.calls == n
    for layer in (Convolution, SelfAttention):
        assert layer.sequential_steps(n, D) == 1


def reached(layers, n):
    """Whether the last output hears of the first input."""
    X = torch.randn(1, n, D, dtype=torch.float64, requires_grad=True)
    nn.Sequential(*layers).double()(X)[0, -1].sum().backward()
    return bool((X.grad[0, 0] != 0).any())


@KERNELS
@pytest.mark.parametrize("n", [2, 4, 5, 8, 13])
def test_path_of_the_convolution_is_in_layers(k, n):
    path = Convolution.path_length(n, D, k)
    assert reached([Convolution(D, k) for _ in range(path)], n)
    assert not reached([Convolution(D, k) for _ in range(path - 1)], n)


def test_path_of_the_recurrence_is_in_states():
    layer = Recurrence(D)
    assert reached([layer], N)
    layer.rnn.weight_hh_l0.data.zero_()  # cut it
    assert not reached([layer], N)
    assert Recurrence.path_length(N, D) == N - 1


def test_path_of_self_attention_is_one_layer():
    assert reached([SelfAttention(D)], N)
    assert SelfAttention.path_length(N, D) == 1


def test_they_are_what_they_say():
    X = torch.randn(B, N, D)
    weights = (X @ X.mT / D**0.5).softmax(dim=-1)
    torch.testing.assert_close(SelfAttention(D)(X), weights @ X)

    rnn = Recurrence(D)
    h, states = torch.zeros(B, D), []
    for t in range(N):
        of_input = X[:, t] @ rnn.rnn.weight_ih_l0.T + rnn.rnn.bias_ih_l0
        of_state = h @ rnn.rnn.weight_hh_l0.T + rnn.rnn.bias_hh_l0
        h = torch.tanh(of_input + of_state)
        states.append(h)
    torch.testing.assert_close(rnn(X), torch.stack(states, dim=1))

    layer = Convolution(D, 3)
    padded = nn.functional.pad(X, (0, 0, 1, 1))
    expected = layer.conv.bias + sum(
        padded[:, i : i + N] @ layer.conv.weight[:, :, i].T for i in range(3)
    )
    torch.testing.assert_close(layer(X), expected)


@pytest.mark.parametrize("kernel_size", [-1, 0, 1, 2, 4])
def test_wrong_kernels(kernel_size):
    message = f"kernel_size must be odd and at least 3, but is {kernel_size}"
    with pytest.raises(ValueError, match=message):
        Convolution(D, kernel_size)
    with pytest.raises(ValueError, match=message):
        Convolution.path_length(N, D, kernel_size)
