"""The engine goes on with a text as PyTorch does, by `d2lattn.sampling`."""

import gzip

import pytest
import torch
from engine_page import (
    CLOSE,
    EOS,
    SIZES,
    V_TGT,
    drawn,
    language_model,
    numbers,
    vocab,
)
from rounding import rounded

from d2lattn.corpora import phrasebook
from d2lattn.engine import model_file, pack
from d2lattn.language_model import LanguageModel
from d2lattn.recording import record_attention
from d2lattn.sampling import draw, generate, top_k, top_p, with_temperature

V = 23
BEGUN = [1, 5, 12, 5, 7, 2, 11]
RULES = [
    {"temperature": 1.0},
    {"temperature": 0.3},
    {"temperature": 1.7, "k": 5},
    {"temperature": 1.0, "k": 1},
    {"temperature": 1.0, "p": 0.5},
    {"temperature": 0.7, "k": 7, "p": 0.8},
    {"temperature": 2.0, "k": 99, "p": 1.0},
    {"temperature": 1.0, "p": 0.01},
]


def ours(logits, temperature, k=None, p=None):
    """What is drawn from, by the package."""
    logits = with_temperature(logits, temperature)
    logits = logits if k is None else top_k(logits, k)
    return logits if p is None else top_p(logits, p)


@pytest.mark.parametrize("rule", RULES)
def test_what_is_drawn_from_is_the_packages(engine_page, rule):
    rows = torch.randn(5, V, dtype=torch.float64) * 3
    rows[3] = rows[3].round()  # equals
    rows[4] = 0
    found = engine_page.evaluate(
        """([rows, rule]) => rows.map((row) =>
            [...engine.drawnFrom(row, rule)])""",
        [rows.tolist(), rule],
    )
    kept = ours(rows, **rule)
    found = torch.tensor(found, dtype=torch.float64)
    assert (found > 0).equal(kept > -torch.inf)
    torch.testing.assert_close(found, kept.softmax(-1), atol=1e-6, rtol=0.0)


def test_the_same_chance_draws_the_same_word(engine_page):
    logits = torch.randn(V, dtype=torch.float64) * 2
    logits[::5] = -torch.inf
    rows, generator = logits.expand(3000, V), torch.Generator()
    u = torch.rand(
        3000, dtype=torch.float64, generator=generator.manual_seed(7)
    )
    found = engine_page.evaluate(
        "([row, all]) => all.map((u) => engine.draw(row, u))",
        [logits.softmax(-1).tolist(), u.tolist()],
    )
    assert found == draw(rows, generator.manual_seed(7)).tolist()


def test_some_word_is_drawn_although_rounding_lost_a_little(engine_page):
    probs, u = [0.1] * 10, 1 - 2**-53
    assert sum(probs) <= u
    assert (
        engine_page.evaluate("([row, u]) => engine.draw(row, u)", [probs, u])
        == 9
    )


def test_words_come_as_often_as_their_probabilities_say(engine_page):
    """By both ways in which the chance of a place is another: see `random`."""
    logits = torch.randn(V) * 1.5
    logits[3] = -torch.inf
    probs = logits.double().softmax(-1)
    N = 20_000
    for numbering in ("random(i, 5)", "random(3, i)"):
        found = engine_page.evaluate(
            f"""([row, N]) => Array.from({{ length: N }}, (_, i) =>
                engine.draw(row, engine.{numbering}))""",
            [probs.tolist(), N],
        )
        counts = torch.tensor(found).bincount(minlength=V).double()
        spread = (N * probs * (1 - probs)).sqrt()
        assert ((counts - N * probs).abs() <= 4.5 * spread).all()
        assert counts[3] == 0


def test_chance_at_one_place_says_nothing_of_the_next(engine_page):
    found = engine_page.evaluate(
        """() => Array.from({ length: 4000 }, (_, seed) =>
            [0, 1, 2].map((place) => engine.random(seed, place)))"""
    )
    u = torch.tensor(found, dtype=torch.float64)
    assert u.min() >= 0
    assert u.max() < 1
    both = torch.cat([u, u.roll(1, 0)], dim=1)  # those of the seed before
    assert (torch.corrcoef(both.T) - torch.eye(6)).abs().max() < 0.06


# -- a language model --------------------------------------------------------


def model(norm_first=True, use_bias=True, tie_weights=True):
    """A language model, each of whose numbers is drawn."""
    D, F, H, N = SIZES
    return drawn(
        LanguageModel(
            *(V_TGT, D, F, H, N, 0.0, use_bias),
            norm_first=norm_first,
            tie_weights=tie_weights,
        )
    ).eval()


def bring(page, model):
    """Load it into the page, and return it as it travelled."""
    packed = pack(model, None, vocab(V_TGT))
    page.evaluate("packed => bring(packed)", packed)
    return rounded(model, packed)


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize(("use_bias", "tied"), [(True, True), (False, False)])
@torch.no_grad()
def test_logits_weights_and_cache_are_pytorchs(
    engine_page, norm_first, use_bias, tied
):
    whole = bring(engine_page, model(norm_first, use_bias, tied))
    with record_attention(whole) as wanted:
        logits, state = whole(torch.tensor([BEGUN]))
    found, weights, kept = engine_page.evaluate(
        """(tokens) => {
            const look = { weights: {} };
            const [logits, state] =
                it.model.forward(tokens, it.model.initState(), look);
            return [bytes(logits), looked(look), engine.kept(state)];
        }""",
        BEGUN,
    )
    found = numbers(found, len(BEGUN), V_TGT)
    torch.testing.assert_close(found, logits[0], **CLOSE)
    assert weights.keys() == wanted.keys()
    for path, (call,) in wanted.items():
        its = numbers(weights[path], *call.shape)
        torch.testing.assert_close(its, call, **CLOSE)
    assert kept == sum(x.numel() for cache in state.caches for x in cache)


def goes_on(page, tokens, **rule):
    """The text that the page goes on with."""
    rule = {"eos": EOS, "ends": 2, "max_len": 30, **rule}
    return page.evaluate(
        """([tokens, rule]) => {
            let text = tokens;
            for (const step of engine.generate(it.model, tokens, rule))
                ({ tokens: text } = step);
            return text;
        }""",
        [tokens, rule],
    )


def brief():
    """One whose texts come to an end now and then."""
    whole = model()
    with torch.no_grad():
        whole.dense.bias[EOS] += 2.0
    return whole


def test_greedy_words_are_ours(engine_page):
    whole, ended = bring(engine_page, brief()), 0
    for word in range(3, V_TGT):
        begun = [1, word]
        (new,) = generate(
            whole, torch.tensor([begun]), max_len=28, eos=EOS, k=1
        )
        wanted = [*begun, *new] + [EOS] * (len(new) < 28)
        assert goes_on(engine_page, begun, greedy=True, ends=1) == wanted
        one = {"temperature": 1, "k": 1}
        assert goes_on(engine_page, begun, **one, ends=1) == wanted
        ended += len(new) < 28
    assert ended > 0


@torch.no_grad()
def test_words_are_drawn_with_the_probabilities_of_pytorch(engine_page):
    whole, N = bring(engine_page, model()), 4000
    rule = {"temperature": 1.3, "k": 6}
    found = engine_page.evaluate(
        """([tokens, rule, N]) => Array.from({ length: N }, (_, seed) =>
            engine.generate(it.model, tokens, { ...rule, seed })
                .next().value.tokens.at(-1))""",
        [BEGUN, {"eos": EOS, "ends": 9, "max_len": 30, **rule}, N],
    )
    probs = ours(whole(torch.tensor([BEGUN]))[0][0, -1], **rule).softmax(-1)
    counts = torch.tensor(found).bincount(minlength=V_TGT)
    spread = (N * probs * (1 - probs)).sqrt()
    assert ((counts - N * probs).abs() <= 4.5 * spread).all()


def test_a_text_stops_where_it_is_to(engine_page):
    bring(engine_page, brief())
    for seed in range(20):
        for ends in (1, 2, 3):
            text = goes_on(engine_page, [1, 5], seed=seed, ends=ends)
            assert text.count(EOS) <= ends
            assert len(text) <= 30
            assert len(text) == 30 or text[-1] == EOS
            assert (text.count(EOS) == ends) or len(text) == 30
            again = goes_on(engine_page, [1, 5], seed=seed, ends=ends)
            assert again == text
    done = [1, 5, EOS]
    assert goes_on(engine_page, done, ends=1) == done
    texts = {str(goes_on(engine_page, [1, 5], seed=it)) for it in range(20)}
    assert len(texts) > 10


# -- chapter 7's model -------------------------------------------------------


def test_chapter_7s_model_is_small_and_writes_the_same_words(engine_page):
    whole, packed, words = language_model()
    text = model_file("language-model", packed)
    assert len(gzip.compress(text.encode("utf-8"), 6)) < 200_000
    engine_page.evaluate("packed => bring(packed)", packed)
    for i, pair in enumerate(phrasebook.load().test[::40]):
        begun = [1, *words.encode(pair[i % 2][: 2 + i % 4])]
        (new,) = generate(
            whole, torch.tensor([begun]), max_len=30, eos=EOS, k=1
        )
        found = goes_on(
            engine_page, begun, greedy=True, ends=1, max_len=len(begun) + 30
        )
        assert found == [*begun, *new, EOS][: len(begun) + 30]
