"""A translator is taught on what is real, alike each time, and to the end."""

import math
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from d2lattn.corpora import Batches, SentencePair, Vocab
from d2lattn.seq2seq import (
    EncoderDecoder,
    Seq2SeqAttentionDecoder,
    Seq2SeqEncoder,
)
from d2lattn.training import (
    cool_down,
    mean_loss,
    pick_device,
    sequence_loss,
    train,
    warm_up,
)
from d2lattn.transformer import TransformerDecoder, TransformerEncoder

WORDS = "abcdefg"
PAIRS = [
    SentencePair(tuple(x), tuple(reversed(x)))
    for x in (
        WORDS[start : start + length]
        for length in range(1, 7)
        for start in range(8 - length)
    )
]
VOCAB = Vocab([tuple(WORDS)])


def batches(max_tokens=23, **options):
    return Batches(PAIRS, VOCAB, VOCAB, max_tokens, **options)


def gru(dropout=0.0):
    sizes = len(VOCAB), 13, 17, 1, dropout
    return EncoderDecoder(
        Seq2SeqEncoder(*sizes), Seq2SeqAttentionDecoder(*sizes)
    )


def transformer(dropout=0.0):
    sizes = len(VOCAB), 14, 29, 2, 1, dropout
    return EncoderDecoder(
        TransformerEncoder(*sizes), TransformerDecoder(*sizes)
    )


def steady(step):
    return 0.01


@pytest.fixture
def steps():
    """Rate and length of the gradient of each step of an optimizer."""
    seen = []

    def look(optimizer, *_):
        (group,) = optimizer.param_groups
        grads = [p.grad.flatten() for p in group["params"]]
        seen.append((group["lr"], torch.cat(grads).norm().item()))

    handle = register_optimizer_step_pre_hook(look)
    yield seen
    handle.remove()


def some_answers():
    """Logits, labels and lengths."""
    logits = torch.randn(3, 5, 7)
    labels = torch.randint(7, (3, 5))
    return logits, labels, torch.tensor([4, 0, 5])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_loss_is_the_mean_over_real_tokens(smoothing, device):
    logits, labels, lens = (x.to(device) for x in some_answers())
    wanted = []
    for b, n in enumerate(lens):
        for t in range(n):
            log_probs = logits[b, t].double().log_softmax(0)
            right = log_probs[labels[b, t]]
            wanted.append(
                -(1 - smoothing) * right - smoothing * log_probs.mean()
            )
    loss = sequence_loss(logits, labels, lens, smoothing)
    assert loss.item() == pytest.approx(sum(wanted).item() / 9, rel=1e-6)


@pytest.mark.parametrize(
    ("shapes", "lens", "error"),
    [
        (((3, 7), (3, 5)), [4, 1, 5], r"logits must have shape \(B, T, V\)"),
        (((3, 5, 7), (3, 4)), [4, 1, 4], r"labels must have shape \(3, 5\)"),
        (((3, 5, 7), (3, 5)), [4, 1], r"valid_lens must have shape \(3,\)"),
        (((3, 5, 7), (3, 5)), [4, 1, 6], "between 0 and the number"),
        (((3, 5, 7), (3, 5)), [0, 0, 0], "at least one real token"),
    ],
)
def test_loss_says_what_does_not_fit(shapes, lens, error, unchecked):
    logits, labels = torch.zeros(shapes[0]), torch.zeros(shapes[1]).long()
    with pytest.raises(ValueError, match=error):
        sequence_loss(logits, labels, torch.tensor(lens))


def test_rate_rises_evenly_and_falls_with_the_root():
    rates = [warm_up(step, 64, 10) for step in range(1, 91)]
    assert rates[9] == max(rates) == pytest.approx(1 / math.sqrt(640))
    rises = [b - a for a, b in pairwise(rates[:10])]
    assert rises == pytest.approx([rates[0]] * 9)
    assert rates[39] == pytest.approx(rates[9] / 2)
    assert rates[89] == pytest.approx(rates[9] / 3)


def test_the_rate_falls_evenly_to_zero():
    factors = [cool_down(step, 8) for step in range(1, 9)]
    assert factors == [step / 8 for step in range(8, 0, -1)]


@pytest.mark.parametrize(
    ("rate", "numbers", "error"),
    [
        (warm_up, (0, 64, 10), "step must be at least 1, but is 0"),
        (warm_up, (1, 0, 10), "num_hiddens must be at least 1, but is 0"),
        (warm_up, (1, 64, 0), "warmup_steps must be at least 1, but is 0"),
        (cool_down, (0, 8), "step must be at least 1, but is 0"),
        (cool_down, (9, 8), "step must be at most num_steps, 8, but is 9"),
        (cool_down, (1, 0), "num_steps must be at least 1, but is 0"),
    ],
)
def test_rates_ask_for_a_step_that_there_is(rate, numbers, error):
    with pytest.raises(ValueError, match=error):
        rate(*numbers)


@pytest.mark.parametrize("there", ["cuda", "mps", ""])
def test_the_fastest_device_is_picked(there, monkeypatch):
    found = SimpleNamespace(
        is_available=lambda: bool(there),
        current_accelerator=lambda: torch.device(there),
    )
    monkeypatch.setattr(torch, "accelerator", found)
    assert pick_device() == torch.device(there or "cpu")


@pytest.mark.parametrize("make", [gru, transformer])
def test_training_learns_to_turn_words_round(make):
    model = make()
    history = train(
        model, batches(), batches(), num_epochs=20, learning_rate=steady
    )
    assert history[0].train_loss > 1
    assert history[-1].valid_loss < 0.2
    assert [epoch.number for epoch in history] == list(range(1, 21))
    tokens = sum(len(pair.tgt) + 1 for pair in PAIRS)
    assert {epoch.tokens for epoch in history} == {tokens}
    assert all(epoch.seconds > 0 for epoch in history)


@pytest.mark.parametrize("make", [gru, transformer])
def test_the_same_seed_gives_the_same_model(make):
    def trained(seed):
        torch.manual_seed(seed)
        model = make(dropout=0.2)
        history = train(
            model, batches(seed=seed), num_epochs=2, learning_rate=steady
        )
        losses = [epoch.train_loss for epoch in history]
        return losses, nn.utils.parameters_to_vector(model.parameters())

    losses, weights = trained(3)
    same_losses, same_weights = trained(3)
    assert losses == same_losses
    assert weights.equal(same_weights)
    assert not weights.equal(trained(4)[1])


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_the_loss_of_an_epoch_is_the_mean_over_its_tokens(smoothing):
    model = gru()
    [epoch] = train(
        model,
        batches(),
        batches(max_tokens=5),
        num_epochs=1,
        learning_rate=lambda step: 0.0,
        label_smoothing=smoothing,
    )
    assert epoch.valid_loss == pytest.approx(mean_loss(model, batches()))
    with torch.no_grad():
        losses = [
            sequence_loss(
                model(batch.src, batch.tgt, batch.src_valid_lens),
                batch.labels,
                batch.tgt_valid_lens,
                smoothing,
            )
            * batch.tgt_valid_lens.sum()
            for batch in batches(max_tokens=5)
        ]
    assert epoch.train_loss == pytest.approx(sum(losses).item() / epoch.tokens)


def test_steps_follow_the_rate_and_are_clipped(steps):
    train(
        gru(),
        batches(),
        num_epochs=2,
        learning_rate=lambda step: step / 1000,
        clip_norm=0.01,
    )
    rates, norms = zip(*steps, strict=True)
    assert rates == tuple(n / 1000 for n in range(1, 2 * len(batches()) + 1))
    assert max(norms) == pytest.approx(0.01, rel=1e-3)


def test_no_gradient_is_left_from_the_step_before(steps):
    model, alike = gru(), [next(iter(batches(shuffle=False)))] * 3
    options = {"num_epochs": 1, "clip_norm": math.inf}
    train(model, alike, learning_rate=lambda step: 0.0, **options)
    _, norms = zip(*steps, strict=True)
    assert norms == pytest.approx([norms[0]] * 3)


def test_every_epoch_is_shown_and_trained_with_dropout():
    model, seen = gru(dropout=0.1), []

    def look(epoch):
        seen.append((epoch, model.training))
        model.eval()

    history = train(
        model,
        batches(),
        num_epochs=3,
        learning_rate=steady,
        after_epoch=look,
    )
    assert seen == [(epoch, True) for epoch in history]
    assert {epoch.valid_loss for epoch in history} == {None}


def test_a_loss_that_is_no_number_ends_training():
    with pytest.raises(ValueError, match="finite number, but is nan"):
        train(
            gru(),
            batches(),
            num_epochs=3,
            learning_rate=lambda step: math.inf,
        )


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"num_epochs": 0}, "num_epochs"),
        ({"batches": []}, "batches"),
        ({"valid_batches": []}, "batches"),
    ],
)
def test_training_says_that_there_is_nothing_to_do(wrong, name):
    options = {"num_epochs": 1, "batches": batches()} | wrong
    with pytest.raises(ValueError, match=f"^{name} must be at least 1"):
        train(gru(), learning_rate=steady, **options)


def test_mean_loss_is_the_mean_of_all_tokens_without_dropout():
    model, rows = transformer(dropout=0.5).eval(), []
    with torch.no_grad():
        for pair in PAIRS:
            src = torch.tensor([[*VOCAB.encode(pair.src), VOCAB.eos]])
            tgt = torch.tensor([[VOCAB.bos, *VOCAB.encode(pair.tgt)]])
            labels = [*VOCAB.encode(pair.tgt), VOCAB.eos]
            logits = model(src, tgt)[0]
            rows += F.cross_entropy(
                logits, torch.tensor(labels), reduction="none"
            )
    wanted = torch.stack(rows).mean().item()
    model.train()
    for size in (5, 10_000):
        assert mean_loss(model, batches(size)) == pytest.approx(wanted)
    assert model.training
    assert all(p.grad is None for p in model.parameters())
