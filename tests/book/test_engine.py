"""The engine in the page computes what PyTorch computes.

PyTorch has the weights as the page gets them, rounded.
"""

import oracles
import pytest
import torch
from engine_page import (
    BLKS,
    CLOSE,
    FFN,
    SIZES,
    SRC,
    TGT,
    V_TGT,
    D,
    H,
    bring,
    drawn,
    numbers,
    small,
    vocab,
)
from rounding import rounded
from torch import nn

from d2lattn.engine import pack
from d2lattn.recording import record_attention
from d2lattn.transformer import TransformerDecoder, TransformerEncoderBlock


def forward(engine_page, **look):
    """The logits, and the weights by path, of the page's model."""
    logits, weights = engine_page.evaluate(
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


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize(("use_bias", "tied"), [(True, False), (False, True)])
@pytest.mark.parametrize("bits", [8, 13])
def test_logits_and_weights_are_pytorchs(
    engine_page, norm_first, use_bias, tied, bits
):
    model = bring(engine_page, small(norm_first, use_bias, tied), bits=bits)
    assert_forward(model, *forward(engine_page))


@pytest.mark.parametrize(
    "off",
    [
        {"encoder.blks.1.attention": [0]},
        {"decoder.blks.0.attention1": [2], "decoder.blks.1.attention2": [1]},
        {"decoder.blks.0.attention2": [0, 1, 2]},
    ],
)
@torch.no_grad()
def test_a_head_that_is_off_says_nothing(engine_page, off):
    model = bring(engine_page, small())
    for path, heads in off.items():
        W_o = model.get_submodule(path).W_o
        for head in heads:
            W_o.weight[:, head * D // H : (head + 1) * D // H] = 0
    assert_forward(model, *forward(engine_page, off=off))


def test_without_positions_order_is_gone(engine_page):
    model = bring(engine_page, small())
    for part in (model.encoder, model.decoder):
        part.pos_encoding.P = torch.zeros_like(part.pos_encoding.P)
    assert_forward(model, *forward(engine_page, positions=False))


def test_word_by_word_is_all_at_once_and_a_state_is_a_value(engine_page):
    bring(engine_page, small())
    at_once, by_word, again = engine_page.evaluate(
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
    engine_page, norm_first, name
):
    model = drawn(Lonely(norm_first))
    packed = pack(model, None, vocab(V_TGT))
    wanted = rounded(model, packed).theirs(torch.tensor([TGT]))[0]
    packed["tensors"] = [
        (path.replace("attention", name), shape)
        for path, shape in packed["tensors"]
    ]
    logits, by_word, paths = engine_page.evaluate(
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
