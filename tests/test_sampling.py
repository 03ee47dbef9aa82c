"""Drawing words: against counts, and against the definitions."""

import copy
from itertools import combinations

import pytest
import torch
from oracles import NoFloat64
from torch import nn
from torch._subclasses import FakeTensorMode

from d2lattn.language_model import LanguageModel
from d2lattn.recording import record_attention
from d2lattn.sampling import draw, generate, top_k, top_p, with_temperature

B, T, V, VOCAB, MAX_LEN = 3, 5, 7, 19, 11
INF = torch.inf


def seeded(seed=1):
    return torch.Generator().manual_seed(seed)


def make(**options):
    """A model in float64, where no two logits are almost the same."""
    model = LanguageModel(VOCAB, 15, 13, 3, 2, **options).double()
    nn.init.normal_(model.dense.weight)
    return model


class Fixed(nn.Module):
    """A language model that says the same whatever it reads."""

    def __init__(self, probs):
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(probs).log())

    def forward(self, X, state):
        return self.logits.expand(*X.shape, -1), state


class Counting(nn.Module):
    """A language model that counts on from the last token, up to `V` - 1."""

    def forward(self, X, state):
        after = nn.functional.one_hot((X + 1) % V, V)
        return after.double().log(), state


def assert_drawn(tokens, probs):
    """The counts of the tokens are those of the distribution, by chi-square.

    The bound is passed by one fair die in ten million.
    """
    counts = tokens.flatten().bincount(minlength=len(probs))
    assert (counts[probs == 0] == 0).all()
    counts, probs = counts[probs > 0], probs[probs > 0]
    expected = counts.sum() * probs
    assert expected.min() > 5
    freedom = len(probs) - 1
    distance = ((counts - expected) ** 2 / expected).sum()
    assert distance < freedom + 6 * (2 * freedom) ** 0.5 + 14


def restricted(probs, kept):
    """The distribution on these tokens alone."""
    kept = torch.tensor([i in kept for i in range(len(probs))])
    return probs * kept / probs[kept].sum()


# Changing a distribution.


@pytest.mark.parametrize("temperature", [0.1, 1.0, 3.0])
def test_temperature_is_a_power_of_the_probabilities(temperature):
    logits = torch.randn(B, T, V, dtype=torch.float64)
    before = logits.clone()
    found = with_temperature(logits, temperature).softmax(dim=-1)
    powers = logits.softmax(dim=-1) ** (1 / temperature)
    torch.testing.assert_close(found, powers / powers.sum(-1, keepdim=True))
    assert logits.equal(before)
    if temperature == 1:
        assert with_temperature(logits, temperature).equal(logits)


@pytest.mark.parametrize("k", [1, 2, 5, V, V + 3])
def test_top_k_keeps_the_best(k):
    logits = torch.randn(B, T, V)
    before = logits.clone()
    found = top_k(logits, k)
    assert logits.equal(before)
    for row, cut in zip(logits.view(-1, V), found.view(-1, V), strict=True):
        best = sorted(range(V), key=lambda i: -row[i])[:k]
        wanted = [row[i].item() if i in best else -INF for i in range(V)]
        assert cut.tolist() == wanted


def test_top_k_keeps_those_that_tie():
    logits = torch.tensor([[1.0, 3.0, 1.0, 0.0], [-INF, 2.0, -INF, -INF]])
    assert top_k(logits, 2).tolist() == [[1, 3, 1, -INF], logits[1].tolist()]
    assert top_k(logits, 1).tolist() == [
        [-INF, 3, -INF, -INF],
        logits[1].tolist(),
    ]


@pytest.mark.parametrize("p", [1e-9, 0.2, 0.5, 0.9, 0.999, 1.0])
def test_top_p_keeps_the_smallest_set(p):
    logits = 2 * torch.randn(B, T, V, dtype=torch.float64)
    before = logits.clone()
    found = top_p(logits, p)
    assert logits.equal(before)
    for row, cut in zip(logits.view(-1, V), found.view(-1, V), strict=True):
        probs = row.softmax(dim=-1)
        kept = cut > -INF
        assert cut[kept].equal(row[kept])
        assert probs[kept].sum() >= p - 1e-12
        fewer = combinations(probs.tolist(), int(kept.sum()) - 1)
        assert max(map(sum, fewer)) < p  # no smaller set will do
        assert kept.all() or probs[kept].min() > probs[~kept].max()


@pytest.mark.parametrize(
    ("p", "kept"),
    [
        (1e-30, {1}),  # the smallest of those that tie
        (0.25, {1}),
        (0.25 + 1e-9, {1, 2}),
        (0.75, {1, 2, 3}),
        (1 - 1e-9, {1, 2, 3, 4}),
        (1.0, {0, 1, 2, 3, 4}),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16], ids=str)
def test_top_p_at_the_edges(p, kept, dtype):
    logits = torch.tensor([-70.0, 0.0, 0.0, 0.0, 0.0, -INF], dtype=dtype)
    found = top_p(logits, p)
    assert {*found.isfinite().nonzero().flatten().tolist()} == kept
    assert found.dtype == dtype


def test_of_many_equals_top_p_keeps_the_first():
    kept = top_p(torch.zeros(99_999), 0.5).isfinite()
    assert kept[0]
    assert not (kept[1:] & ~kept[:-1]).any()


def test_top_p_where_there_is_no_float64():
    with FakeTensorMode(), NoFloat64("mps"):
        found = top_p(torch.randn(B, V, device="mps"), 0.5)
        assert found.device.type == "mps"


# Drawing from it.


def test_draws_are_counted():
    probs = torch.tensor([0.3, 0.0, 0.05, 0.6, 0.02, 0.0, 0.03])
    drawn = draw(probs.log().expand(50, 400, V), seeded())
    assert drawn.shape == (50, 400)
    assert_drawn(drawn, probs)
    first, *_, last = drawn.T  # rows of a batch are drawn one by one
    assert not first.equal(last)
    sharp = with_temperature(probs.log(), 0.5).expand(20_000, V)
    assert_drawn(draw(sharp, seeded(2)), probs**2 / (probs**2).sum())
    few = top_k(probs.log(), 2).expand(20_000, V)
    assert_drawn(draw(few, seeded(3)), restricted(probs, {0, 3}))
    few = top_p(probs.log(), 0.93).expand(20_000, V)
    assert_drawn(draw(few, seeded(4)), restricted(probs, {0, 2, 3}))


def test_a_draw_is_the_inverse_of_the_cumulated_distribution(device):
    logits = torch.randn(101, V)
    u = torch.rand(101, 1, dtype=torch.float64, generator=seeded()).flatten()
    expected = []
    for row, number in zip(logits, u.tolist(), strict=True):
        total = 0.0
        for token, prob in enumerate(row.double().softmax(dim=-1).tolist()):
            total += prob
            if total > number:
                expected.append(token)
                break
    found = draw(logits.to(device), seeded())
    assert found.tolist() == expected
    assert found.device.type == device
    torch.manual_seed(1)
    assert draw(logits).tolist() == expected  # of the global generator


@pytest.mark.parametrize("number", [0.0, 0.5, 1 - 2**-53])
def test_no_number_draws_what_cannot_come(monkeypatch, number):
    monkeypatch.setattr(
        torch,
        "rand",
        lambda *shape, generator, **o: torch.full(*shape, number, **o),
    )
    for probs in ([0.0, 1.0, 0.0], [0.0, 0.1, 0.9, 0.0], [0.0, *[0.1] * 10]):
        probs = torch.tensor(probs)
        assert probs[draw(probs.log())] > 0


# Generating.


@pytest.mark.parametrize("positions", [None, "default"])
def test_generating_is_drawing_from_the_whole_text(positions, device):
    options = {} if positions else {"positions": None}
    model, rules = make(**options).to(device), {"temperature": 1.3, "k": 8}
    texts = torch.randint(VOCAB, (B, T), device=device)
    before = texts.clone()
    found = generate(
        model, texts, max_len=MAX_LEN, p=0.9, generator=seeded(), **rules
    )
    assert texts.equal(before)
    generator = seeded()
    for _ in range(MAX_LEN):  # no cache, and all over again
        logits = with_temperature(model(texts)[0][:, -1], 1.3)
        token = draw(top_p(top_k(logits, 8), 0.9), generator)
        texts = torch.cat([texts, token[:, None]], dim=1)
    assert found == texts[:, T:].tolist()
    assert len({*map(tuple, found)}) == B


def test_the_cache_is_used():
    model, read = make(), []
    model.register_forward_pre_hook(lambda _, args: read.append(args[0].shape))
    generate(model, torch.zeros(B, T, dtype=torch.int64), max_len=4)
    assert read == [(B, T), (B, 1), (B, 1), (B, 1)]


PROBS = [0.4, 0.3, 0.2, 0.06, 0.04]


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ({}, {0, 1, 2, 3, 4}),
        ({"k": 3}, {0, 1, 2}),
        ({"p": 0.75}, {0, 1, 2}),
        ({"k": 2, "p": 0.55}, {0}),  # of two, the first has 0.57
        ({"temperature": 1e6, "p": 0.75}, {0, 1, 2, 3}),  # of five alike
        ({"temperature": 0.25, "p": 0.7}, {0}),
        ({"temperature": 1e6, "k": 2}, {0, 1}),
        ({"temperature": 0.5}, {0, 1, 2, 3, 4}),
    ],
)
def test_temperature_then_k_then_p(rules, kept):
    model = Fixed(PROBS).double()
    texts = torch.zeros(4_000, 1, dtype=torch.int64)
    found = generate(model, texts, max_len=1, generator=seeded(), **rules)
    probs = model.logits.detach().softmax(dim=-1)
    probs = probs ** (1 / rules.get("temperature", 1.0))
    assert_drawn(torch.tensor(found), restricted(probs, kept))


def test_half_precision_may_be_cold():
    model = Fixed([22000.0, 1.0]).half()  # logits 10 and 0
    text = torch.zeros(1, 1, dtype=torch.int64)
    assert generate(model, text, max_len=1, temperature=1e-4) == [[0]]


def test_texts_stop_at_their_end():
    texts = torch.tensor([[2, 0], [0, 3], [1, 5], [0, 6]])
    assert generate(Counting(), texts, max_len=5, eos=6) == [
        [1, 2, 3, 4, 5],  # the sixth would be the end
        [4, 5],
        [],
        [0, 1, 2, 3, 4],
    ]
    read = []
    model = Counting()
    model.register_forward_hook(lambda _, args, out: read.append(args[0]))
    assert generate(model, texts[1:3], max_len=5, eos=6) == [[4, 5], []]
    assert len(read) == 3  # and no call for what is not needed
    assert generate(model, texts[:, 1:], max_len=3) == [
        [1, 2, 3],
        [4, 5, 6],
        [6, 0, 1],
        [0, 1, 2],
    ]
    assert generate(model, texts[:0], max_len=3) == []


def test_the_model_stays_as_it_is():
    model = make(dropout=0.5)
    model.blks[0].eval()
    modes = [x.training for x in model.modules()]
    weights = copy.deepcopy(model.state_dict())
    texts = torch.randint(VOCAB, (B, T))
    found = [
        generate(model, texts, max_len=4, generator=seeded()) for _ in range(2)
    ]
    assert found[0] == found[1]  # no dropout
    assert [x.training for x in model.modules()] == modes
    assert all(x.equal(weights[n]) for n, x in model.state_dict().items())
    assert all(x.grad is None for x in model.parameters())


def test_what_is_recorded():
    model, texts = make(), torch.randint(VOCAB, (B, T))
    with record_attention(model) as weights:
        new = generate(model, texts, max_len=4, generator=seeded())
    calls = weights["blks.1.attention"]
    sizes = [(T, T), (1, T + 1), (1, T + 2), (1, T + 3)]
    assert [x.shape for x in calls] == [(B, 3, *size) for size in sizes]
    whole = torch.cat([texts, torch.tensor(new)[:, :-1]], dim=1)
    with record_attention(model) as weights:
        model(whole)
    (at_once,) = weights["blks.1.attention"]
    torch.testing.assert_close(calls[-1], at_once[:, :, -1:])


# What is refused.


class Elsewhere:
    """A generator of another device."""

    device = torch.device("cuda")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: with_temperature(x, 0.0), "temperature .* is 0.0"),
        (lambda x: with_temperature(x, -1.0), "temperature must be positive"),
        (lambda x: with_temperature(x, INF), "positive and finite, .* is inf"),
        (lambda x: with_temperature(x, torch.nan), "temperature .* is nan"),
        (lambda x: top_k(x, 0), "k must be at least 1, but is 0"),
        (lambda x: top_k(x, 2.5), "k must be an integer .* 1, but is 2.5"),
        (lambda x: top_p(x, 0.0), "p must be above 0 .* but is 0.0"),
        (lambda x: top_p(x, 1.1), "p must be .* at most 1, but is 1.1"),
        (lambda x: top_p(x, torch.nan), "p must be .* is nan"),
        (lambda x: draw(x * torch.nan), "logits must be .* NaN"),
        (lambda x: draw(x.index_fill(1, torch.tensor(2), INF)), "logits must"),
        (lambda x: draw(torch.full((V,), -INF)), "logits .* or all are -inf"),
        (lambda x: draw(x[:, :0]), "logits must be"),
        (lambda x: draw(x, Elsewhere()), "generator must be .* of cuda"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_distributions(call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.randn(B, V))


TEXTS = torch.zeros(B, T, dtype=torch.int64)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_len": 0}, "max_len must be at least 1"),
        ({"max_len": 10}, "positions must lie .* 12, but 14 of them .* to 13"),
        ({"tokens": TEXTS[0]}, r"tokens must have shape \(B, T\)"),
        ({"tokens": TEXTS[:, :0]}, r"at least one .*<bos>, .* \(3, 0\)"),
        ({"tokens": TEXTS + VOCAB}, "tokens must lie between 0 and .* 18"),
        ({"eos": VOCAB}, "eos must lie between 0 and .* 18, but is 19"),
        ({"eos": -1}, "eos must lie between 0 and .* 18, but is -1"),
        ({"eos": 1.5}, "eos must lie between 0 and .* 18, but is 1.5"),
        ({"temperature": 0.0}, "temperature must be positive"),
        ({"k": 0}, "k must be at least 1"),
        ({"p": 2.0}, "p must be above 0"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_wishes(change, message):
    model = make(max_len=13).train()
    options = {"tokens": TEXTS, "max_len": 9} | change
    tokens = options.pop("tokens")
    with pytest.raises(ValueError, match=message):
        generate(model, tokens, **options)
    assert model.training


def test_the_last_token_needs_no_position():
    assert len(generate(make(max_len=13), TEXTS, max_len=9)[0]) == 9
