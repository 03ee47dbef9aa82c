"""Weights are rounded as little as said, and travel once."""

import gzip
import json

import pytest
import torch
from engine import translator
from rounding import rounded, unpack
from torch import nn

from d2lattn.corpora import Vocab
from d2lattn.engine import model_file, pack, quantize, script
from d2lattn.seq2seq import (
    EncoderDecoder,
    Seq2SeqAttentionDecoder,
    Seq2SeqEncoder,
)
from d2lattn.transformer import TransformerDecoder, TransformerEncoder

VOCABS = Vocab([["a", "b", "c"]]), Vocab([["</script>", "é", "f", "g"]])
SIZES = 21, 23, 3, 2  # D, feed-forward, heads, blocks


def transformer(norm_first=True, **options):
    """A small one, each of whose numbers is drawn."""
    model = EncoderDecoder(
        TransformerEncoder(7, *SIZES, norm_first=norm_first),
        TransformerDecoder(8, *SIZES, norm_first=norm_first, **options),
    )
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    return model


@pytest.mark.parametrize("bits", [2, 8, 9, 16])
def test_no_number_moves_by_more_than_half_a_step(bits):
    weight = torch.randn(5, 31) * torch.logspace(-3, 3, 5)[:, None]
    codes, scales = quantize(weight, bits)
    assert codes.abs().amax(dim=1).tolist() == [2 ** (bits - 1) - 1] * 5
    moved = (codes * scales[:, None] - weight).abs() / scales[:, None]
    assert moved.max() <= 0.5 + 1e-3  # and what floats lose


@pytest.mark.parametrize("bits", [8, 11])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_was_packed_comes_back(bits, dtype):
    model = transformer().to(dtype)
    found = unpack(pack(model, *VOCABS, bits=bits))
    assert found.keys() == dict(model.named_parameters()).keys()
    for name, tensor in model.named_parameters():
        if tensor.ndim == 1:
            assert found[name].equal(tensor.float())
        else:
            codes, scales = quantize(tensor.detach(), bits)
            assert found[name].equal(codes * scales[:, None])


def test_shared_weights_travel_once():
    model = transformer(tie_weights=True)
    packed = pack(model, *VOCABS)
    names = [name for name, _ in packed["tensors"]]
    assert "decoder.embedding.weight" in names
    assert "decoder.dense.weight" not in names
    model = rounded(model, packed)
    assert model.decoder.dense.weight is model.decoder.embedding.weight


def test_the_file_holds_the_model_and_no_markup():
    packed = pack(transformer(), *VOCABS)
    text = model_file("<key>", packed)
    assert "<" not in text
    call, _, arguments = text.partition("(")
    assert call == "d2lattn.engine.deliver"
    key, found = json.loads(f"[{arguments.removesuffix(');' + chr(10))}]")
    assert (key, found["tgt_vocab"]) == ("<key>", [*VOCABS[1].words])
    assert found == json.loads(json.dumps(packed))


def recurrent():
    return EncoderDecoder(
        Seq2SeqEncoder(7, 5, 11, 1), Seq2SeqAttentionDecoder(8, 5, 11, 1)
    )


def two_kinds():
    model = transformer()
    model.decoder = TransformerDecoder(8, 21, 23, 7, 2)
    return model


def folded():
    model = transformer()
    model.encoder.fold = nn.Parameter(torch.ones(2, 3, 5))
    return model


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (recurrent, "EncoderDecoder of Seq2SeqEncoder and Seq2SeqAttent"),
        (lambda: transformer().encoder.blks[0], "but is a TransformerEncoder"),
        (two_kinds, "num_heads must be the same .* but is 3 and 7"),
        (folded, r"encoder.fold must be a vector or .* shape \(2, 3, 5\)"),
    ],
)
def test_what_the_engine_cannot_run_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        pack(make(), *VOCABS)


@pytest.mark.parametrize("bits", [1, 17])
def test_bits_are_between_2_and_16(bits):
    with pytest.raises(ValueError, match=f"between 2 and 16, but are {bits}"):
        pack(transformer(), *VOCABS, bits=bits)


def test_the_translator_of_the_book_and_its_engine_are_small():
    files = script(), model_file("transformer", pack(*translator()))
    packed = [gzip.compress(text.encode("utf-8"), 6) for text in files]
    assert sum(map(len, packed)) < 300_000
