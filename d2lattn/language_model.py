"""A language model: the Transformer without an encoder.

One stack of causal blocks scores the words that may come next.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from d2lattn.caching import KeyValueCache, LanguageModelState, check_state
from d2lattn.checks import check_positive, check_tokens
from d2lattn.multihead import CausalAttention, MultiHeadAttention
from d2lattn.positional import PositionalEncoding
from d2lattn.transformer import (
    AddNorm,
    PositionWiseFFN,
    scaled_embedding,
    xavier,
)


class LanguageModelBlock(nn.Module):
    """Look back at the tokens before, then transform each by itself.

    `cache` holds the keys and values of all tokens before X. The block adds
    those of X, and returns a new cache beside its output. `norm` makes a
    normalisation from the size of its vectors, and `attention` what the heads
    attend through, from dropout; `num_kv_heads` is as in multi-head attention.

    Shapes: input and output (B, T, D); keys and values (B, H, t, d), or with
    `num_kv_heads` heads instead of H.

    Raises `ValueError` where the heads do not fit the sizes.

    Paper: Radford et al. (2019), section 2.3, for the order of the layers.

    >>> block = LanguageModelBlock(8, ffn_num_hiddens=16, num_heads=2)
    >>> X, cache = block(torch.ones(2, 3, 8), block.init_cache(batch_size=2))
    >>> X.shape, cache.k.shape
    (torch.Size([2, 3, 8]), torch.Size([2, 2, 3, 4]))
    """

    def __init__(
        self,
        num_hiddens: int,
        ffn_num_hiddens: int,
        num_heads: int,
        dropout: float = 0.0,
        use_bias: bool = False,
        *,
        norm_first: bool = True,
        norm: Callable[[int], nn.Module] = nn.LayerNorm,
        attention: Callable[[float], nn.Module] = CausalAttention,
        num_kv_heads: int | None = None,
    ):
        super().__init__()
        sizes = num_hiddens, num_heads, dropout, use_bias
        self.attention = MultiHeadAttention(*sizes, num_kv_heads=num_kv_heads)
        self.attention.attention = attention(dropout)
        self.addnorm1 = AddNorm(num_hiddens, dropout, norm_first=norm_first)
        self.ffn = PositionWiseFFN(ffn_num_hiddens, num_hiddens)
        self.addnorm2 = AddNorm(num_hiddens, dropout, norm_first=norm_first)
        for addnorm in (self.addnorm1, self.addnorm2):
            addnorm.ln = norm(num_hiddens)

    def init_cache(self, batch_size: int = 1) -> KeyValueCache:
        """Hold no keys and no values yet."""
        W = self.attention.W_k.weight
        nothing = self.attention.split(W.new_empty(batch_size, 0, len(W)))
        return KeyValueCache(nothing, nothing)

    def forward(
        self, X: Float[Tensor, "B T D"], cache: KeyValueCache
    ) -> tuple[Float[Tensor, "B T D"], KeyValueCache]:
        Z = self.addnorm1.before(X)
        k, v = self.attention.project(Z, Z)  # (B, H, T, d)
        k = torch.cat([cache.k, k], dim=2)  # (B, H, t + T, d)
        v = torch.cat([cache.v, v], dim=2)
        X = self.addnorm1(X, self.attention.attend(Z, k, v))
        Z = self.addnorm2.before(X)
        return self.addnorm2(X, self.ffn(Z)), KeyValueCache(k, v)


def through_blocks(
    blks: Any, X: Float[Tensor, "B T D"], state: LanguageModelState
) -> tuple[Float[Tensor, "B T D"], LanguageModelState]:
    """Send vectors through all blocks, each of which adds to its cache."""
    caches = []
    for blk, cache in zip(blks, state.caches, strict=True):
        X, cache = blk(X, cache)  # (B, T, D)
        caches.append(cache)
    return X, LanguageModelState(tuple(caches))


class LanguageModel(nn.Module):
    r"""Score the words that may come after each token of a text.

    $$p(y_1, \ldots, y_T \mid y_0) =
      \prod_{t=1}^{T} p(y_t \mid y_0, \ldots, y_{t-1}), \qquad
      p(\cdot \mid y_0, \ldots, y_{t-1}) =
      \operatorname{softmax}(\mathbf{W}\,\mathbf{x}_{t-1} + \mathbf{b})$$

    where $y_0$ is `<bos>`, and $\mathbf{x}_{t-1}$ what the blocks make of
    $y_{t-1}$. A whole text in one call gives the same logits as one token per
    call. `positions` makes, from the size of the vectors, dropout and
    `max_len`, a module that is called as `positions(X, offset)`; with None,
    nothing tells where a token stands. `norm` makes each normalisation from
    the size of the vectors. `options` go to the blocks: `attention`,
    `num_kv_heads`.

    Shapes: tokens (B, T), logits (B, T, V).

    Raises `ValueError` where tokens are out of range or have the wrong shape
    or dtype, a text is longer than its positions, or a state is that of other
    texts or another model.

    Papers: Radford et al. (2018), section 3.1, for the model; (2019), section
    2.3, for pre-norm.

    >>> model = LanguageModel(100, 8, 16, num_heads=2, num_blks=3)
    >>> logits, state = model(torch.tensor([[3, 1, 4], [1, 5, 9]]))
    >>> logits, state = model(torch.tensor([[1], [2]]), state)  # goes on
    >>> logits.shape, state.length
    (torch.Size([2, 1, 100]), 4)
    """

    def __init__(
        self,
        vocab_size: int,
        num_hiddens: int,
        ffn_num_hiddens: int,
        num_heads: int,
        num_blks: int,
        dropout: float = 0.0,
        use_bias: bool = False,
        *,
        positions: Callable[..., nn.Module] | None = PositionalEncoding,
        norm: Callable[[int], nn.Module] = nn.LayerNorm,
        norm_first: bool = True,
        tie_weights: bool = True,
        max_len: int = 1000,
        **options: Any,
    ):
        super().__init__()
        check_positive(num_blks=num_blks)
        sizes = num_hiddens, ffn_num_hiddens, num_heads, dropout, use_bias
        options |= {"norm": norm, "norm_first": norm_first}
        self.embedding = scaled_embedding(vocab_size, num_hiddens)
        self.scale = math.sqrt(num_hiddens)
        places = num_hiddens, dropout, max_len
        self.pos_encoding = positions(*places) if positions else None
        blks = (LanguageModelBlock(*sizes, **options) for _ in range(num_blks))
        self.blks: Any = nn.ModuleList(blks).apply(xavier)
        self.ln = norm(num_hiddens) if norm_first else nn.Identity()
        self.dense = nn.Linear(num_hiddens, vocab_size)
        if tie_weights:
            self.dense.weight = self.embedding.weight

    def init_state(self, batch_size: int = 1) -> LanguageModelState:
        """Stand at the beginning of this many texts."""
        caches = (blk.init_cache(batch_size) for blk in self.blks)
        return LanguageModelState(tuple(caches))

    def forward(
        self,
        X: Integer[Tensor, "B T"],
        state: LanguageModelState | None = None,
    ) -> tuple[Float[Tensor, "B T V"], LanguageModelState]:
        state, t = check_text(self, X, state)
        X = self.embedding(X) * self.scale  # (B, T, D)
        X = self.pos_encoding(X, t) if self.pos_encoding else X
        X, state = through_blocks(self.blks, X, state)
        return self.dense(self.ln(X)), state


def check_text(
    model: Any, X: Tensor, state: LanguageModelState | None
) -> tuple[LanguageModelState, int]:
    """Return where a text goes on, if the tokens fit the model and the state.

    That is the state, or the first one, and how many tokens came before.
    """
    check_tokens(X, model.embedding.num_embeddings)
    if state is None:
        return model.init_state(X.shape[0]), 0
    check_state(state, model.blks, X.shape[0])
    return state, state.caches[0].k.shape[2]  # (B, H, t, d)
