"""Lengths become masks here, and nowhere else.

`valid_lens` says how many keys count, for each sequence of a batch or for each
of its queries. A boolean mask says so for each pair: True means attend.
"""

from typing import overload

import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor

from d2lattn.checks import check_lengths

#: How many keys count: for each sequence, for each of its queries, or all.
ValidLens = Integer[Tensor, "B"] | Integer[Tensor, "B Q"] | None


@overload
def length_mask(valid_lens: None, shape: tuple[int, ...]) -> None: ...


@overload
def length_mask(
    valid_lens: Integer[Tensor, "B"] | Integer[Tensor, "B Q"],
    shape: tuple[int, ...],
) -> Bool[Tensor, "B ... K"]: ...


def length_mask(
    valid_lens: ValidLens, shape: tuple[int, ...]
) -> Bool[Tensor, "B ... K"] | None:
    r"""Mark the keys that may be attended to.

    $$m_{b \ldots ij} = [\,j < \ell_{b}\,] \quad\text{or}\quad
      m_{b \ldots ij} = [\,j < \ell_{bi}\,], \qquad j = 0, \ldots, K - 1$$

    Shapes: `shape` is that of the scores, (B, ..., Q, K). Lengths (B,) give
    a mask (B, 1, ..., 1, 1, K), lengths (B, Q) one of (B, 1, ..., 1, Q, K);
    both broadcast to the scores. No lengths, no mask: None gives None.

    Raises `ValueError` where the lengths are not integers, do not fit the
    shape, are negative or exceed the number of keys, or look like a mask.

    >>> length_mask(torch.tensor([1, 3]), (2, 1, 4))
    tensor([[[ True, False, False, False]],
    <BLANKLINE>
            [[ True,  True,  True, False]]])
    """
    if valid_lens is None:
        return None
    check_lengths(valid_lens, shape)
    # (B,) -> (B, 1, ..., 1, 1),  (B, Q) -> (B, 1, ..., Q, 1)
    ones = [1] * (len(shape) - 1 - valid_lens.ndim)
    lens = valid_lens.reshape(shape[0], *ones, *valid_lens.shape[1:], 1)
    return torch.arange(shape[-1], device=lens.device) < lens


def hide(
    valid_lens: ValidLens,
    queries: Float[Tensor, "*B Q _"],
    keys: Float[Tensor, "*G K _"],
    *values: Float[Tensor, "*G K _"],
) -> tuple[Float[Tensor, "..."], ...]:
    """Put zeros in place of what must not affect the output.

    A masked key has weight 0, but 0 times NaN or infinity is NaN, in the
    backward pass as well. So keys and values that no query may attend to
    become zeros, and so do queries that have no key. A key that only some
    queries may attend to stays as it is: a NaN in it reaches all of them.

    Shapes: queries (B, ..., Q, D), keys (B, ..., K, D) and, if given, values
    (B, ..., K, V), returned in this order; lengths (B,) or (B, Q).

    >>> X = torch.tensor([[[1.0], [2.0], [torch.nan]]])
    >>> queries, keys = hide(torch.tensor([2]), X, X)
    >>> keys
    tensor([[[1.],
             [2.],
             [0.]]])
    """
    if valid_lens is None:
        return queries, keys, *values
    mask = length_mask(valid_lens, (*queries.shape[:-1], keys.shape[-2]))
    hidden = ~mask.any(dim=-2)[..., None]  # (B, 1, ..., K, 1)
    alone = ~mask.any(dim=-1)[..., None]  # (B, 1, ..., Q or 1, 1)
    others = (X.masked_fill(hidden, 0) for X in (keys, *values))
    return queries.masked_fill(alone, 0), *others


def masked_softmax(
    scores: Float[Tensor, "*B Q K"], valid_lens: ValidLens = None
) -> Float[Tensor, "*B Q K"]:
    r"""Turn scores into weights over the valid keys.

    $$\alpha_{ij} = \frac{m_{ij} \exp(s_{ij})}
                         {\sum_{k} m_{ik} \exp(s_{ik})}$$

    A masked key has weight exactly zero. A row in which every key is masked
    is all zeros, where the equation has 0/0, and its gradients are finite.

    Shapes: scores (B, ..., Q, K), lengths (B,) or (B, Q), weights as scores.

    Raises `ValueError` where the lengths do not fit; see `length_mask`.

    Paper: the softmax of scores is equation 6 of Bahdanau et al. (2015); the
    mask is section 3.2.3 of Vaswani et al. (2017).

    >>> masked_softmax(torch.zeros(2, 1, 4), torch.tensor([2, 0]))
    tensor([[[0.5000, 0.5000, 0.0000, 0.0000]],
    <BLANKLINE>
            [[0.0000, 0.0000, 0.0000, 0.0000]]])
    """
    mask = length_mask(valid_lens, scores.shape)
    if mask is None:
        return scores.softmax(dim=-1)
    # Not -inf: a row of nothing but -inf has no softmax, only NaN.
    lowest = torch.finfo(scores.dtype).min
    weights = scores.masked_fill(~mask, lowest).softmax(dim=-1)
    return weights.masked_fill(~mask, 0)
