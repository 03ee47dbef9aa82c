"""Encoders and decoders made of GRUs, and any encoder with any decoder.

The contract of all of them, including those of `d2lattn.transformer`:

- `enc_outputs = encoder(X, valid_lens)`: a pair here, one tensor there.
- `state = decoder.init_state(enc_outputs, enc_valid_lens)`, once per batch.
- `logits, state = decoder(X, state)`, for one token per call or for many. A
  state is a value; `state.select(indices)` picks sequences of its batch.
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Integer
from torch import Tensor, nn

from d2lattn.checks import (
    check_encoded,
    check_positive,
    check_shape,
    check_source,
    check_tokens,
)
from d2lattn.scoring import AdditiveAttention


class Seq2SeqState(NamedTuple):
    """What a recurrent decoder knows of the source, and its own state."""

    source: Float[Tensor, "B D"] | Float[Tensor, "B K D"]
    hidden: Float[Tensor, "L B D"]
    enc_valid_lens: Integer[Tensor, "B"] | None

    def select(self, indices: Integer[Tensor, "N"]) -> "Seq2SeqState":
        """Take these sequences of the batch, for a beam to go on from."""
        lens = self.enc_valid_lens
        return Seq2SeqState(
            self.source[indices],
            self.hidden[:, indices],
            None if lens is None else lens[indices],
        )


class Seq2SeqEncoder(nn.Module):
    r"""Read a sentence with GRUs, one above the other.

    $$\mathbf{h}_t = \operatorname{GRU}(\mathbf{x}_t, \mathbf{h}_{t-1}),
      \qquad \mathbf{h}_0 = \mathbf{0}$$

    The final state is the one where the sentence ends, before the padding.
    Dropout applies to the input of each layer.

    Shapes: tokens (B, K), lengths (B,); the outputs of the top layer
    (B, K, D), and the final state of each layer, (L, B, D).

    Raises `ValueError` where tokens or lengths are out of range, or have the
    wrong shape or dtype.

    Papers: Cho et al. (2014), section 2.3; Sutskever et al. (2014), section 2.

    >>> encoder = Seq2SeqEncoder(100, 8, num_hiddens=16, num_layers=2)
    >>> tokens = torch.tensor([[7, 2, 0], [7, 7, 2]])
    >>> outputs, hidden = encoder(tokens, torch.tensor([2, 3]))
    >>> hidden[-1, 0].equal(outputs[0, 1])  # two words: read after the second
    True
    """

    def __init__(
        self,
        vocab_size: int,
        embed_size: int,
        num_hiddens: int,
        num_layers: int,
        dropout: float = 0.0,
    ):
        super().__init__()
        check_positive(num_layers=num_layers)
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnns = nn.ModuleList(
            nn.GRU(size, num_hiddens, batch_first=True)
            for size in (embed_size, *[num_hiddens] * (num_layers - 1))
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        X: Integer[Tensor, "B K"],
        valid_lens: Integer[Tensor, "B"] | None = None,
    ) -> tuple[Float[Tensor, "B K D"], Float[Tensor, "L B D"]]:
        check_source(X, self.embedding.num_embeddings, valid_lens)
        B, K = X.shape
        if valid_lens is None:
            valid_lens = torch.full((B,), K, device=X.device)
        check_shape("valid_lens", valid_lens, (B,))
        rows = torch.arange(B, device=X.device)
        X, hidden = self.embedding(X), []  # (B, K, E)
        for rnn in self.rnns:
            X, _ = rnn(self.dropout(X))  # (B, K, D)
            # What a layer knows after 0, ..., K words: (B, K + 1, D)
            states = F.pad(X, (0, 0, 1, 0))
            hidden.append(states[rows, valid_lens])  # (B, D)
        return X, torch.stack(hidden)  # (B, K, D), (L, B, D)


class Seq2SeqDecoder(nn.Module):
    r"""Write a sentence from the one vector with which the encoder ended.

    $$\mathbf{s}_t = \operatorname{GRU}([\mathbf{c}, \mathbf{y}_{t-1}],
      \mathbf{s}_{t-1}), \qquad \mathbf{c} = \mathbf{s}_0 = \mathbf{h}_K$$

    Each layer starts from the final state of the encoder's layer. That of the
    top layer is the context $\mathbf{c}$ at every step.

    Shapes: the encoder's pair (B, K, D) and (L, B, D) for `init_state`;
    tokens (B, T), logits (B, T, V).

    Raises `ValueError` where the encoder does, or its output does not fit.

    Paper: Cho et al. (2014), section 2.2.

    >>> decoder = Seq2SeqDecoder(100, 8, num_hiddens=16, num_layers=2)
    >>> encoded = torch.ones(3, 5, 16), torch.ones(2, 3, 16)
    >>> state = decoder.init_state(encoded)
    >>> decoder(torch.tensor([[3], [1], [4]]), state)[0].shape  # logits
    torch.Size([3, 1, 100])
    """

    def __init__(
        self,
        vocab_size: int,
        embed_size: int,
        num_hiddens: int,
        num_layers: int,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = nn.GRU(
            num_hiddens + embed_size,
            num_hiddens,
            num_layers,
            batch_first=True,
            dropout=dropout if num_layers > 1 else 0.0,
        )
        self.dense = nn.Linear(num_hiddens, vocab_size)
        self.dropout = nn.Dropout(dropout)

    def init_state(
        self,
        enc_outputs: tuple[Float[Tensor, "B K D"], Float[Tensor, "L B D"]],
        enc_valid_lens: Integer[Tensor, "B"] | None = None,
    ) -> Seq2SeqState:
        """Take over where the encoder ended."""
        check_encoded_pair(enc_outputs, enc_valid_lens, self.rnn)
        _, hidden = enc_outputs
        return Seq2SeqState(hidden[-1], hidden, enc_valid_lens)

    def forward(
        self, X: Integer[Tensor, "B T"], state: Seq2SeqState
    ) -> tuple[Float[Tensor, "B T V"], Seq2SeqState]:
        check_tokens(X, self.embedding.num_embeddings, len(state.source))
        X = self.dropout(self.embedding(X))  # (B, T, E)
        context = state.source[:, None].expand(-1, X.shape[1], -1)
        X = torch.cat([context, X], dim=-1)  # (B, T, D + E)
        X, hidden = self.rnn(X, state.hidden)  # (B, T, D), (L, B, D)
        return self.dense(X), state._replace(hidden=hidden)


class Seq2SeqAttentionDecoder(nn.Module):
    r"""Write a sentence, and look back at the source before each word.

    $$\mathbf{c}_t = \sum_i \alpha(\mathbf{s}_{t-1}, \mathbf{h}_i)\,
      \mathbf{h}_i, \qquad
      \mathbf{s}_t = \operatorname{GRU}([\mathbf{c}_t, \mathbf{y}_{t-1}],
      \mathbf{s}_{t-1})$$

    The query is the state of the top layer before the step. A recording has
    one entry (B, 1, K) per token.

    Shapes and errors are those of `Seq2SeqDecoder`.

    Paper: Bahdanau et al. (2015), section 3.1.

    >>> decoder = Seq2SeqAttentionDecoder(100, 8, 16, num_layers=2)
    >>> encoded = torch.ones(3, 5, 16), torch.ones(2, 3, 16)
    >>> state = decoder.init_state(encoded, torch.tensor([4, 5, 2]))
    >>> decoder(torch.tensor([[3], [1], [4]]), state)[0].shape  # logits
    torch.Size([3, 1, 100])
    """

    def __init__(
        self,
        vocab_size: int,
        embed_size: int,
        num_hiddens: int,
        num_layers: int,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.attention = AdditiveAttention(
            num_hiddens, num_hiddens, num_hiddens, dropout
        )
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = nn.GRU(
            num_hiddens + embed_size,
            num_hiddens,
            num_layers,
            batch_first=True,
            dropout=dropout if num_layers > 1 else 0.0,
        )
        self.dense = nn.Linear(num_hiddens, vocab_size)
        self.dropout = nn.Dropout(dropout)

    def init_state(
        self,
        enc_outputs: tuple[Float[Tensor, "B K D"], Float[Tensor, "L B D"]],
        enc_valid_lens: Integer[Tensor, "B"] | None = None,
    ) -> Seq2SeqState:
        """Take over where the encoder ended, and keep what it read."""
        check_encoded_pair(enc_outputs, enc_valid_lens, self.rnn)
        outputs, hidden = enc_outputs
        return Seq2SeqState(outputs, hidden, enc_valid_lens)

    def forward(
        self, X: Integer[Tensor, "B T"], state: Seq2SeqState
    ) -> tuple[Float[Tensor, "B T V"], Seq2SeqState]:
        check_tokens(X, self.embedding.num_embeddings, len(state.source))
        source, hidden, lens = state
        X, outputs = self.dropout(self.embedding(X)), []  # (B, T, E)
        for x in X.split(1, dim=1):  # (B, 1, E)
            query = hidden[-1, :, None]  # (L, B, D) -> (B, 1, D)
            context = self.attention(query, source, source, lens)
            x = torch.cat([context, x], dim=-1)  # (B, 1, D + E)
            output, hidden = self.rnn(x, hidden)  # (B, 1, D), (L, B, D)
            outputs.append(output)
        logits = self.dense(torch.cat(outputs, dim=1))  # (B, T, V)
        return logits, state._replace(hidden=hidden)


class EncoderDecoder(nn.Module):
    """Join any encoder and decoder that fit, to train them.

    The logits at each token of the target predict the token that follows.

    Shapes: source (B, K), target (B, T), lengths (B,), logits (B, T, V).

    >>> encoder = Seq2SeqEncoder(100, 8, num_hiddens=16, num_layers=2)
    >>> decoder = Seq2SeqAttentionDecoder(50, 8, num_hiddens=16, num_layers=2)
    >>> model = EncoderDecoder(encoder, decoder)
    >>> src, tgt = torch.tensor([[7, 2, 0]]), torch.tensor([[1, 9]])
    >>> model(src, tgt, torch.tensor([2])).shape
    torch.Size([1, 2, 50])
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module):
        super().__init__()
        self.encoder: Any = encoder
        self.decoder: Any = decoder

    def forward(
        self,
        src: Integer[Tensor, "B K"],
        tgt: Integer[Tensor, "B T"],
        src_valid_lens: Integer[Tensor, "B"] | None = None,
    ) -> Float[Tensor, "B T V"]:
        enc_outputs = self.encoder(src, src_valid_lens)
        state = self.decoder.init_state(enc_outputs, src_valid_lens)
        logits, _ = self.decoder(tgt, state)
        return logits


def check_encoded_pair(
    enc_outputs: tuple[Tensor, Tensor],
    enc_valid_lens: Tensor | None,
    rnn: nn.GRU,
) -> None:
    """Raise a `ValueError` unless this GRU can go on from the encoder's."""
    if not isinstance(enc_outputs, tuple) or len(enc_outputs) != 2:
        raise ValueError(
            "enc_outputs must be the outputs and the final states of a "
            f"Seq2SeqEncoder, but is a {type(enc_outputs).__name__}"
        )
    outputs, hidden = enc_outputs
    check_encoded(outputs, enc_valid_lens, rnn.hidden_size)
    wanted = rnn.num_layers, len(outputs), rnn.hidden_size
    check_shape("the encoder's final state", hidden, wanted)
