"""Derivatives that PyTorch's fused attention does not have by itself."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

#: Whether what runs backwards will be run again (`retain_graph`).
keeps_graph: Callable[[], bool] = getattr(
    torch._C._autograd, "_get_current_graph_task_keep_graph", lambda: True
)


def differentiable(attention: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Let a fused attention be differentiated twice, and by `torch.func`.

    Fused kernels have first derivatives and no others. Where someone
    differentiates the way back, or `torch.func` transforms the function,
    PyTorch's plain formula is used instead. No other call costs more.

    Raises `ValueError` where a second derivative is asked for and there was
    dropout: the kernel does not tell which weights it dropped.

    >>> import torch.nn.functional as F
    >>> attend = differentiable(F.scaled_dot_product_attention)
    >>> X = torch.ones(1, 1, 2, 3, requires_grad=True)
    >>> loss = attend(X, X, X).sum()
    >>> (slope,) = torch.autograd.grad(loss, X, create_graph=True)
    >>> slope.requires_grad
    True
    """

    def plain(*args: Any) -> Tensor:
        with sdpa_kernel(SDPBackend.MATH):
            return attention(*args)

    @wraps(attention)
    def attend(
        queries: Tensor,
        keys: Tensor,
        values: Tensor,
        mask: Tensor | None = None,
        dropout: float = 0.0,
        causal: bool = False,
    ) -> Tensor:
        args: list[Any] = [queries, keys, values, mask, dropout, causal]
        if torch.compiler.is_compiling():
            return attention(*args)
        if torch._C._are_functorch_transforms_active():
            return plain(*args)
        output = attention(*args)
        node = output.grad_fn
        if node is None or "ScaledDotProduct" not in node.name():
            return output

        def again(
            grads: tuple[Tensor | None, ...], above: tuple[Tensor | None, ...]
        ) -> tuple[Tensor | None, ...] | None:
            """The same gradients, with a graph, where one is made."""
            if above[0] is None or not torch.is_grad_enabled():
                if not keeps_graph():
                    args.clear()  # as the kernel lets go of what it saved
                return None
            if dropout:
                raise ValueError(
                    "dropout must be 0 where attention is differentiated "
                    f"twice, but is {dropout}"
                )
            places = [i for i, x in enumerate(grads) if x is not None]
            found = torch.autograd.grad(
                plain(*args),
                [args[i] for i in places],
                above[0],
                create_graph=True,
            )
            mine = dict(zip(places, found, strict=True))
            return tuple(mine.get(i) for i in range(len(grads)))

        node.register_hook(again)
        return output

    return attend
