"""Another formula: attention without a softmax, which is a recurrence.

What is kept of the keys and values has the same size however many there were.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from d2lattn.checks import check_shape, check_sizes
from d2lattn.masking import ValidLens, hide, length_mask
from d2lattn.multihead import causal_lens
from d2lattn.scoring import per_head


def feature_map(X: Float[Tensor, "*B n d"]) -> Float[Tensor, "*B n d"]:
    r"""Make every number positive.

    $$\phi(x) = \begin{cases} x + 1 & x > 0 \\ e^x & x \leq 0 \end{cases}$$

    Paper: Katharopoulos et al. (2020), equation 7.

    >>> feature_map(torch.tensor([[-1.0, 0.0, 2.0]]))
    tensor([[0.3679, 1.0000, 3.0000]])
    """
    return X.clamp(max=0).exp() + X.relu()  # small ones are not rounded to 0


class LinearAttention(nn.Module):
    r"""Weigh the keys up to each query by products of features.

    $$\alpha_{ij} = \frac{\phi(\mathbf{q}_i)^\top \phi(\mathbf{k}_j)}
      {\sum_{j' \leq i} \phi(\mathbf{q}_i)^\top \phi(\mathbf{k}_{j'})},
      \qquad j \leq i$$

    This is the parallel form, for training; `linear_steps` computes the same
    one position after the other. The last query stands at the last key. Half
    precision is summed up in float32.

    Shapes: queries (B, ..., Q, d), keys (B, ..., K, d), values (B, ..., K, V),
    output (B, ..., Q, V), with no fewer keys than queries.

    Raises `ValueError` where the sizes or the lengths do not fit.

    Paper: Katharopoulos et al. (2020), sections 3.2 and 3.3, equations 4, 8.

    >>> attention, X = LinearAttention(), torch.zeros(1, 3, 2)
    >>> attention.weights(X, X)
    tensor([[[1.0000, 0.0000, 0.0000],
             [0.5000, 0.5000, 0.0000],
             [0.3333, 0.3333, 0.3333]]])
    """

    def __init__(self, dropout: float = 0.0):
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def weights(
        self,
        queries: Float[Tensor, "*B Q d"],
        keys: Float[Tensor, "*G K d"],
        valid_lens: ValidLens = None,
    ) -> Float[Tensor, "*B Q K"]:
        """The weight of each key for each query, before dropout."""
        check_sizes(queries, keys)
        lens = causal_lens(queries, keys, valid_lens)
        queries, keys = hide(lens, queries, keys)
        # Sums of many terms, so in float32 at least.
        dtype = torch.promote_types(queries.dtype, torch.float32)
        q, k = (feature_map(X.to(dtype)) for X in (queries, keys))
        scores = q @ per_head(k, q).mT  # (B, ..., Q, K)
        if lens is not None:
            scores = scores * length_mask(lens, scores.shape)
        total = scores.sum(dim=-1, keepdim=True)  # (B, ..., Q, 1)
        return (scores / total.where(total > 0, 1)).to(queries.dtype)

    def forward(
        self,
        queries: Float[Tensor, "*B Q d"],
        keys: Float[Tensor, "*G K d"],
        values: Float[Tensor, "*G K V"],
        valid_lens: ValidLens = None,
    ) -> Float[Tensor, "*B Q V"]:
        check_sizes(queries, keys, values)
        lens = causal_lens(queries, keys, valid_lens)
        queries, keys, values = hide(lens, queries, keys, values)
        weights = self.dropout(self.weights(queries, keys, lens))
        return weights @ per_head(values, queries)


class LinearState(NamedTuple):
    r"""All that linear attention keeps of what it has read.

    $$\mathbf{S} = \sum_j \phi(\mathbf{k}_j)\,\mathbf{v}_j^\top, \qquad
      \mathbf{z} = \sum_j \phi(\mathbf{k}_j)$$
    """

    S: Float[Tensor, "*B d V"]
    z: Float[Tensor, "*B d"]

    def check(self, queries: Tensor, keys: Tensor, values: Tensor) -> None:
        """Raise a `ValueError` unless the sequence can go on with these."""
        check_shape("queries", queries, keys.shape)
        *lead, _, d = keys.shape
        check_shape("S in the state", self.S, (*lead, d, values.shape[-1]))
        check_shape("z in the state", self.z, (*lead, d))


def linear_steps(
    queries: Float[Tensor, "*B n d"],
    keys: Float[Tensor, "*G n d"],
    values: Float[Tensor, "*G n V"],
    state: LinearState | None = None,
) -> tuple[Float[Tensor, "*B n V"], LinearState]:
    r"""Compute linear attention as a recurrence, position by position.

    $$\mathbf{S}_i = \mathbf{S}_{i-1} + \phi(\mathbf{k}_i)\,\mathbf{v}_i^\top,
      \qquad \mathbf{z}_i = \mathbf{z}_{i-1} + \phi(\mathbf{k}_i), \qquad
      \mathbf{y}_i = \frac{\mathbf{S}_i^\top \phi(\mathbf{q}_i)}
      {\mathbf{z}_i^\top \phi(\mathbf{q}_i)}$$

    Half precision is summed up in float32, in which the state is kept. Where
    all features are too small for a number, the output is zero.

    Shapes: queries and keys (..., n, d), values and output (..., n, V); of
    the state, (..., d, V) and (..., d). Heads may share keys and values, as
    in `per_head`.

    Raises `ValueError` where the sizes do not fit, or a state is that of
    other keys and values.

    Paper: Katharopoulos et al. (2020), section 3.4, equations 16 to 20.

    >>> X, values = torch.zeros(1, 2, 3), torch.tensor([[[2.0], [8.0]]])
    >>> outputs, state = linear_steps(X, X, values)
    >>> outputs.flatten(), state.S.shape
    (tensor([2., 5.]), torch.Size([1, 3, 1]))
    """
    check_sizes(queries, keys, values)
    # Sums of many terms, so in float32 at least.
    dtype = torch.promote_types(queries.dtype, torch.float32)
    keys, values = per_head(keys, queries), per_head(values, queries)
    phi_q, phi_k = (feature_map(X.to(dtype)) for X in (queries, keys))
    if state is None:
        z = phi_k.new_zeros(*keys.shape[:-2], keys.shape[-1])
        S = z.new_zeros(*z.shape, values.shape[-1])
        state = LinearState(S, z)
    state.check(queries, keys, values)
    S, z = state
    steps = (X.unbind(dim=-2) for X in (phi_q, phi_k, values.to(dtype)))
    outputs = []
    for q, k, v in zip(*steps, strict=True):
        S = S + k[..., :, None] * v[..., None, :]  # (..., d, V)
        z = z + k  # (..., d)
        total = (q * z).sum(dim=-1, keepdim=True)
        y = (q[..., None, :] @ S)[..., 0, :] / total.where(total > 0, 1)
        outputs.append(y)
    Y = torch.stack(outputs, dim=-2) if outputs else values  # (..., n, V)
    return Y.to(values.dtype), LinearState(S, z)
