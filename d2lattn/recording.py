"""Weights for whoever looks, and nothing for whoever does not.

The weights of all queries for all keys take memory quadratic in the length,
so no module keeps them. A scoring module has a class attribute `record`, which
is None; inside a recording it also has an attribute `record` of its own, a
function that it calls with its weights.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn


def attention_modules(model: nn.Module) -> Iterator[tuple[str, Any]]:
    """Yield the path of each attention in a model, and who records there.

    Attention is what has a method `weights`. Where one stands inside another,
    like the scoring inside a multi-head attention, the path is that of the
    outer one, and the first with an attribute `record` records: the scoring,
    which has the heads as one more dimension.

    >>> from d2lattn.scoring import DotProductAttention
    >>> model = nn.Sequential(nn.Tanh(), DotProductAttention())
    >>> [path for path, module in attention_modules(model)]
    ['1']
    """
    parents = []
    for path, module in model.named_modules():
        if any(path.startswith(parent) for parent in parents):
            continue
        if not callable(getattr(type(module), "weights", None)):
            continue
        inside = [m for m in module.modules() if hasattr(type(m), "record")]
        if inside:
            parents.append(f"{path}." if path else "")
            yield path, inside[0]


def recorder(
    calls: list[Tensor], outer: Callable[[Tensor], None] | None
) -> Callable[[Tensor], None]:
    """Return a function that keeps weights, and passes them on to `outer`.

    >>> import torch
    >>> inner_calls, outer_calls = [], []
    >>> record = recorder(inner_calls, outer_calls.append)
    >>> record(torch.ones(1))
    >>> inner_calls, outer_calls
    ([tensor([1.])], [tensor([1.])])
    """

    def record(weights: Tensor) -> None:
        calls.append(weights.detach())
        if outer is not None:
            outer(weights)

    return record


@contextmanager
def record_attention(model: nn.Module) -> Iterator[dict[str, list[Tensor]]]:
    """Keep the attention weights of every call of a model, while inside.

    The mapping goes from the path of each attention module in `model` (""
    for the model itself) to a list with one entry a call: the weights
    (B, ..., Q, K), detached, before dropout. Outputs are the same as without
    a recording. Recordings nest, and when one ends, by an exception too,
    nothing of it is left in the model.

    >>> import torch
    >>> from d2lattn.scoring import DotProductAttention
    >>> attention, X = DotProductAttention(), torch.zeros(1, 2, 3)
    >>> with record_attention(attention) as weights:
    ...     _ = attention(X, X, X)
    >>> weights[""][-1]
    tensor([[[0.5000, 0.5000],
             [0.5000, 0.5000]]])
    """
    weights, before = {}, []
    try:
        for path, module in attention_modules(model):
            weights[path] = []
            before.append((module, module.record))
            module.record = recorder(weights[path], module.record)
        yield weights
    finally:
        for module, outer in before:
            if outer is None:
                del module.record  # back to the None of its class
            else:
                module.record = outer
