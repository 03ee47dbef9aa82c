"""Where a token stands, added to what it is."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn


class PositionalEncoding(nn.Module):
    r"""Add to each vector the sines and cosines of its position.

    $$p_{i,\,2j} = \sin\left(\frac{i}{10000^{2j/D}}\right), \qquad
      p_{i,\,2j+1} = \cos\left(\frac{i}{10000^{2j/D}}\right)$$

    `offset` is the position of the first vector, to continue a sequence.

    Shapes: input and output (B, n, D); the encoding `P` has (1, `max_len`, D).
    `P` is not saved, but computed anew where the module moves.

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
        self.max_len, self.num_hiddens = max_len, num_hiddens
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("P", self.positions(), persistent=False)

    def positions(self) -> Float[Tensor, "1 n D"]:
        """The encoding of each position, in float32."""
        # Far positions are large angles, so in float64, which CPUs all have.
        i = torch.arange(self.max_len, device="cpu").double()[:, None]
        evens = torch.arange(0, self.num_hiddens, 2, device="cpu").double()
        # (n, 1) / (D / 2) -> (n, D / 2), rounded up where D is odd
        angles = i / 10000 ** (evens / self.num_hiddens)
        P = torch.zeros(1, self.max_len, self.num_hiddens)
        P[:, :, 0::2] = angles.sin()
        P[:, :, 1::2] = angles.cos()[:, : self.num_hiddens // 2]
        return P

    def _apply(
        self, fn: Callable[[Tensor], Tensor], recurse: bool = True
    ) -> "PositionalEncoding":
        super()._apply(fn, recurse)  # what `to` and its like call
        self.P = self.positions().to(self.P)
        return self

    def forward(
        self, X: Float[Tensor, "B n D"], offset: int = 0
    ) -> Float[Tensor, "B n D"]:
        check_positions(offset, X.shape[1], self.max_len)
        return self.dropout(X + self.P[:, offset : offset + X.shape[1]])


class LearnedPositions(nn.Module):
    r"""Add to each vector a learned one that belongs to its position.

    The table `P` is a parameter. A position that training never reached keeps
    the random vector that it started with.

    Shapes: input and output (B, n, D); the table (1, `max_len`, D).

    Raises `ValueError` where a position is negative or not below `max_len`.

    Paper: Gehring et al. (2017), section 3.1.

    >>> positions = LearnedPositions(num_hiddens=4, max_len=10)
    >>> positions(torch.zeros(2, 3, 4), offset=7).shape
    torch.Size([2, 3, 4])
    """

    def __init__(
        self, num_hiddens: int, dropout: float = 0.0, max_len: int = 1000
    ):
        super().__init__()
        self.max_len = max_len
        self.P = nn.Parameter(torch.empty(1, max_len, num_hiddens))
        nn.init.normal_(self.P, std=num_hiddens**-0.5)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, X: Float[Tensor, "B n D"], offset: int = 0
    ) -> Float[Tensor, "B n D"]:
        check_positions(offset, X.shape[1], self.max_len)
        return self.dropout(X + self.P[:, offset : offset + X.shape[1]])


def check_positions(offset: int, length: int, max_len: int) -> None:
    """Raise a `ValueError` where a sequence is longer than its encoding."""
    if offset < 0 or offset + length > max_len:
        raise ValueError(
            "positions must lie between 0 and max_len - 1, that is "
            f"{max_len - 1}, but {length} of them from offset {offset} go up "
            f"to {offset + length - 1}"
        )
