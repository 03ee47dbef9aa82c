"""Attention pooling before there were networks: Nadaraya–Watson regression.

A kernel turns the distance between a query and a key into a weight; the
answer to the query is the weighted mean of the values.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from d2lattn.checks import check_sizes
from d2lattn.masking import ValidLens, hide, length_mask, masked_softmax

Kernel = Callable[[Float[Tensor, "..."]], Float[Tensor, "..."]]


def gaussian(u: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    r"""Fade smoothly: $K(u) = \exp(-u^2 / 2)$, any shape.

    >>> gaussian(torch.tensor([0.0, 1.0, 2.0]))
    tensor([1.0000, 0.6065, 0.1353])
    """
    return torch.exp(-(u**2) / 2)


def boxcar(u: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    r"""Count what is near: $K(u) = [\,|u| \leq 1\,]$, any shape.

    >>> boxcar(torch.tensor([0.0, 1.0, 2.0]))
    tensor([1., 1., 0.])
    """
    return (u.abs() <= 1).to(u.dtype)


def epanechnikov(u: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    r"""Fade to nothing: $K(u) = \max(1 - u^2, 0)$, any shape.

    The factor 3/4 of the literature cancels in the weights. What d2l calls
    `epanechikov`, $\max(1 - |u|, 0)$, is the triangular kernel.

    >>> epanechnikov(torch.tensor([0.0, 0.5, 2.0]))
    tensor([1.0000, 0.7500, 0.0000])
    """
    return (1 - u**2).clamp(min=0)


def constant(u: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    r"""Ignore the distance: $K(u) = 1$, any shape.

    >>> constant(torch.tensor([0.0, 1.0, 2.0]))
    tensor([1., 1., 1.])
    """
    return torch.ones_like(u)


#: The kernels by name, for a menu.
KERNELS: dict[str, Kernel] = {
    "gaussian": gaussian,
    "boxcar": boxcar,
    "epanechnikov": epanechnikov,
    "constant": constant,
}


def kernel_weights(
    queries: Float[Tensor, "*B Q D"],
    keys: Float[Tensor, "*B K D"],
    kernel: Kernel = gaussian,
    bandwidth: float | Float[Tensor, ""] = 1.0,
    valid_lens: ValidLens = None,
) -> Float[Tensor, "*B Q K"]:
    r"""Weigh each key by its distance from the query.

    $$\alpha(\mathbf{q}, \mathbf{k}_i) =
      \frac{K(u_i)}{\sum_j K(u_j)}, \qquad
      u_i = \frac{\lVert \mathbf{q} - \mathbf{k}_i \rVert}{h}$$

    Shapes: queries (..., Q, D), keys (..., K, D), weights (..., Q, K). A
    query without a key in reach gets zeros.

    Raises `ValueError` where the sizes do not fit or the bandwidth $h$ is
    not positive.

    Papers: Nadaraya (1964), pages 141–142; Watson (1964), pages 359–372.

    >>> queries, keys = torch.zeros(1, 1), torch.tensor([[-1.0], [0.0], [3.0]])
    >>> kernel_weights(queries, keys, boxcar, bandwidth=2.0)
    tensor([[0.5000, 0.5000, 0.0000]])
    """
    check_sizes(queries, keys)
    check_bandwidth(bandwidth)
    queries, keys = hide(valid_lens, queries, keys)
    # (..., Q, 1, D) - (..., 1, K, D) -> (..., Q, K, D)
    differences = queries[..., :, None, :] - keys[..., None, :, :]
    differences = differences / bandwidth
    if kernel is gaussian:
        # The same ratio, but far keys do not underflow to 0/0.
        scores = -differences.square().sum(dim=-1) / 2
        return masked_softmax(scores, valid_lens)
    u = torch.linalg.vector_norm(differences, dim=-1)
    weights = kernel(u)  # (..., Q, K)
    mask = length_mask(valid_lens, weights.shape)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    total = weights.sum(dim=-1, keepdim=True)
    return weights / total.masked_fill(total == 0, 1)


class NadarayaWatson(nn.Module):
    r"""Pool values by the distance of their keys from the query.

    $$f(\mathbf{q}) = \sum_i \alpha(\mathbf{q}, \mathbf{k}_i)\,
      \mathbf{v}_i$$

    The bandwidth is $h = \exp(\theta)$ with the parameter `log_bandwidth`,
    so that gradient steps keep it positive; it is trained if `learned`.

    Shapes: queries (..., Q, D), keys (..., K, D), values (..., K, V),
    output (..., Q, V).

    Raises `ValueError` as `kernel_weights` does, and where a bandwidth is to
    be learned through a kernel that has no slope.

    >>> attention = NadarayaWatson(boxcar, bandwidth=2.0)
    >>> keys = torch.tensor([[-1.0], [0.0], [3.0]])
    >>> attention(torch.zeros(1, 1), keys, values=keys)
    tensor([[-0.5000]])
    """

    def __init__(
        self,
        kernel: Kernel = gaussian,
        bandwidth: float = 1.0,
        *,
        learned: bool = False,
    ):
        super().__init__()
        check_bandwidth(bandwidth)
        if learned and kernel in (boxcar, constant):
            raise ValueError(
                "kernel must have a slope to learn a bandwidth from, as "
                f"gaussian has, but is {kernel.__name__}, which is flat"
            )
        self.kernel = kernel
        self.log_bandwidth = nn.Parameter(
            torch.tensor(float(bandwidth)).log(), requires_grad=learned
        )

    @property
    def bandwidth(self) -> Float[Tensor, ""]:
        """The width $h$ of the kernel, always positive."""
        return self.log_bandwidth.exp()

    def weights(
        self,
        queries: Float[Tensor, "*B Q D"],
        keys: Float[Tensor, "*B K D"],
        valid_lens: ValidLens = None,
    ) -> Float[Tensor, "*B Q K"]:
        """The weight of each key for each query; see `kernel_weights`."""
        return kernel_weights(
            queries, keys, self.kernel, self.bandwidth, valid_lens
        )

    def forward(
        self,
        queries: Float[Tensor, "*B Q D"],
        keys: Float[Tensor, "*B K D"],
        values: Float[Tensor, "*B K V"],
        valid_lens: ValidLens = None,
    ) -> Float[Tensor, "*B Q V"]:
        check_sizes(queries, keys, values)
        queries, keys, values = hide(valid_lens, queries, keys, values)
        weights = self.weights(queries, keys, valid_lens)
        return weights @ values  # (..., Q, K) @ (..., K, V) -> (..., Q, V)


def check_bandwidth(bandwidth: float | Tensor) -> None:
    """Raise a `ValueError` unless the bandwidth is positive."""
    if torch.compiler.is_compiling() or torch.jit.is_tracing():
        return
    try:
        positive = bool(bandwidth > 0)  # NaN is not positive either
    except RuntimeError:  # no number that may be looked at
        return
    if not positive:
        raise ValueError(
            f"bandwidth must be positive, but is {float(bandwidth)}"
        )
