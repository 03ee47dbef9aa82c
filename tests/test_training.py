"""A translator is taught on what is real, alike each time, and to the end."""

import math
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from d2lattn.corpora import Batches, SentencePair, Vocab
from d2lattn.masking import length_mask
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


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_padding_has_no_part_in_the_loss(smoothing):
    logits, labels, lens = some_answers()
    logits.requires_grad_()
    loss = sequence_loss(logits, labels, lens, smoothing)
    loss.backward()
    real = length_mask(lens, (3, 1, 5)).squeeze(1)
    assert (logits.grad[real] != 0).all()
    assert (logits.grad[~real] == 0).all()
    others = torch.where(real[..., None], logits, 1e9)
    wild = torch.where(real, labels, Vocab.pad)
    assert sequence_loss(others, wild, lens, smoothing).equal(loss)


def test_loss_changes_none_of_its_arguments():
    answers = some_answers()
    before = [x.clone() for x in answers]
    sequence_loss(*answers)
    assert all(x.equal(y) for x, y in zip(answers, before, strict=True))


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


@pytest.mark.parametrize("numbers", [(0, 64, 10), (1, 0, 10), (1, 64, 0)])
def test_rate_asks_for_numbers_above_zero(numbers):
    with pytest.raises(ValueError, match="must be at least 1, but is 0"):
        warm_up(*numbers)


def test_the_rate_falls_evenly_to_zero():
    factors = [cool_down(step, 8) for step in range(1, 9)]
    assert factors == [step / 8 for step in range(8, 0, -1)]


@pytest.mark.parametrize(
    ("numbers", "error"),
    [
        ((0, 8), "step must be at least 1, but is 0"),
        ((9, 8), "step must be at most num_steps, 8, but is 9"),
        ((1, 0), "num_steps must be at least 1, but is 0"),
    ],
)
def test_the_rate_falls_over_the_steps_there_are(numbers, error):
    with pytest.raises(ValueError, match=error):
        cool_down(*numbers)


@pytest.mark.parametrize(
    ("there", "picked"),
    [
        (["cuda", "mps"], "cuda"),
        (["mps"], "mps"),
        ([], "cpu"),
    ],
)
def test_the_fastest_device_is_picked(there, picked, monkeypatch):
    cuda, mps = torch.cuda, torch.backends.mps
    monkeypatch.setattr(cuda, "is_available", lambda: "cuda" in there)
    monkeypatch.setattr(mps, "is_available", lambda: "mps" in there)
    assert pick_device() == torch.device(picked)


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


def test_held_out_batches_that_hold_nothing_are_an_error():
    with pytest.raises(ValueError, match="batches must be at least 1"):
        train(gru(), batches(), [], num_epochs=1, learning_rate=steady)


def test_without_held_out_batches_there_is_no_valid_loss():
    [epoch] = train(gru(), batches(), num_epochs=1, learning_rate=steady)
    assert epoch.valid_loss is None


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


def test_a_loss_that_is_no_number_ends_training():
    with pytest.raises(ValueError, match="finite number, but is nan"):
        train(
            gru(),
            batches(),
            num_epochs=3,
            learning_rate=lambda step: math.inf,
        )


@pytest.mark.parametrize("wrong", [{"num_epochs": 0}, {"batches": []}])
def test_training_says_that_there_is_nothing_to_do(wrong):
    options = {"num_epochs": 1, "batches": batches()} | wrong
    (name,) = wrong
    with pytest.raises(ValueError, match=f"{name} must be at least 1"):
        train(gru(), learning_rate=steady, **options)


def test_mean_loss_hangs_on_no_batch_size_and_no_dropout():
    model = transformer(dropout=0.5)
    all_at_once = mean_loss(model, batches(max_tokens=10_000))
    assert mean_loss(model, batches(5)) == pytest.approx(all_at_once)


@pytest.mark.parametrize("training", [True, False])
def test_mean_loss_leaves_the_mode_and_no_gradient(training):
    model = gru().train(training)
    mean_loss(model, batches())
    assert model.training == training
    assert all(p.grad is None for p in model.parameters())
    [wrong] = Batches([SentencePair(("a",), ("b",))], VOCAB, VOCAB)
    wrong = wrong._replace(src=wrong.src + len(VOCAB))
    with pytest.raises(ValueError, match="tokens must lie between"):
        mean_loss(model, [wrong])
    assert model.training == training


def test_mean_loss_is_that_of_pytorch():
    model, rows = gru(), []
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
    assert mean_loss(model, batches()) == pytest.approx(wanted)
