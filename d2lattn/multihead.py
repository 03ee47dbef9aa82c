"""Several heads look at once, each in its own small space.

Heads are one more leading dimension of scaled dot-product attention.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from d2lattn.checks import (
    check_divides,
    check_lengths,
    check_shape,
    check_sizes,
)
from d2lattn.masking import ValidLens, hide
from d2lattn.scoring import DotProductAttention, fused_attention


def causal_lens(
    queries: Float[Tensor, "*B Q d"],
    keys: Float[Tensor, "*G K d"],
    valid_lens: ValidLens = None,
) -> ValidLens:
    """Let each query see the keys up to its own place, and none after it.

    The last query stands at the last key, so that queries may continue a
    sequence. Where lengths are given, the smaller of the two counts.

    Shapes: queries (B, ..., Q, d), keys (B, ..., K, d), lengths (B,) or
    (B, Q), result (B, Q); for a single query, the lengths as given.

    Raises `ValueError` where the lengths do not fit, or there are fewer keys
    than queries.

    >>> causal_lens(torch.zeros(1, 3, 2), torch.zeros(1, 5, 2))
    tensor([[3, 4, 5]])
    """
    B, Q, K = queries.shape[0], queries.shape[-2], keys.shape[-2]
    check_past(Q, K)
    if Q == 1:
        return valid_lens  # the last query, after which nothing comes
    lens = torch.arange(K - Q + 1, K + 1, device=queries.device)  # (Q,)
    lens = lens.expand(B, Q)
    if valid_lens is None:
        return lens
    check_lengths(valid_lens, (B, Q, K))
    valid_lens = valid_lens if valid_lens.ndim > 1 else valid_lens[:, None]
    return torch.minimum(lens, valid_lens)  # (B, Q)


class CausalAttention(nn.Module):
    r"""Attend by scaled dot products, and never look ahead.

    $$\operatorname{softmax}\left(\frac{\mathbf{Q}\mathbf{K}^\top}{\sqrt{d}}
      + \mathbf{B}\right)\mathbf{V}, \qquad
      B_{ij} = \begin{cases} 0 & j \leq i + K - Q \\
      -\infty & \text{otherwise} \end{cases}$$

    This is `DotProductAttention` with the lengths of `causal_lens`.

    Shapes: queries (B, ..., Q, d), keys (B, ..., K, d), values (B, ..., K, V),
    output (B, ..., Q, V), with no fewer keys than queries.

    Raises `ValueError` where the sizes or the lengths do not fit.

    Paper: Vaswani et al. (2017), section 3.2.3, third use.

    >>> attention, X = CausalAttention(), torch.zeros(1, 3, 2)
    >>> attention.weights(X, X)
    tensor([[[1.0000, 0.0000, 0.0000],
             [0.5000, 0.5000, 0.0000],
             [0.3333, 0.3333, 0.3333]]])
    """

    def __init__(self, dropout: float = 0.0):
        super().__init__()
        self.attention = DotProductAttention(dropout)

    def weights(
        self,
        queries: Float[Tensor, "*B Q d"],
        keys: Float[Tensor, "*G K d"],
        valid_lens: ValidLens = None,
    ) -> Float[Tensor, "*B Q K"]:
        """The weight of each key for each query, before dropout."""
        lens = causal_lens(queries, keys, valid_lens)
        return self.attention.weights(queries, keys, lens)

    def forward(
        self,
        queries: Float[Tensor, "*B Q d"],
        keys: Float[Tensor, "*G K d"],
        values: Float[Tensor, "*G K V"],
        valid_lens: ValidLens = None,
    ) -> Float[Tensor, "*B Q V"]:
        check_sizes(queries, keys, values)
        if valid_lens is None and queries.shape[-2] == keys.shape[-2]:
            # The same; a fused kernel skips the masked half.
            p = self.attention.dropout.p if self.training else 0.0
            return fused_attention(queries, keys, values, None, p, causal=True)
        lens = causal_lens(queries, keys, valid_lens)
        return self.attention(queries, keys, values, lens)


class MultiHeadAttention(nn.Module):
    r"""Attend in several projections at once, and join what they find.

    $$\mathbf{H}_i = \operatorname{softmax}\left(\frac{
        (\mathbf{Q}\mathbf{W}_q^{(i)}) (\mathbf{K}\mathbf{W}_k^{(i)})^\top
      }{\sqrt{d}}\right) \mathbf{V}\mathbf{W}_v^{(i)}, \qquad
      [\mathbf{H}_1, \ldots, \mathbf{H}_H]\,\mathbf{W}_o$$

    `forward` is `project` followed by `attend`; a decoder calls them apart.
    The heads attend through `attention`, scaled dot products unless replaced.
    With `num_kv_heads` = G, there are only G heads of keys and values, and
    each serves H / G heads of queries.

    Shapes: queries (B, Q, `query_size`), keys (B, K, `key_size`), values
    (B, K, `value_size`), each size D unless given; weights (B, H, Q, K);
    output (B, Q, D). Each head has size d = D / H.

    Raises `ValueError` where the heads do not divide `num_hiddens`, the heads
    of keys do not divide those of queries, or the sizes or the lengths do not
    fit.

    Papers: Vaswani et al. (2017), section 3.2.2; for `num_kv_heads`, Shazeer
    (2019), section 3, and Ainslie et al. (2023), section 2.2.

    >>> attention = MultiHeadAttention(num_hiddens=6, num_heads=3)
    >>> X = torch.ones(2, 5, 6)
    >>> attention(X, X, X, torch.tensor([4, 0])).shape
    torch.Size([2, 5, 6])
    >>> attention.weights(X, X, torch.tensor([4, 0]))[0, 2, 0].detach()
    tensor([0.2500, 0.2500, 0.2500, 0.2500, 0.0000])
    """

    def __init__(
        self,
        num_hiddens: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = False,
        *,
        query_size: int | None = None,
        key_size: int | None = None,
        value_size: int | None = None,
        num_kv_heads: int | None = None,
    ):
        super().__init__()
        check_heads(num_hiddens, num_heads, num_kv_heads)
        self.num_heads, self.size = num_heads, num_hiddens // num_heads
        num_kv = self.size * (num_kv_heads or num_heads)  # D unless shared
        self.W_q = nn.Linear(query_size or num_hiddens, num_hiddens, bias=bias)
        self.W_k = nn.Linear(key_size or num_hiddens, num_kv, bias=bias)
        self.W_v = nn.Linear(value_size or num_hiddens, num_kv, bias=bias)
        self.W_o = nn.Linear(num_hiddens, num_hiddens, bias=bias)
        self.attention: Any = DotProductAttention(dropout)

    def split(self, X: Float[Tensor, "B n D"]) -> Float[Tensor, "B H n d"]:
        """Cut each vector into one piece per head."""
        return X.unflatten(-1, (-1, self.size)).transpose(1, 2)

    def project(
        self, keys: Float[Tensor, "B K Dk"], values: Float[Tensor, "B K Dv"]
    ) -> tuple[Float[Tensor, "B G K d"], Float[Tensor, "B G K d"]]:
        """The keys and values that the heads see, to be reused."""
        return self.split(self.W_k(keys)), self.split(self.W_v(values))

    def attend(
        self,
        queries: Float[Tensor, "B Q Dq"],
        k: Float[Tensor, "B G K d"],
        v: Float[Tensor, "B G K d"],
        valid_lens: ValidLens = None,
    ) -> Float[Tensor, "B Q D"]:
        """The output for keys and values that `project` returned."""
        q = self.split(self.W_q(queries))  # (B, Q, D) -> (B, H, Q, d)
        heads = self.attention(q, k, v, valid_lens)  # (B, H, Q, d)
        return self.W_o(heads.transpose(1, 2).flatten(-2))  # (B, Q, D)

    def weights(
        self,
        queries: Float[Tensor, "B Q Dq"],
        keys: Float[Tensor, "B K Dk"],
        valid_lens: ValidLens = None,
    ) -> Float[Tensor, "B H Q K"]:
        """The weight of each key for each query in each head."""
        check_projected(self, queries, keys)
        queries, keys = hide(valid_lens, queries, keys)
        q, k = self.split(self.W_q(queries)), self.split(self.W_k(keys))
        return self.attention.weights(q, k, valid_lens)

    def forward(
        self,
        queries: Float[Tensor, "B Q Dq"],
        keys: Float[Tensor, "B K Dk"],
        values: Float[Tensor, "B K Dv"],
        valid_lens: ValidLens = None,
    ) -> Float[Tensor, "B Q D"]:
        check_projected(self, queries, keys, values)
        queries, keys, values = hide(valid_lens, queries, keys, values)
        return self.attend(queries, *self.project(keys, values), valid_lens)


def check_heads(
    num_hiddens: int, num_heads: int, num_kv_heads: int | None = None
) -> None:
    """Raise a `ValueError` unless the heads share the hidden size evenly.

    And, with `num_kv_heads`, unless they share those of the keys evenly.
    """
    check_divides("num_heads", num_heads, "num_hiddens", num_hiddens)
    if num_kv_heads is not None:
        check_divides("num_kv_heads", num_kv_heads, "num_heads", num_heads)


def check_past(num_queries: int, num_keys: int) -> None:
    """Raise a `ValueError` unless the first query has a key at its place."""
    if num_queries > num_keys:
        raise ValueError(
            "keys must be at least as many as queries where attention is "
            f"causal, but are {num_keys} for {num_queries} queries"
        )


def check_projected(
    module: Any,
    queries: Tensor,
    keys: Tensor,
    values: Tensor | None = None,
) -> None:
    """Raise a `ValueError` unless all fit each other and the projections."""
    sizes = [W.in_features for W in (module.W_q, module.W_k, module.W_v)]
    check_sizes(queries, keys, values, sizes=tuple(sizes))
    check_shape("queries", queries, ("B", "Q", sizes[0]))
