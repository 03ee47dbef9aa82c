"""Attention weights on request.

They take memory quadratic in the length, so no module keeps them. A recording
computes them a second time, from the arguments of each call.
"""

import inspect
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn


@contextmanager
def record_attention(model: nn.Module) -> Iterator[dict[str, list[Tensor]]]:
    """Keep the attention weights of every call of a model inside the block.

    The mapping goes from the path of each attention in `model` ("" for the
    model itself) to a list with one entry per call: the weights
    (B, ..., Q, K), detached, before dropout. The model's answers stay the
    same to the bit. Recordings may nest or overlap.

    Raises `ValueError` where the model holds no attention.

    >>> from d2lattn.scoring import DotProductAttention
    >>> attention, X = DotProductAttention(), torch.zeros(1, 2, 3)
    >>> with record_attention(attention) as weights:
    ...     _ = attention(X, X, X)
    >>> weights[""][-1]
    tensor([[[0.5000, 0.5000],
             [0.5000, 0.5000]]])
    """
    weights, running = {}, []
    with ExitStack() as stack:
        stack.enter_context(uncompiled())
        for module, path in attention_paths(model).items():
            watch = Watch(weights.setdefault(path, []), running)
            before = module.register_forward_pre_hook(watch.begin)
            after = module.register_forward_hook(
                watch.end, with_kwargs=True, always_call=True
            )
            stack.callback(before.remove)
            stack.callback(after.remove)
        yield weights


class Watch:
    """The hooks of one attention: they keep its weights in `calls`.

    `running` lists the attentions that were called and have not returned: one
    that runs inside another is part of it. A copy of a watch keeps nothing.
    """

    def __init__(self, calls: list[Tensor] | None = None, running: Any = ()):
        self.calls, self.running = calls, running

    def __reduce__(self) -> tuple[type, tuple[()]]:
        return Watch, ()  # a copy

    def begin(self, module: nn.Module, args: Any) -> None:
        """Note that the attention was called."""
        if self.calls is not None:
            self.running.append(module)

    def end(self, module: Any, args: Any, options: Any, output: Any) -> None:
        """Keep the weights, unless the call failed and has no output."""
        if self.calls is not None:
            self.running.pop()
            if not self.running and output is not None:
                self.calls.append(_weights_of(module, *args, **options))


def attention_paths(model: nn.Module) -> dict[nn.Module, str]:
    """Return each attention in a model, with the path it is recorded under.

    An attention has a method `weights(queries, keys, valid_lens)`. One inside
    another, like the scoring in multi-head attention, has the outer's path.

    Raises `ValueError` where the model holds none.

    >>> from d2lattn.multihead import MultiHeadAttention
    >>> model = nn.Sequential(nn.Tanh(), MultiHeadAttention(6, num_heads=2))
    >>> list(attention_paths(model).values())  # the heads, and their scoring
    ['1', '1']
    """
    paths = {}
    for path, module in model.named_modules():
        if _attends(module):
            name = f"{path}.".replace("_orig_mod.", "")  # of torch.compile
            for part in filter(_attends, module.modules()):
                paths.setdefault(part, name.removesuffix("."))
    if not paths:
        raise ValueError(
            "model must hold attention, that is modules with a method "
            f"weights(queries, keys, valid_lens), but {type(model).__name__} "
            "holds none"
        )
    return paths


def _attends(module: nn.Module) -> bool:
    """Tell whether a module says how it weighs keys."""
    weights = getattr(type(module), "weights", None)
    if not callable(weights):
        return False
    return {"queries", "keys"} <= inspect.signature(weights).parameters.keys()


@torch.no_grad()
def _weights_of(
    module: Any,
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    valid_lens: Tensor | None = None,
) -> Tensor:
    """Compute the weights of an attention called with these arguments."""
    return module.weights(queries, keys, valid_lens)


_recordings = 0
_stance = ExitStack()


@contextmanager
def uncompiled() -> Iterator[None]:
    """Run compiled models as they are written, so that hooks are called."""
    global _recordings
    if not _recordings:
        _stance.enter_context(torch.compiler.set_stance("force_eager"))
    _recordings += 1
    try:
        yield
    finally:
        _recordings -= 1
        if not _recordings:
            _stance.close()


def _point_here(names: Mapping[str, Any]) -> None:
    """Let d2l's `attention_weights` lead to an error that helps."""

    def getattr_(self: nn.Module, name: str) -> Any:
        if name == "attention_weights":
            raise AttributeError(
                f"{type(self).__name__} keeps no attention_weights; see "
                "d2lattn.record_attention, as in `with "
                "record_attention(model) as weights: model(...)`"
            )
        return nn.Module.__getattr__(self, name)

    for kind in names.values():
        if isinstance(kind, type) and issubclass(kind, nn.Module):
            kind.__getattr__ = getattr_
