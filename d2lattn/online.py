"""Exact attention, one block of keys after the other.

Between blocks, two numbers and a vector are kept for each query, so that the
weights of all keys never exist together.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from d2lattn.checks import check_positive, check_sizes
from d2lattn.scoring import per_head


class Running(NamedTuple):
    r"""What is known of the keys so far.

    $$m = \max_j s_j, \qquad \ell = \sum_j e^{s_j - m}, \qquad
      \mathbf{o} = \sum_j e^{s_j - m}\,\mathbf{v}_j$$

    for the scores $s_j$ of a query. Attention is $\mathbf{o} / \ell$.
    """

    maximum: Float[Tensor, "*B Q 1"]
    total: Float[Tensor, "*B Q 1"]
    output: Float[Tensor, "*B Q V"]


def online_steps(
    queries: Float[Tensor, "*B Q D"],
    keys: Float[Tensor, "*G K D"],
    values: Float[Tensor, "*G K V"],
    block_size: int = 256,
) -> Iterator[Running]:
    r"""Read the keys block by block, and yield what is known after each.

    $$m' = \max(m, \max_j s_j), \qquad
      \ell' = e^{m - m'}\,\ell + \sum_j e^{s_j - m'}, \qquad
      \mathbf{o}' = e^{m - m'}\,\mathbf{o}
      + \sum_j e^{s_j - m'}\,\mathbf{v}_j$$

    for the scores $s_j$ of the keys in the next block. Half precision is
    summed up in float32.

    Shapes: queries (..., Q, d), keys (..., K, d), values (..., K, V). Heads
    may share keys and values, as in `per_head`.

    Raises `ValueError` where the sizes do not fit, there is no key, or blocks
    are empty.

    Papers: Milakov and Gimelshein (2018), algorithm 3; Rabe and Staats (2021),
    section 2.

    >>> X = torch.tensor([[[0.0], [0.0]]])
    >>> values = torch.tensor([[[2.0], [8.0]]])
    >>> for running in online_steps(X[:, :1], X, values, block_size=1):
    ...     print(running.total.item(), running.output.item())
    1.0 2.0
    2.0 10.0
    """
    check_sizes(queries, keys, values)
    check_positive(keys=keys.shape[-2], block_size=block_size)
    dtype = torch.promote_types(queries.dtype, torch.float32)
    q = queries.to(dtype) / math.sqrt(queries.shape[-1])
    maximum = q.new_full((*q.shape[:-1], 1), -math.inf)
    total, output = torch.zeros_like(maximum), torch.zeros_like(maximum)
    blocks = (X.to(dtype).split(block_size, dim=-2) for X in (keys, values))
    for k, v in zip(*blocks, strict=True):
        k, v = per_head(k, q), per_head(v, q)
        scores = q @ k.mT  # (..., Q, block_size)
        highest = torch.maximum(maximum, scores.amax(dim=-1, keepdim=True))
        shrink = (maximum - highest).exp()
        weights = (scores - highest).exp()
        total = shrink * total + weights.sum(dim=-1, keepdim=True)
        output = shrink * output + weights @ v  # (..., Q, V)
        maximum = highest
        yield Running(maximum, total, output)


def online_attention(
    queries: Float[Tensor, "*B Q D"],
    keys: Float[Tensor, "*G K D"],
    values: Float[Tensor, "*G K V"],
    block_size: int = 256,
) -> Float[Tensor, "*B Q V"]:
    """Compute scaled dot-product attention without holding all weights.

    At most Q x `block_size` scores exist at a time, where no gradients are
    wanted; with gradients, PyTorch keeps those of every block.

    Shapes, errors and papers are those of `online_steps`; output (..., Q, V).

    >>> X = torch.zeros(1, 5, 2)
    >>> values = torch.arange(5.0)[None, :, None]
    >>> online_attention(X[:, :1], X, values, block_size=2)
    tensor([[[2.]]])
    """
    steps = online_steps(queries, keys, values, block_size)
    running = next(steps)
    for after in steps:
        running = after
    return (running.output / running.total).to(queries.dtype)
