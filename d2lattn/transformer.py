"""The Transformer: attention in every place where tokens meet.

A decoder's state is a value. Decoding makes a new state and leaves the old
one as it was, so that a search may go on from it twice.
"""

import math
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from d2lattn.checks import (
    check_encoded,
    check_positive,
    check_shape,
    check_source,
    check_tokens,
)
from d2lattn.masking import ValidLens, hide
from d2lattn.multihead import CausalAttention, MultiHeadAttention
from d2lattn.positional import PositionalEncoding


class PositionWiseFFN(nn.Module):
    r"""Transform each position by itself, with the same weights for all.

    $$\operatorname{FFN}(\mathbf{x}) =
      \mathbf{W}_2 \max(0, \mathbf{W}_1\mathbf{x} + \mathbf{b}_1)
      + \mathbf{b}_2$$

    Shapes: input and output (..., D), where D is `ffn_num_outputs`, with
    `ffn_num_hiddens` numbers in between.

    Paper: Vaswani et al. (2017), section 3.3, equation 2.

    >>> ffn = PositionWiseFFN(ffn_num_hiddens=8, ffn_num_outputs=4)
    >>> ffn(torch.ones(2, 3, 4)).shape
    torch.Size([2, 3, 4])
    """

    def __init__(self, ffn_num_hiddens: int, ffn_num_outputs: int):
        super().__init__()
        self.dense1 = nn.Linear(ffn_num_outputs, ffn_num_hiddens)
        self.relu = nn.ReLU()
        self.dense2 = nn.Linear(ffn_num_hiddens, ffn_num_outputs)

    def forward(self, X: Float[Tensor, "*B D"]) -> Float[Tensor, "*B D"]:
        return self.dense2(self.relu(self.dense1(X)))


class AddNorm(nn.Module):
    r"""Add the output of a layer to its input, and normalise.

    $$\text{post-norm: } \operatorname{norm}(\mathbf{x} +
      f(\mathbf{x})), \qquad
      \text{pre-norm: } \mathbf{x} + f(\operatorname{norm}(\mathbf{x}))$$

    The layer $f$ stands between two calls: `Y = f(addnorm.before(X))` and
    `addnorm(X, Y)`. `norm_first` decides which of the two normalises.

    Shapes: inputs and output (..., D).

    Raises `ValueError` where the two inputs differ in shape.

    Papers: Vaswani et al. (2017), section 3.1 and, for dropout, 5.4; Xiong
    et al. (2020), table 1, for both orders.

    >>> addnorm = AddNorm(num_hiddens=2)
    >>> X = torch.tensor([[1.0, 3.0]])
    >>> addnorm(X, 5 * addnorm.before(X)).detach()
    tensor([[-1.0000,  1.0000]])
    """

    def __init__(
        self,
        num_hiddens: int,
        dropout: float = 0.0,
        *,
        norm_first: bool = False,
    ):
        super().__init__()
        self.norm_first = norm_first
        self.dropout = nn.Dropout(dropout)
        self.ln: nn.Module = nn.LayerNorm(num_hiddens)

    def before(self, X: Float[Tensor, "*B D"]) -> Float[Tensor, "*B D"]:
        """The input of the layer."""
        return self.ln(X) if self.norm_first else X

    def forward(
        self, X: Float[Tensor, "*B D"], Y: Float[Tensor, "*B D"]
    ) -> Float[Tensor, "*B D"]:
        check_shape("Y", Y, X.shape)
        Y = X + self.dropout(Y)
        return Y if self.norm_first else self.ln(Y)


class TransformerEncoderBlock(nn.Module):
    """Let the tokens look at each other, then transform each by itself.

    Shapes: input and output (B, K, D), lengths (B,) or (B, K).

    Raises `ValueError` where the sizes or the lengths do not fit.

    Paper: Vaswani et al. (2017), figure 1, left.

    >>> block = TransformerEncoderBlock(8, ffn_num_hiddens=16, num_heads=2)
    >>> block(torch.ones(2, 5, 8), torch.tensor([4, 5])).shape
    torch.Size([2, 5, 8])
    """

    def __init__(
        self,
        num_hiddens: int,
        ffn_num_hiddens: int,
        num_heads: int,
        dropout: float = 0.0,
        use_bias: bool = False,
        *,
        norm_first: bool = False,
    ):
        super().__init__()
        self.attention = MultiHeadAttention(
            num_hiddens, num_heads, dropout, use_bias
        )
        self.addnorm1 = AddNorm(num_hiddens, dropout, norm_first=norm_first)
        self.ffn = PositionWiseFFN(ffn_num_hiddens, num_hiddens)
        self.addnorm2 = AddNorm(num_hiddens, dropout, norm_first=norm_first)

    def forward(
        self, X: Float[Tensor, "B K D"], valid_lens: ValidLens = None
    ) -> Float[Tensor, "B K D"]:
        Z = self.addnorm1.before(X)
        X = self.addnorm1(X, self.attention(Z, Z, Z, valid_lens))
        Z = self.addnorm2.before(X)
        return self.addnorm2(X, self.ffn(Z))


def scaled_embedding(vocab_size: int, num_hiddens: int) -> nn.Embedding:
    r"""Make an embedding whose vectors, times $\sqrt{D}$, have variance 1.

    So a token and its position weigh the same at the start of training.

    Raises `ValueError` where a number is below 1.

    Paper: Vaswani et al. (2017), section 3.4, for the factor.

    >>> (scaled_embedding(1000, 64).weight * 8).var().round().item()
    1.0
    """
    check_positive(vocab_size=vocab_size, num_hiddens=num_hiddens)
    embedding = nn.Embedding(vocab_size, num_hiddens)
    nn.init.normal_(embedding.weight, std=num_hiddens**-0.5)
    return embedding


def xavier(module: nn.Module) -> None:
    r"""Draw the weights of a linear layer so that signals keep their size.

    $$w \sim \mathcal{U}(-a, a), \qquad
      a = \sqrt{\frac{6}{n_\text{in} + n_\text{out}}}$$

    PyTorch's own linear layers start smaller, and a Transformer of them
    learns more slowly. Any other module stays as it is.

    Paper: Glorot and Bengio (2010), equation 16.

    >>> layer = nn.Linear(100, 50)
    >>> xavier(layer)
    >>> layer.weight.abs().max() > 0.19  # of at most 0.2
    tensor(True)
    """
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)


class TransformerEncoder(nn.Module):
    r"""Turn a batch of token sequences into one vector per token.

    $$\mathbf{X}_0 = \sqrt{D}\,\operatorname{embedding}(\text{tokens}) +
      \mathbf{P}, \qquad \mathbf{X}_b = \operatorname{block}_b
      (\mathbf{X}_{b-1})$$

    With `norm_first` a last normalisation follows, since no block ends with
    one.

    Shapes: tokens (B, K), lengths (B,), output (B, K, D).

    Raises `ValueError` where tokens or lengths are out of range or have the
    wrong shape or dtype, or a sequence is longer than `max_len`.

    Paper: Vaswani et al. (2017), sections 3.1 and 3.4.

    >>> encoder = TransformerEncoder(100, 8, 16, num_heads=2, num_blks=3)
    >>> tokens = torch.tensor([[7, 2, 0], [7, 7, 2]])
    >>> encoder(tokens, valid_lens=torch.tensor([2, 3])).shape
    torch.Size([2, 3, 8])
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
        norm_first: bool = False,
        max_len: int = 1000,
    ):
        super().__init__()
        check_positive(num_blks=num_blks)
        sizes = num_hiddens, ffn_num_hiddens, num_heads, dropout, use_bias
        self.embedding = scaled_embedding(vocab_size, num_hiddens)
        self.scale = math.sqrt(num_hiddens)
        self.pos_encoding = PositionalEncoding(num_hiddens, dropout, max_len)
        self.blks: Any = nn.ModuleList(
            TransformerEncoderBlock(*sizes, norm_first=norm_first)
            for _ in range(num_blks)
        ).apply(xavier)
        self.ln = nn.LayerNorm(num_hiddens) if norm_first else nn.Identity()

    def forward(
        self, X: Integer[Tensor, "B K"], valid_lens: ValidLens = None
    ) -> Float[Tensor, "B K D"]:
        check_source(X, self.embedding.num_embeddings, valid_lens)
        X = self.pos_encoding(self.embedding(X) * self.scale)  # (B, K, D)
        for blk in self.blks:
            X = blk(X, valid_lens)
        return self.ln(X)


class BlockCache(NamedTuple):
    """The keys and values that a decoder block has projected, cut into heads.

    Those of the target grow with each call; those of the source do not.

    >>> block = TransformerDecoderBlock(8, ffn_num_hiddens=16, num_heads=2)
    >>> cache = block.init_cache(torch.ones(3, 5, 8))
    >>> cache.k.shape, cache.enc_k.shape  # no token yet, five source words
    (torch.Size([3, 2, 0, 4]), torch.Size([3, 2, 5, 4]))
    """

    k: Float[Tensor, "B H t d"]
    v: Float[Tensor, "B H t d"]
    enc_k: Float[Tensor, "B H K d"]
    enc_v: Float[Tensor, "B H K d"]


class TransformerState(NamedTuple):
    """Where a decoder stands: one cache for each block, and the lengths.

    >>> decoder = TransformerDecoder(100, 8, 16, num_heads=2, num_blks=1)
    >>> state = decoder.init_state(torch.ones(3, 5, 8))
    >>> state = state.select(torch.tensor([2, 0]))
    >>> state.caches[0].enc_k.shape
    torch.Size([2, 2, 5, 4])
    """

    caches: tuple[BlockCache, ...]
    enc_valid_lens: Integer[Tensor, "B"] | None

    def select(self, indices: Integer[Tensor, "N"]) -> "TransformerState":
        """Take these sequences of the batch, for a beam to go on from."""
        lens = self.enc_valid_lens
        return TransformerState(
            tuple(BlockCache(*(x[indices] for x in c)) for c in self.caches),
            None if lens is None else lens[indices],
        )


class TransformerDecoderBlock(nn.Module):
    """Look back at the target and across to the source, then transform.

    `cache` holds the keys and values of all tokens before X. The block adds
    those of X, and returns a new cache beside its output.

    Shapes: input and output (B, T, D), encoder's output (B, K, D) for
    `init_cache`, lengths (B,) or (B, T).

    Raises `ValueError` where the sizes or the lengths do not fit.

    Paper: Vaswani et al. (2017), figure 1, right.

    >>> block = TransformerDecoderBlock(8, ffn_num_hiddens=16, num_heads=2)
    >>> cache = block.init_cache(torch.ones(2, 5, 8))
    >>> X, cache = block(torch.ones(2, 3, 8), cache, torch.tensor([4, 5]))
    >>> X.shape, cache.k.shape, cache.enc_k.shape
    (torch.Size([2, 3, 8]), torch.Size([2, 2, 3, 4]), torch.Size([2, 2, 5, 4]))
    """

    def __init__(
        self,
        num_hiddens: int,
        ffn_num_hiddens: int,
        num_heads: int,
        dropout: float = 0.0,
        *,
        use_bias: bool = False,
        norm_first: bool = False,
    ):
        super().__init__()
        self.attention1 = MultiHeadAttention(
            num_hiddens, num_heads, dropout, use_bias
        )
        self.attention1.attention = CausalAttention(dropout)
        self.addnorm1 = AddNorm(num_hiddens, dropout, norm_first=norm_first)
        self.attention2 = MultiHeadAttention(
            num_hiddens, num_heads, dropout, use_bias
        )
        self.addnorm2 = AddNorm(num_hiddens, dropout, norm_first=norm_first)
        self.ffn = PositionWiseFFN(ffn_num_hiddens, num_hiddens)
        self.addnorm3 = AddNorm(num_hiddens, dropout, norm_first=norm_first)

    def init_cache(self, enc_outputs: Float[Tensor, "B K D"]) -> BlockCache:
        """Project the encoder's output once, before any token is read."""
        enc_k, enc_v = self.attention2.project(enc_outputs, enc_outputs)
        nothing = enc_k[:, :, :0].detach()  # (B, H, 0, d)
        return BlockCache(nothing, nothing, enc_k, enc_v)

    def forward(
        self,
        X: Float[Tensor, "B T D"],
        cache: BlockCache,
        enc_valid_lens: ValidLens = None,
    ) -> tuple[Float[Tensor, "B T D"], BlockCache]:
        # Look back: at all that came before X, and in X up to oneself.
        Z = self.addnorm1.before(X)
        k, v = self.attention1.project(Z, Z)  # (B, H, T, d)
        k = torch.cat([cache.k, k], dim=2)  # (B, H, t + T, d)
        v = torch.cat([cache.v, v], dim=2)
        X = self.addnorm1(X, self.attention1.attend(Z, k, v))
        # Look across: the target asks, the source answers.
        Z = self.addnorm2.before(X)
        Y = self.attention2.attend(Z, cache.enc_k, cache.enc_v, enc_valid_lens)
        X = self.addnorm2(X, Y)
        Z = self.addnorm3.before(X)
        X = self.addnorm3(X, self.ffn(Z))
        return X, BlockCache(k, v, cache.enc_k, cache.enc_v)


class TransformerDecoder(nn.Module):
    r"""Score the words that may come after each token of the target.

    $$\operatorname{logits} = \mathbf{W}\,\mathbf{X}_N + \mathbf{b}$$

    for the output $\mathbf{X}_N$ of the last block. A whole target in one
    call gives the same logits as one token per call. With `tie_weights`, the
    output layer shares the embedding's weights.

    Shapes: encoder's output (B, K, D) and lengths (B,) for `init_state`;
    tokens (B, T), logits (B, T, V).

    Raises `ValueError` where the encoder does, or its output does not fit.

    Papers: Vaswani et al. (2017), sections 3.1 and 3.4; Press and Wolf
    (2017), section 3, for tied weights.

    >>> decoder = TransformerDecoder(100, 8, 16, num_heads=2, num_blks=3)
    >>> state = decoder.init_state(torch.ones(2, 5, 8), torch.tensor([4, 5]))
    >>> logits, state = decoder(torch.tensor([[3, 1, 4], [1, 5, 9]]), state)
    >>> logits.shape
    torch.Size([2, 3, 100])
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
        norm_first: bool = False,
        tie_weights: bool = False,
        max_len: int = 1000,
    ):
        super().__init__()
        check_positive(num_blks=num_blks)
        sizes = num_hiddens, ffn_num_hiddens, num_heads, dropout
        options = {"use_bias": use_bias, "norm_first": norm_first}
        self.embedding = scaled_embedding(vocab_size, num_hiddens)
        self.scale = math.sqrt(num_hiddens)
        self.pos_encoding = PositionalEncoding(num_hiddens, dropout, max_len)
        self.blks: Any = nn.ModuleList(
            TransformerDecoderBlock(*sizes, **options) for _ in range(num_blks)
        ).apply(xavier)
        self.ln = nn.LayerNorm(num_hiddens) if norm_first else nn.Identity()
        self.dense = nn.Linear(num_hiddens, vocab_size)
        if tie_weights:
            self.dense.weight = self.embedding.weight

    def init_state(
        self,
        enc_outputs: Float[Tensor, "B K D"],
        enc_valid_lens: Integer[Tensor, "B"] | None = None,
    ) -> TransformerState:
        """Read the source, before any token of the target."""
        check_encoded(enc_outputs, enc_valid_lens, self.dense.in_features)
        _, enc_outputs = hide(enc_valid_lens, enc_outputs, enc_outputs)
        caches = tuple(blk.init_cache(enc_outputs) for blk in self.blks)
        return TransformerState(caches, enc_valid_lens)

    def forward(
        self, X: Integer[Tensor, "B T"], state: TransformerState
    ) -> tuple[Float[Tensor, "B T V"], TransformerState]:
        B, _, position, _ = state.caches[0].k.shape  # (B, H, t, d)
        check_tokens(X, self.embedding.num_embeddings, B)
        X = self.pos_encoding(self.embedding(X) * self.scale, position)
        caches = []
        for blk, cache in zip(self.blks, state.caches, strict=True):
            X, cache = blk(X, cache, state.enc_valid_lens)  # (B, T, D)
            caches.append(cache)
        return self.dense(self.ln(X)), state._replace(caches=tuple(caches))
