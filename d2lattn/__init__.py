"""Attention, explained by code you can drag: the package behind the book.

One concept per module. The figures are in `d2lattn.figures`, which needs
Plotly, and which nothing here imports.
"""

from d2lattn.caching import KeyValueCache, LanguageModelState
from d2lattn.comparison import Convolution, Recurrence, SelfAttention
from d2lattn.decoding import beam_search, greedy_search
from d2lattn.language_model import LanguageModel, LanguageModelBlock
from d2lattn.linear import LinearAttention, linear_steps
from d2lattn.masking import length_mask, masked_softmax
from d2lattn.multihead import CausalAttention, MultiHeadAttention, causal_lens
from d2lattn.online import online_attention, online_steps
from d2lattn.pooling import (
    KERNELS,
    NadarayaWatson,
    boxcar,
    constant,
    epanechnikov,
    gaussian,
    kernel_weights,
)
from d2lattn.positional import LearnedPositions, PositionalEncoding
from d2lattn.recording import _point_here, record_attention
from d2lattn.relative import (
    AlibiAttention,
    RotaryAttention,
    alibi_slopes,
    rotate,
)
from d2lattn.sampling import draw, generate, top_k, top_p, with_temperature
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
from d2lattn.windows import WindowAttention, window_attention

__all__ = [
    "KERNELS",
    "AddNorm",
    "AdditiveAttention",
    "AlibiAttention",
    "BlockCache",
    "CausalAttention",
    "Convolution",
    "DotProductAttention",
    "EncoderDecoder",
    "KeyValueCache",
    "LanguageModel",
    "LanguageModelBlock",
    "LanguageModelState",
    "LearnedPositions",
    "LinearAttention",
    "MultiHeadAttention",
    "NadarayaWatson",
    "PatchEmbedding",
    "PositionWiseFFN",
    "PositionalEncoding",
    "Recurrence",
    "RotaryAttention",
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
    "WindowAttention",
    "alibi_slopes",
    "batch_loss",
    "beam_search",
    "boxcar",
    "causal_lens",
    "constant",
    "cool_down",
    "draw",
    "epanechnikov",
    "fused_attention",
    "gaussian",
    "generate",
    "greedy_search",
    "kernel_weights",
    "length_mask",
    "linear_steps",
    "masked_softmax",
    "online_attention",
    "online_steps",
    "patches",
    "record_attention",
    "rotate",
    "scaled_embedding",
    "sequence_loss",
    "top_k",
    "top_p",
    "train",
    "warm_up",
    "window_attention",
    "with_temperature",
    "xavier",
]

_point_here(globals())
