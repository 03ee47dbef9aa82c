"""From a model to its words: greedy search, beam search, translation.

Every function works on any model with an `encoder` and a `decoder` that keep
the contract in `d2lattn.seq2seq`, and leaves the model's mode as it was.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from d2lattn.beams import (
    Beam,
    Hypothesis,
    best_first,
    hypotheses,
    next_beam,
    next_log_probs,
    propose,
)
from d2lattn.checks import check_positive
from d2lattn.corpora.batches import pad_rows
from d2lattn.corpora.vocabulary import Vocab
from d2lattn.modes import evaluating


class BeamStep(NamedTuple):
    """A step of a beam search: the beam before, the proposals, the beam after.

    `parents` holds, for each place in the beam after, the place of its parent
    in the beam before.
    """

    before: Beam
    tokens: Integer[Tensor, "B W C"]
    probs: Float[Tensor, "B W C"]
    log_probs: Float[Tensor, "B W C"]
    parents: Integer[Tensor, "B W2"]
    after: Beam


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

    After `max_len` tokens, including `eos`, a sentence is left unfinished. A
    recording has one entry per step, with a row for each sentence.

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
    """Take the steps of `beam_search` one by one, as they are asked for.

    The decoder gets a row for each hypothesis that is alive, sentence by
    sentence, and none for the others.
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

    Each step keeps the `beam_size` most probable hypotheses per sentence; a
    finished one keeps its place. At the end they are ranked by the score
    s(Y), whose divisor is `penalty`, the best first. Among equals, the child
    of the better parent wins, then the smaller token. A sentence stops when
    its first rank is decided, so lower ranks may be unfinished.

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

    The encoder reads each sentence with an `<eos>`. A beam of one is a greedy
    search. A translation ends after `max_len` words, or after as many as the
    decoder has positions for.

    Raises `ValueError` where `batch_size` is below 1, where a sentence is a
    string instead of words or has more words than the encoder has positions,
    and where `beam_search` does.

    Paper: Vaswani et al. (2017), section 6.1, for the length penalty, used
    there with a beam of 4.

    >>> from d2lattn.seq2seq import *
    >>> src_vocab, tgt_vocab = Vocab([["he", "ran"]]), Vocab([["il", "court"]])
    >>> encoder = Seq2SeqEncoder(len(src_vocab), 8, 16, num_layers=1)
    >>> decoder = Seq2SeqAttentionDecoder(len(tgt_vocab), 8, 16, num_layers=1)
    >>> model = EncoderDecoder(encoder, decoder)
    >>> len(translate(model, [["he", "ran"], ["he"]], src_vocab, tgt_vocab))
    2
    """
    check_positive(batch_size=batch_size)
    device = next(model.parameters()).device
    rows = [[*src_vocab.encode(words), src_vocab.eos] for words in sentences]
    longest, most = max(map(len, rows), default=0), _positions(model.encoder)
    if longest > most:
        raise ValueError(
            f"sentences must have at most {most - 1} words, the encoder's "
            f"max_len less <eos>, but one has {longest - 1}"
        )
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    translations = {}
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        src, lens = pad_rows([rows[i] for i in batch])  # (B, K), (B,)
        found = beam_search(
            model,
            src.to(device),
            lens.to(device),
            bos=tgt_vocab.bos,
            eos=tgt_vocab.eos,
            beam_size=beam_size,
            length_penalty=length_penalty,
            max_len=int(min(max_len, _positions(model.decoder))),
        )
        for i, (best, *_) in zip(batch, found, strict=True):
            translations[i] = tgt_vocab.decode(best.tokens)
    return [translations[i] for i in range(len(rows))]


def _positions(part: Any) -> int | float:
    """Return how long a sequence an encoder or a decoder can take."""
    encoding = getattr(part, "pos_encoding", None)
    return getattr(encoding, "max_len", float("inf"))
