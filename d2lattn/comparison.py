"""Three layers that turn one sequence into another, and what each costs.

Each maps n vectors of size d to n vectors of size d, and is made by
`layer(num_hiddens, kernel_size)`. Each counts its multiplications, the steps
that have to wait for one another, and the length of a signal's path from the
first position to the last, all for a kernel size k.
"""

import math

from jaxtyping import Float
from torch import Tensor, nn

from d2lattn.scoring import DotProductAttention


class Convolution(nn.Module):
    r"""Mix each position with its neighbours, `kernel_size` in all.

    Multiplications $k n d^2$, sequential steps $O(1)$, path length
    $O(n / k)$: a layer carries a signal over $(k - 1) / 2$ positions.

    Shapes: input and output (B, n, d).

    Raises `ValueError` where the kernel size is not odd and at least 3.

    Paper: Vaswani et al. (2017), section 4, table 1.

    >>> import torch
    >>> layer = Convolution(num_hiddens=4, kernel_size=3)
    >>> layer(torch.ones(2, 5, 4)).shape
    torch.Size([2, 5, 4])
    >>> Convolution.path_length(n=101, d=4, k=3)
    100
    """

    def __init__(self, num_hiddens: int, kernel_size: int = 3):
        super().__init__()
        check_kernel_size(kernel_size)
        self.conv = nn.Conv1d(
            num_hiddens,
            num_hiddens,
            kernel_size,
            padding=kernel_size // 2,  # as many positions as before
        )

    def forward(self, X: Float[Tensor, "B n d"]) -> Float[Tensor, "B n d"]:
        return self.conv(X.mT).mT  # a convolution wants (B, d, n)

    @staticmethod
    def operations(n: int, d: int, k: int = 3) -> int:
        return k * n * d**2

    @staticmethod
    def sequential_steps(n: int, d: int, k: int = 3) -> int:
        return 1

    @staticmethod
    def path_length(n: int, d: int, k: int = 3) -> int:
        check_kernel_size(k)
        return math.ceil((n - 1) / (k // 2))


class Recurrence(nn.Module):
    r"""Carry a state from each position to the next.

    $$\mathbf{h}_t = \tanh(\mathbf{W}_x\mathbf{x}_t +
      \mathbf{W}_h\mathbf{h}_{t-1} + \mathbf{b})$$

    Multiplications $2 n d^2$, sequential steps and path length $O(n)$.

    Shapes: input and output (B, n, d).

    Paper: Vaswani et al. (2017), section 4, table 1.

    >>> import torch
    >>> Recurrence(num_hiddens=4)(torch.ones(2, 5, 4)).shape
    torch.Size([2, 5, 4])
    >>> Recurrence.path_length(n=101, d=4)
    100
    """

    def __init__(self, num_hiddens: int, kernel_size: int = 3):
        super().__init__()
        self.rnn = nn.RNN(num_hiddens, num_hiddens, batch_first=True)

    def forward(self, X: Float[Tensor, "B n d"]) -> Float[Tensor, "B n d"]:
        outputs, _ = self.rnn(X)
        return outputs

    @staticmethod
    def operations(n: int, d: int, k: int = 3) -> int:
        return 2 * n * d**2

    @staticmethod
    def sequential_steps(n: int, d: int, k: int = 3) -> int:
        return n

    @staticmethod
    def path_length(n: int, d: int, k: int = 3) -> int:
        return n - 1


class SelfAttention(nn.Module):
    r"""Let each position look at all positions.

    Multiplications $2 n^2 d$, for the scores and for the weighted means;
    sequential steps and path length $O(1)$. Nothing is learned here: the
    projections of a multi-head layer cost $4 n d^2$ more.

    Shapes: input and output (B, n, d).

    Paper: Vaswani et al. (2017), section 4, table 1.

    >>> import torch
    >>> SelfAttention(num_hiddens=4)(torch.ones(2, 5, 4)).shape
    torch.Size([2, 5, 4])
    >>> SelfAttention.path_length(n=101, d=4)
    1
    """

    def __init__(self, num_hiddens: int, kernel_size: int = 3):
        super().__init__()
        self.attention = DotProductAttention()

    def forward(self, X: Float[Tensor, "B n d"]) -> Float[Tensor, "B n d"]:
        return self.attention(X, X, X)

    @staticmethod
    def operations(n: int, d: int, k: int = 3) -> int:
        return 2 * n**2 * d

    @staticmethod
    def sequential_steps(n: int, d: int, k: int = 3) -> int:
        return 1

    @staticmethod
    def path_length(n: int, d: int, k: int = 3) -> int:
        return 1


def check_kernel_size(kernel_size: int) -> None:
    """Raise a `ValueError` unless a kernel has a middle and two sides."""
    if kernel_size < 3 or kernel_size % 2 == 0:
        raise ValueError(
            f"kernel_size must be odd and at least 3, but is {kernel_size}"
        )
