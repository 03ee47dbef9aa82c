"""Drawing by chance, against counts and against the definitions."""

import torch

from d2lattn.language_model import LanguageModel
from d2lattn.sampling import draw, generate, top_k, top_p


def test_cut():
    logits = torch.randn(3, 5, 11)
    assert (top_k(logits, 7) > -torch.inf).sum(-1).eq(7).all()
    assert top_p(logits, 1.0).equal(logits)


def test_draws():
    logits = torch.randn(7)
    counts = draw(logits.expand(100_000, 7)).bincount(minlength=7)
    expected = 100_000 * logits.softmax(-1)
    assert ((counts - expected) ** 2 / expected).sum() < 22.5


def test_greedy():
    model = LanguageModel(19, 12, 11, 3, 2)
    texts = torch.randint(19, (3, 5))
    new = generate(model, texts, max_len=4, k=1)
    for _ in range(4):
        token = model(texts)[0][:, -1].argmax(-1, keepdim=True)
        texts = torch.cat([texts, token], dim=1)
    assert new == texts[:, 5:].tolist()
