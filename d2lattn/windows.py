"""Less to look at: the last few keys, and perhaps the first ones.

Keys that no window reaches are not multiplied.
"""

from numbers import Integral

import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor, nn

from d2lattn.checks import check_positive, check_sizes
from d2lattn.masking import ValidLens, hide, length_mask, masked_softmax
from d2lattn.multihead import check_past
from d2lattn.scoring import DotProductAttention, fused_attention

BLOCK = 64  # queries at a time


def window_mask(
    queries: Integer[Tensor, "Q"],
    keys: Integer[Tensor, "K"],
    window: int,
    sinks: int = 0,
) -> Bool[Tensor, "Q K"]:
    r"""Mark the keys in each query's window, and the first keys of all.

    $$m_{ij} = [\,j \leq i\,] \wedge \left([\,j > i - w\,] \vee
      [\,j < s\,]\right)$$

    for a query at position $i$ and a key at position $j$, a window of $w$ and
    $s$ sinks.

    Shapes: positions (Q,) and (K,), mask (Q, K).

    >>> i = torch.arange(4)
    >>> window_mask(i, i, window=2, sinks=1).int().tolist()
    [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 1, 1]]
    """
    i, j = queries[:, None], keys
    return (j <= i) & ((j > i - window) | (j < sinks))


def window_attention(
    queries: Float[Tensor, "*B Q D"],
    keys: Float[Tensor, "*G K D"],
    values: Float[Tensor, "*G K V"],
    window: int,
    sinks: int = 0,
    valid_lens: ValidLens = None,
    dropout: float = 0.0,
) -> Float[Tensor, "*B Q V"]:
    """Attend a few queries at a time, to the keys that any of them reaches.

    With blocks of b queries, each query meets b - 1 + `window` keys and the
    sinks, instead of K keys: time grows with K and not with its square.

    Shapes, arguments and errors are those of `WindowAttention`.

    >>> X = torch.tensor([[[0.0], [0.0], [0.0]]])
    >>> values = torch.tensor([[[2.0], [4.0], [8.0]]])
    >>> window_attention(X, X, values, window=2)
    tensor([[[2.],
             [3.],
             [6.]]])
    """
    check_sizes(queries, keys, values)
    check_positive(window=window)
    check_sinks(sinks)
    Q, K = queries.shape[-2], keys.shape[-2]
    check_past(Q, K)
    ones = [1] * (queries.ndim - 2)
    allowed = length_mask(valid_lens, (*queries.shape[:-1], K))
    j, outputs = torch.arange(K, device=keys.device), []
    for begin in range(K - Q, max(K, K - Q + 1), BLOCK):  # once, if Q is 0
        end = min(begin + BLOCK, K)  # these queries stand in begin:end
        first = max(begin - window + 1, 0)
        near = torch.cat([j[: min(sinks, first)], j[first:end]])
        mask = window_mask(j[begin:end], near, window, sinks)
        mask = mask.expand(*ones, -1, -1)
        rows = slice(begin - (K - Q), end - (K - Q))
        if allowed is not None:
            of_each = allowed.expand(*allowed.shape[:-2], Q, -1)
            mask = mask & of_each[..., rows, :][..., near]
        q = queries[..., rows, :]
        k, v = keys[..., near, :], values[..., near, :]
        outputs.append(fused_attention(q, k, v, mask, dropout))
    return torch.cat(outputs, dim=-2)


class WindowAttention(nn.Module):
    r"""Attend to the last `window` keys, and to the first ones if `sinks`.

    A query's own place is the last of its window, and the last query stands
    at the last key, as in `CausalAttention`.

    Shapes: queries (B, ..., Q, d), keys (B, ..., K, d), values (B, ..., K, V),
    output (B, ..., Q, V), with no fewer keys than queries.

    Raises `ValueError` where the window is empty, `sinks` is negative, or the
    sizes or the lengths do not fit.

    Papers: Beltagy et al. (2020), section 3.1, for the window; Xiao et al.
    (2024), section 3.2, for the sinks.

    >>> attention, X = WindowAttention(window=2), torch.zeros(1, 4, 3)
    >>> attention.weights(X, X)
    tensor([[[1.0000, 0.0000, 0.0000, 0.0000],
             [0.5000, 0.5000, 0.0000, 0.0000],
             [0.0000, 0.5000, 0.5000, 0.0000],
             [0.0000, 0.0000, 0.5000, 0.5000]]])
    """

    def __init__(self, window: int, dropout: float = 0.0, *, sinks: int = 0):
        super().__init__()
        check_positive(window=window)
        check_sinks(sinks)
        self.window, self.sinks = window, sinks
        self.attention = DotProductAttention(dropout)

    def weights(
        self,
        queries: Float[Tensor, "*B Q d"],
        keys: Float[Tensor, "*G K d"],
        valid_lens: ValidLens = None,
    ) -> Float[Tensor, "*B Q K"]:
        """The weight of each key for each query, before dropout."""
        check_sizes(queries, keys)
        queries, keys = hide(valid_lens, queries, keys)
        scores = self.attention.scores(queries, keys)  # (B, ..., Q, K)
        Q, K = scores.shape[-2:]
        check_past(Q, K)
        j = torch.arange(K, device=keys.device)
        beyond = ~window_mask(j[K - Q :], j, self.window, self.sinks)
        lowest = torch.finfo(scores.dtype).min  # as in masked_softmax
        scores = scores.masked_fill(beyond, lowest)
        return masked_softmax(scores, valid_lens).masked_fill(beyond, 0)

    def forward(
        self,
        queries: Float[Tensor, "*B Q d"],
        keys: Float[Tensor, "*G K d"],
        values: Float[Tensor, "*G K V"],
        valid_lens: ValidLens = None,
    ) -> Float[Tensor, "*B Q V"]:
        check_sizes(queries, keys, values)
        q, k, v = hide(valid_lens, queries, keys, values)
        p = self.attention.dropout.p if self.training else 0.0
        seen = self.window, self.sinks
        return window_attention(q, k, v, *seen, valid_lens, p)


def check_sinks(sinks: int) -> None:
    """Raise a `ValueError` unless this many first keys can stay visible."""
    if not isinstance(sinks, Integral) or sinks < 0:
        raise ValueError(
            f"sinks must be an integer of at least 0, but is {sinks!r}"
        )
