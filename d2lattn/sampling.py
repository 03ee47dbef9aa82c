"""From a language model to a text: draw each next token by chance.

The functions that change a distribution take logits and return logits. What
they cut gets -inf, that is, probability 0.
"""

from itertools import takewhile
from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from d2lattn.beams import check_eos
from d2lattn.checks import check_positive, check_shape
from d2lattn.modes import evaluating
from d2lattn.positional import check_positions


def with_temperature(
    logits: Float[Tensor, "*B V"], temperature: float
) -> Float[Tensor, "*B V"]:
    r"""Make the distribution sharper below temperature 1, flatter above.

    $$p_i = \frac{\exp(s_i / \tau)}{\sum_j \exp(s_j / \tau)}$$

    for logits $s_i$ and the temperature $\tau$. The order of the tokens stays.

    Raises `ValueError` where the temperature is not positive and finite.

    Papers: Ackley et al. (1985), section 2.2; Hinton et al. (2015), section
    2, equation 1.

    >>> logits = torch.tensor([0.1, 0.2, 0.7]).log()
    >>> with_temperature(logits, 0.5).softmax(dim=-1)
    tensor([0.0185, 0.0741, 0.9074])
    """
    if not 0 < temperature < float("inf"):  # NaN is neither
        raise ValueError(
            f"temperature must be positive and finite, but is {temperature}"
        )
    return logits / temperature


def top_k(logits: Float[Tensor, "*B V"], k: int) -> Float[Tensor, "*B V"]:
    """Cut all tokens but the `k` most probable.

    Tokens that tie for the last place all stay, so there may be more than
    `k`. Where `k` is at least V, nothing is cut.

    Raises `ValueError` where `k` is below 1.

    Paper: Fan et al. (2018), section 5.4.

    >>> top_k(torch.tensor([2.0, 1.0, 3.0, 0.0]), 2)
    tensor([2., -inf, 3., -inf])
    """
    check_positive(k=k)
    best = logits.topk(min(k, logits.shape[-1])).values  # (..., k)
    return logits.masked_fill(logits < best[..., -1:], -torch.inf)


def top_p(logits: Float[Tensor, "*B V"], p: float) -> Float[Tensor, "*B V"]:
    r"""Cut all tokens but the most probable ones that reach `p` together.

    $$V^{(p)} = \text{the smallest } V' \text{ with }
      \sum_{i \in V'} p_i \geq p$$

    So a token stays if those before it, the more probable ones, have less
    than `p` together. Among equals, the smaller token comes first. The most
    probable token always stays; with `p` = 1, nothing is cut.

    Raises `ValueError` where `p` is not in the interval (0, 1].

    Paper: Holtzman et al. (2020), section 3.1, equation 2.

    >>> top_p(torch.tensor([0.2, 0.1, 0.5, 0.2]).log(), 0.6).exp()
    tensor([0.2000, 0.0000, 0.5000, 0.0000])
    """
    if not 0 < p <= 1:
        raise ValueError(f"p must be above 0 and at most 1, but is {p}")
    # On the CPU, since not every device computes in float64.
    ordered, order = logits.cpu().sort(dim=-1, descending=True, stable=True)
    probs = ordered.double().softmax(dim=-1)
    before = probs.cumsum(dim=-1) - probs  # of the more probable ones
    cut = (before >= p) & (p < 1)  # rounding must not cut where p is 1
    cut = cut.scatter(-1, order, cut).to(logits.device)
    return logits.masked_fill(cut, -torch.inf)


def draw(
    logits: Float[Tensor, "*B V"], generator: torch.Generator | None = None
) -> Integer[Tensor, "*B"]:
    r"""Draw a token from each distribution.

    $$\text{the first } i \text{ with } p_1 + \cdots + p_i > u, \qquad
      u \sim \mathcal{U}(0, 1)$$

    One number $u$ for each distribution comes from the CPU's generator, and
    the sums are in float64, so a seed gives the same tokens on any processor,
    as long as the logits are the same to within rounding.

    Raises `ValueError` where the logits are no distribution: some are NaN or
    inf, or all are -inf, or there are none; and where the generator is that
    of another device.

    >>> logits = torch.tensor([0.1, 0.0, 0.9]).log().expand(1000, 3)
    >>> draw(logits, torch.Generator().manual_seed(1)).bincount()
    tensor([ 95,   0, 905])
    """
    if generator is not None and generator.device.type != "cpu":
        raise ValueError(
            f"generator must be the CPU's, but is that of {generator.device}"
        )
    probs = logits.detach().cpu().double().softmax(dim=-1)
    if not (probs.sum(dim=-1) > 0).all():
        raise ValueError(
            "logits must be numbers or -inf, and some above -inf for each "
            "token to draw, but some are NaN or inf, or all are -inf"
        )
    sums = probs.cumsum(dim=-1)  # (..., V)
    u = torch.rand(
        (*sums.shape[:-1], 1), dtype=sums.dtype, generator=generator
    )
    # The last sum is 1 but for rounding.
    tokens = torch.searchsorted(sums, u * sums[..., -1:], right=True)
    return tokens.squeeze(-1).to(logits.device)


def generate(
    model: Any,
    tokens: Integer[Tensor, "B T"],
    *,
    max_len: int,
    eos: int | None = None,
    temperature: float = 1.0,
    k: int | None = None,
    p: float | None = None,
    generator: torch.Generator | None = None,
) -> list[list[int]]:
    """Continue each text by tokens drawn one after the other, up to `eos`.

    The model reads the texts in one call, then one new token per call: its
    state holds the rest. Temperature comes first, then `top_k`, then `top_p`,
    each on what the one before left.

    Returns the new tokens of each text, without `eos`, as `greedy_search`
    does. After `max_len` tokens, including `eos`, a text is left unfinished;
    so one with fewer than `max_len` tokens has ended. A recording has one
    entry per call, with a row for each text.

    Raises `ValueError` where a text has no token to begin with, `eos` is not
    in the vocabulary, `max_len` is below 1 or goes beyond the model's
    positions; and where the model and the functions above do.

    >>> from d2lattn.language_model import LanguageModel
    >>> model = LanguageModel(100, 8, 16, num_heads=2, num_blks=1)
    >>> texts = torch.tensor([[3, 1, 4], [1, 5, 9]])
    >>> new = generate(model, texts, max_len=5, temperature=0.7, k=10)
    >>> [len(text) for text in new]
    [5, 5]
    """
    check_beginnings(model, tokens, max_len)
    new, state, finished = [], None, torch.zeros(len(tokens)).bool()
    with evaluating(model):
        while len(new) < max_len and not finished.all():
            logits, state = model(tokens, state)  # (B, T, V), then (B, 1, V)
            check_eos(eos, logits.shape[-1])
            logits = logits[:, -1].cpu().double()  # (B, V)
            logits = with_temperature(logits, temperature)
            logits = logits if k is None else top_k(logits, k)
            logits = logits if p is None else top_p(logits, p)
            token = draw(logits, generator)  # (B,)
            new.append(token)
            if eos is not None:
                finished = finished | (token == eos)
            tokens = token[:, None].to(tokens)  # (B, 1)
    rows = torch.stack(new, dim=1).tolist() if new else []
    return [[*takewhile(lambda token: token != eos, row)] for row in rows]


def check_beginnings(model: Any, tokens: Tensor, max_len: int) -> None:
    """Raise a `ValueError` unless the model can go on for `max_len` tokens."""
    check_positive(max_len=max_len)
    check_shape("tokens", tokens, ("B", "T"))
    if not tokens.shape[1]:
        raise ValueError(
            "tokens must hold at least one token for each text, such as "
            f"<bos>, but have shape {tuple(tokens.shape)}"
        )
    encoding = getattr(model, "pos_encoding", None)
    if (most := getattr(encoding, "max_len", None)) is not None:
        # The last token is drawn, but never read.
        check_positions(0, tokens.shape[1] + max_len - 1, most)
