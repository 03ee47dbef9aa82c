"""What the tests of the engine share: small models, and what pages say."""

import base64
from functools import cache

import numpy as np
import torch
from engine import translator
from rounding import rounded
from torch import nn

from d2lattn import models
from d2lattn.beams import Beam, next_beam
from d2lattn.corpora import Vocab, phrasebook
from d2lattn.engine import pack
from d2lattn.language_model import LanguageModel
from d2lattn.seq2seq import EncoderDecoder
from d2lattn.transformer import TransformerDecoder, TransformerEncoder

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
        found: engine.ranked(steps.at(-1).after).map(plain),
    };
}
"""


def numbers(text, *shape):
    """The numbers that a page gave back."""
    array = np.frombuffer(base64.b64decode(text), "<f4")
    return torch.from_numpy(array.copy()).reshape(shape)


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


@cache
def shelf():
    """Chapter 6's translator, as it travels, and its vocabularies."""
    model, *vocabs = translator()
    return model, pack(model, *vocabs), *vocabs


@cache
def language_model():
    """Chapter 7's model with the page's weights, how it travels, its words."""
    train = phrasebook.load().train
    words = Vocab([words for it in train for words in (it.src, it.tgt)])
    whole = LanguageModel(len(words), 64, 192, 4, 3, use_bias=True)
    models.load("language-model", whole)
    packed = pack(whole.eval(), None, words)
    return rounded(whole, packed), packed, words


def bring(page, model, vocabs=None, bits=8):
    """Load a model into the page, and return it as it travelled."""
    packed = pack(model, *(vocabs or (vocab(V_SRC), vocab(V_TGT))), bits=bits)
    page.evaluate("packed => bring(packed)", packed)
    return rounded(model, packed)


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
