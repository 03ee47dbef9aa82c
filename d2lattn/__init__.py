"""Attention, explained by code you can drag: the package behind the book.

One concept per module. The figures are in `d2lattn.figures`, which needs
Plotly, and which nothing here imports.
"""

from d2lattn.comparison import Convolution, Recurrence, SelfAttention
from d2lattn.decoding import beam_search, greedy_search
from d2lattn.masking import length_mask, masked_softmax
from d2lattn.multihead import CausalAttention, MultiHeadAttention, causal_lens
from d2lattn.pooling import (
    KERNELS,
    NadarayaWatson,
    boxcar,
    constant,
    epanechnikov,
    gaussian,
    kernel_weights,
)
from d2lattn.positional import PositionalEncoding
from d2lattn.recording import _point_here, record_attention
from d2lattn.scoring import (
    AdditiveAttention,
    DotProductAttention,
    fused_attention,
)
from d2lattn.seq2seq import (
    EncoderDecoder,
    Seq2SeqAttentionDecoder,
    Seq2SeqDecoder,
    Seq2SeqEncoder,
)
from d2lattn.training import (
    batch_loss,
    cool_down,
    sequence_loss,
    train,
    warm_up,
)
from d2lattn.transformer import (
    AddNorm,
    BlockCache,
    PositionWiseFFN,
    TransformerDecoder,
    TransformerDecoderBlock,
    TransformerEncoder,
    TransformerEncoderBlock,
    TransformerState,
    scaled_embedding,
    xavier,
)
from d2lattn.vision import PatchEmbedding, VisionTransformer, patches

__all__ = [
    "KERNELS",
    "AddNorm",
    "AdditiveAttention",
    "BlockCache",
    "CausalAttention",
    "Convolution",
    "DotProductAttention",
    "EncoderDecoder",
    "MultiHeadAttention",
    "NadarayaWatson",
    "PatchEmbedding",
    "PositionWiseFFN",
    "PositionalEncoding",
    "Recurrence",
    "SelfAttention",
    "Seq2SeqAttentionDecoder",
    "Seq2SeqDecoder",
    "Seq2SeqEncoder",
    "TransformerDecoder",
    "TransformerDecoderBlock",
    "TransformerEncoder",
    "TransformerEncoderBlock",
    "TransformerState",
    "VisionTransformer",
    "batch_loss",
    "beam_search",
    "boxcar",
    "causal_lens",
    "constant",
    "cool_down",
    "epanechnikov",
    "fused_attention",
    "gaussian",
    "greedy_search",
    "kernel_weights",
    "length_mask",
    "masked_softmax",
    "patches",
    "record_attention",
    "scaled_embedding",
    "sequence_loss",
    "train",
    "warm_up",
    "xavier",
]

_point_here(globals())
