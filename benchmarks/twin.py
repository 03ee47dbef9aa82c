"""A Transformer of PyTorch's own blocks, with our embeddings around them.

It keeps the contract of `d2lattn.seq2seq`, so the same loop trains it and the
same search decodes it as ours.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from d2lattn.seq2seq import EncoderDecoder
from d2lattn.transformer import TransformerDecoder, TransformerEncoder


def make_twin(ours: EncoderDecoder, dropout: float) -> EncoderDecoder:
    """The same model with the blocks of `nn.Transformer`, untrained.

    The embeddings, the positions and the output layer are those of ours.
    """
    block = ours.encoder.blks[0]
    sizes = block.ffn.dense1.in_features, block.attention.num_heads
    options = {
        "dim_feedforward": block.ffn.dense1.out_features,
        "dropout": dropout,
        "batch_first": True,
        "norm_first": True,
    }
    # Its own encoder would warn that nested tensors do not go with norm_first.
    encoder = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(*sizes, **options),
        len(ours.encoder.blks),
        nn.LayerNorm(sizes[0]),
        enable_nested_tensor=False,
    )
    twin = nn.Transformer(
        *sizes,
        num_decoder_layers=len(ours.decoder.blks),
        custom_encoder=encoder,
        **options,
    )
    for layer in (*twin.encoder.layers, *twin.decoder.layers):
        layer.dropout.p = 0.0  # inside the network, where the paper has none
    return EncoderDecoder(
        TwinEncoder(ours.encoder, twin.encoder),
        TwinDecoder(ours.decoder, twin.decoder),
    )


class TwinEncoder(nn.Module):
    """Our encoder, with PyTorch's blocks in it."""

    def __init__(self, ours: TransformerEncoder, stack: nn.TransformerEncoder):
        super().__init__()
        self.scale = ours.scale
        self.embedding, self.pos_encoding = ours.embedding, ours.pos_encoding
        self.stack = stack

    def forward(self, X: Tensor, valid_lens: Tensor) -> Tensor:
        X = self.pos_encoding(self.embedding(X) * self.scale)
        return self.stack(X, src_key_padding_mask=padding(X, valid_lens))


class TwinState(NamedTuple):
    """All tokens read: PyTorch's decoder starts over with each new one."""

    enc_outputs: Tensor
    enc_valid_lens: Tensor
    tokens: Tensor

    def select(self, indices: Tensor) -> "TwinState":
        return TwinState(*(part[indices] for part in self))


class TwinDecoder(nn.Module):
    """Our decoder, with PyTorch's blocks in it."""

    def __init__(self, ours: TransformerDecoder, stack: nn.TransformerDecoder):
        super().__init__()
        self.scale = ours.scale
        self.embedding, self.pos_encoding = ours.embedding, ours.pos_encoding
        self.dense, self.stack = ours.dense, stack

    def init_state(self, enc_outputs: Tensor, valid_lens: Tensor) -> TwinState:
        nothing = valid_lens.new_zeros(len(valid_lens), 0)
        return TwinState(enc_outputs, valid_lens, nothing)

    def forward(self, X: Tensor, state: TwinState) -> tuple[Tensor, TwinState]:
        state = state._replace(tokens=torch.cat([state.tokens, X], dim=1))
        Y = self.pos_encoding(self.embedding(state.tokens) * self.scale)
        Y = self.stack(
            Y,
            state.enc_outputs,
            tgt_mask=nn.Transformer.generate_square_subsequent_mask(
                Y.shape[1], device=Y.device
            ),
            memory_key_padding_mask=padding(
                state.enc_outputs, state.enc_valid_lens
            ),
            tgt_is_causal=True,
        )
        return self.dense(Y[:, -X.shape[1] :]), state


def padding(X: Tensor, valid_lens: Tensor) -> Tensor:
    """True where PyTorch must not look."""
    return torch.arange(X.shape[1], device=X.device) >= valid_lens[:, None]
