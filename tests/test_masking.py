"""Lengths, masks and the masked softmax."""

import itertools
import math

import jaxtyping
import pytest
import torch
from oracles import assert_travels
from torch.autograd import gradcheck

from d2lattn.masking import length_mask, masked_softmax

B, H, Q, K = 3, 2, 5, 7  # each axis its own prime
PER_SEQUENCE = torch.tensor([4, 0, 7])
PER_QUERY = torch.tensor([[1, 2, 3, 4, 5], [0, 7, 0, 6, 1], [7, 7, 7, 7, 7]])
LENGTHS = pytest.mark.parametrize(
    "valid_lens", [PER_SEQUENCE, PER_QUERY], ids=["(B,)", "(B, Q)"]
)
SHAPES = pytest.mark.parametrize(
    "shape", [(B, Q, K), (B, H, Q, K), (B, 1, H, Q, K)], ids=str
)


def length_of(valid_lens, b, i):
    return int(valid_lens[b] if valid_lens.ndim == 1 else valid_lens[b, i])


def written_out(scores, valid_lens):
    """The masked softmax, one number after the other."""
    weights = torch.zeros_like(scores, dtype=torch.float64)
    for index in itertools.product(*map(range, scores.shape[:-1])):
        length = length_of(valid_lens, index[0], index[-1])
        row = [float(s) for s in scores[index][:length]]
        exps = [math.exp(s - max(row)) for s in row]
        for j, e in enumerate(exps):
            weights[index][j] = e / sum(exps)
    return weights


def test_the_shape_checker_listens():
    with pytest.raises(jaxtyping.TypeCheckError):
        masked_softmax(torch.zeros(B, Q, K), torch.ones(B, Q, K).long())


@LENGTHS
@SHAPES
def test_mask_marks_the_first_keys(valid_lens, shape, device):
    mask = length_mask(valid_lens.to(device), shape)
    rows = Q if valid_lens.ndim == 2 else 1
    assert mask.shape == (B, *[1] * (len(shape) - 3), rows, K)
    assert mask.dtype == torch.bool
    assert mask.device.type == device
    for *index, j in itertools.product(*map(range, shape)):
        marked = mask.expand(shape)[(*index, j)]
        assert marked == (j < length_of(valid_lens, index[0], index[-1]))


def test_no_lengths_no_mask():
    assert length_mask(None, (B, Q, K)) is None


@pytest.mark.parametrize(
    "kind", [torch.uint8, torch.int8, torch.int16, torch.int32]
)
def test_any_integers_count(kind):
    many = (B, Q, 300)  # more keys than an int8 can count
    lens = PER_SEQUENCE.to(kind)
    assert length_mask(lens, many).equal(length_mask(PER_SEQUENCE, many))


@pytest.mark.parametrize("shape", [(0, Q, K), (B, 0, K), (B, Q, 0)], ids=str)
def test_nothing_to_attend(shape):
    for size in (shape[:1], shape[:2]):
        lens = torch.zeros(size, dtype=torch.int64)
        assert masked_softmax(torch.zeros(shape), lens).shape == shape


WRONG_LENGTHS = [
    ([4, 0, 7], (B, Q, K), "None or .* a tensor of integers .* but is list"),
    (torch.tensor([4.0, 0, 7]), (B, Q, K), "integers .* but is torch.float32"),
    (torch.ones(B).bool(), (B, Q, K), r"integers .*mask.sum.* torch.bool"),
    (torch.ones(B, K).long(), (B, Q, K), r"shape \(3, 7\), as a mask has"),
    (torch.eye(B, K).long(), (B, K, K), "only 0 and 1, as a mask does"),
    (torch.tensor([4, -1, 7]), (B, Q, K), "0 and .* 7, but goes from -1 to 7"),
    (torch.tensor([4, 8, 2]), (B, Q, K), "0 and .* 7, but goes from 2 to 8"),
    (torch.tensor(4), (B, Q, K), r"\(3,\) or \(3, 5\).* has shape \(\)"),
    (torch.ones(2).long(), (B, Q, K), r"\(3,\) or .* has shape \(2,\)"),
    (torch.ones(Q, B).long(), (B, Q, K), r"\(3, 5\).* has shape \(5, 3\)"),
    (torch.ones(B, 1).long(), (B, Q, K), r"\(3, 5\).* has shape \(3, 1\)"),
    (torch.ones(B, Q, K).long(), (B, Q, K), r"has shape \(3, 5, 7\)"),
    (torch.ones(Q).long(), (Q, K), r"batch, .* have shape \(5, 7\)"),
]


@pytest.mark.parametrize(("valid_lens", "shape", "message"), WRONG_LENGTHS)
@pytest.mark.usefixtures("unchecked")
def test_wrong_lengths(valid_lens, shape, message):
    with pytest.raises(ValueError, match=f"^valid_lens .*{message}"):
        length_mask(valid_lens, shape)
    with pytest.raises(ValueError, match=f"^valid_lens .*{message}"):
        masked_softmax(torch.zeros(shape), valid_lens)


@LENGTHS
@SHAPES
def test_softmax_is_the_formula(valid_lens, shape, dtype, device):
    scores = torch.randn(shape).to(device, dtype)
    weights = masked_softmax(scores, valid_lens.to(device))
    assert weights.dtype == dtype
    expected = written_out(scores.cpu(), valid_lens)
    torch.testing.assert_close(weights.cpu(), expected.to(dtype))
    assert (weights.cpu()[expected == 0] == 0).all()


def test_no_lengths_is_the_plain_softmax():
    scores = torch.randn(B, Q, K)
    assert masked_softmax(scores).equal(scores.softmax(dim=-1))


@pytest.mark.parametrize("padding", ["min", "max", "inf", "-inf", "nan"])
def test_padding_changes_nothing(padding, dtype):
    ends = {"min": torch.finfo(dtype).min, "max": torch.finfo(dtype).max}
    fill = ends.get(padding) or float(padding)
    scores = torch.randn(B, Q, K).to(dtype).requires_grad_()
    lens = torch.full((B,), K)
    padded = torch.cat([scores, torch.full_like(scores, fill)], dim=-1)
    weights = masked_softmax(padded, lens)
    torch.testing.assert_close(weights[..., :K], masked_softmax(scores))
    assert (weights[..., K:] == 0).all()
    some = torch.randn(B, Q, K).to(dtype)
    grads = [
        torch.autograd.grad((w * some).sum(), scores)[0]
        for w in (weights[..., :K], masked_softmax(scores))
    ]
    torch.testing.assert_close(*grads)


@LENGTHS
def test_gradients_are_right_and_finite(valid_lens, dtype, device):
    scores = torch.randn(B, Q, K).to(device, dtype).requires_grad_()
    weights = masked_softmax(scores, valid_lens.to(device))
    (weights * torch.randn_like(weights)).sum().backward()
    assert scores.grad.isfinite().all()
    masked = ~length_mask(valid_lens, (B, Q, K)).expand(B, Q, K)
    assert (scores.grad.cpu()[masked] == 0).all()
    double = scores.detach().double().requires_grad_()
    assert gradcheck(masked_softmax, (double, valid_lens.to(device)))


@pytest.mark.filterwarnings("ignore:Anomaly Detection")
def test_no_nan_on_the_way_back(dtype):
    scores = torch.randn(B, Q, K).to(dtype).requires_grad_()
    with torch.autograd.detect_anomaly():
        masked_softmax(scores, PER_SEQUENCE).square().sum().backward()


def test_low_scores_are_still_above_masked_ones(dtype):
    scores = torch.full((B, Q, K), torch.finfo(dtype).min / 2, dtype=dtype)
    weights = masked_softmax(scores, PER_SEQUENCE)
    expected = masked_softmax(torch.zeros_like(scores), PER_SEQUENCE)
    torch.testing.assert_close(weights, expected)


def test_what_may_be_lengths_is_no_mask():
    for lens in (torch.zeros(B, K), torch.ones(B, K), torch.eye(B, K) * 2):
        length_mask(lens.long(), (B, K, K))
    length_mask(torch.tensor([0, 1, 1]), (B, K, K))


def test_numbers_are_looked_at_again_when_they_change():
    lens = PER_SEQUENCE.clone()
    length_mask(lens, (B, Q, K))
    with pytest.raises(ValueError, match="goes from 0 to 7"):
        length_mask(lens, (B, Q, K - 1))
    lens[1] = K + 1
    with pytest.raises(ValueError, match="goes from 4 to 8"):
        length_mask(lens, (B, Q, K))


@LENGTHS
@pytest.mark.usefixtures("compiler")
def test_compiles_and_exports(valid_lens):
    class Softmax(torch.nn.Module):
        def forward(self, scores, lens):
            return masked_softmax(scores, lens)

    assert_travels(Softmax(), (torch.randn(B, Q, K), valid_lens), Softmax())
