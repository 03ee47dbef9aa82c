"""What a search for words keeps, and one step of it, for any model.

A hypothesis is the beginning of a target sentence, or a whole one, which ends
with `eos`. Its log-probability is the model's own: the sum over its tokens,
including `eos`. No token is forbidden, not even `<pad>` or `<bos>`.
"""

from itertools import takewhile
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor


class Hypothesis(NamedTuple):
    """What a search found for a sentence, without `bos` and `eos`.

    A hypothesis that did not finish with `eos` ran into `max_len`, or could
    no longer become the best.
    """

    tokens: tuple[int, ...]
    log_prob: float
    score: float
    finished: bool


class Beam(NamedTuple):
    """The hypotheses of each sentence, in W places.

    The tokens start with `bos`, and only `eos` follows their end. First come
    the hypotheses that did not grow in the last step, then those that did,
    the most probable first. The search goes on from those that are `alive`.
    An empty place has log-probability -inf.
    """

    tokens: Integer[Tensor, "B W t"]
    log_probs: Float[Tensor, "B W"]
    scores: Float[Tensor, "B W"]
    finished: Bool[Tensor, "B W"]
    alive: Bool[Tensor, "B W"]


def penalty(length: int, length_penalty: float) -> float:
    r"""Return the divisor for the log-probability of so many tokens.

    $$\operatorname{lp}(Y) = \frac{(5 + |Y|)^\lambda}{(5 + 1)^\lambda}$$

    The length $|Y|$ counts all tokens, including `eos`.

    Raises `ValueError` where `length_penalty`, the $\lambda$, is negative or
    not finite.

    Paper: Wu et al. (2016), section 7, equation 14.

    >>> penalty(1, 0.6), penalty(7, 0.0), penalty(7, 1.0)
    (1.0, 1.0, 2.0)
    """
    if not 0 <= length_penalty < float("inf"):  # NaN is neither
        raise ValueError(
            "length_penalty must be finite and not negative, but is "
            f"{length_penalty}"
        )
    return ((5 + length) / (5 + 1)) ** length_penalty


def best_first(
    scores: Float[Tensor, "N V"], number: int
) -> tuple[Float[Tensor, "N C"], Integer[Tensor, "N C"]]:
    """Find the largest scores of each row and their places, best first.

    Among equals, the one with the lower place comes first.

    >>> best_first(torch.tensor([[0.1, 0.4, 0.4, 0.1]]), 3)
    (tensor([[0.4000, 0.4000, 0.1000]]), tensor([[1, 2, 0]]))
    """
    values, indices = scores.topk(min(number + 1, scores.shape[-1]))
    if (values.diff() == 0).any():  # topk does not promise which of equals
        values, indices = scores.sort(descending=True, stable=True)
    return values[:, :number], indices[:, :number]


def next_log_probs(
    logits: Float[Tensor, "N 1 V"], eos: int
) -> Float[Tensor, "N V"]:
    """Compute the log-probability of each token that may come next.

    The result is in float32 at least, whatever the model computes in.

    Raises `ValueError` where `eos` is not in the vocabulary, or the logits
    are not numbers.

    >>> next_log_probs(torch.zeros(1, 1, 4), eos=2).exp()
    tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """
    check_eos(eos, logits.shape[-1])
    dtype = torch.promote_types(logits.dtype, torch.float32)
    log_probs = logits[:, -1].log_softmax(dim=-1, dtype=dtype)  # (N, V)
    if log_probs[:, eos].isnan().any():  # one NaN makes a row of them
        raise ValueError("logits must be numbers, but some are NaN or inf")
    return log_probs


def propose(
    beam: Beam, log_probs: Float[Tensor, "N V"], number: int, eos: int
) -> tuple[
    Integer[Tensor, "B W C"], Float[Tensor, "B W C"], Float[Tensor, "B W C"]
]:
    r"""Let each hypothesis that is alive name its most probable next tokens.

    $$\log p(y_1, \ldots, y_t) = \log p(y_1, \ldots, y_{t-1}) +
      \log p(y_t \mid y_1, \ldots, y_{t-1})$$

    all given the source. A hypothesis that is not alive proposes itself, with
    one more `eos` of probability 1; its other proposals have probability 0.

    Shapes: log-probabilities (N, V) of the next token of the N hypotheses
    that are alive; tokens, their probabilities, and the log-probabilities of
    the hypotheses that they make, (B, W, C) with C at most `number`.
    """
    best, words = best_first(log_probs, number)  # (N, V) -> (N, C)
    shape = (*beam.alive.shape, best.shape[-1])  # (B, W, C)
    tokens, probs = words.new_full(shape, eos), best.new_zeros(shape)
    totals = best.new_full(shape, -torch.inf)
    tokens[beam.alive] = words
    probs[beam.alive] = best.exp()
    totals[beam.alive] = beam.log_probs[beam.alive][:, None] + best
    probs[..., 0][~beam.alive] = 1
    totals[..., 0][~beam.alive] = beam.log_probs[~beam.alive].to(best)
    return tokens, probs, totals


def next_beam(
    beam: Beam,
    tokens: Integer[Tensor, "B W C"],
    log_probs: Float[Tensor, "B W C"],
    eos: int,
    beam_size: int,
    length_penalty: float,
    max_len: int,
) -> tuple[Integer[Tensor, "B W2"], Beam]:
    """Keep the best proposals, and return the places of their parents.

    A hypothesis that has ended keeps its place, so the beam of the others
    narrows. A sentence is done when all of its hypotheses have ended, or when
    none that is alive can still rank first: a log-probability cannot rise,
    and its divisor is the penalty of `max_len` at most.

    Paper: Huang et al. (2017) for when to stop, here with a penalty; their
    section 1 for the narrowing beam, which is that of Bahdanau et al. (2015).
    """
    rank = log_probs.clone()  # (B, W, C)
    # One that has ended comes first, and so keeps its place.
    rank[..., 0][~beam.alive & (beam.log_probs > -torch.inf)] = torch.inf
    order = rank.flatten(1).argsort(dim=1, descending=True, stable=True)
    chosen = order[:, :beam_size]  # (B, W'), for the new W
    log_probs = log_probs.flatten(1).gather(1, chosen)
    token = tokens.flatten(1).gather(1, chosen)
    parents = chosen // tokens.shape[-1]
    rows = torch.arange(len(parents), device=parents.device)[:, None]
    prefix, _, scores, ended, grows = (x[rows, parents] for x in beam)
    length = prefix.shape[-1]  # without bos, with the new token
    real = log_probs > -torch.inf
    scores = scores.where(~grows, log_probs / penalty(length, length_penalty))
    finished = (ended | (grows & (token == eos))) & real
    alive = grows & real & (token != eos) & (length < max_len)
    # Can the most probable one still beat the best that is finished?
    best = scores.masked_fill(~finished, -torch.inf).amax(1, keepdim=True)
    hope = log_probs.masked_fill(~alive, -torch.inf).amax(1, keepdim=True)
    alive = alive & (hope / penalty(max_len, length_penalty) > best)
    tokens = torch.cat([prefix, token[..., None]], dim=-1)  # (B, W', t + 1)
    return parents, Beam(tokens, log_probs, scores, finished, alive)


def hypotheses(beam: Beam, eos: int) -> tuple[tuple[Hypothesis, ...], ...]:
    """List the hypotheses in a beam for each sentence, finished ones first.

    The probability of a beginning is that of all sentences that begin so.
    """
    sentences = []
    for places in zip(*(x.tolist() for x in beam[:4]), strict=True):
        found = [
            Hypothesis(tuple(takewhile(eos.__ne__, tokens[1:])), *numbers)
            for tokens, *numbers in zip(*places, strict=True)
            if numbers[0] > -torch.inf
        ]
        found.sort(key=lambda h: (h.finished, h.score), reverse=True)
        sentences.append(tuple(found))
    return tuple(sentences)


def check_eos(eos: int | None, vocab_size: int) -> None:
    """Raise a `ValueError` unless this is a token, or None."""
    if eos is not None and eos not in range(vocab_size):
        raise ValueError(
            "eos must lie between 0 and vocab_size - 1, that is "
            f"{vocab_size - 1}, but is {eos}"
        )
