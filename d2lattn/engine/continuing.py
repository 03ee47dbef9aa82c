"""All there is to see of a text that goes on, computed by PyTorch."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from d2lattn.engine.looking import attentions, joined
from d2lattn.modes import evaluating
from d2lattn.recording import record_attention
from d2lattn.sampling import generate, top_k, top_p, with_temperature

LONGEST = 60  # tokens of a text


class Rule(NamedTuple):
    """How words are chosen, and at which `<eos>` of a text it stops.

    `k` and `p` are as in `generate`; `seed` names the numbers that chance
    brings.

    >>> Rule(k=1)  # the most probable word
    Rule(temperature=1.0, k=1, p=None, ends=2, seed=0)
    """

    temperature: float = 1.0
    k: int | None = None
    p: float | None = None
    ends: int = 2
    seed: int = 0

    def probs(self, logits: Float[Tensor, "*B V"]) -> Float[Tensor, "*B V"]:
        """The probabilities that words are drawn with, 0 for what is cut.

        >>> Rule(k=2).probs(torch.tensor([0.1, 0.3, 0.6]).log())
        tensor([0.0000, 0.3333, 0.6667], dtype=torch.float64)
        """
        logits = with_temperature(logits.double(), self.temperature)
        logits = logits if self.k is None else top_k(logits, self.k)
        logits = logits if self.p is None else top_p(logits, self.p)
        return logits.softmax(-1)


class Text(NamedTuple):
    """A text and how it came about.

    `tokens` begin with `<bos>`. `logits` are those for each token after it,
    `weights` those of each attention, by its path, and `kept` says how many
    numbers the state holds for each token that was read.
    """

    tokens: list[int]
    logits: Float[Tensor, "T V"]
    weights: dict[str, Float[Tensor, "H T T"]]
    kept: float


def go_on(model: Any, tokens: Sequence[int], eos: int, rule: Rule) -> Text:
    """Go on with a text, up to the `<eos>` that the rule wants.

    Raises `ValueError` where `generate` does.

    >>> from d2lattn.language_model import LanguageModel
    >>> model = LanguageModel(100, 8, 16, num_heads=2, num_blks=1)
    >>> text = go_on(model, [1, 7], eos=2, rule=Rule(ends=1))
    >>> T = len(text.tokens) - 1
    >>> text.weights["blks.0.attention"].shape == (2, T, T)
    True
    """
    whole = [*tokens]
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(rule.seed)
    encoding = getattr(model, "pos_encoding", None)
    longest = min(LONGEST, getattr(encoding, "max_len", LONGEST))
    while whole.count(eos) < rule.ends and (room := longest - len(whole)) > 0:
        (new,) = generate(
            model,
            torch.tensor([whole], device=device),
            max_len=room,
            eos=eos,
            temperature=rule.temperature,
            k=rule.k,
            p=rule.p,
            generator=generator,
        )
        whole += [*new, *[eos] * (len(new) < room)]
    recording = record_attention(model) if attentions(model) else nullcontext()
    with evaluating(model), recording as calls:
        read = torch.tensor([whole[:-1]], device=device)  # (1, T)
        logits, state = model(read)
    numbers = sum(k.numel() + v.numel() for k, v in state.caches)
    return Text(
        whole,
        logits[0].float().cpu(),
        {path: joined(weights) for path, weights in (calls or {}).items()},
        numbers / read.numel(),
    )
