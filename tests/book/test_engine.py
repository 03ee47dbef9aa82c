"""The engine in the page computes what PyTorch computes, word by word.

PyTorch has the weights as the page gets them, rounded.
"""

import base64
import json
from itertools import pairwise

import numpy as np
import oracles
import pytest
import torch
from engine import short_enough, translator
from rounding import rounded
from torch import nn

from d2lattn.beams import Beam, best_first, next_beam, penalty, propose
from d2lattn.corpora import Vocab, phrasebook
from d2lattn.corpora.batches import pad_rows
from d2lattn.engine import model_file, pack, script
from d2lattn.figures import page as figures
from d2lattn.recording import record_attention
from d2lattn.seq2seq import EncoderDecoder
from d2lattn.transformer import (
    TransformerDecoder,
    TransformerEncoder,
    TransformerEncoderBlock,
)

CLOSE = {"atol": 1e-4, "rtol": 0.0}
D, FFN, H, BLKS, V_SRC, V_TGT = 21, 23, 3, 2, 11, 13
SIZES = D, FFN, H, BLKS
SRC, TGT = [4, 9, 10, 4, 2], [1, 5, 12, 5, 7, 6, 11]
BOS, EOS = Vocab.bos, Vocab.eos

# What the tests run in the page. Numbers come back as the bytes of floats,
# in whatever lists they are.
HELPERS = """
const { engine } = d2lattn;
async function bring(packed) { window.it = await engine.load(packed); }
function bytes(nested) {
    const flat = [];
    const walk = (part) => ArrayBuffer.isView(part)
        ? flat.push(...part) : part.forEach(walk);
    walk(nested);
    const all = new Uint8Array(Float32Array.from(flat).buffer);
    let text = "";
    for (let i = 0; i < all.length; i += 32768)
        text += String.fromCharCode(...all.subarray(i, i + 32768));
    return btoa(text);
}
function looked({ weights }) {
    return Object.fromEntries(Object.entries(weights)
        .map(([path, calls]) => [path, bytes(calls)]));
}
/** The steps of a search, all that was computed on the way, what it found. */
function searched(src, rules) {
    const look = { weights: {} };
    const plain = ({ state, ...rest }) => rest;
    const steps = [...engine.beamSteps(it.model, src, rules, look)];
    return {
        steps: steps.map(({ before, proposals, after }) => ({
            before: before.map(plain), proposals, after: after.map(plain) })),
        log_probs: bytes(steps.map(({ log_probs }) =>
            log_probs.filter((it) => it))),
        weights: looked(look),
        found: engine.beamSearch(it.model, src, rules).map(plain),
    };
}
"""


def numbers(text, *shape):
    """The numbers that a page gave back."""
    array = np.frombuffer(base64.b64decode(text), "<f4")
    return torch.from_numpy(array.copy()).reshape(shape)


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    """A page from disk with the engine in it."""
    folder = tmp_path_factory.mktemp("engine")
    scripts = {
        "explorer.js": figures.script(),
        "engine.js": script(),
        "helpers.js": HELPERS,
    }
    for name, text in scripts.items():
        (folder / name).write_text(text, encoding="utf-8")
    tags = "".join(f'<script src="{name}"></script>' for name in scripts)
    file = folder / "page.html"
    file.write_text(f'<!doctype html><meta charset="utf-8">{tags}', "utf-8")
    page = browser.new_page()
    raised = []
    page.on("pageerror", lambda error: raised.append(error))
    page.goto(file.as_uri())
    page.folder = folder
    yield page
    page.close()
    assert not raised


def small(norm_first=True, use_bias=True, tie_weights=False):
    """A Transformer, each of whose numbers is drawn."""
    options = {"use_bias": use_bias, "norm_first": norm_first}
    return drawn(
        EncoderDecoder(
            TransformerEncoder(V_SRC, *SIZES, **options),
            TransformerDecoder(
                V_TGT, *SIZES, **options, tie_weights=tie_weights
            ),
        )
    )


def drawn(model):
    """A model with each of its numbers drawn anew."""
    for parameter in model.parameters():
        wide = parameter.shape[-1] ** -0.5 if parameter.ndim > 1 else 0.5
        nn.init.normal_(parameter, std=2 * wide)
    return model


def vocab(size):
    """Some words."""
    return Vocab([[f"w{i}" for i in range(size - 4)]])


def bring(page, model, vocabs=None, bits=8):
    """Load a model into the page, and return it as it travelled."""
    packed = pack(model, *(vocabs or (vocab(V_SRC), vocab(V_TGT))), bits=bits)
    page.evaluate("packed => bring(packed)", packed)
    return rounded(model, packed)


def forward(page, **look):
    """The logits, and the weights by path, of the page's model."""
    logits, weights = page.evaluate(
        """([src, tgt, look]) => {
            const logits = it.model.forward(src, tgt, look);
            return [bytes(logits), look.weights && looked(look)];
        }""",
        [SRC, TGT, {"weights": {}, **look}],
    )
    return numbers(logits, len(TGT), V_TGT), weights


@torch.no_grad()
def assert_forward(model, logits, weights):
    """Compare logits and weights with those of a model of ours."""
    with record_attention(model) as wanted:
        ours = model(torch.tensor([SRC]), torch.tensor([TGT]))[0]
    torch.testing.assert_close(logits, ours, **CLOSE)
    assert weights.keys() == wanted.keys()
    for path, (call,) in wanted.items():
        found = numbers(weights[path], *call.shape)
        torch.testing.assert_close(found, call, **CLOSE)


# -- the model ---------------------------------------------------------------


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize(("use_bias", "tied"), [(True, False), (False, True)])
@pytest.mark.parametrize("bits", [8, 13])
def test_logits_and_weights_are_pytorchs(
    page, norm_first, use_bias, tied, bits
):
    model = bring(page, small(norm_first, use_bias, tied), bits=bits)
    assert_forward(model, *forward(page))


@pytest.mark.parametrize(
    "off",
    [
        {"encoder.blks.1.attention": [0]},
        {"decoder.blks.0.attention1": [2], "decoder.blks.1.attention2": [1]},
        {"decoder.blks.0.attention2": [0, 1, 2]},
    ],
)
@torch.no_grad()
def test_a_head_that_is_off_says_nothing(page, off):
    model = bring(page, small())
    for path, heads in off.items():
        W_o = model.get_submodule(path).W_o
        for head in heads:
            W_o.weight[:, head * D // H : (head + 1) * D // H] = 0
    assert_forward(model, *forward(page, off=off))


def test_without_positions_order_is_gone(page):
    model = bring(page, small())
    for part in (model.encoder, model.decoder):
        part.pos_encoding.P = torch.zeros_like(part.pos_encoding.P)
    assert_forward(model, *forward(page, positions=False))


def test_word_by_word_is_all_at_once_and_a_state_is_a_value(page):
    bring(page, small())
    at_once, by_word, again = page.evaluate(
        """([src, tgt]) => {
            const { encoder, decoder } = it.model;
            const start = decoder.initState(encoder.forward(src));
            const [at_once] = decoder.forward(tgt, start);
            let state = start;
            const by_word = tgt.map((token) => {
                const [logits, next] = decoder.forward([token], state);
                state = next;
                return logits;
            });
            const [early, halfway] = decoder.forward(tgt.slice(0, 3), start);
            decoder.forward([8, 3], halfway);
            const [late] = decoder.forward(tgt.slice(3), halfway);
            return [at_once, by_word, [early, late]].map(bytes);
        }""",
        [SRC, TGT],
    )
    assert by_word == at_once == again


class Lonely(nn.Module):
    """A decoder without a source, made of PyTorch's layers or of ours."""

    def __init__(self, norm_first):
        super().__init__()
        options = {"use_bias": True, "norm_first": norm_first}
        like = TransformerDecoder(V_TGT, *SIZES, norm_first=norm_first)
        self.scale, self.embedding = like.scale, like.embedding
        self.pos_encoding, self.dense = like.pos_encoding, like.dense
        self.blks = nn.ModuleList(
            TransformerEncoderBlock(D, FFN, H, **options) for _ in range(BLKS)
        )
        self.ln = like.ln

    def theirs(self, tokens):
        """The logits by `nn.TransformerEncoder`, with a causal mask."""
        norm_first = self.blks[0].addnorm1.norm_first
        layer = nn.TransformerEncoderLayer(
            *(D, H, FFN, 0.0), batch_first=True, norm_first=norm_first
        )
        stack = nn.TransformerEncoder(
            layer,
            BLKS,
            norm=self.ln if norm_first else None,
            enable_nested_tensor=False,
        )
        for blk, their in zip(self.blks, stack.layers, strict=True):
            for p, q, rows in oracles.pairs(blk, their):
                q[rows] = p
        X = self.pos_encoding(self.embedding(tokens) * self.scale)
        n = tokens.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(n)
        return self.dense(stack(X, mask=mask, is_causal=True))


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("name", ["attention", "attention1"])
@torch.no_grad()
def test_without_a_source_it_is_pytorchs_encoder_with_a_causal_mask(
    page, norm_first, name
):
    model = drawn(Lonely(norm_first))
    packed = pack(model, None, vocab(V_TGT))
    wanted = rounded(model, packed).theirs(torch.tensor([TGT]))[0]
    packed["tensors"] = [
        (path.replace("attention", name), shape)
        for path, shape in packed["tensors"]
    ]
    logits, by_word, paths = page.evaluate(
        """async ([packed, tgt]) => {
            await bring(packed);
            const look = { weights: {} }, start = it.model.initState();
            const [logits] = it.model.forward(tgt, start, look);
            let state = start;
            const by_word = tgt.map((token) => {
                const [logits, next] = it.model.forward([token], state);
                state = next;
                return logits;
            });
            return [bytes(logits), bytes(by_word), Object.keys(look.weights)];
        }""",
        [packed, TGT],
    )
    found = numbers(logits, len(TGT), V_TGT)
    torch.testing.assert_close(found, wanted, **CLOSE)
    assert by_word == logits
    assert paths == [f"blks.{i}.{name}" for i in range(BLKS)]


# -- the search --------------------------------------------------------------


def as_beam(hypotheses):
    """A beam of ours out of the page's."""
    longest = max(len(it["tokens"]) for it in hypotheses)
    rows = [
        it["tokens"] + [EOS] * (longest - len(it["tokens"]))
        for it in hypotheses
    ]

    def column(name, dtype):
        return torch.tensor([[it[name] for it in hypotheses]], dtype=dtype)

    return Beam(
        torch.tensor([rows]),
        column("log_prob", torch.float64),
        column("score", torch.float64),
        column("finished", torch.bool),
        column("alive", torch.bool),
    )


def assert_step(step, rules):
    """Compare what a step keeps with what our rules keep of its proposals."""
    before, kept = as_beam(step["before"]), step["after"]
    size, eos = rules["beam_size"], rules["eos"]
    C = max(map(len, step["proposals"]))
    shape = 1, len(step["before"]), C
    tokens = torch.full(shape, eos)
    totals = torch.full(shape, -torch.inf, dtype=torch.float64)
    for w, of_one in enumerate(step["proposals"]):
        for c, it in enumerate(of_one):
            tokens[0, w, c], totals[0, w, c] = it["token"], it["log_prob"]
        if not of_one:  # it proposes itself
            totals[0, w, 0] = step["before"][w]["log_prob"]
    parents, after = next_beam(
        *(before, tokens, totals, eos, size),
        *(rules.get("length_penalty", 0.0), rules["max_len"]),
    )
    real = (after.log_probs > -torch.inf)[0]
    assert parents[0, real].tolist() == [it["parent"] for it in kept]
    for ours, its in zip(after, as_beam(kept), strict=True):
        torch.testing.assert_close(ours[:, real], its, atol=1e-9, rtol=0.0)


def reading(steps):
    """What the decoder has read in each call: each prefix that is alive."""
    return [it["tokens"] for s in steps for it in s["before"] if it["alive"]]


@pytest.mark.parametrize("beam_size", range(1, 6))
@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 2.0])
def test_a_beam_keeps_what_ours_keeps(page, beam_size, length_penalty):
    rules = {"bos": BOS, "eos": EOS, "beam_size": beam_size, "max_len": 11}
    rules["length_penalty"] = length_penalty
    bring(page, small())
    unfinished = 0
    for word in range(4, V_SRC):
        result = page.evaluate(
            "([src, rules]) => searched(src, rules)", [[word, EOS], rules]
        )
        for step in result["steps"]:
            assert_step(step, rules)
        for one, other in pairwise(result["steps"]):
            assert one["after"] == other["before"]
        assert not any(it["alive"] for it in result["steps"][-1]["after"])
        ranks = [(it["finished"], it["score"]) for it in result["found"]]
        assert ranks == sorted(ranks, reverse=True)
        assert len(ranks) == beam_size
        unfinished += not result["found"][0]["finished"]
    assert unfinished < V_SRC - 4  # some sentences come to an end


def test_of_equals_the_first_comes_first(page):
    scores = torch.randint(4, (31,)).double()
    found, finest = page.evaluate(
        """scores => [engine.bestFirst(scores, 7), [0, 0.6, 1].map((it) =>
            engine.penalty(7, it))]""",
        scores.tolist(),
    )
    assert found == best_first(scores[None], 7)[1][0].tolist()
    wanted = [penalty(7, it) for it in (0.0, 0.6, 1.0)]
    assert finest == pytest.approx(wanted)


@pytest.mark.parametrize("number", [1, 3, 7])
def test_proposals_are_ours(page, number):
    log_probs = torch.randn(2, 7).double().round().log_softmax(-1)  # equals
    beam = [
        {"tokens": [1, *end], "log_prob": total, "score": total}
        | {"finished": not alive, "alive": alive, "parent": 0}
        for end, total, alive in (
            ([3, 4], -1.5, True),
            ([2], -0.5, False),
            ([4, 3], -2.5, True),
        )
    ]
    found = page.evaluate(
        "([beam, rows, number]) => engine.propose(beam, rows, number)",
        [beam, [log_probs[0].tolist(), None, log_probs[1].tolist()], number],
    )
    tokens, probs, totals = propose(as_beam(beam), log_probs, number, EOS)
    for w in (0, 2):
        assert [it["token"] for it in found[w]] == tokens[0, w].tolist()
        for name, wanted in (("prob", probs), ("log_prob", totals)):
            numbers = [it[name] for it in found[w]]
            assert numbers == pytest.approx(wanted[0, w].tolist())
    assert found[1] == []


# -- chapter 6's translator --------------------------------------------------


@pytest.fixture(scope="module")
def chapter(page):
    """The shelf's translator in the page; its rounded self, vocabularies."""
    model, *vocabs = translator()
    packed = pack(model, *vocabs)
    (page.folder / "model.js").write_text(model_file("it", packed), "utf-8")
    page.evaluate(
        """async () => {
            window.it = await engine.loadFrom("model.js", "it");
        }"""
    )
    return model, rounded(model, packed), *vocabs


@torch.no_grad()
def read_again(model, rows):
    """What PyTorch makes of rows, each a source and a prefix, all at once.

    Log-probabilities of the next token, and by path a list of the weights of
    the last query; an encoder's of all queries.
    """
    log_probs, weights = [], {}
    for start in range(0, len(rows), 512):
        some = rows[start : start + 512]
        src, src_lens = pad_rows([row[0] for row in some])
        tgt, tgt_lens = pad_rows([row[1] for row in some])
        with record_attention(model) as recorded:
            logits = model(src, tgt, src_lens)  # (N, T, V)
        last = torch.arange(len(some)), tgt_lens - 1
        log_probs.append(logits[last].log_softmax(-1))
        for path, (call,) in recorded.items():
            kept = weights.setdefault(path, [])
            for n, (K, T) in enumerate(
                zip(src_lens.tolist(), tgt_lens.tolist(), strict=True)
            ):
                if path.startswith("encoder"):
                    kept.append(call[n, :, :K, :K])
                else:
                    of_last = T if path.endswith("attention1") else K
                    kept.append(call[n, :, T - 1, :of_last])
    return torch.cat(log_probs), weights


@pytest.mark.parametrize("beam_size", [1, 4])
def test_each_step_of_200_sentences_is_pytorchs(page, chapter, beam_size):
    _, model, src_vocab, _ = chapter
    some = short_enough(phrasebook.load().test)[::6][:200]
    assert len(some) == 200
    rules = {"bos": BOS, "eos": EOS, "beam_size": beam_size, "max_len": 20}
    sources = [[*src_vocab.encode(pair.src), EOS] for pair in some]
    rules["length_penalty"] = 0.6
    # As text, which Playwright does not look through.
    results = page.evaluate(
        """([all, rules]) =>
            JSON.stringify(all.map((src) => searched(src, rules)))""",
        [sources, rules],
    )
    results = json.loads(results)
    rows = [
        (src, prefix)
        for src, result in zip(sources, results, strict=True)
        for prefix in reading(result["steps"])
    ]
    log_probs, weights = read_again(model, rows)
    start = 0
    for result in results:
        steps = result["steps"]
        end = start + len(reading(steps))
        ours = log_probs[start:end]
        its = numbers(result["log_probs"], *ours.shape)
        torch.testing.assert_close(its, ours, **CLOSE)
        for path, its in result["weights"].items():
            calls = weights[path][start:end]
            if path.startswith("encoder"):
                calls = calls[:1]  # it reads once
            wanted = torch.cat([call.flatten() for call in calls])
            found = numbers(its, -1)
            torch.testing.assert_close(found, wanted, **CLOSE)
        proposals = [
            of_one for s in steps for of_one in s["proposals"] if of_one
        ]
        best, _ = best_first(ours, beam_size)
        named = torch.tensor([[p["token"] for p in it] for it in proposals])
        torch.testing.assert_close(ours.gather(1, named), best, **CLOSE)
        for step in steps:
            assert_step(step, rules)
        start = end
    assert start == len(rows)
