"""PyTorch's own layers with our weights, and how to compare two results."""

import copy
import io

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from d2lattn.masking import length_mask

ALL = slice(None)


def pairs(ours, theirs):
    """Yield each parameter of ours, theirs that holds it, and its rows."""
    if isinstance(theirs, nn.MultiheadAttention):
        yield from _pairs_of_attention(ours, theirs)
    elif isinstance(theirs, nn.TransformerEncoderLayer):
        yield from _pairs_of_attention(ours.attention, theirs.self_attn)
        yield from _pairs_of_rest(ours, theirs, norms=2)
    elif isinstance(theirs, nn.TransformerDecoderLayer):
        yield from _pairs_of_attention(ours.attention1, theirs.self_attn)
        yield from _pairs_of_attention(ours.attention2, theirs.multihead_attn)
        yield from _pairs_of_rest(ours, theirs, norms=3)
    else:
        yield from _pairs_of_layer(ours, theirs)


def _pairs_of_layer(ours, theirs):
    """Weight and bias of a linear layer or a normalisation."""
    yield ours.weight, theirs.weight, ALL
    if getattr(ours, "bias", None) is not None:  # RMSNorm knows none
        yield ours.bias, theirs.bias, ALL


def _pairs_of_attention(ours, theirs):
    """The projections, which PyTorch may keep in one."""
    size = ours.W_o.in_features
    separate = (
        theirs.q_proj_weight,
        theirs.k_proj_weight,
        theirs.v_proj_weight,
    )
    for i, W in enumerate((ours.W_q, ours.W_k, ours.W_v)):
        rows = slice(i * size, (i + 1) * size)
        if theirs.in_proj_weight is None:
            yield W.weight, separate[i], ALL
        else:
            yield W.weight, theirs.in_proj_weight, rows
        if W.bias is not None:
            yield W.bias, theirs.in_proj_bias, rows
    yield from _pairs_of_layer(ours.W_o, theirs.out_proj)


def _pairs_of_rest(ours, theirs, norms):
    """The network and the normalisations of a block."""
    yield from _pairs_of_layer(ours.ffn.dense1, theirs.linear1)
    yield from _pairs_of_layer(ours.ffn.dense2, theirs.linear2)
    for i in range(1, norms + 1):
        ours_ln = getattr(ours, f"addnorm{i}").ln
        yield from _pairs_of_layer(ours_ln, getattr(theirs, f"norm{i}"))


@torch.no_grad()
def share_weights(ours, theirs):
    """Draw weights, biases too, and give them to both."""
    for our, their, rows in pairs(ours, theirs):
        scale = our.shape[-1] ** -0.5 if our.ndim > 1 else 0.3
        our.copy_(torch.randn_like(our) * scale)
        their[rows] = our


def our_gradients(ours, theirs):
    """The gradients of our parameters, in the order of `pairs`."""
    return [our.grad for our, _, _ in pairs(ours, theirs)]


def their_gradients(theirs, ours):
    """The gradients of theirs, in the same order."""
    return [their.grad[rows] for _, their, rows in pairs(ours, theirs)]


def some_loss(outputs):
    """A number that depends on each output in a way of its own."""
    numbers = torch.arange(outputs.numel(), device=outputs.device)
    return (outputs.double().flatten() * numbers.double().sin()).sum()


def assert_as_good(
    ours, theirs, call_ours, call_theirs, shapes, dtype, draws=31
):
    """Compare modules that share weights: float32 to 1e-5, others by truth.

    A call of a module with inputs of the shapes gives an output and a list of
    weights. Both are compared, and the gradients of inputs and parameters.

    In half precision, an error of ours against float64 may be twice as large
    as PyTorch's, in the median of some draws: a unit whose sign is rounded
    away makes single draws differ wildly, one way or the other.
    """
    device = next(ours.parameters()).device

    def draw():
        share_weights(ours, theirs)
        exact = copy.deepcopy(theirs).double()
        inputs = [torch.randn(shape).to(device, dtype) for shape in shapes]
        return (
            _results(ours, call_ours, inputs, our_gradients, theirs),
            _results(theirs, call_theirs, inputs, their_gradients, ours),
            _results(
                exact,
                call_theirs,
                [x.double() for x in inputs],
                their_gradients,
                ours,
            ),
        )

    if dtype == torch.float32:
        our_results, their_results, _ = draw()
        for our, their in zip(our_results, their_results, strict=True):
            torch.testing.assert_close(our, their, rtol=1e-5, atol=1e-5)
        return
    errors = [_errors(*draw(), dtype) for _ in range(draws)]
    medians = torch.tensor(errors).median(dim=0).values
    for place, (our_error, their_error) in enumerate(medians.tolist()):
        assert our_error <= 2 * their_error, f"result {place}"


def _results(module, call, inputs, gradients, other):
    """The output, the weights, and the gradients of a module."""
    inputs = [x.clone().requires_grad_() for x in inputs]
    module.zero_grad()
    output, weights = call(module, inputs)
    some_loss(output).backward()
    of_inputs = [x.grad for x in inputs]
    return [output, *weights, *of_inputs, *gradients(module, other)]


def _errors(ours, theirs, truth, dtype):
    """The root mean square error of each result, ours and theirs."""
    errors = []
    for our, their, true in zip(ours, theirs, truth, strict=True):
        assert our.dtype == their.dtype == dtype
        both = (x.double() - true for x in (our, their))
        errors.append([x.square().mean().sqrt().item() for x in both])
    return errors


def assert_nothing_comes_through(attention, inputs, lens, value):
    """What no query may see, and queries that see nothing, are not read.

    Neither on the way there nor on the way back, whatever they hold.
    """
    queries, keys, values = (x.detach() for x in inputs)
    mask = length_mask(lens, (*queries.shape[:-1], keys.shape[-2]))
    hidden = ~mask.any(dim=-2)[..., None]
    alone = ~mask.any(dim=-1)[..., None]
    assert hidden.any()
    results = []
    for fill in (0.5, value):
        given = [
            queries.masked_fill(alone, fill),
            *(x.masked_fill(hidden, fill) for x in (keys, values)),
        ]
        given = [x.requires_grad_() for x in given]
        attention.zero_grad()
        output = attention(*given, lens)
        weights = attention.weights(*given[:2], lens)
        (some_loss(output) + some_loss(weights)).backward()
        leaves = [*given, *attention.parameters()]
        grads = [x.grad for x in leaves if x.grad is not None]
        results.append([output, weights, *grads])
    for harmless, result in zip(*results, strict=True):
        assert result.isfinite().all()
        assert result.equal(harmless)


class LargestTensor(TorchDispatchMode):
    """Remember the size of the largest tensor that was computed."""

    numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        sizes = [x.numel() for x in tree_leaves(result) if torch.is_tensor(x)]
        self.numel = max(self.numel, *sizes, 0)
        return result


class NoFloat64(TorchDispatchMode):
    """Refuse numbers in float64 on a device, as Apple's has none."""

    def __init__(self, device):
        super().__init__()
        self.device = device

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for x in tree_leaves(result):
            if torch.is_tensor(x) and x.device.type == self.device:
                assert x.dtype != torch.float64, func
        return result


def assert_travels(module, inputs, fresh, *, fullgraph=True):
    """Compiled, exported, copied, or saved and loaded: the answer is the same.

    It is loaded into a fresh module.
    """
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    fresh.load_state_dict(torch.load(file, weights_only=True))
    expected = module(*inputs)
    for same in (
        torch.compile(module, backend="aot_eager", fullgraph=fullgraph),
        torch.export.export(module, inputs).module(),
        copy.deepcopy(module),
        fresh,
    ):
        torch.testing.assert_close(same(*inputs), expected)
