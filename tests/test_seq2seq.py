"""GRUs, and what all encoders and decoders share, the Transformer too."""

import copy

import pytest
import torch
import torch.nn.functional as F
from oracles import assert_travels, some_loss
from torch import nn
from torch._subclasses import FakeTensorMode
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils._pytree import tree_leaves

from d2lattn.recording import record_attention
from d2lattn.seq2seq import (
    EncoderDecoder,
    Seq2SeqAttentionDecoder,
    Seq2SeqDecoder,
    Seq2SeqEncoder,
)
from d2lattn.transformer import TransformerDecoder, TransformerEncoder

B, K, T, D, E, LAYERS, VOCAB, TARGETS = 3, 7, 5, 15, 13, 2, 19, 23
LENS = torch.tensor([4, 7, 1])


def recurrent(decoder, num_layers=LAYERS, dropout=0.0):
    sizes = E, D, num_layers, dropout
    return EncoderDecoder(
        Seq2SeqEncoder(VOCAB, *sizes), decoder(TARGETS, *sizes)
    )


def transformer(dropout=0.0, tie_weights=False, **options):
    sizes = D, 11, 3, LAYERS, dropout
    return EncoderDecoder(
        TransformerEncoder(VOCAB, *sizes, **options),
        TransformerDecoder(
            TARGETS, *sizes, tie_weights=tie_weights, **options
        ),
    )


MODELS = {
    "GRU": lambda **o: recurrent(Seq2SeqDecoder, **o),
    "one GRU": lambda **o: recurrent(Seq2SeqDecoder, 1, **o),
    "Bahdanau": lambda **o: recurrent(Seq2SeqAttentionDecoder, **o),
    "one Bahdanau": lambda **o: recurrent(Seq2SeqAttentionDecoder, 1, **o),
    "post-norm": transformer,
    "pre-norm": lambda **o: transformer(norm_first=True, **o),
    "tied": lambda **o: transformer(tie_weights=True, **o),
}
TRAINING = pytest.mark.parametrize("training", [True, False])
EACH_MODEL = pytest.mark.parametrize("name", MODELS)
# The others are compiled alike, and compiling takes seconds.
EACH_KIND = pytest.mark.parametrize(
    "name", ["GRU", "Bahdanau", "pre-norm", "tied"]
)


@pytest.fixture(params=MODELS)
def model(request, device):
    return MODELS[request.param]().to(device)


def draw(device="cpu", source_length=K, target_length=T):
    """Return source, target and the lengths of the sources."""
    src = torch.randint(VOCAB, (B, source_length))
    tgt = torch.randint(TARGETS, (B, target_length))
    return src.to(device), tgt.to(device), LENS.to(device)


def start(model, src, lens):
    """The state before the first token of the target."""
    return model.decoder.init_state(model.encoder(src, lens), lens)


def decode(model, tgt, state, chunks):
    """The logits of the target, so many tokens a call, and the last state."""
    logits = []
    for part in tgt.split(chunks, dim=1):
        some, state = model.decoder(part, state)
        logits.append(some)
    return torch.cat(logits, dim=1), state


@TRAINING
def test_changing_a_token_moves_no_logit_before_it(model, training, device):
    model.train(training)
    src, tgt, lens = inputs = draw(device)
    before = [x.clone() for x in inputs]
    logits = model(*inputs)
    assert all(x.equal(y) for x, y in zip(inputs, before, strict=True))
    assert logits.shape == (B, T, TARGETS)
    for t in range(T):
        other = tgt.clone()
        other[:, t] = (other[:, t] + 1) % TARGETS
        changed = model(src, other, lens)
        assert changed[:, :t].equal(logits[:, :t])
        assert not torch.isclose(changed[:, t], logits[:, t]).all()


@TRAINING
def test_padding_the_source_changes_nothing(model, training, device):
    model.train(training)
    src, tgt, lens = draw(device)
    logits = model(src, tgt, lens)
    other = src.clone()
    other[0, 4:] = (other[0, 4:] + 1) % VOCAB
    other[2, 1:] = (other[2, 1:] + 1) % VOCAB
    torch.testing.assert_close(model(other, tgt, lens), logits)
    padded = F.pad(src, (0, 2), value=1)
    torch.testing.assert_close(model(padded, tgt, lens), logits)
    alone = model(src[:1, :4], tgt[:1])
    torch.testing.assert_close(alone, logits[:1])
    other[:, 0] = (other[:, 0] + 1) % VOCAB
    assert not torch.isclose(model(other, tgt, lens), logits).all()


def test_padding_the_target_changes_no_loss_and_no_gradient(model, device):
    src, tgt, lens = draw(device)
    labels = torch.randint(1, TARGETS, (B, T), device=device)
    results = []
    for extra in (0, 3):
        logits = model(src, F.pad(tgt, (0, extra)), lens)
        loss = F.cross_entropy(
            logits.flatten(0, 1),
            F.pad(labels, (0, extra)).flatten(),
            ignore_index=0,
        )
        grads = torch.autograd.grad(loss, list(model.parameters()))
        results.append([loss, logits[:, :T], *grads])
    for without, with_ in zip(*results, strict=True):
        torch.testing.assert_close(without, with_)


@TRAINING
@pytest.mark.parametrize("chunks", [1, 2, [3, 1, 1]], ids=str)
def test_step_by_step_is_all_at_once(model, chunks, training, device):
    model.train(training)
    src, tgt, lens = draw(device)
    results = []
    for sizes in (T, chunks):
        logits, _ = decode(model, tgt, start(model, src, lens), sizes)
        wanted = list(model.parameters())
        grads = torch.autograd.grad(some_loss(logits), wanted)
        results.append([logits, *grads])
    assert results[0][0].equal(model(src, tgt, lens))
    for whole, parts in zip(*results, strict=True):
        torch.testing.assert_close(whole, parts)


@TRAINING
def test_a_state_is_a_value(model, training, device):
    model.train(training)
    src, tgt, lens = draw(device)
    state = start(model, src, lens)
    for _ in range(2):
        leaves = [x for x in tree_leaves(state) if x is not None]
        before = [x.clone() for x in leaves]
        first, after = model.decoder(tgt[:, :2], state)
        model.decoder(tgt[:, 2:], state)
        again, _ = model.decoder(tgt[:, :2], state)
        assert again.equal(first)
        assert all(x.equal(y) for x, y in zip(leaves, before, strict=True))
        state = after


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_beam_reorders_its_states(model, after, device):
    model.eval()
    src, tgt, lens = draw(device)
    state = start(model, src, lens)
    if after:
        _, state = decode(model, tgt[:, :after], state, 1)
    for indices in ([2, 0, 1], [1, 1, 0, 2, 2]):
        indices = torch.tensor(indices, device=device)
        chosen, rest = state.select(indices), tgt[indices, after:]
        logits, _ = decode(model, rest, chosen, 1)
        expected = model(src, tgt, lens)[indices, after:]
        torch.testing.assert_close(logits, expected)
    assert model.decoder(tgt[:, after:], state)[0].shape[0] == B


def test_without_lengths_all_counts(model, device):
    src, tgt, _ = draw(device)
    full = torch.full((B,), K, device=device)
    logits = model(src, tgt)
    torch.testing.assert_close(logits, model(src, tgt, full))
    state = start(model, src, None).select(torch.tensor([1, 0, 2]))
    logits = logits[[1, 0, 2]]
    torch.testing.assert_close(model.decoder(tgt[[1, 0, 2]], state)[0], logits)


def test_sources_without_words(model, device):
    src, tgt, _ = draw(device)
    lens = torch.tensor([4, 0, 0], device=device)
    logits = model(src, tgt, lens)
    other = (src + 1) % VOCAB
    torch.testing.assert_close(model(other, tgt, lens)[1:], logits[1:])
    some_loss(logits).backward()
    for x in (logits, *(x.grad for x in model.parameters())):
        assert x.isfinite().all()


@pytest.mark.parametrize(
    "name", [n for n in MODELS if n not in ("GRU", "one GRU")]
)
@TRAINING
def test_recording(name, training, device):
    model = MODELS[name]().to(device).train(training)
    src, tgt, lens = draw(device)
    logits = model(src, tgt, lens)
    with record_attention(model) as weights:
        assert model(src, tgt, lens).equal(logits)
    with record_attention(model) as stepwise:
        decode(model, tgt, start(model, src, lens), 1)
    assert model(src, tgt, lens).equal(logits)
    assert weights.keys() == stepwise.keys()
    for path, calls in weights.items():
        assert not any(x.requires_grad for x in calls)
        steps = [F.pad(x, (0, T - x.shape[-1])) for x in stepwise[path]]
        if not path.endswith("attention1"):  # the keys do not grow
            steps = stepwise[path]
        whole = torch.cat(calls, dim=-2)
        torch.testing.assert_close(torch.cat(steps, dim=-2), whole)
        torch.testing.assert_close(
            whole.sum(dim=-1), torch.ones_like(whole[..., 0])
        )
        if path.endswith("attention1"):
            assert (whole.triu(1) == 0).all()
        else:
            past_the_end = torch.arange(K, device=device) >= lens[:, None]
            masked = whole.movedim(-1, 1)[past_the_end]
            assert (masked == 0).all()


@pytest.mark.parametrize(
    ("name", "path", "calls", "shape"),
    [
        ("Bahdanau", "decoder.attention", T, (B, 1, K)),
        ("post-norm", "encoder.blks.1.attention", 1, (B, 3, K, K)),
        ("post-norm", "decoder.blks.0.attention1", 1, (B, 3, T, T)),
        ("post-norm", "decoder.blks.1.attention2", 1, (B, 3, T, K)),
    ],
)
def test_what_is_recorded(name, path, calls, shape):
    model = MODELS[name]()
    with record_attention(model) as weights:
        model(*draw())
    assert [x.shape for x in weights[path]] == [shape] * calls
    assert len(weights) == {"Bahdanau": 1, "post-norm": 3 * LAYERS}[name]


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_what_an_encoder_says_of_padding_is_not_read(model, value, device):
    src, tgt, lens = draw(device)
    padding = torch.arange(K, device=device) >= lens[:, None]
    encoded, results = model.encoder(src, lens), []
    for fill in (0.5, value):
        model.zero_grad()
        if isinstance(encoded, tuple):
            outputs = encoded[0].masked_fill(padding[..., None], fill)
            enc_outputs = outputs, encoded[1]
        else:
            enc_outputs = encoded.masked_fill(padding[..., None], fill)
        logits, _ = model.decoder(
            tgt, model.decoder.init_state(enc_outputs, lens)
        )
        some_loss(logits).backward(retain_graph=True)
        grads = [p.grad for p in model.parameters() if p.grad is not None]
        results.append([logits, *grads])
    for harmless, result in zip(*results, strict=True):
        assert result.isfinite().all()
        assert result.equal(harmless)


def test_a_device_is_asked_twice_a_call(model, monkeypatch, device):
    asked = []

    def counted(call):
        return lambda *args: (asked.append(call), call(*args))[1]

    for name in ("item", "tolist", "__bool__", "__int__", "__float__"):
        call = getattr(torch.Tensor, name)
        monkeypatch.setattr(torch.Tensor, name, counted(call))
    model(*draw(device))
    assert len(asked) == 2  # the encoder about the source, then the decoder


@pytest.mark.filterwarnings("ignore:There is a performance drop")
@EACH_MODEL
def test_without_numbers_none_are_checked(name):
    model, inputs = MODELS[name]().eval(), draw()
    with torch.device("meta"):
        empty = MODELS[name]()(*(x.to("meta") for x in inputs))
    assert empty.shape == (B, T, TARGETS)
    with FakeTensorMode():
        lens = torch.ones(B, dtype=torch.int64)
        tokens = torch.ones(B, K, dtype=torch.int64)
        assert MODELS[name]()(tokens, tokens, lens).shape == (B, K, TARGETS)
    if isinstance(model.encoder, Seq2SeqEncoder):
        return  # PyTorch has no `vmap` for a GRU
    two = [torch.stack([x, x.flip(0)]) for x in inputs]
    logits = torch.func.vmap(model)(*two)
    for i in range(2):
        expected = model(*(x[i] for x in two))
        torch.testing.assert_close(logits[i], expected)


@EACH_MODEL
def test_precision(name, dtype, device):
    model = MODELS[name]().to(device)
    inputs = draw(device)
    exact = copy.deepcopy(model).double()(*inputs)
    model.to(dtype)
    logits = model(*inputs)
    assert logits.dtype == dtype
    error = (logits.double() - exact).square().mean().sqrt()
    size = exact.square().mean().sqrt()
    assert error < 10 * torch.finfo(dtype).eps * size + 1e-9
    state = start(model, inputs[0], inputs[2])
    stepwise, _ = decode(model, inputs[1], state, 1)
    error = (stepwise.double() - exact).square().mean().sqrt()
    assert error < 10 * torch.finfo(dtype).eps * size + 1e-9


@EACH_MODEL
def test_dropout(name, device):
    model = MODELS[name](dropout=0.5).to(device)
    inputs = draw(device)
    assert not model(*inputs).equal(model(*inputs))
    model.eval()
    assert model(*inputs).equal(model(*inputs))
    without = MODELS[name]().to(device).train()
    without.load_state_dict(model.state_dict())
    torch.testing.assert_close(without(*inputs), model(*inputs))


# PyTorch's own remarks on what its GRU and its compiler do.
@pytest.mark.filterwarnings("ignore:The tensor attributes .*_flat_weights")
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")
@EACH_KIND
@pytest.mark.usefixtures("compiler")
def test_compiles_exports_and_copies(name, device):
    model, fresh = (MODELS[name]().to(device) for _ in range(2))
    assert_travels(
        model, draw(device), fresh, fullgraph="GRU" not in repr(model)
    )


@EACH_KIND
@torch.no_grad
@pytest.mark.usefixtures("compiler")
def test_decoding_compiles(name, device):
    model, (src, tgt, lens) = MODELS[name]().to(device), draw(device)
    expected = model(src, tgt, lens)
    state = start(model, src, lens)
    model.decoder = torch.compile(model.decoder, backend="aot_eager")
    logits, _ = decode(model, tgt, state, 1)
    torch.testing.assert_close(logits, expected)


@pytest.mark.parametrize("num_layers", [1, LAYERS])
@pytest.mark.parametrize("lens", [LENS, None], ids=["(B,)", "None"])
def test_encoder_is_pytorchs_over_packed_sentences(lens, num_layers, device):
    ours = Seq2SeqEncoder(VOCAB, E, D, num_layers).to(device)
    theirs = nn.GRU(E, D, num_layers, batch_first=True).to(device)
    for layer, rnn in enumerate(ours.rnns):
        for name, weight in rnn.named_parameters():
            weight.data.copy_(theirs.get_parameter(name[:-1] + str(layer)))
    src = draw(device)[0]
    lengths = torch.full((B,), K) if lens is None else lens
    packed = pack_padded_sequence(
        ours.embedding(src), lengths, batch_first=True, enforce_sorted=False
    )
    outputs, their_hidden = theirs(packed)
    their_outputs, _ = pad_packed_sequence(
        outputs, batch_first=True, total_length=K
    )
    outputs, hidden = ours(src, None if lens is None else lens.to(device))
    real = (torch.arange(K) < lengths[:, None]).to(device)
    torch.testing.assert_close(outputs[real], their_outputs[real])
    torch.testing.assert_close(hidden, their_hidden)


@pytest.mark.parametrize("decoder", [Seq2SeqDecoder, Seq2SeqAttentionDecoder])
@pytest.mark.parametrize("num_layers", [1, LAYERS])
def test_decoders_are_the_formula(decoder, num_layers):
    model = recurrent(decoder, num_layers).double()
    src, tgt, lens = draw()
    outputs, hidden = model.encoder(src, lens)
    context, decoder, expected = hidden[-1], model.decoder, []
    for t in range(T):
        if isinstance(decoder, Seq2SeqAttentionDecoder):
            contexts = []
            for b, length in enumerate(lens.tolist()):
                keys = outputs[b, :length]
                features = torch.tanh(
                    decoder.attention.W_q(hidden[-1, b])
                    + decoder.attention.W_k(keys)
                )
                scores = decoder.attention.w_v(features)[:, 0]
                contexts.append(scores.softmax(dim=0) @ keys)
            context = torch.stack(contexts)
        x = torch.cat([context, decoder.embedding(tgt[:, t])], dim=-1)
        output, hidden = decoder.rnn(x[:, None], hidden)
        expected.append(decoder.dense(output))
    expected = torch.cat(expected, dim=1)
    torch.testing.assert_close(model(src, tgt, lens), expected)


TOKENS = torch.zeros(B, K, dtype=torch.int64)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (TOKENS + 99, "tokens must lie between 0 and vocab_size - 1"),
        (TOKENS - 1, "tokens must lie between 0 .* go from -1 to -1"),
        (TOKENS.float(), "tokens must be numbers of words .* torch.float32"),
        (TOKENS[0], r"tokens must have shape \(.*, T\), .* shape \(7,\)"),
    ],
)
@EACH_MODEL
@pytest.mark.usefixtures("unchecked")
def test_wrong_tokens(name, tokens, message):
    model = MODELS[name]()
    with pytest.raises(ValueError, match=message):
        model(tokens, TOKENS)
    with pytest.raises(ValueError, match=message):
        model(TOKENS, tokens)


@pytest.mark.parametrize(
    "lens",
    [[1, 8, 1], [-1, 1, 1], [0.5, 1, 1], [1, 1], [[1], [1], [1]]],
    ids=str,
)
@EACH_MODEL
@pytest.mark.usefixtures("unchecked")
def test_wrong_lengths(name, lens):
    with pytest.raises(ValueError, match=r"^valid_lens must"):
        MODELS[name]()(TOKENS, TOKENS, torch.tensor(lens))


@EACH_MODEL
@pytest.mark.usefixtures("unchecked")
def test_wrong_batch(name):
    with pytest.raises(ValueError, match=r"tokens must have shape \(3, T\)"):
        MODELS[name]()(TOKENS, TOKENS[:2])


OUTPUTS, HIDDEN = torch.zeros(B, K, D), torch.zeros(LAYERS, B, D)


@pytest.mark.parametrize(
    ("enc_outputs", "message"),
    [
        (OUTPUTS, "enc_outputs must be the outputs .* but is a Tensor"),
        ((OUTPUTS[..., 1:], HIDDEN), r"\(B, K, 15\), .* \(3, 7, 14\)"),
        (
            (OUTPUTS, HIDDEN[:1]),
            r"final state .* \(2, 3, 15\), .*\(1, 3, 15\)",
        ),
    ],
)
@pytest.mark.parametrize("decoder", [Seq2SeqDecoder, Seq2SeqAttentionDecoder])
@pytest.mark.usefixtures("unchecked")
def test_wrong_sources(decoder, enc_outputs, message):
    with pytest.raises(ValueError, match=message):
        decoder(TARGETS, E, D, LAYERS).init_state(enc_outputs)


def test_wrong_construction():
    with pytest.raises(ValueError, match="num_layers must be at least 1"):
        Seq2SeqEncoder(VOCAB, E, D, 0)
