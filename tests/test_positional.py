"""The positional encoding."""

import math

import pytest
import torch
from oracles import assert_travels
from torch import nn

from d2lattn.positional import LearnedPositions, PositionalEncoding

B, N, D, MAX_LEN = 2, 5, 7, 11
SIZES = pytest.mark.parametrize("num_hiddens", [1, 2, D, 12])


@SIZES
def test_is_the_formula(num_hiddens):
    P = PositionalEncoding(num_hiddens, max_len=MAX_LEN).P
    assert P.shape == (1, MAX_LEN, num_hiddens)
    for i in range(MAX_LEN):
        for j in range(num_hiddens):
            angle = i / 10000 ** ((j - j % 2) / num_hiddens)
            expected = math.cos(angle) if j % 2 else math.sin(angle)
            assert P[0, i, j].item() == pytest.approx(expected, abs=1e-7)


def test_far_positions_are_exact():
    far = 10**6
    P = PositionalEncoding(4, max_len=far + 1).P
    expected = [
        f(far / 10000**r) for r in (0, 0.5) for f in (math.sin, math.cos)
    ]
    torch.testing.assert_close(P[0, far], torch.tensor(expected))


@SIZES
@pytest.mark.parametrize("offset", [0, 1, MAX_LEN - N])
def test_is_added_from_the_offset_on(offset, num_hiddens, device):
    encoding = PositionalEncoding(num_hiddens, max_len=MAX_LEN).to(device)
    X = torch.randn(B, N, num_hiddens, device=device)
    before = X.clone()
    expected = X + encoding.P[:, offset : offset + N]
    assert encoding(X, offset).equal(expected)
    assert X.equal(before)
    parts = [
        encoding(part, offset + i) for i, part in enumerate(X.split(1, dim=1))
    ]
    assert torch.cat(parts, dim=1).equal(expected)


def test_follows_the_module(dtype, device):
    encoding = PositionalEncoding(D).to(device, dtype)
    assert (encoding.P.dtype, encoding.P.device.type) == (dtype, device)
    output = encoding(torch.zeros(B, N, D, dtype=dtype, device=device))
    assert (output.dtype, output.device.type) == (dtype, device)


@SIZES
@pytest.mark.parametrize(
    "journey",
    [
        lambda x: x.to_empty(device="cpu"),
        lambda x: x.to("meta").to_empty(device="cpu"),
        lambda x: x.bfloat16().float(),
        lambda x: x.half().float(),
        lambda x: nn.Sequential(x).half().float()[0],
    ],
)
def test_survives_what_happens_to_modules(num_hiddens, journey):
    exact = PositionalEncoding(num_hiddens, max_len=MAX_LEN).P
    encoding = PositionalEncoding(num_hiddens, max_len=MAX_LEN)
    assert journey(encoding).P.equal(exact)


def test_has_nothing_to_save_or_learn():
    encoding = PositionalEncoding(D)
    assert not encoding.state_dict()
    assert not list(encoding.parameters())


def test_dropout():
    encoding = PositionalEncoding(D, dropout=0.5, max_len=N)
    X = torch.randn(B, N, D)
    exact = X + encoding.P
    dropped = encoding(X)
    kept = dropped != 0
    assert 0 < kept.sum() < kept.numel()
    torch.testing.assert_close(dropped[kept], 2 * exact[kept])
    assert encoding.eval()(X).equal(exact)


@pytest.mark.parametrize(
    ("length", "offset", "message"),
    [
        (MAX_LEN + 1, 0, "12 of them from offset 0 go up to 11"),
        (N, MAX_LEN - N + 1, "5 of them from offset 7 go up to 11"),
        (1, -1, "1 of them from offset -1"),
    ],
)
def test_wrong_positions(length, offset, message):
    encoding = PositionalEncoding(D, max_len=MAX_LEN)
    message = (
        f"positions must lie between 0 and max_len - 1, .* 10, but {message}"
    )
    with pytest.raises(ValueError, match=message):
        encoding(torch.zeros(B, length, D), offset)


@pytest.mark.usefixtures("compiler")
def test_compiles_and_exports():
    inputs = torch.randn(B, N, D), 3
    assert_travels(PositionalEncoding(D), inputs, PositionalEncoding(D))


@pytest.mark.parametrize("offset", [0, 1, MAX_LEN - N])
def test_learned_positions(offset, device):
    positions = LearnedPositions(D, max_len=MAX_LEN).to(device)
    X = torch.randn(B, N, D, device=device)
    output = positions(X, offset)
    assert output.equal(X + positions.P[:, offset : offset + N])
    output.sum().backward()
    reached = positions.P.grad[0].abs().sum(dim=-1) > 0
    assert reached.nonzero().flatten().tolist() == [*range(offset, offset + N)]
    with pytest.raises(ValueError, match=r"^positions must lie between 0"):
        positions(X, MAX_LEN - N + 1)


@pytest.mark.usefixtures("compiler")
def test_learned_positions_travel():
    inputs = torch.randn(B, N, D), 3
    assert_travels(LearnedPositions(D), inputs, LearnedPositions(D))
