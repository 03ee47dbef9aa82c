"""Where a token stands, added to what it is."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from d2lattn.checks import check_positions

__all__ = ["PositionalEncoding"]


class PositionalEncoding(nn.Module):
    r"""Add to each vector the sines and cosines of its position.

    $$p_{i,\,2j} = \sin\left(\frac{i}{10000^{2j/D}}\right), \qquad
      p_{i,\,2j+1} = \cos\left(\frac{i}{10000^{2j/D}}\right)$$

    `offset` is the position of the first vector, for a sequence that goes on.

    Shapes: input and output (B, n, D); the encoding `P` has (1, `max_len`, D)
    and moves with the module, but is computed anew rather than saved.

    Raises `ValueError` where a position is negative or not below `max_len`.

    Paper: Vaswani et al. (2017), section 3.5.

    >>> encoding = PositionalEncoding(num_hiddens=3)
    >>> encoding(torch.zeros(1, 1, 3), offset=2)
    tensor([[[ 0.9093, -0.4161,  0.0043]]])
    """

    def __init__(
        self, num_hiddens: int, dropout: float = 0.0, max_len: int = 1000
    ):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        # In float64, since far positions are large angles.
        positions = torch.arange(max_len).double()
        evens = torch.arange(0, num_hiddens, 2).double()
        # (n, 1) / (D / 2) -> (n, D / 2), rounded up where D is odd
        angles = positions[:, None] / 10000 ** (evens / num_hiddens)
        P = torch.zeros(1, max_len, num_hiddens)
        P[:, :, 0::2] = angles.sin()
        P[:, :, 1::2] = angles.cos()[:, : num_hiddens // 2]
        self.register_buffer("P", P, persistent=False)

    def forward(
        self, X: Float[Tensor, "B n D"], offset: int = 0
    ) -> Float[Tensor, "B n D"]:
        """The vectors with their positions in them."""
        check_positions(offset, X.shape[1], self.P.shape[1])
        return self.dropout(X + self.P[:, offset : offset + X.shape[1]])
