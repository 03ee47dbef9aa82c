"""Greedy search, beam search and translation, over any decoder."""

import math

import pytest
import torch
from torch import nn

from d2lattn.corpora.vocabulary import Vocab
from d2lattn.decoding import (
    Hypothesis,
    beam_search,
    beam_steps,
    greedy_search,
    translate,
)
from d2lattn.recording import record_attention
from d2lattn.seq2seq import (
    EncoderDecoder,
    Seq2SeqAttentionDecoder,
    Seq2SeqDecoder,
    Seq2SeqEncoder,
)
from d2lattn.transformer import TransformerDecoder, TransformerEncoder

B, K, D, E, SOURCES, V, MAX_LEN = 5, 7, 15, 13, 19, 11, 9
LENS = [4, 7, 1, 5, 6]
BOS, EOS = 3, 8
LIMITS = {"bos": BOS, "eos": EOS, "max_len": MAX_LEN}
INF = math.inf


def recurrent(decoder, vocab_size):
    sizes = E, D, 2
    return EncoderDecoder(
        Seq2SeqEncoder(SOURCES, *sizes), decoder(vocab_size, *sizes)
    )


def transformer(vocab_size):
    sizes = D, 17, 3, 2
    return EncoderDecoder(
        TransformerEncoder(SOURCES, *sizes),
        TransformerDecoder(vocab_size, *sizes),
    )


MODELS = {
    "GRU": lambda size: recurrent(Seq2SeqDecoder, size),
    "Bahdanau": lambda size: recurrent(Seq2SeqAttentionDecoder, size),
    "Transformer": transformer,
}
EACH_MODEL = pytest.mark.parametrize("name", MODELS)
ALPHAS = pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])


def make(name, vocab_size=V, ends=1.0):
    """A model with opinions, which ends sentences now and then.

    In float64, no two of its probabilities are so close that the order of
    additions decides which is larger.
    """
    model = MODELS[name](vocab_size).double()
    for parameter in model.parameters():
        if name != "Transformer" and parameter.ndim > 1:
            parameter.data *= 3
    dense = model.decoder.dense
    nn.init.normal_(dense.weight, std=2.0 if name == "Transformer" else 1.0)
    nn.init.normal_(dense.bias)
    if vocab_size > EOS:
        dense.bias.data[EOS] += 3 * ends if name == "Transformer" else ends
    return model


def draw(device="cpu"):
    src = torch.randint(SOURCES, (B, K))
    return src.to(device), torch.tensor(LENS, device=device)


@pytest.fixture(params=MODELS)
def model(request, device):
    return make(request.param).to(device)


def teacher_forced(model, src, lens, tokens):
    """The log-probabilities after each token of some sentences, (N, t, V).

    One call for all of each sentence, with no cache, from one source.
    """
    tgt = torch.tensor([[BOS, *some] for some in tokens], device=src.device)
    sources = src.expand(len(tgt), -1), tgt, lens.expand(len(tgt))
    with torch.no_grad():
        return model(*sources).log_softmax(dim=-1)


def slow_search(model, src, lens, eos, beam_size, alpha, max_len, early=True):
    """A beam search that can be read off the definition, for one sentence.

    Without `early`, no sentence stops because its first rank is decided.
    """
    alive, done = [(0.0, ())], []

    def score(total, length, alpha=alpha):
        return total / ((5 + length) / 6) ** alpha

    while alive and len(alive[0][1]) < max_len:
        log_probs = teacher_forced(model, src, lens, [t for _, t in alive])
        options = [
            (total + log_prob, (*tokens, token))
            for n, (total, tokens) in enumerate(alive)
            for token, log_prob in enumerate(log_probs[n, -1].tolist())
        ]
        options.sort(key=lambda option: -option[0])
        options = options[: beam_size - len(done)]
        alive = [o for o in options if o[1][-1] != eos]
        done += [o for o in options if o[1][-1] == eos]
        if early and alive and done:
            best = max(score(total, len(tokens)) for total, tokens in done)
            if score(alive[0][0], max_len) <= best:
                break
    found = [
        Hypothesis(tokens[:-1], total, score(total, len(tokens)), True)
        for total, tokens in done
    ] + [
        Hypothesis(tokens, total, score(total, len(tokens)), False)
        for total, tokens in alive
    ]
    return sorted(found, key=lambda h: (not h.finished, -h.score))


def assert_same(ours, theirs, tolerance=1e-5):
    """The same hypotheses, numbers to within the tolerance."""
    assert [h.tokens for h in ours] == [h.tokens for h in theirs]
    assert [h.finished for h in ours] == [h.finished for h in theirs]
    for our, their in zip(ours, theirs, strict=True):
        assert our.log_prob == pytest.approx(their.log_prob, abs=tolerance)
        assert our.score == pytest.approx(their.score, abs=tolerance)


# What is found.


@ALPHAS
@pytest.mark.parametrize("beam_size", [1, 2, 5, 13])
def test_beam_search_is_the_slow_one(model, beam_size, alpha, device):
    src, lens = draw(device)
    before = src.clone(), lens.clone()
    found = beam_search(
        model, src, lens, beam_size=beam_size, length_penalty=alpha, **LIMITS
    )
    assert (src.equal(before[0]), lens.equal(before[1])) == (True, True)
    assert len(found) == B
    for b, ours in enumerate(found):
        options = EOS, beam_size, alpha, MAX_LEN
        assert_same(ours, slow_search(model, src[b], lens[b], *options))
        patient = slow_search(model, src[b], lens[b], *options, early=False)
        assert_same(ours[:1], patient[:1])
        assert len(patient) == beam_size


def test_greedy_search_is_the_argmax_of_each_step(model, device):
    src, lens = draw(device)
    for b, ours in enumerate(greedy_search(model, src, lens, **LIMITS)):
        tokens, log_prob = [], 0.0
        while len(tokens) < MAX_LEN and EOS not in tokens:
            log_probs = teacher_forced(model, src[b], lens[b], [tokens])[0, -1]
            tokens.append(log_probs.argmax().item())
            log_prob += log_probs.max().item()
        assert ours.tokens == tuple(t for t in tokens if t != EOS)
        assert ours.finished == (EOS in tokens)
        assert ours.log_prob == ours.score == pytest.approx(log_prob)


@pytest.mark.parametrize("beam_size", [3, 4, 5, 29])
def test_there_may_be_fewer_sentences_than_places(model, beam_size):
    model.decoder.dense.weight.data.zero_()
    model.decoder.dense.bias.data[:] = -INF
    model.decoder.dense.bias.data[4] = 5.0  # so that no sentence stops early
    model.decoder.dense.bias.data[EOS] = 0.0
    src, lens = draw()
    options = LIMITS | {"max_len": 3, "beam_size": beam_size}
    empty = []
    for step in beam_steps(model, src, lens, **options):
        empty.append(step.after.log_probs == -INF)
        assert not (empty[-1] & (step.after.finished | step.after.alive)).any()
    assert empty[0].any()
    expected = [(), (4,), (4, 4), (4, 4, 4)]
    if beam_size == 3:
        expected.remove((4, 4))
    for found in beam_search(model, src, lens, **options):
        assert sorted(h.tokens for h in found) == expected
        assert [h for h in found if not h.finished] == [found[-1]]


def test_equals_go_by_their_order(device):
    for name in MODELS:
        model = make(name).to(device)
        model.decoder.dense.weight.data.zero_()
        model.decoder.dense.bias.data.zero_()
        model.decoder.dense.bias.data[EOS] = 1e-3
        src, lens = draw(device)
        for h in greedy_search(model, src, lens, eos=7, bos=BOS, max_len=3):
            assert h.tokens == (EOS,) * 3
        model.decoder.dense.bias.data[EOS] = 0
        for h in greedy_search(model, src, lens, **LIMITS):
            assert h.tokens == (0,) * MAX_LEN
        for found in beam_search(
            model.float(), src, lens, beam_size=4, **LIMITS
        ):
            assert [h.tokens[-1] for h in found] == [0, 1, 2, 3]
            assert {h.tokens[:-1] for h in found} == {(0,) * (MAX_LEN - 1)}


@EACH_MODEL
def test_precision(name, dtype, device):
    """The log-probabilities are those of the logits, computed in float32."""
    model = make(name).to(device, dtype)
    src, lens = draw(device)
    state = model.decoder.init_state(model.encoder(src, lens), lens)
    token = torch.full((B, 1), BOS, device=device)
    total = torch.zeros(B, dtype=torch.float64, device=device)
    greedy = greedy_search(model, src, lens, **LIMITS)
    for t in range(MAX_LEN):
        logits, state = model.decoder(token, state)
        log_probs = logits[:, 0].double().log_softmax(dim=-1)
        tokens = [[*h.tokens, *[EOS] * MAX_LEN][t] for h in greedy]
        token = torch.tensor(tokens, device=device)[:, None]
        on = [t < len(h.tokens) + h.finished for h in greedy]
        on = torch.tensor(on, device=device)
        total += log_probs.gather(1, token)[:, 0] * on
        assert (token[:, 0] == logits[:, 0].argmax(dim=-1))[on].all()
    for h, expected in zip(greedy, total.tolist(), strict=True):
        assert h.log_prob == pytest.approx(expected, abs=1e-5)
    wide = beam_search(model, src, lens, beam_size=3, **LIMITS)
    assert all(len(some) == 3 for some in wide)


# A model of which everything is known.


class Table(nn.Module):
    """A decoder that says what a table says, and has no other parts.

    It maps what was read, without `bos`, to probabilities; anything else is
    as likely as anything.
    """

    def __init__(self, table, size):
        super().__init__()
        self.table, self.size, self.calls = table, size, []

    def init_state(self, enc_outputs, enc_valid_lens):
        return State([()] * len(enc_outputs))

    def forward(self, X, state):
        self.calls.append(len(X))
        read = [
            (*tokens, *new)
            for tokens, new in zip(state.read, X.tolist(), strict=True)
        ]
        even = [1 / self.size] * self.size
        probs = [[self.table.get(tokens[1:], even)] for tokens in read]
        return torch.tensor(probs).log(), State(read)


class State:
    """The tokens that were read, of each sequence."""

    def __init__(self, read):
        self.read = read

    def select(self, indices):
        return State([self.read[i] for i in indices.tolist()])


class Nothing(nn.Module):
    """An encoder that leaves all to the decoder."""

    def forward(self, X, valid_lens):
        return X


def known(table, size=4):
    model = nn.Module()
    model.encoder, model.decoder = Nothing(), Table(table, size)
    return model


# Tokens: 0 begins, 1 ends, 2 and 3 are words.
ONE = torch.zeros(1, 1, dtype=torch.int64)
KNOWN = {"bos": 0, "eos": 1, "max_len": 5}
GARDEN_PATH = {
    (): [0, 0.1, 0.5, 0.4],
    (2,): [0, 0.4, 0.3, 0.3],
    (3,): [0, 0.9, 0.05, 0.05],
}


def test_steps_show_what_happens():
    model = known(GARDEN_PATH)
    first, second = beam_steps(model, ONE, beam_size=2, **KNOWN)
    assert first.before.tokens.tolist() == [[[0]]]
    assert first.tokens.tolist() == [[[2, 3]]]
    torch.testing.assert_close(first.probs, torch.tensor([[[0.5, 0.4]]]))
    torch.testing.assert_close(first.log_probs.exp(), first.probs)
    assert first.parents.tolist() == [[0, 0]]
    assert first.after.tokens.tolist() == [[[0, 2], [0, 3]]]
    assert first.after.alive.all()
    assert second.before is first.after
    assert second.tokens.tolist() == [[[1, 2], [1, 2]]]
    probs = torch.tensor([[[0.4, 0.3], [0.9, 0.05]]])
    torch.testing.assert_close(second.probs, probs)
    of_parents = torch.tensor([0.5, 0.4])[:, None]
    torch.testing.assert_close(second.log_probs.exp(), probs * of_parents)
    assert second.parents.tolist() == [[1, 0]]
    after = second.after
    assert after.tokens.tolist() == [[[0, 3, 1], [0, 2, 1]]]
    torch.testing.assert_close(
        after.log_probs.exp(), torch.tensor([[0.36, 0.2]])
    )
    assert after.finished.all()
    assert not after.alive.any()


#: "2 2 2" is improbable, and the best once length is forgiven.
LONG = {
    (): [0, 0.6, 0.4, 0],
    (2,): [0, 0.3, 0.7, 0],
    (2, 2): [0, 0, 1, 0],
    (2, 2, 2): [0, 1, 0, 0],
}


@pytest.mark.parametrize(
    ("alpha", "max_len", "best", "calls"),
    [
        (0.0, 9, (), 1),  # 0.6 is more than 0.4, which can only fall
        (1.0, 4, (), 1),  # log 0.6 = -0.51 > log 0.4 / 1.5 = -0.61
        (1.0, 9, (), 2),  # log 0.4 / 14 * 6 = -0.39 may, log 0.28 = -0.54 not
        (3.0, 4, (2, 2, 2), 4),  # log 0.28 / 1.5 ** 3 = -0.38
        (4.0, 3, (), 3),  # no time to end
    ],
)
def test_a_search_stops_when_the_best_is_sure(alpha, max_len, best, calls):
    model = known(LONG)
    limits = KNOWN | {"max_len": max_len}
    (found,) = beam_search(
        model, ONE, beam_size=2, length_penalty=alpha, **limits
    )
    assert found[0].tokens == best
    assert found[0].finished
    assert len(model.decoder.calls) == calls
    assert len(found) == 2
    assert found[1].finished == (best != ())


def test_nothing_is_computed_for_what_is_over():
    model = make("Bahdanau", ends=2.0)
    src, lens = draw()
    rows = []
    model.decoder.register_forward_pre_hook(
        lambda module, args: rows.append(len(args[0]))
    )
    steps = [*beam_steps(model, src, lens, beam_size=3, **LIMITS)]
    assert rows == [step.before.alive.sum().item() for step in steps]
    assert rows[0] == B
    assert rows[-1] < max(rows)


# What is left behind.


@pytest.mark.parametrize("search", [greedy_search, beam_search])
def test_searching_in_eval_mode(search, model, device):
    options = LIMITS | ({"beam_size": 3} if search is beam_search else {})
    src, lens = draw(device)
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.5
    expected = search(model.eval(), src, lens, **options)
    model.train().encoder.embedding.eval()
    before = [module.training for module in model.modules()]
    assert search(model, src, lens, **options) == expected
    next(beam_steps(model, src, lens, beam_size=2, **LIMITS))  # and goes on
    assert [module.training for module in model.modules()] == before
    assert all(p.grad is None for p in model.parameters())
    model.decoder.dense.register_forward_hook(fail_in_the_third_call())
    with pytest.raises(KeyError):
        search(model, src, lens, **options)
    assert [module.training for module in model.modules()] == before
    assert torch.is_grad_enabled()


def fail_in_the_third_call():
    outputs = []

    def hook(module, args, output):
        assert not module.training
        assert not output.requires_grad
        outputs.append(output)
        if len(outputs) == 3:
            raise KeyError

    return hook


def test_a_recording_has_an_entry_a_step_and_a_row_a_sentence():
    model = make("Bahdanau")
    with record_attention(model) as weights:
        found = greedy_search(model, *draw(), **LIMITS)
    steps = max(len(h.tokens) + h.finished for h in found)
    shapes = [(*x.shape,) for x in weights["decoder.attention"]]
    assert shapes == [(B, 1, K)] * steps


# Edges.


def test_no_sentences(model):
    src, lens = draw()
    nothing = src[:0], lens[:0]
    assert greedy_search(model, *nothing, **LIMITS) == ()
    assert beam_search(model, *nothing, beam_size=3, **LIMITS) == ()


WRONG = [
    ({"bos": V}, "tokens must lie between 0 and .* 10, but go from 11"),
    ({"bos": -1}, "tokens must lie between 0 and .* 10, but go from -1"),
    ({"eos": V}, "eos must lie between 0 and .* 10, but is 11"),
    ({"eos": -1}, "eos must lie between 0 and .* 10, but is -1"),
    ({"max_len": 0}, "max_len must be at least 1, but is 0"),
]
WRONG_BEAMS = [
    ({"beam_size": 0}, "beam_size must be at least 1, but is 0"),
    ({"length_penalty": -0.1}, "length_penalty must be .* but is -0.1"),
    ({"length_penalty": math.nan}, "length_penalty must be .* but is nan"),
    ({"length_penalty": INF}, "length_penalty must be .* but is inf"),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG + WRONG_BEAMS)
@pytest.mark.usefixtures("unchecked")
def test_wrong_arguments(model, wrong, message):
    src, lens = draw()
    with pytest.raises(ValueError, match=message):
        beam_search(model, src, lens, **{"beam_size": 2, **LIMITS, **wrong})
    if (wrong, message) in WRONG:
        with pytest.raises(ValueError, match=message):
            greedy_search(model, src, lens, **LIMITS | wrong)


@pytest.mark.parametrize("wrong", [math.nan, INF])
def test_logits_that_are_no_numbers(model, wrong):
    model.decoder.dense.bias.data[2] = wrong
    src, lens = draw()
    with pytest.raises(ValueError, match="logits must be numbers, but some"):
        greedy_search(model, src, lens, **LIMITS)
    with pytest.raises(ValueError, match="logits must be numbers, but some"):
        beam_search(model, src, lens, beam_size=2, **LIMITS)


# Words.

SRC_VOCAB = Vocab([[f"s{i}" for i in range(SOURCES - 4)]])
TGT_VOCAB = Vocab([[f"t{i}" for i in range(V - 4)]])
SENTENCES = [
    ("s1", "s2", "s3", "s4"),
    ("s5",),
    (),
    ("s6", "s1", "who?"),
    ("s5",),
    ("s7", "s7", "s7", "s7", "s7", "s7"),
    ("s11", "s10"),
]


@pytest.fixture
def translator(model):
    model.decoder.dense.bias.data[Vocab.eos] += 1
    model.decoder.dense.bias.data[Vocab.pad] += 1
    return model


@pytest.mark.parametrize("beam_size", [1, 3])
def test_translate_is_search_with_words(translator, beam_size, device):
    assert translate(translator, [], SRC_VOCAB, TGT_VOCAB) == []
    arguments = translator, SENTENCES, SRC_VOCAB, TGT_VOCAB
    options = {"beam_size": beam_size, "max_len": MAX_LEN}
    translations = translate(*arguments, **options)
    assert len(translations) == len(SENTENCES)
    for batch_size in (1, 3, 99):
        again = translate(*arguments, batch_size=batch_size, **options)
        assert again == translations
    for words, translation in zip(SENTENCES, translations, strict=True):
        tokens = [*SRC_VOCAB.encode(words), SRC_VOCAB.eos]
        ((best, *_),) = beam_search(
            translator,
            torch.tensor([tokens], device=device),
            bos=TGT_VOCAB.bos,
            eos=TGT_VOCAB.eos,
            length_penalty=0.6,
            **options,
        )
        assert translation == TGT_VOCAB.decode(best.tokens)
    assert len({*map(tuple, translations)}) > 2


def test_translating_favours_no_short_sentence():
    vocab = Vocab([["a"]])  # number 4, and 2 ends
    table = {
        (): [0, 0, 0.5, 0, 0.5],
        (4,): [0, 0, 0.1, 0, 0.9],
        (4, 4): [0, 0, 0.05, 0, 0.95],
        (4, 4, 4): [0, 0, 1, 0, 0],
    }
    model = known(table, size=5)
    model.anchor = nn.Parameter(torch.zeros(1))  # it is somewhere
    arguments = model, [["a"]], vocab, vocab
    assert translate(*arguments, beam_size=2) == [["a", "a", "a"]]
    assert translate(*arguments, beam_size=2, length_penalty=0.0) == [[]]
    assert translate(*arguments) == [[]]


def test_translating_with_few_positions():
    sizes, few = (D, 17, 3, 2), {"max_len": MAX_LEN}
    model = EncoderDecoder(
        TransformerEncoder(SOURCES, *sizes, **few),
        TransformerDecoder(V, *sizes, **few),
    )
    model.decoder.dense.bias.data[4] = 99  # no sentence ends
    arguments = model, SENTENCES, SRC_VOCAB, TGT_VOCAB
    expected = [["t0"] * MAX_LEN] * len(SENTENCES)
    assert translate(*arguments, beam_size=2) == expected
    sentences = [("s1",), ("s2",) * MAX_LEN]
    message = "sentences must have at most 8 words, .* but one has 9"
    with pytest.raises(ValueError, match=message):
        translate(model, sentences, SRC_VOCAB, TGT_VOCAB)


@pytest.mark.parametrize(
    ("sentences", "options", "message"),
    [
        (["he ran"], {}, "words must be .* but is 'he ran'"),
        (SENTENCES, {"batch_size": 0}, "batch_size must be at least 1"),
        (SENTENCES, {"max_len": -1}, "max_len must be at least 1"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_translations(translator, sentences, options, message):
    with pytest.raises(ValueError, match=message):
        translate(translator, sentences, SRC_VOCAB, TGT_VOCAB, **options)
