"""Attention, explained by code you can drag: the package behind the book.

One concept a module; the figures are in `d2lattn.figures`, which needs Plotly,
and are not imported from here.
"""

from d2lattn.comparison import Convolution, Recurrence, SelfAttention
from d2lattn.masking import length_mask, masked_softmax
from d2lattn.multihead import MultiHeadAttention
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
from d2lattn.recording import record_attention
from d2lattn.scoring import (
    AdditiveAttention,
    DotProductAttention,
    fused_attention,
)

__all__ = [
    "KERNELS",
    "AdditiveAttention",
    "Convolution",
    "DotProductAttention",
    "MultiHeadAttention",
    "NadarayaWatson",
    "PositionalEncoding",
    "Recurrence",
    "SelfAttention",
    "boxcar",
    "constant",
    "epanechnikov",
    "fused_attention",
    "gaussian",
    "kernel_weights",
    "length_mask",
    "masked_softmax",
    "record_attention",
]
