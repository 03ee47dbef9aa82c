"""Weights are kept while somebody looks, and change nothing."""

import copy
import pickle
from contextlib import suppress

import pytest
import torch
from torch import nn

from d2lattn import recording
from d2lattn.multihead import MultiHeadAttention
from d2lattn.pooling import NadarayaWatson
from d2lattn.recording import record_attention
from d2lattn.scoring import AdditiveAttention, DotProductAttention
from d2lattn.seq2seq import Seq2SeqAttentionDecoder
from d2lattn.transformer import TransformerDecoder, TransformerEncoder

B, H, Q, K, D = 3, 2, 5, 7, 8
LENS = torch.tensor([4, 0, 7])


class Heads(nn.Module):
    """Attention with heads, and a scoring module inside."""

    def __init__(self):
        super().__init__()
        self.attention = DotProductAttention()

    def split(self, X):
        return X.unflatten(-1, (H, -1)).transpose(1, 2)  # (B, H, Q, d)

    def weights(self, queries, keys, valid_lens=None):
        heads = self.split(queries), self.split(keys)
        return self.attention.weights(*heads, valid_lens)

    def forward(self, queries, keys, values, valid_lens=None):
        heads = (self.split(X) for X in (queries, keys, values))
        return self.attention(*heads, valid_lens).transpose(1, 2).flatten(2)


class Model(nn.Module):
    """Three kinds of attention, at three depths."""

    def __init__(self):
        super().__init__()
        self.first = AdditiveAttention(D, D, 11, dropout=0.5)
        self.blks = nn.Sequential(nn.ModuleDict({"pool": NadarayaWatson()}))
        self.heads = Heads()
        self.unused = DotProductAttention()

    def forward(self, X, Y, valid_lens=None):
        X = X + self.first(X, Y, Y, valid_lens)
        X = X + self.blks[0]["pool"](X, Y, Y, valid_lens)
        return X + self.heads(X, Y, Y, valid_lens)


PATHS = ["first", "blks.0.pool", "heads", "unused"]


@pytest.fixture
def model():
    return Model().eval()


@pytest.fixture
def inputs():
    return torch.randn(B, Q, D), torch.randn(B, K, D), LENS


def attributes(model):
    """Everything that is set on the modules of a model, hooks as well."""
    return [
        {name: (id(x), str(x)) for name, x in vars(module).items()}
        for module in model.modules()
    ]


def shapes(weights):
    return {path: [tuple(w.shape) for w in ws] for path, ws in weights.items()}


def test_paths_calls_and_shapes(model, inputs):
    with record_attention(model) as weights:
        assert weights == {path: [] for path in PATHS}
        model(*inputs)
        model(*inputs)
    assert list(weights) == PATHS
    assert shapes(weights) == {
        "first": 2 * [(B, Q, K)],
        "blks.0.pool": 2 * [(B, Q, K)],
        "heads": 2 * [(B, H, Q, K)],  # once, and not the scoring inside
        "unused": [],
    }


def test_detached_and_before_dropout(model, inputs):
    model.train()
    X, Y, lens = inputs
    with record_attention(model) as weights:
        output = model(X, Y, lens)
    (first,) = weights["first"]
    assert not first.requires_grad
    torch.testing.assert_close(first, model.first.weights(X, Y, lens))
    output.sum().backward()  # a recorded call can be trained all the same
    assert model.first.w_v.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_is_left_behind(fails, model, inputs):
    before, output = attributes(model), model(*inputs)
    with suppress(RuntimeError), record_attention(model) as weights:
        assert model(*inputs).equal(output)
        assert attributes(model) != before
        if fails:
            raise RuntimeError
    assert attributes(model) == before
    assert model(*inputs).equal(output)
    assert len(weights["first"]) == 1


def test_recordings_nest(model, inputs):
    before = attributes(model)
    with record_attention(model) as outer:
        model(*inputs)
        with record_attention(model.blks) as inner:
            model(*inputs)
        with pytest.raises(KeyError), record_attention(model):
            raise KeyError
        model(*inputs)
    assert attributes(model) == before
    assert shapes(inner) == {"0.pool": [(B, Q, K)]}
    assert inner["0.pool"][0].equal(outer["blks.0.pool"][1])
    assert len(outer["blks.0.pool"]) == 3


def test_a_shared_module_is_recorded_once(inputs):
    X, Y, lens = inputs
    shared = DotProductAttention()
    model = nn.ModuleList([shared, nn.Sequential(shared)])
    with record_attention(model) as weights:
        model[0](X, Y, Y, lens)
        model[1][0](X, Y, Y, lens)
    assert shapes(weights) == {"0": 2 * [(B, Q, K)]}


def test_nothing_to_record():
    class Scale(nn.Module):
        """Has something called `weights`, and weighs no keys."""

        def weights(self):
            return torch.ones(1)

    message = r"model must hold attention, .* but Sequential holds none"
    with pytest.raises(ValueError, match=message):
        record_attention(nn.Sequential(nn.Tanh(), Scale())).__enter__()


def test_arguments_by_name(inputs):
    X, Y, lens = inputs
    attention = DotProductAttention()
    with record_attention(attention) as weights:
        attention(values=Y, valid_lens=lens, keys=Y, queries=X)
    assert weights[""][0].equal(attention.weights(X, Y, lens))


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies_made_inside_record_for_themselves(model, inputs, copied):
    with record_attention(model) as weights:
        twin = copied(model)
        assert twin(*inputs).equal(model(*inputs))
        with record_attention(twin) as of_twin:
            twin(*inputs)
    assert len(weights["first"]) == len(of_twin["first"]) == 1
    assert twin.state_dict().keys() == model.state_dict().keys()


@pytest.mark.usefixtures("compiler")
def test_recordings_may_overlap(model, inputs):
    compiled = torch.compile(model, backend="aot_eager")
    compiled(*inputs)
    first, second = record_attention(model), record_attention(compiled)
    of_first, of_second = first.__enter__(), second.__enter__()
    compiled(*inputs)
    first.__exit__(None, None, None)
    compiled(*inputs)
    second.__exit__(None, None, None)
    compiled(*inputs)
    assert of_first.keys() == of_second.keys() == {*PATHS}
    assert [len(x["heads"]) for x in (of_first, of_second)] == [1, 2]
    assert not recording._recordings


@pytest.mark.parametrize(
    "make",
    [
        DotProductAttention,
        NadarayaWatson,
        lambda: AdditiveAttention(D, D, 11),
        lambda: MultiHeadAttention(D, H),
        lambda: TransformerEncoder(K, D, 11, H, 1),
        lambda: TransformerDecoder(K, D, 11, H, 1),
        lambda: Seq2SeqAttentionDecoder(K, D, D, 1),
    ],
)
def test_what_d2l_keeps_leads_here(make):
    with pytest.raises(AttributeError, match="record_attention"):
        _ = make().attention_weights
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        _ = make().other


@pytest.mark.usefixtures("compiler")
def test_a_compiled_model_can_be_watched(model, inputs):
    compiled = torch.compile(model, backend="aot_eager")
    expected = compiled(*inputs)
    with record_attention(model) as weights:
        output = compiled(*inputs)
    torch.testing.assert_close(output, expected)
    X, Y, lens = inputs
    (first,) = weights["first"]
    torch.testing.assert_close(first, model.first.weights(X, Y, lens))
    assert compiled(*inputs).equal(expected)
    assert len(weights["first"]) == 1
