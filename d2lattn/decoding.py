"""From a model to its words: greedy search, beam search, translation.

All of it works on any model with an `encoder` and a `decoder` that keep the
contract in `d2lattn.seq2seq`. A search runs without gradients and in
evaluation mode, and leaves the mode of the model as it was.

A hypothesis is the beginning of a target sentence, or a whole one, which ends
with `eos`. Its log-probability is the model's own: the sum over its tokens,
`eos` counted. No token is forbidden, not even `<pad>` or `<bos>`: a model that
was trained on sentences gives them next to nothing.
"""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor

from d2lattn.checks import check_positive
from d2lattn.corpora.vocabulary import Vocab
from d2lattn.modes import evaluating

__all__ = [
    "Beam",
    "BeamStep",
    "Hypothesis",
    "beam_search",
    "beam_steps",
    "best_first",
    "greedy_search",
    "hypotheses",
    "next_beam",
    "next_log_probs",
    "penalty",
    "propose",
    "translate",
]


class Hypothesis(NamedTuple):
    """What a search found for a sentence.

    The tokens without the first `bos` and the `eos`; their log-probability,
    with that of `eos` where there is one; the score that decided the rank;
    and whether there is an `eos`. One that is not finished ran into
    `max_len`, or was left when it could no longer become the best.
    """

    tokens: tuple[int, ...]
    log_prob: float
    score: float
    finished: bool


class Beam(NamedTuple):
    """The hypotheses of each sentence, in W places.

    The tokens (B, W, t), with `bos` first and nothing but `eos` after the
    end; the log-probability, the score, whether finished, and whether the
    search goes on from here, each (B, W). First come the hypotheses that did
    not grow in the last step, then those that did, the most probable first.
    An empty place has log-probability -inf.
    """

    tokens: Integer[Tensor, "B W t"]
    log_probs: Float[Tensor, "B W"]
    scores: Float[Tensor, "B W"]
    finished: Bool[Tensor, "B W"]
    alive: Bool[Tensor, "B W"]


class BeamStep(NamedTuple):
    """What happened in one step of a beam search.

    The beam before; what each of its hypotheses proposed, see `propose`; the
    beam after, and for each of its hypotheses the place of its parent in the
    beam before.
    """

    before: Beam
    tokens: Integer[Tensor, "B W C"]
    probs: Float[Tensor, "B W C"]
    log_probs: Float[Tensor, "B W C"]
    parents: Integer[Tensor, "B W2"]
    after: Beam


def penalty(length: int, length_penalty: float) -> float:
    r"""What the log-probability of so many tokens is divided by.

    $$\operatorname{lp}(Y) = \frac{(5 + |Y|)^\lambda}{(5 + 1)^\lambda}$$

    Each token makes a sentence less probable, which favours short ones. The
    length $|Y|$ counts what the log-probability sums over: the tokens, and
    `eos` where there is one. So it is at least 1, and then lp is 1.

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
    """The largest of each row and where they stand; of equals, the first.

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
    """The log-probability of each token that may come next.

    In float32 at least, whatever the model computes in.

    Raises `ValueError` where `eos` is not in the vocabulary, or the logits
    are not numbers.

    >>> next_log_probs(torch.zeros(1, 1, 4), eos=2).exp()
    tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """
    V = logits.shape[-1]
    if not 0 <= eos < V:
        raise ValueError(f"eos must be between 0 and {V - 1}, but is {eos}")
    dtype = torch.promote_types(logits.dtype, torch.float32)
    log_probs = logits[:, -1].log_softmax(dim=-1, dtype=dtype)  # (N, V)
    if log_probs[:, eos].isnan().any():  # one NaN makes a row of them
        raise ValueError("the logits must be numbers, but some are NaN or inf")
    return log_probs


def greedy_search(
    model: Any,
    src: Integer[Tensor, "B K"],
    src_valid_lens: Integer[Tensor, "B"] | None = None,
    *,
    bos: int,
    eos: int,
    max_len: int,
) -> tuple[Hypothesis, ...]:
    r"""Write each sentence by its most probable next token, up to `eos`.

    $$y_t = \operatorname{argmax}_{y}\;
      p(y \mid y_1, \ldots, y_{t-1}, \mathbf{x})$$

    After `max_len` tokens, `eos` counted, a sentence is left unfinished. A
    recording of attention has one entry a step, with a row for each sentence:
    those that have ended are taken along until all have.

    Shapes: source (B, K), lengths (B,); one hypothesis a sentence.

    Raises `ValueError` where `bos` or `eos` is not in the vocabulary, or
    `max_len` is below 1; and where the encoder and the decoder do.

    Paper: Sutskever et al. (2014), section 3.2, with a beam of one.

    >>> from d2lattn.seq2seq import *
    >>> encoder = Seq2SeqEncoder(7, 8, num_hiddens=16, num_layers=1)
    >>> decoder = Seq2SeqAttentionDecoder(5, 8, 16, num_layers=1)
    >>> model, src = EncoderDecoder(encoder, decoder), torch.tensor([[6, 2]])
    >>> (found,) = greedy_search(model, src, bos=1, eos=2, max_len=3)
    >>> len(found.tokens) <= 3 and found.log_prob < 0
    True
    """
    check_positive(max_len=max_len)
    token = src.new_full((len(src), 1), bos, dtype=torch.int64)  # (B, 1)
    finished = torch.zeros_like(token, dtype=torch.bool)  # (B, 1)
    tokens, log_probs = [token], torch.zeros_like(token, dtype=torch.float32)
    with evaluating(model):
        enc_outputs = model.encoder(src, src_valid_lens)
        state = model.decoder.init_state(enc_outputs, src_valid_lens)
        while len(tokens) <= max_len and not finished.all():
            logits, state = model.decoder(token, state)  # (B, 1, V)
            log_prob, token = best_first(next_log_probs(logits, eos), 1)
            # What comes after the end does not count.
            log_probs = log_probs + log_prob.masked_fill(finished, 0)
            finished = finished | (token == eos)
            tokens.append(token)
    tokens = torch.stack(tokens, dim=-1)  # (B, 1, t)
    beam = Beam(tokens, log_probs, log_probs, finished, ~finished)
    return tuple(found for (found,) in hypotheses(beam, eos))


def propose(
    beam: Beam, log_probs: Float[Tensor, "N V"], number: int, eos: int
) -> tuple[
    Integer[Tensor, "B W C"], Float[Tensor, "B W C"], Float[Tensor, "B W C"]
]:
    r"""Let each hypothesis that is alive name its most probable next tokens.

    $$\log p(y_1, \ldots, y_t) = \log p(y_1, \ldots, y_{t-1}) +
      \log p(y_t \mid y_1, \ldots, y_{t-1})$$

    all given the source. Any other proposes itself, with one more `eos` of
    probability 1, and then nothing, which has probability 0.

    Shapes: log-probabilities (N, V) of the next token of the N hypotheses
    that are alive. Of the proposals, the token, its probability, and the
    log-probability of the hypothesis that it makes, each (B, W, C), where C
    is `number` or the size of the vocabulary, whichever is smaller.

    >>> start, no = torch.zeros(1, 1), torch.tensor([[False]])
    >>> beam = Beam(torch.tensor([[[0]]]), start, start, no, ~no)
    >>> log_probs = torch.tensor([[0.2, 0.5, 0.3]]).log()
    >>> tokens, probs, _ = propose(beam, log_probs, 2, eos=1)
    >>> tokens, probs
    (tensor([[[1, 2]]]), tensor([[[0.5000, 0.3000]]]))
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
    """Keep the best proposals, and tell whose they were.

    A hypothesis that has ended keeps its place, so that the beam of the
    others narrows. A sentence is done when all of its hypotheses have ended,
    or none that is alive can come to the first rank: its log-probability
    cannot rise, and will be divided by the penalty of `max_len` at most.

    Shapes: proposals (B, W, C) as `propose` makes them, of the beam's W
    places; the places of the parents, (B, W) for the new beam's W.

    Paper: Huang et al. (2017) for when to stop, here with a penalty; their
    section 1 for the narrowing beam, which is that of Bahdanau et al. (2015).

    >>> start, no = torch.zeros(1, 1), torch.tensor([[False]])
    >>> beam = Beam(torch.tensor([[[0]]]), start, start, no, ~no)
    >>> tokens, log_probs = torch.tensor([[[2, 1]]]), torch.zeros(1, 1, 2)
    >>> _, beam = next_beam(beam, tokens, log_probs, 1, 2, 0.0, max_len=9)
    >>> beam.tokens, beam.finished
    (tensor([[[0, 2],
             [0, 1]]]), tensor([[False,  True]]))
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


def beam_steps(
    model: Any,
    src: Integer[Tensor, "B K"],
    src_valid_lens: Integer[Tensor, "B"] | None = None,
    *,
    bos: int,
    eos: int,
    beam_size: int,
    length_penalty: float = 0.0,
    max_len: int,
) -> Iterator[BeamStep]:
    """Search with a beam, and show each step as it is taken.

    These are the steps of `beam_search`, with the same arguments and errors,
    and each is computed when it is asked for. The decoder gets a row for each
    hypothesis that is alive, sentence by sentence, and none for the others.

    >>> from d2lattn.seq2seq import *
    >>> encoder = Seq2SeqEncoder(7, 8, num_hiddens=16, num_layers=1)
    >>> decoder = Seq2SeqAttentionDecoder(5, 8, 16, num_layers=1)
    >>> model, src = EncoderDecoder(encoder, decoder), torch.tensor([[6, 2]])
    >>> options = {"bos": 1, "eos": 2, "beam_size": 3, "max_len": 4}
    >>> step = next(beam_steps(model, src, **options))
    >>> step.before.tokens.shape, step.tokens.shape, step.after.tokens.shape
    (torch.Size([1, 1, 1]), torch.Size([1, 1, 3]), torch.Size([1, 3, 2]))
    """
    check_positive(max_len=max_len, beam_size=beam_size)
    with evaluating(model):
        enc_outputs = model.encoder(src, src_valid_lens)
        state = model.decoder.init_state(enc_outputs, src_valid_lens)
    tokens = src.new_full((len(src), 1, 1), bos, dtype=torch.int64)
    start = torch.zeros(len(src), 1, device=src.device)  # (B, 1): one place
    beam = Beam(tokens, start, start, start > 0, start == 0)
    while beam.alive.any():
        last = beam.tokens[beam.alive][:, -1:]  # (B, W, t) -> (N, 1)
        with evaluating(model):  # and not while the step is looked at
            logits, state = model.decoder(last, state)  # (N, 1, V)
        log_probs = next_log_probs(logits, eos)  # (N, V)
        tokens, probs, totals = propose(beam, log_probs, beam_size, eos)
        parents, after = next_beam(
            beam, tokens, totals, eos, beam_size, length_penalty, max_len
        )
        yield BeamStep(beam, tokens, probs, totals, parents, after)
        # The state has a row for each hypothesis that is alive: which one?
        rows = (beam.alive.flatten().cumsum(0) - 1).view_as(beam.alive)
        state = state.select(rows.gather(1, parents)[after.alive])  # N rows
        beam = after


def hypotheses(beam: Beam, eos: int) -> tuple[tuple[Hypothesis, ...], ...]:
    """What is in a beam, for each sentence, the best first.

    The finished ones come before the others: the probability of a beginning
    is that of all sentences which begin so, and says nothing about one.

    >>> tokens, yes = torch.tensor([[[1, 5, 2]]]), torch.tensor([[True]])
    >>> log_probs = torch.tensor([[-2.5]])
    >>> hypotheses(Beam(tokens, log_probs, log_probs, yes, ~yes), eos=2)
    ((Hypothesis(tokens=(5,), log_prob=-2.5, score=-2.5, finished=True),),)
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


def beam_search(
    model: Any,
    src: Integer[Tensor, "B K"],
    src_valid_lens: Integer[Tensor, "B"] | None = None,
    *,
    bos: int,
    eos: int,
    beam_size: int,
    length_penalty: float = 0.0,
    max_len: int,
) -> tuple[tuple[Hypothesis, ...], ...]:
    r"""Write each sentence by the most probable of many beginnings.

    $$s(Y) = \frac{\log p(Y \mid \mathbf{x})}{\operatorname{lp}(Y)}$$

    In each step, `beam_size` hypotheses a sentence are kept, those with the
    highest log-probability; a finished one keeps its place. In the end they
    are ranked by the score s(Y), see `penalty`. With a `length_penalty` of 0
    that is the log-probability. Of equals, the one from the better parent
    is kept, or the token with the smaller number.

    A beam of one is `greedy_search`; one as wide as there are sentences up
    to `max_len` finds the best of all. A sentence stops as soon as its first
    rank is decided, so what is behind it may be unfinished. What it finds
    does not depend on the others in the batch.

    Shapes: source (B, K), lengths (B,); up to `beam_size` hypotheses a
    sentence, the best first.

    Raises `ValueError` where `beam_size` is below 1 or `length_penalty`
    below 0, and where `greedy_search` does.

    Papers: Sutskever et al. (2014), section 3.2; Wu et al. (2016), section
    7, for the score; Huang et al. (2017) for when to stop.

    >>> from d2lattn.seq2seq import *
    >>> encoder = Seq2SeqEncoder(7, 8, num_hiddens=16, num_layers=1)
    >>> decoder = Seq2SeqAttentionDecoder(5, 8, 16, num_layers=1)
    >>> model, src = EncoderDecoder(encoder, decoder), torch.tensor([[6, 2]])
    >>> options = {"bos": 1, "eos": 2, "beam_size": 3, "max_len": 4}
    >>> (found,) = beam_search(model, src, **options)
    >>> len(found), found[0].score == found[0].log_prob
    (3, True)
    """
    beam = None
    for step in beam_steps(
        model,
        src,
        src_valid_lens,
        bos=bos,
        eos=eos,
        beam_size=beam_size,
        length_penalty=length_penalty,
        max_len=max_len,
    ):
        beam = step.after
    return hypotheses(beam, eos) if beam else ()


def translate(
    model: Any,
    sentences: Sequence[Sequence[str]],
    src_vocab: Vocab,
    tgt_vocab: Vocab,
    *,
    beam_size: int = 1,
    length_penalty: float = 0.6,
    max_len: int = 100,
    batch_size: int = 32,
) -> list[list[str]]:
    """Translate sentences, words to words, in the order given.

    Each is given to the encoder with an `<eos>`. Sentences of similar length
    share a batch. A beam of one is a greedy search.

    Raises `ValueError` where `batch_size` is below 1, a sentence is a string
    and not words, and where `beam_search` does.

    Paper: Vaswani et al. (2017), section 6.1, for the length penalty, which
    stands there with a beam of 4.

    >>> from d2lattn.seq2seq import *
    >>> src_vocab, tgt_vocab = Vocab([["he", "ran"]]), Vocab([["il", "court"]])
    >>> encoder = Seq2SeqEncoder(len(src_vocab), 8, 16, num_layers=1)
    >>> decoder = Seq2SeqAttentionDecoder(len(tgt_vocab), 8, 16, num_layers=1)
    >>> model = EncoderDecoder(encoder, decoder)
    >>> words = [("he", "ran"), ("he",)]
    >>> len(translate(model, words, src_vocab, tgt_vocab, max_len=5))
    2
    """
    check_positive(batch_size=batch_size)
    device = next(model.parameters()).device
    order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))
    translations = {}
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        src = [[*src_vocab.encode(sentences[i]), src_vocab.eos] for i in batch]
        lens = [len(tokens) for tokens in src]
        src = [x + [src_vocab.pad] * (lens[-1] - len(x)) for x in src]
        found = beam_search(
            model,
            torch.tensor(src, device=device),  # (B, K)
            torch.tensor(lens, device=device),
            bos=tgt_vocab.bos,
            eos=tgt_vocab.eos,
            beam_size=beam_size,
            length_penalty=length_penalty,
            max_len=max_len,
        )
        for i, (best, *_) in zip(batch, found, strict=True):
            translations[i] = tgt_vocab.decode(best.tokens)
    return [translations[i] for i in range(len(sentences))]
