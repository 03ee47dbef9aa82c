"""Where a key stands, as seen from the query: rotary positions and ALiBi.

Both change the scores and nothing else, so a model that has one of them adds
no positions to its words. Both read positions off the shapes.
"""

import math

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from d2lattn.checks import check_positive, check_sizes
from d2lattn.masking import ValidLens, hide, length_mask, masked_softmax
from d2lattn.multihead import CausalAttention, check_past
from d2lattn.scoring import DotProductAttention, fused_attention


def rotate(
    X: Float[Tensor, "*B n d"],
    positions: Integer[Tensor, "n"],
    base: float = 10000.0,
) -> Float[Tensor, "*B n d"]:
    r"""Turn each pair of numbers of a vector by angles of its position.

    $$\begin{pmatrix} x_{2j} \\ x_{2j+1} \end{pmatrix} \mapsto
      \begin{pmatrix} \cos i\omega_j & -\sin i\omega_j \\
      \sin i\omega_j & \cos i\omega_j \end{pmatrix}
      \begin{pmatrix} x_{2j} \\ x_{2j+1} \end{pmatrix}, \qquad
      \omega_j = \text{base}^{-2j/d}$$

    for position $i$.

    Shapes: vectors and result (..., n, d), positions (n,).

    Raises `ValueError` where d is odd, or `base` is not positive.

    Paper: Su et al. (2021), section 3.2.2, equation 15.

    >>> rotate(torch.tensor([[1.0, 0.0]]), torch.tensor([2]))
    tensor([[-0.4161,  0.9093]])
    """
    d = X.shape[-1]
    if d % 2:
        raise ValueError(
            f"heads must have an even size, for pairs to turn, but have {d}"
        )
    if not base > 0:  # nor NaN
        raise ValueError(f"base must be positive, but is {base}")
    # Far positions are large angles, so in float64, which CPUs all have.
    speeds = base ** -(torch.arange(0, d, 2, device="cpu").double() / d)
    angles = positions.cpu()[:, None] * speeds  # (n, d / 2)
    dtype = torch.promote_types(X.dtype, torch.float32)
    tables = (table.to(dtype) for table in (angles.cos(), angles.sin()))
    cos, sin = (table.to(X.device) for table in tables)
    x, y = X.to(dtype).unflatten(-1, (-1, 2)).unbind(-1)  # (..., n, d / 2)
    turned = torch.stack([x * cos - y * sin, x * sin + y * cos], dim=-1)
    return turned.flatten(-2).to(X.dtype)


class RotaryAttention(nn.Module):
    r"""Turn queries and keys by their positions, then attend causally.

    $$a(\mathbf{q}_i, \mathbf{k}_j) = \frac{(\mathbf{R}_i\mathbf{q}_i)^\top
      (\mathbf{R}_j\mathbf{k}_j)}{\sqrt{d}} = \frac{\mathbf{q}_i^\top
      \mathbf{R}_{j - i}\,\mathbf{k}_j}{\sqrt{d}}$$

    with the rotations $\mathbf{R}$ of `rotate`, so a score depends on the
    distance between query and key, and not on where they stand. The last
    query stands at the last key; values are not turned.

    Shapes: queries (B, ..., Q, d), keys (B, ..., K, d), values (B, ..., K, V),
    output (B, ..., Q, V), with no fewer keys than queries.

    Raises `ValueError` where d is odd, or the sizes or the lengths do not fit.

    Paper: Su et al. (2021), section 3.2, equation 16.

    >>> attention, X = RotaryAttention(), torch.ones(1, 3, 2)
    >>> attention.weights(X, X)[0, -1]  # the same vectors, but not the places
    tensor([0.0815, 0.3150, 0.6035])
    """

    def __init__(self, dropout: float = 0.0, *, base: float = 10000.0):
        super().__init__()
        self.base = base
        self.attention = CausalAttention(dropout)

    def rotated(
        self, queries: Float[Tensor, "*B Q d"], keys: Float[Tensor, "*G K d"]
    ) -> tuple[Float[Tensor, "*B Q d"], Float[Tensor, "*G K d"]]:
        """Queries and keys, each turned by its place."""
        check_sizes(queries, keys)
        Q, K = queries.shape[-2], keys.shape[-2]
        check_past(Q, K)
        j = torch.arange(K, device="cpu")
        places = j[K - Q :], j
        q, k = (
            rotate(X, i, self.base)
            for X, i in zip((queries, keys), places, strict=True)
        )
        return q, k

    def weights(
        self,
        queries: Float[Tensor, "*B Q d"],
        keys: Float[Tensor, "*G K d"],
        valid_lens: ValidLens = None,
    ) -> Float[Tensor, "*B Q K"]:
        """The weight of each key for each query, before dropout."""
        queries, keys = hide(valid_lens, queries, keys)
        rotated = self.rotated(queries, keys)
        return self.attention.weights(*rotated, valid_lens)

    def forward(
        self,
        queries: Float[Tensor, "*B Q d"],
        keys: Float[Tensor, "*G K d"],
        values: Float[Tensor, "*G K V"],
        valid_lens: ValidLens = None,
    ) -> Float[Tensor, "*B Q V"]:
        check_sizes(queries, keys, values)
        queries, keys = hide(valid_lens, queries, keys)
        rotated = self.rotated(queries, keys)
        return self.attention(*rotated, values, valid_lens)


def alibi_slopes(num_heads: int) -> Float[Tensor, "H"]:
    r"""How much the score of each head falls with each step of distance.

    $$m_h = 2^{-8h/H}, \qquad h = 1, \ldots, H$$

    Where H is not a power of two, those of the power below come first, and
    then every other one of the power above.

    Raises `ValueError` where there is no head.

    Paper: Press et al. (2022), section 3, and their code.

    >>> alibi_slopes(4)
    tensor([0.2500, 0.0625, 0.0156, 0.0039])
    >>> alibi_slopes(3)
    tensor([0.0625, 0.0039, 0.2500])
    """
    check_positive(num_heads=num_heads)
    below = 2 ** int(math.log2(num_heads))
    slopes = 2 ** (-8 / below * torch.arange(1, below + 1))
    if below == num_heads:
        return slopes
    return torch.cat([slopes, alibi_slopes(2 * below)[0::2]])[:num_heads]


def alibi_bias(
    queries: Float[Tensor, "*B Q d"], keys: Float[Tensor, "*G K d"]
) -> Float[Tensor, "..."]:
    r"""What ALiBi adds to the scores: a penalty for distance.

    $$b_{hij} = \begin{cases} -m_h\,(i - j) & j \leq i \\
      -\infty & \text{otherwise} \end{cases}$$

    for a query at position $i$, a key at $j$, and the slopes of
    `alibi_slopes`.

    Shapes: queries (B, ..., H, Q, d), keys (B, ..., H, K, d), result
    (1, ..., H, Q, K); queries (B, Q, d) count as those of one head.

    >>> alibi_bias(torch.ones(1, 8, 3, 2), torch.ones(1, 8, 3, 2))[0, 0]
    tensor([[ 0.0000,    -inf,    -inf],
            [-0.5000,  0.0000,    -inf],
            [-1.0000, -0.5000,  0.0000]])
    """
    Q, K = queries.shape[-2], keys.shape[-2]
    check_past(Q, K)
    j = torch.arange(K, device=keys.device)
    ahead = j - j[K - Q :, None]  # (Q, K)
    heads = queries.shape[-3] if queries.ndim > 3 else 1
    slopes = alibi_slopes(heads).to(keys.device)
    bias = slopes[:, None, None] * ahead  # (H, Q, K)
    bias = bias.masked_fill(ahead > 0, -math.inf).to(queries.dtype)
    bias = bias.reshape(*[1] * (queries.ndim - 3), heads, Q, K)
    return bias if queries.ndim > 2 else bias[0]


class AlibiAttention(nn.Module):
    r"""Attend causally, with scores that fall with the distance.

    $$a_h(\mathbf{q}_i, \mathbf{k}_j) = \frac{\mathbf{q}_i^\top
      \mathbf{k}_j}{\sqrt{d}} - m_h\,(i - j)$$

    The slope $m_h$ is fixed, and each head has its own. The last query stands
    at the last key.

    Shapes: queries (B, ..., H, Q, d), keys (B, ..., H, K, d), values
    (B, ..., H, K, V), output (B, ..., H, Q, V), with no fewer keys than
    queries; without a dimension of heads, there is one.

    Raises `ValueError` where the sizes or the lengths do not fit.

    Paper: Press et al. (2022), section 3.

    >>> attention, X = AlibiAttention(), torch.zeros(1, 8, 3, 2)
    >>> attention.weights(X, X)[0, 0]  # the first head falls fastest
    tensor([[1.0000, 0.0000, 0.0000],
            [0.3775, 0.6225, 0.0000],
            [0.1863, 0.3072, 0.5065]])
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
        check_sizes(queries, keys)
        queries, keys = hide(valid_lens, queries, keys)
        scores = self.attention.scores(queries, keys)  # (B, ..., H, Q, K)
        bias = alibi_bias(queries, keys)
        return masked_softmax(scores + bias, valid_lens)

    def forward(
        self,
        queries: Float[Tensor, "*B Q d"],
        keys: Float[Tensor, "*G K d"],
        values: Float[Tensor, "*G K V"],
        valid_lens: ValidLens = None,
    ) -> Float[Tensor, "*B Q V"]:
        check_sizes(queries, keys, values)
        queries, keys, values = hide(valid_lens, queries, keys, values)
        bias = alibi_bias(queries, keys)
        shape = (*queries.shape[:-1], keys.shape[-2])  # (B, ..., H, Q, K)
        if (mask := length_mask(valid_lens, shape)) is not None:
            bias = bias.masked_fill(~mask, -math.inf)
        p = self.attention.dropout.p if self.training else 0.0
        return fused_attention(queries, keys, values, bias, p)
