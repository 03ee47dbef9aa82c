"""The Transformer and its parts. What decoders share is in test_seq2seq."""

import copy
import math

import pytest
import torch
from oracles import assert_as_good, share_weights
from torch import nn

from d2lattn.masking import length_mask
from d2lattn.recording import record_attention
from d2lattn.transformer import (
    AddNorm,
    TransformerDecoder,
    TransformerDecoderBlock,
    TransformerEncoder,
    TransformerEncoderBlock,
)

B, K, T, H, D, FFN, VOCAB, BLKS = 2, 7, 5, 3, 15, 11, 19, 2
LENS = torch.tensor([4, 7])
NORMS = pytest.mark.parametrize(
    "norm_first", [False, True], ids=["post-norm", "pre-norm"]
)
LENGTHS = pytest.mark.parametrize(
    "valid_lens", [None, LENS], ids=["None", "(B,)"]
)
ASKED = {"need_weights": True, "average_attn_weights": False}
HALF = pytest.mark.parametrize(
    "dtype", [torch.float32, torch.bfloat16], ids=str
)


def to(valid_lens, device):
    return None if valid_lens is None else valid_lens.to(device)


def called(call):
    """Let our blocks be called so, and tell their weights."""

    def call_ours(module, inputs):
        with record_attention(module) as weights:
            output = call(module, *inputs)
        return output, [calls[0] for calls in weights.values()]

    return call_ours


def spied_on(call):
    """Let PyTorch's blocks be called so, and tell their weights."""
    weights = []

    def ask(module, args, kwargs):
        return args, kwargs | ASKED

    def answer(module, args, result):
        weights.append(result[1])

    def call_theirs(module, inputs):
        spy = copy.deepcopy(module)
        for layer in spy.modules():
            if isinstance(layer, nn.MultiheadAttention):
                layer.register_forward_pre_hook(ask, with_kwargs=True)
                layer.register_forward_hook(answer)
        weights.clear()
        call(spy, *inputs)
        return call(module, *inputs), list(weights)

    return call_theirs


@NORMS
@pytest.mark.parametrize(
    "valid_lens",
    [None, LENS, torch.arange(1, K + 1).expand(B, K)],
    ids=["None", "(B,)", "causal"],
)
@HALF
def test_encoder_block_is_pytorchs(norm_first, valid_lens, dtype, device):
    ours = TransformerEncoderBlock(
        D, FFN, H, use_bias=True, norm_first=norm_first
    )
    theirs = nn.TransformerEncoderLayer(
        D, H, FFN, dropout=0.0, batch_first=True, norm_first=norm_first
    )
    lens = to(valid_lens, device)
    mask = length_mask(lens, (B, H, K, K))
    if mask is not None:  # theirs is True where a key is hidden
        mask = ~mask.expand(B, H, K, K).flatten(0, 1)
    assert_as_good(
        ours.to(device, dtype),
        theirs.to(device, dtype),
        called(lambda module, X: module(X, lens)),
        spied_on(lambda module, X: module(X, src_mask=mask)),
        [(B, K, D)],
        dtype,
    )


@NORMS
@LENGTHS
@HALF
def test_decoder_block_is_pytorchs(norm_first, valid_lens, dtype, device):
    ours = TransformerDecoderBlock(
        D, FFN, H, use_bias=True, norm_first=norm_first
    )
    theirs = nn.TransformerDecoderLayer(
        D, H, FFN, dropout=0.0, batch_first=True, norm_first=norm_first
    )
    lens = to(valid_lens, device)
    later = torch.ones(T, T, dtype=torch.bool, device=device).triu(1)
    padding = length_mask(lens, (B, 1, K))
    padding = None if padding is None else ~padding[:, 0]

    def call_ours(module, X, enc_outputs):
        return module(X, module.init_cache(enc_outputs), lens)[0]

    def call_theirs(module, X, enc_outputs):
        masks = {"tgt_mask": later, "memory_key_padding_mask": padding}
        return module(X, enc_outputs, **masks)

    assert_as_good(
        ours.to(device, dtype),
        theirs.to(device, dtype),
        called(call_ours),
        spied_on(call_theirs),
        [(B, T, D), (B, K, D)],
        dtype,
    )


def encoder(**options):
    return TransformerEncoder(VOCAB, D, FFN, H, BLKS, use_bias=True, **options)


def decoder(**options):
    return TransformerDecoder(VOCAB, D, FFN, H, BLKS, use_bias=True, **options)


@NORMS
@LENGTHS
def test_stacks_are_pytorchs(norm_first, valid_lens):
    options = {"dropout": 0.0, "batch_first": True, "norm_first": norm_first}
    norm = nn.LayerNorm(D) if norm_first else None
    reader = encoder(norm_first=norm_first)
    writer = decoder(norm_first=norm_first)
    layer = nn.TransformerEncoderLayer(D, H, FFN, **options)
    their_reader = nn.TransformerEncoder(
        layer, BLKS, norm, enable_nested_tensor=False
    )
    layer = nn.TransformerDecoderLayer(D, H, FFN, **options)
    their_writer = nn.TransformerDecoder(layer, BLKS, norm)
    for ours, theirs in ((reader, their_reader), (writer, their_writer)):
        for our, their in zip(ours.blks, theirs.layers, strict=True):
            share_weights(our, their)
    src, tgt = torch.randint(VOCAB, (B, K)), torch.randint(VOCAB, (B, T))
    padding = length_mask(valid_lens, (B, 1, K))
    padding = None if padding is None else ~padding[:, 0]

    def embedded(module, tokens):
        X = module.embedding(tokens) * math.sqrt(D)
        return X + module.pos_encoding.P[:, : tokens.shape[1]]

    X = their_reader(embedded(reader, src), src_key_padding_mask=padding)
    enc_outputs = reader(src, valid_lens)
    torch.testing.assert_close(enc_outputs, X, rtol=1e-5, atol=1e-5)
    later = torch.ones(T, T, dtype=torch.bool).triu(1)
    masks = {"tgt_mask": later, "memory_key_padding_mask": padding}
    expected = writer.dense(their_writer(embedded(writer, tgt), X, **masks))
    logits, _ = writer(tgt, writer.init_state(enc_outputs, valid_lens))
    torch.testing.assert_close(logits, expected, rtol=1e-5, atol=1e-5)


@NORMS
def test_dropout_of_addnorm_is_on_the_layer(norm_first):
    addnorm = AddNorm(D, dropout=0.5, norm_first=norm_first)
    addnorm.ln = nn.Identity()
    X = torch.randn(B, T, D)
    Y = torch.ones_like(X)
    added = addnorm(X, Y) - X
    assert {round(x, 4) for x in added.flatten().tolist()} == {0.0, 2.0}
    torch.testing.assert_close(addnorm.eval()(X, Y), X + 1)


def test_tied_weights():
    tied = decoder(tie_weights=True)
    assert tied.dense.weight is tied.embedding.weight
    copied = copy.deepcopy(tied)
    assert copied.dense.weight is copied.embedding.weight
    assert tied.double().dense.weight is tied.embedding.weight
    count = sum(p.numel() for p in decoder().parameters())
    assert sum(p.numel() for p in tied.parameters()) == count - VOCAB * D
    untied = decoder()
    assert untied.dense.weight is not untied.embedding.weight


def test_nothing_is_projected_twice():
    writer = decoder()
    counts = dict.fromkeys(("attention1.W_k", "attention2.W_k"), 0)
    for name in counts:
        layer = writer.blks[1].get_submodule(name)
        layer.register_forward_hook(
            lambda module, args, output, name=name: counts.update(
                {name: counts[name] + args[0].shape[1]}
            )
        )
    state = writer.init_state(torch.randn(B, K, D), LENS)
    for token in torch.randint(VOCAB, (B, T)).split(1, dim=1):
        _, state = writer(token, state)
    assert all(cache.k.shape[2] == T for cache in state.caches)
    assert counts == {"attention1.W_k": T, "attention2.W_k": K}


TOKENS = torch.zeros(B, K, dtype=torch.int64)
ENCODED = torch.zeros(B, K, D)


@pytest.mark.parametrize(
    ("enc_outputs", "enc_valid_lens", "message"),
    [
        (
            ENCODED[..., 1:],
            None,
            r"enc_outputs .*\(B, K, 15\), .*\(2, 7, 14\)",
        ),
        (ENCODED[0], None, r"enc_outputs must have shape .*\(7, 15\)"),
        (
            (ENCODED, ENCODED),
            None,
            "enc_outputs must have .* but is of type tuple",
        ),
        (ENCODED, torch.tensor([1, K + 1]), "valid_lens must lie between"),
        (
            ENCODED,
            torch.tensor([1.0, 2.0]),
            "valid_lens must .* integers .* torch.float32",
        ),
        (ENCODED, [1, 2], "valid_lens must .* but is list"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_sources(enc_outputs, enc_valid_lens, message):
    with pytest.raises(ValueError, match=message):
        decoder().init_state(enc_outputs, enc_valid_lens)


@pytest.mark.usefixtures("unchecked")
def test_too_long_sequences():
    message = "positions must lie .* 10, but 14 of them"
    with pytest.raises(ValueError, match=message):
        encoder(max_len=11)(TOKENS.repeat(1, 2))
    module = decoder(max_len=11)
    _, state = module(TOKENS, module.init_state(ENCODED))
    message = "positions must .* 10, but 5 of them from offset 7 go up to 11"
    with pytest.raises(ValueError, match=message):
        module(TOKENS[:, :5], state)


@pytest.mark.parametrize(
    "mask", [[[1] * K] * B, [[1] + [0] * (K - 1)] * B], ids=str
)
@pytest.mark.usefixtures("unchecked")
def test_masks_are_no_lengths(mask):
    with pytest.raises(ValueError, match=r"^valid_lens must .* as a mask"):
        encoder()(TOKENS, torch.tensor(mask))


@pytest.mark.parametrize(
    "make", [TransformerEncoder, TransformerDecoder], ids=lambda c: c.__name__
)
def test_wrong_construction(make):
    with pytest.raises(ValueError, match="num_heads must divide num_hiddens"):
        make(VOCAB, D, FFN, 4, BLKS)
    with pytest.raises(ValueError, match="num_blks must be at least 1"):
        make(VOCAB, D, FFN, H, 0)


def test_the_number_of_a_block_is_no_bias():
    with pytest.raises(TypeError, match="positional"):
        TransformerDecoderBlock(D, FFN, H, 0.5, 1)  # d2l's fifth is a number


@pytest.mark.usefixtures("unchecked")
def test_wrong_sum():
    message = r"Y must have shape \(2, 3\), but has shape \(3,\)"
    with pytest.raises(ValueError, match=message):
        AddNorm(3)(torch.zeros(2, 3), torch.zeros(3))


@pytest.mark.parametrize("half", ["encoder", "decoder"])
def test_blocks_start_as_those_of_pytorch(half):
    sizes = 64, 4, 1, 1, 96
    ours = {
        "encoder": TransformerEncoder(7, 64, 96, num_heads=4, num_blks=1),
        "decoder": TransformerDecoder(7, 64, 96, num_heads=4, num_blks=1),
    }[half]
    theirs = getattr(nn.Transformer(*sizes, batch_first=True), half)
    linears = [
        x.weight for x in ours.blks.modules() if isinstance(x, nn.Linear)
    ]
    wanted = {
        tuple(p.shape): p.std().item()
        for p in theirs.parameters()
        if p.ndim == 2 and p.shape[0] != 3 * 64
    }
    for weight in linears:
        spread = wanted[tuple(weight.shape)]
        assert weight.std().item() == pytest.approx(spread, rel=0.05)
