"""Two ways to score a key for a query: additive and scaled dot product.

Both take any leading dimensions before (Q, D), the first of them the batch.
"""

import math
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from d2lattn.checks import check_sizes, heads_per_key
from d2lattn.masking import ValidLens, hide, length_mask, masked_softmax


def fused_attention(
    queries: Float[Tensor, "*B Q D"],
    keys: Float[Tensor, "*G K D"],
    values: Float[Tensor, "*G K V"],
    mask: Bool[Tensor, "..."] | Float[Tensor, "..."] | None = None,
    dropout: float = 0.0,
    causal: bool = False,
) -> Float[Tensor, "*B Q V"]:
    r"""Compute scaled dot-product attention in one call, without weights.

    $$\operatorname{softmax}\left(
      \frac{\mathbf{Q}\mathbf{K}^\top}{\sqrt{d}}\right)\mathbf{V}$$

    The mask is True where a key may be attended to; a query that has no such
    key gets zeros. A mask of numbers is added to the scores. With `causal`
    instead, query $i$ attends to the keys up to $i$. PyTorch's fused kernels
    have first derivatives only. Second ones work inside
    `torch.nn.attention.sdpa_kernel(SDPBackend.MATH)`; elsewhere they raise an
    error that says so.

    Shapes: queries (..., Q, d), keys (..., K, d), values (..., K, V), output
    (..., Q, V); the mask has as many dimensions, and broadcasts to
    (..., Q, K). Heads may share keys and values, as in `per_head`.

    Paper: Dao et al. (2022), algorithm 1.

    >>> keys = torch.zeros(1, 3, 2)
    >>> values = torch.tensor([[[1.0], [2.0], [6.0]]])
    >>> fused_attention(torch.ones(1, 1, 2), keys, values)
    tensor([[[3.]]])
    """
    if queries.ndim != 3:
        shared = queries.shape[:-2] != keys.shape[:-2]
        output = F.scaled_dot_product_attention(
            queries, keys, values, mask, dropout, causal, enable_gqa=shared
        )
        return check_derivatives(output)
    # PyTorch fuses (B, H, Q, d) only, so what has no heads gets one.
    q, k, v = (x[:, None] for x in (queries, keys, values))
    mask = None if mask is None else mask[:, None]
    return fused_attention(q, k, v, mask, dropout, causal)[:, 0]


def check_derivatives(output: Tensor) -> Tensor:
    """Return the output of a fused kernel, which is differentiable once.

    A second derivative through it raises a `RuntimeError` that says what to
    do; PyTorch's own does not.
    """
    node = None if torch.compiler.is_compiling() else output.grad_fn
    if node is not None and "ScaledDotProduct" in node.name():

        def refuse(_: Tensor) -> None:
            raise RuntimeError(
                "second derivatives must not go through fused attention, "
                "whose kernel has first ones only; compute inside "
                "torch.nn.attention.sdpa_kernel(SDPBackend.MATH)"
            )

        def after(gradients: Iterable[Tensor | None], _: object) -> None:
            for gradient in gradients:
                if gradient is not None and gradient.requires_grad:
                    gradient.register_hook(refuse)

        node.register_hook(after)
    return output


def per_head(
    keys: Float[Tensor, "*G K D"], queries: Float[Tensor, "*B Q _"]
) -> Float[Tensor, "*B K D"]:
    """Repeat keys or values that heads share, once for each such head.

    Shapes: queries (B, H, Q, d), keys (B, G, K, d), result (B, H, K, d). The
    first H / G heads get the first keys, and so on. With as many heads as the
    queries have, keys come back as they are.

    >>> per_head(torch.eye(2)[None, :, None], torch.zeros(1, 4, 1, 2))[0, :, 0]
    tensor([[1., 0.],
            [1., 0.],
            [0., 1.],
            [0., 1.]])
    """
    heads = heads_per_key(queries, keys)
    return keys if heads == 1 else keys.repeat_interleave(heads, dim=-3)


class DotProductAttention(nn.Module):
    r"""Score keys by their dot product with the query, scaled.

    $$a(\mathbf{q}, \mathbf{k}) =
      \frac{\mathbf{q}^\top \mathbf{k}}{\sqrt{d}}, \qquad
      \operatorname{softmax}\left(
      \frac{\mathbf{Q}\mathbf{K}^\top}{\sqrt{d}}\right)\mathbf{V}$$

    `forward` leaves that to PyTorch, whose fused kernels, where one applies,
    never hold all the weights.

    Shapes: queries (..., Q, d), keys (..., K, d), values (..., K, V), output
    (..., Q, V). Heads may share keys and values, as in `per_head`.

    Raises `ValueError` where the sizes or the lengths do not fit.

    Paper: Vaswani et al. (2017), section 3.2.1, equation 1.

    >>> attention = DotProductAttention()
    >>> queries, keys = torch.zeros(1, 1, 2), torch.ones(1, 3, 2)
    >>> values = torch.tensor([[[1.0], [2.0], [6.0]]])
    >>> attention(queries, keys, values, valid_lens=torch.tensor([2]))
    tensor([[[1.5000]]])
    """

    def __init__(self, dropout: float = 0.0):
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def scores(
        self,
        queries: Float[Tensor, "*B Q D"],
        keys: Float[Tensor, "*G K D"],
    ) -> Float[Tensor, "*B Q K"]:
        """The scaled dot products, before mask and softmax."""
        check_sizes(queries, keys)
        # Scaled first, so that float16 does not overflow.
        queries = queries / math.sqrt(queries.shape[-1])
        keys = per_head(keys, queries)
        return queries @ keys.mT  # (..., Q, d) @ (..., d, K) -> (..., Q, K)

    def weights(
        self,
        queries: Float[Tensor, "*B Q D"],
        keys: Float[Tensor, "*G K D"],
        valid_lens: ValidLens = None,
    ) -> Float[Tensor, "*B Q K"]:
        """The weight of each key for each query, before dropout."""
        check_sizes(queries, keys)
        queries, keys = hide(valid_lens, queries, keys)
        return masked_softmax(self.scores(queries, keys), valid_lens)

    def forward(
        self,
        queries: Float[Tensor, "*B Q D"],
        keys: Float[Tensor, "*G K D"],
        values: Float[Tensor, "*G K V"],
        valid_lens: ValidLens = None,
    ) -> Float[Tensor, "*B Q V"]:
        check_sizes(queries, keys, values)
        queries, keys, values = hide(valid_lens, queries, keys, values)
        shape = (*queries.shape[:-1], keys.shape[-2])  # (..., Q, K)
        mask = length_mask(valid_lens, shape)
        dropout = self.dropout.p if self.training else 0.0
        return fused_attention(queries, keys, values, mask, dropout)


class AdditiveAttention(nn.Module):
    r"""Score keys by a small network; queries and keys may differ in size.

    $$a(\mathbf{q}, \mathbf{k}) = \mathbf{w}_v^\top
      \tanh(\mathbf{W}_q\mathbf{q} + \mathbf{W}_k\mathbf{k})$$

    Shapes: queries (..., Q, `query_size`), keys (..., K, `key_size`), values
    (..., K, V), output (..., Q, V).

    Raises `ValueError` where the sizes or the lengths do not fit.

    Paper: Bahdanau et al. (2015), appendix A.1.2, where $a$ is the alignment
    model with $\mathbf{W}_a$, $\mathbf{U}_a$ and $\mathbf{v}_a$.

    >>> attention = AdditiveAttention(query_size=5, key_size=2, num_hiddens=8)
    >>> queries, keys = torch.zeros(1, 1, 5), torch.ones(1, 3, 2)
    >>> values = torch.tensor([[[1.0], [2.0], [6.0]]])
    >>> attention(queries, keys, values, torch.tensor([2])).detach()
    tensor([[[1.5000]]])
    """

    def __init__(
        self,
        query_size: int,
        key_size: int,
        num_hiddens: int,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.sizes = query_size, key_size
        self.W_q = nn.Linear(query_size, num_hiddens, bias=False)
        self.W_k = nn.Linear(key_size, num_hiddens, bias=False)
        self.w_v = nn.Linear(num_hiddens, 1, bias=False)
        self.dropout = nn.Dropout(dropout)

    def scores(
        self,
        queries: Float[Tensor, "*B Q Dq"],
        keys: Float[Tensor, "*B K Dk"],
    ) -> Float[Tensor, "*B Q K"]:
        """The output of the network, before mask and softmax."""
        check_sizes(queries, keys, sizes=self.sizes)
        # (..., Q, 1, h) + (..., 1, K, h) -> (..., Q, K, h)
        features = torch.tanh(
            self.W_q(queries)[..., :, None, :]
            + self.W_k(keys)[..., None, :, :]
        )
        return self.w_v(features).squeeze(-1)  # (..., Q, K)

    def weights(
        self,
        queries: Float[Tensor, "*B Q Dq"],
        keys: Float[Tensor, "*B K Dk"],
        valid_lens: ValidLens = None,
    ) -> Float[Tensor, "*B Q K"]:
        """The weight of each key for each query, before dropout."""
        check_sizes(queries, keys, sizes=self.sizes)
        queries, keys = hide(valid_lens, queries, keys)
        return masked_softmax(self.scores(queries, keys), valid_lens)

    def forward(
        self,
        queries: Float[Tensor, "*B Q Dq"],
        keys: Float[Tensor, "*B K Dk"],
        values: Float[Tensor, "*B K V"],
        valid_lens: ValidLens = None,
    ) -> Float[Tensor, "*B Q V"]:
        check_sizes(queries, keys, values, sizes=self.sizes)
        queries, keys, values = hide(valid_lens, queries, keys, values)
        weights = self.weights(queries, keys, valid_lens)
        return self.dropout(weights) @ values  # (..., Q, V)
