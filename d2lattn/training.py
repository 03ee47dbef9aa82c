"""Train a translator: measure its errors, and take steps against them.

A model is anything that is called as `model(src, tgt, src_valid_lens)`.
"""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from d2lattn.checks import check_lengths, check_positive, check_shape, look
from d2lattn.corpora.batches import Batch, Batches
from d2lattn.masking import length_mask
from d2lattn.modes import evaluating
from d2lattn.progress import progress


def sequence_loss(
    logits: Float[Tensor, "B T V"],
    labels: Int64[Tensor, "B T"],
    valid_lens: Int64[Tensor, "B"],
    label_smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    r"""Compute the mean cross-entropy of the real tokens, in nats.

    $$-\frac{1}{\sum_b n_b} \sum_b \sum_{t \leq n_b}
      \log \operatorname{softmax}(\mathbf{o}_{bt})_{y_{bt}}$$

    Tokens after the first $n_b$ of a row do not count. With `label_smoothing`
    ε, the wanted distribution puts 1 - ε on the label and spreads ε evenly
    over all words.

    Raises `ValueError` where the shapes do not fit, or no token is real.

    Paper: Szegedy et al. (2016), section 7, for label smoothing.

    >>> logits = torch.tensor([[[0.0, 0.0], [9.0, -9.0]]])
    >>> labels = torch.tensor([[1, 1]])
    >>> sequence_loss(logits, labels, torch.tensor([1]))  # log 2
    tensor(0.6931)
    """
    check_labels(logits, labels, valid_lens)
    B, T, _ = logits.shape
    real = length_mask(valid_lens, (B, 1, T)).squeeze(1)  # (B, T)
    labels = labels.masked_fill(~real, -100)  # which cross_entropy leaves out
    return F.cross_entropy(
        logits.flatten(0, 1), labels.flatten(), label_smoothing=label_smoothing
    )


def warm_up(step: int, num_hiddens: int, warmup_steps: int) -> float:
    r"""Compute the learning rate of a step; steps count from 1.

    $$D^{-0.5} \min(s^{-0.5},\; s\,w^{-1.5})$$

    The rate grows evenly for $w$ steps, then falls with the root of the step.

    Raises `ValueError` where a number is below 1.

    Paper: Vaswani et al. (2017), section 5.3, equation 3.

    >>> rates = [warm_up(step, 64, 100) for step in (50, 100, 400)]
    >>> [f"{rate:.5f}" for rate in rates]
    ['0.00625', '0.01250', '0.00625']
    """
    check_positive(
        step=step, num_hiddens=num_hiddens, warmup_steps=warmup_steps
    )
    return num_hiddens**-0.5 * min(step**-0.5, step * warmup_steps**-1.5)


def cool_down(step: int, num_steps: int) -> float:
    """Compute a factor for the learning rate that falls evenly from 1.

    At the last step it is 1 / `num_steps`.

    Raises `ValueError` where `step` does not lie between 1 and `num_steps`.

    >>> cool_down(1, 4), cool_down(4, 4)
    (1.0, 0.25)
    """
    check_positive(step=step, num_steps=num_steps)
    if step > num_steps:
        raise ValueError(
            f"step must be at most num_steps, {num_steps}, but is {step}"
        )
    return (num_steps + 1 - step) / num_steps


def pick_device() -> torch.device:
    """Return the fastest device available: a GPU, or else the CPU."""
    found = torch.accelerator
    here = found.current_accelerator() if found.is_available() else None
    return here or torch.device("cpu")


class Epoch(NamedTuple):
    """A report of an epoch: losses in nats per token, and what it took.

    `train_loss` is the mean over the epoch, with dropout and label smoothing;
    `valid_loss` is that of `mean_loss` at its end, or None.
    """

    number: int
    train_loss: float
    valid_loss: float | None
    tokens: int
    seconds: float


def train(
    model: nn.Module,
    batches: Batches | Sequence[Batch],
    valid_batches: Batches | Sequence[Batch] | None = None,
    *,
    num_epochs: int,
    learning_rate: Callable[[int], float],
    label_smoothing: float = 0.0,
    clip_norm: float = 1.0,
    device: torch.device | str | None = None,
    after_epoch: Callable[[Epoch], Any] | None = None,
) -> list[Epoch]:
    """Train a translator with Adam, and report each epoch.

    `learning_rate` is a function of the step, which counts from 1. Gradients
    longer than `clip_norm` are shortened to it. `after_epoch` is called with
    the report of each epoch. The model stays on the device; if none is given,
    `pick_device` picks one.

    Raises `ValueError` where there is nothing to train on, or the loss is no
    longer a number.

    Papers: Vaswani et al. (2017), section 5.3, for Adam's settings; Pascanu
    et al. (2013), algorithm 1, for clipping.

    >>> from d2lattn.corpora import Batches, SentencePair, Vocab
    >>> from d2lattn.seq2seq import *
    >>> vocab = Vocab([("go", "!")])
    >>> pairs = [SentencePair(("go", "!"), ("go", "!"))]
    >>> batches, sizes = Batches(pairs, vocab, vocab), (len(vocab), 4, 4, 1)
    >>> model = EncoderDecoder(Seq2SeqEncoder(*sizes), Seq2SeqDecoder(*sizes))
    >>> options = {"num_epochs": 9, "learning_rate": lambda step: 0.1}
    >>> first, *_, last = train(model, batches, **options)
    >>> first.train_loss > 1 > last.train_loss
    True
    """
    check_positive(num_epochs=num_epochs, batches=len(batches))
    device = pick_device() if device is None else device
    optimizer = torch.optim.Adam(
        model.to(device).parameters(), betas=(0.9, 0.98), eps=1e-9
    )
    history, step = [], 0
    for number in range(1, num_epochs + 1):
        model.train()
        start, total, tokens = time.perf_counter(), 0.0, 0
        for batch in progress(batches, f"epoch {number}/{num_epochs}"):
            step += 1
            optimizer.param_groups[0]["lr"] = learning_rate(step)
            loss = batch_loss(model, batch.to(device), label_smoothing)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
            optimizer.step()
            count = int(batch.tgt_valid_lens.sum())
            total, tokens = total + count * loss.detach(), tokens + count
        train_loss = check_finite("the loss", float(total) / tokens, step)
        seconds = time.perf_counter() - start
        valid = None
        if valid_batches is not None:
            valid = mean_loss(model, valid_batches)
        history.append(Epoch(number, train_loss, valid, tokens, seconds))
        if after_epoch is not None:
            after_epoch(history[-1])
    return history


def batch_loss(
    model: nn.Module, batch: Batch, label_smoothing: float = 0.0
) -> Float[Tensor, ""]:
    """Compute the mean loss of a batch under teacher forcing.

    >>> from d2lattn.seq2seq import *
    >>> sizes = 9, 4, 4, 1
    >>> model = EncoderDecoder(Seq2SeqEncoder(*sizes), Seq2SeqDecoder(*sizes))
    >>> rows = [[5, 6, 2]], [[1, 7, 8]], [[7, 8, 2]]
    >>> src, tgt, labels = (torch.tensor(row) for row in rows)
    >>> lens = torch.tensor([3])
    >>> batch_loss(model, Batch(src, lens, tgt, labels, lens)).shape
    torch.Size([])
    """
    logits = model(batch.src, batch.tgt, batch.src_valid_lens)
    return sequence_loss(
        logits, batch.labels, batch.tgt_valid_lens, label_smoothing
    )


def mean_loss(model: nn.Module, batches: Batches | Sequence[Batch]) -> float:
    """Compute the mean loss of a model over the tokens of all batches.

    Dropout and label smoothing are off. Raises `ValueError` where there is no
    batch.
    """
    check_positive(batches=len(batches))
    device = next(model.parameters()).device
    total, tokens = 0.0, 0
    with evaluating(model):
        for batch in batches:
            count = int(batch.tgt_valid_lens.sum())
            total += count * float(batch_loss(model, batch.to(device)))
            tokens += count
    return total / tokens


def check_labels(logits: Tensor, labels: Tensor, valid_lens: Tensor) -> None:
    """Raise a `ValueError` unless there is a label for each row of logits."""
    check_shape("logits", logits, ("B", "T", "V"))
    B, T, _ = logits.shape
    check_shape("labels", labels, (B, T))
    check_lengths(valid_lens, (B, 1, T))
    check_shape("valid_lens", valid_lens, (B,))
    if look(valid_lens) == (0, 0):
        raise ValueError(
            "valid_lens must leave at least one real token, but all "
            f"{B} lengths are 0"
        )


def check_finite(name: str, number: float, step: int) -> float:
    """Return the number, or raise a `ValueError` where it is not finite."""
    if not math.isfinite(number):
        raise ValueError(
            f"{name} must be a finite number, but is {number} after step "
            f"{step}; a lower learning rate may help"
        )
    return number
