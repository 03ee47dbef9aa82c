"""The language model, and what it keeps of the text that it has read."""

import copy
import math
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from oracles import (
    assert_travels,
    our_gradients,
    share_weights,
    some_loss,
    their_gradients,
)
from torch import nn
from torch._subclasses import FakeTensorMode
from torch.utils._pytree import tree_leaves

from d2lattn.caching import KeyValueCache, LanguageModelState
from d2lattn.language_model import LanguageModel, LanguageModelBlock
from d2lattn.recording import record_attention

B, T, H, D, FFN, VOCAB, BLKS = 5, 7, 3, 15, 11, 19, 2


class Learned(nn.Module):
    """Positions that are weights, as in GPT-2."""

    def __init__(self, num_hiddens, dropout, max_len):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.table = nn.Embedding(max_len, num_hiddens)

    def forward(self, X, offset):
        places = torch.arange(offset, offset + X.shape[1], device=X.device)
        return self.dropout(X + self.table(places))


def make(num_blks=BLKS, use_bias=True, dropout=0.0, **options):
    sizes = VOCAB, D, FFN, H, num_blks
    return LanguageModel(*sizes, dropout, use_bias, **options)


MODELS = {
    "pre-norm": make,
    "post-norm": lambda **o: make(norm_first=False, **o),
    "RMSNorm": lambda **o: make(norm=nn.RMSNorm, use_bias=False, **o),
    "no positions": lambda **o: make(positions=None, **o),
    "learned": lambda **o: make(positions=Learned, **o),
    "untied": lambda **o: make(tie_weights=False, **o),
}
TRAINING = pytest.mark.parametrize("training", [True, False])
EACH_MODEL = pytest.mark.parametrize("name", MODELS)


@pytest.fixture(params=MODELS)
def model(request, device):
    return MODELS[request.param]().to(device)


def draw(device="cpu", length=T):
    """Return some texts."""
    return torch.randint(VOCAB, (B, length)).to(device)


def read(model, texts, chunks, state=None):
    """The logits of texts, so many tokens a call, and the last state."""
    logits = []
    for part in texts.split(chunks, dim=1):
        some, state = model(part, state)
        logits.append(some)
    return torch.cat(logits, dim=1), state


# What it computes.


@pytest.mark.parametrize("norm_first", [True, False], ids=["pre", "post"])
@pytest.mark.parametrize("norm", [nn.LayerNorm, nn.RMSNorm])
def test_the_model_is_pytorchs(norm, norm_first, device):
    ours = make(norm=norm, norm_first=norm_first)
    layer = nn.TransformerEncoderLayer(
        D, H, FFN, dropout=0.0, batch_first=True, norm_first=norm_first
    )
    layer.norm1, layer.norm2 = norm(D), norm(D)
    last = norm(D) if norm_first else None
    theirs = nn.TransformerEncoder(
        layer, BLKS, last, enable_nested_tensor=False
    )
    shared = list(zip(ours.blks, theirs.layers, strict=True))
    shared += [(ours.ln, last)] if norm_first else []
    for our, their in shared:
        share_weights(our, their)
    ours, theirs = (x.to(device).double() for x in (ours, theirs))
    texts = draw(device)
    later = torch.ones(T, T, dtype=torch.bool, device=device).triu(1)

    logits, _ = ours(texts)
    some_loss(logits).backward()
    grads = [our_gradients(*both) for both in shared]
    grads.append(ours.embedding.weight.grad)
    ours.zero_grad()
    X = ours.embedding(texts) * math.sqrt(D) + ours.pos_encoding.P[:, :T]
    expected = ours.dense(theirs(X, mask=later, is_causal=True))
    some_loss(expected).backward()
    wanted = [their_gradients(their, our) for our, their in shared]
    wanted.append(ours.embedding.weight.grad)
    exact = {"rtol": 1e-11, "atol": 1e-11}
    torch.testing.assert_close(logits, expected, **exact)
    torch.testing.assert_close(grads, wanted, **exact)


@EACH_MODEL
def test_precision(name, dtype, device):
    model, texts = MODELS[name]().to(device), draw(device)
    exact, _ = copy.deepcopy(model).double()(texts)
    model.to(dtype)
    size = exact.square().mean().sqrt()
    for chunks in (T, 1):
        logits, state = read(model, texts, chunks)
        error = (logits.double() - exact).square().mean().sqrt()
        assert error < 10 * torch.finfo(dtype).eps * size + 1e-9
        assert {x.dtype for x in (logits, *tree_leaves(state))} == {dtype}


@TRAINING
def test_changing_a_token_moves_no_logit_before_it(model, training, device):
    model.train(training)
    texts = draw(device)
    before = texts.clone()
    logits, _ = model(texts)
    assert texts.equal(before)
    assert logits.shape == (B, T, VOCAB)
    for t in range(T):
        other = texts.clone()
        other[:, t] = (other[:, t] + 1) % VOCAB
        changed, _ = model(other)
        assert changed[:, :t].equal(logits[:, :t])
        assert not torch.isclose(changed[:, t:], logits[:, t:]).all(-1).any()


def test_texts_of_a_batch_know_nothing_of_each_other(model, device):
    texts = draw(device)
    logits, _ = model(texts)
    alone = [read(model, text[None], [3, 4])[0] for text in texts]
    torch.testing.assert_close(torch.cat(alone), logits)


def test_without_positions_a_block_does_not_know_the_order(device):
    texts = draw(device)
    order = torch.tensor([3, 0, 5, 1, 4, 2, T - 1], device=device)
    for positions, blind in ((None, True), (Learned, False)):
        model = make(num_blks=1, positions=positions).to(device).double()
        last, other = (model(x)[0][:, -1] for x in (texts, texts[:, order]))
        assert torch.allclose(other, last) == blind
    # Two blocks do: the first one's output tells how many came before.
    model = make(positions=None).to(device).double()
    last, other = (model(x)[0][:, -1] for x in (texts, texts[:, order]))
    assert not torch.isclose(other, last).all(-1).any()


def test_positions_get_what_they_are_promised():
    asked = []

    class Asked(Learned):
        def __init__(self, num_hiddens, dropout, max_len):
            super().__init__(num_hiddens, dropout, max_len)
            asked.append((num_hiddens, dropout, max_len))

        def forward(self, X, offset):
            asked.append(offset)
            return super().forward(X, offset)

    read(make(dropout=0.5, positions=Asked, max_len=13), draw(), [4, 1, 2])
    assert asked == [(D, 0.5, 13), 0, 4, 5]


def test_norms_are_those_asked_for():
    model = make(norm=nn.RMSNorm)
    norms = [x for x in model.modules() if isinstance(x, nn.RMSNorm)]
    assert len(norms) == 2 * BLKS + 1  # the last before the output layer
    assert not [x for x in model.modules() if isinstance(x, nn.LayerNorm)]
    model = make(norm=nn.RMSNorm, norm_first=False)
    norms = [x for x in model.modules() if isinstance(x, nn.RMSNorm)]
    assert len(norms) == 2 * BLKS


def test_tied_weights():
    tied, untied = make(), make(tie_weights=False)
    assert tied.dense.weight is tied.embedding.weight
    assert tied.double().dense.weight is tied.embedding.weight
    counts = [sum(p.numel() for p in m.parameters()) for m in (tied, untied)]
    assert counts[0] == counts[1] - VOCAB * D


def test_how_it_starts():
    """Linear layers as `xavier` draws them, and words of variance 1 / D."""
    model = make()
    W = model.blks[1].attention.W_q.weight.abs().max()
    assert 0.9 < W / (6 / (D + D)) ** 0.5 <= 1
    variance = model.embedding.weight.square().mean() * D
    assert 0.8 < variance < 1.2


@EACH_MODEL
def test_dropout(name, device):
    model, texts = MODELS[name](dropout=0.5).to(device), draw(device)
    assert not model(texts)[0].equal(model(texts)[0])
    places = [x.p for x in model.modules() if isinstance(x, nn.Dropout)]
    assert places == [0.5] * (3 * BLKS + (name != "no positions"))
    assert not model(texts)[0].equal(model(texts)[0])
    model.eval()
    assert model(texts)[0].equal(model(texts)[0])
    without = MODELS[name]().to(device).train()
    without.load_state_dict(model.state_dict())
    torch.testing.assert_close(without(texts)[0], model(texts)[0])


# What it keeps.


@TRAINING
@pytest.mark.parametrize("chunks", [1, 2, [3, 1, 3], [1, 6]], ids=str)
def test_step_by_step_is_all_at_once(model, chunks, training, device):
    model.train(training)
    texts, results = draw(device), []
    for sizes in (T, chunks):
        logits, state = read(model, texts, sizes)
        wanted = list(model.parameters())
        grads = torch.autograd.grad(some_loss(logits), wanted)
        results.append([logits, *tree_leaves(state), *grads])
        assert state.length == T
    for whole, parts in zip(*results, strict=True):
        torch.testing.assert_close(whole, parts)


@TRAINING
def test_a_state_is_a_value(model, training, device):
    model.train(training)
    texts, state = draw(device), model.init_state(B)
    for _ in range(2):
        leaves = tree_leaves(state)
        before = [x.clone() for x in leaves]
        first, after = model(texts[:, :2], state)
        model(texts[:, 2:], state)
        again, _ = model(texts[:, :2], state)
        assert again.equal(first)
        assert all(x.equal(y) for x, y in zip(leaves, before, strict=True))
        state = after


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_beam_reorders_its_states(model, after, device):
    texts = draw(device)
    state = model.init_state(B)
    if after:
        _, state = read(model, texts[:, :after], 1)
    expected, _ = model(texts)
    for indices in ([2, 0, 1], [1, 1, 0, 2, 4, 4]):
        indices = torch.tensor(indices, device=device)
        chosen, rest = state.select(indices), texts[indices, after:]
        assert chosen.length == after
        logits, _ = read(model, rest, 1, chosen)
        torch.testing.assert_close(logits, expected[indices, after:])
    assert model(texts[:, after:], state)[0].shape[0] == B


def test_nothing_is_projected_twice():
    model, projected = make(), []
    model.blks[1].attention.W_k.register_forward_hook(
        lambda module, args, output: projected.append(args[0].shape[1])
    )
    _, state = read(model, draw(), [4, 1, 1, 1])
    assert projected == [4, 1, 1, 1]
    kept = state.caches[1]
    assert kept.k.shape == kept.v.shape == (B, H, T, D // H)


@TRAINING
def test_recording(model, training, device):
    model.train(training)
    texts = draw(device)
    logits, _ = model(texts)
    with record_attention(model) as weights:
        assert model(texts)[0].equal(logits)
    with record_attention(model) as stepwise:
        read(model, texts, 1)
    paths = [f"blks.{i}.attention" for i in range(BLKS)]
    assert [*weights] == [*stepwise] == paths
    for path in paths:
        (whole,) = weights[path]
        assert whole.shape == (B, H, T, T)
        assert not whole.requires_grad
        assert (whole.triu(1) == 0).all()
        ones = torch.ones(B, H, T, device=device)
        torch.testing.assert_close(whole.sum(dim=-1), ones)
        steps = [F.pad(x, (0, T - x.shape[-1])) for x in stepwise[path]]
        torch.testing.assert_close(torch.cat(steps, dim=-2), whole)


# Where it runs.


def test_a_device_is_asked_once_a_call(model, monkeypatch, device):
    asked = []

    def counted(call):
        return lambda *args: (asked.append(call), call(*args))[1]

    for name in ("item", "tolist", "__bool__", "__int__", "__float__"):
        call = getattr(torch.Tensor, name)
        monkeypatch.setattr(torch.Tensor, name, counted(call))
    texts = draw(device)
    _, state = model(texts)
    model(texts[:, :1].clone(), state)
    assert len(asked) == 2  # about the tokens of each call


@EACH_MODEL
def test_without_numbers_none_are_checked(name):
    with torch.device("meta"):
        logits, state = read(MODELS[name](), draw("meta"), [4, 1, 2])
    assert logits.is_meta
    assert logits.shape == (B, T, VOCAB)
    assert state.caches[0].k.shape == (B, H, T, D // H)
    with FakeTensorMode():
        tokens = torch.ones(B, T, dtype=torch.int64)
        assert MODELS[name]()(tokens)[0].shape == (B, T, VOCAB)


@EACH_MODEL
@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_under_vmap(name):
    model, texts = MODELS[name](), torch.stack([draw(), draw()])
    _, state = model(texts[0, :, :4])
    logits, _ = torch.func.vmap(model)(texts)
    torch.testing.assert_close(logits[1], model(texts[1])[0])
    more, _ = torch.func.vmap(model, in_dims=(0, None))(texts, state)
    torch.testing.assert_close(more[1], model(texts[1], state)[0])


@pytest.mark.usefixtures("compiler")
def test_compiles_exports_and_copies(device):
    model, fresh = (make().to(device) for _ in range(2))
    assert_travels(model, (draw(device),), fresh)


@torch.no_grad
@pytest.mark.usefixtures("compiler")
def test_reading_word_by_word_compiles(device):
    model, texts = make().to(device), draw(device)
    expected, _ = model(texts)
    compiled = torch.compile(model, backend="aot_eager")
    logits, _ = read(compiled, texts, [4, 1, 1, 1])
    torch.testing.assert_close(logits, expected)


# What it refuses.


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (draw().float(), "tokens must be .* torch.int64 or .* torch.float32"),
        (draw()[0], r"tokens must have shape \(B, T\), .* \(7,\)"),
        ([[1, 2]], r"tokens must have shape .* but is of type list"),
        (draw() + VOCAB, "tokens must lie between 0 and .* 18, but go from"),
        (-1 - draw(), r"tokens must lie .* to -\d"),
        (draw(length=14), r"positions must lie .* 12, but 14 of them"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_texts(texts, message):
    model = make(max_len=13)
    for state in (None, model.init_state(B)):
        with pytest.raises(ValueError, match=message):
            model(texts, state)


def test_a_text_may_go_on_to_the_last_position():
    model, texts = make(max_len=T), draw()
    _, state = read(model, texts, 1)
    message = "positions must .* 6, but 1 of them from offset 7 go up to 7"
    with pytest.raises(ValueError, match=message):
        model(texts[:, :1], state)
    long = draw(length=3 * T)
    model = make(positions=None, max_len=T)  # none, so none can run out
    assert model(long)[0].shape == (B, 3 * T, VOCAB)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            lambda: make().init_state(B + 1),
            r"state must have shape \(5, 3, t, 5\), .* \(6, 3, 0, 5\)",
        ),
        (
            lambda: make().init_state(B).select(torch.tensor([4])),
            r"state must have shape \(5, 3, t, 5\), .* \(1, 3, 0, 5\)",
        ),
        (
            lambda: LanguageModel(VOCAB, D, FFN, 5, BLKS).init_state(B),
            r"state must have shape \(5, 3, t, 5\), .* \(5, 5, 0, 3\)",
        ),
        (
            lambda: LanguageModelState(
                (make().init_state(B).caches[0], *make(1).init_state(3).caches)
            ),
            r"state must have shape \(5, 3, t, 5\), .* \(3, 3, 0, 5\)",
        ),
        (
            lambda: make(num_blks=3).init_state(B),
            "state must have a cache for each block .* 2, but has 3",
        ),
        (lambda: make(num_blks=1).init_state(B), "2, but has 1"),
        (lambda: LanguageModelState(()), "2, but has 0"),
    ],
)
def test_states_of_other_texts_and_models(other, message):
    with pytest.raises(ValueError, match=message):
        make()(draw(), other())


def test_wrong_construction():
    with pytest.raises(ValueError, match="num_heads must divide num_hiddens"):
        LanguageModel(VOCAB, D, FFN, 4, BLKS)
    with pytest.raises(ValueError, match="num_blks must be at least 1"):
        make(num_blks=0)
    with pytest.raises(ValueError, match="vocab_size must be at least 1"):
        LanguageModel(0, D, FFN, H, BLKS)
    with pytest.raises(ValueError, match=r"num_hiddens must be .* is -15"):
        LanguageModel(VOCAB, -15, FFN, H, BLKS)
    with pytest.raises(TypeError, match="positional"):
        LanguageModelBlock(D, FFN, H, 0.0, True, True)


def test_a_block_by_itself():
    block, X = LanguageModelBlock(D, FFN, H).double(), torch.randn(B, T, D)
    X = X.double()
    whole, cache = block(X, block.init_cache(B))
    assert isinstance(cache, KeyValueCache)
    parts, now = [], block.init_cache(B)
    for start, end in pairwise([0, 3, 4, T]):
        part, now = block(X[:, start:end], now)
        parts.append(part)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole)
    torch.testing.assert_close(now, cache)
