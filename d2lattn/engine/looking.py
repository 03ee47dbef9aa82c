"""All there is to see of a translation, computed by PyTorch for any model."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from d2lattn.beams import hypotheses
from d2lattn.corpora.vocabulary import Vocab
from d2lattn.decoding import BeamStep, beam_steps
from d2lattn.modes import evaluating
from d2lattn.multihead import CausalAttention
from d2lattn.positional import PositionalEncoding
from d2lattn.recording import attention_paths, record_attention, uncompiled

LONGEST = 40  # words of a translation


class Look(NamedTuple):
    """A translation and how it came about.

    `read` and `written` are words, with the `<eos>`; `tokens` are the numbers
    of those written. `probs` holds the probability of each word in each
    place, `weights` those of each attention, by its path, and `kept` the
    log-probability of every beginning that the search kept.
    """

    read: list[str]
    written: list[str]
    tokens: tuple[int, ...]
    log_prob: float
    probs: Float[Tensor, "T V"]
    weights: dict[str, Float[Tensor, "H Q K"]]
    kept: dict[tuple[int, ...], float]


def attentions(model: nn.Module) -> dict[str, Any]:
    """The attentions of a model by their paths: none for one vector.

    >>> attentions(nn.Linear(2, 2))
    {}
    """
    try:
        paths = attention_paths(model)
    except ValueError:  # it holds none
        return {}
    found = {}
    for module, path in paths.items():
        found.setdefault(path, module)  # and none that is part of it
    return found


def title(path: str, attention: nn.Module) -> tuple[str, str, str]:
    """What an attention is called, and the lines of its queries and keys.

    >>> title("decoder.blks.1.attention1", CausalAttention())
    ('Decoder: French looks back at French, block 2', 'tgt', 'tgt')
    >>> title("blks.0.attention", CausalAttention())  # it has no source
    ('Each word looks back, block 1', 'tgt', 'tgt')
    """
    block = "".join(
        f", block {int(it) + 1}" for it in path.split(".") if it.isdigit()
    )
    if path.startswith("blks"):
        return f"Each word looks back{block}", "tgt", "tgt"
    if path.startswith("encoder"):
        return f"Encoder: English looks at English{block}", "src", "src"
    if any(isinstance(it, CausalAttention) for it in attention.modules()):
        return f"Decoder: French looks back at French{block}", "tgt", "tgt"
    return f"Across: French looks at English{block}", "tgt", "src"


@contextmanager
def without(
    model: nn.Module,
    heads: Mapping[str, Sequence[int]],
    *,
    positions: bool = False,
) -> Iterator[None]:
    """Leave out heads, or the positions, inside the block.

    What a head adds is zero, as if its stripe of W_o were; a single head
    without W_o has an output of zeros. Nothing in the model is overwritten.

    Args:
        model: any.
        heads: those to leave out of each attention, by its path.
        positions: whether the positional encoding is left out, too.
    """
    with uncompiled(), ExitStack() as stack:
        for handle in _hooks(model, heads, positions):
            stack.callback(handle.remove)
        yield


def _hooks(
    model: nn.Module, heads: Mapping[str, Sequence[int]], positions: bool
) -> Iterator[Any]:
    """Register the hooks of `without`, and say how to remove each."""
    found = attentions(model)
    for path, off in heads.items():
        if off and hasattr(found[path], "W_o"):
            silence = _silence(found[path].num_heads, off)
            yield found[path].W_o.register_forward_pre_hook(silence)
        elif off:
            yield found[path].register_forward_hook(
                lambda module, args, output: torch.zeros_like(output)
            )
    for module in model.modules():
        if positions and isinstance(module, PositionalEncoding):
            yield module.register_forward_hook(
                lambda module, args, output: args[0]
            )


def _silence(num_heads: int, off: Sequence[int]) -> Any:
    """A hook that sets what these heads give to W_o to zero."""

    def hook(module: nn.Module, args: tuple[Tensor]) -> Tensor:
        pieces = args[0].unflatten(-1, (num_heads, -1)).clone()  # (B, Q, H, d)
        pieces[..., [*off], :] = 0
        return pieces.flatten(-2)

    return hook


def look(
    model: Any,
    words: Sequence[str],
    src_vocab: Vocab,
    tgt_vocab: Vocab,
    *,
    beam_size: int = 1,
) -> Look:
    """Translate a sentence as `translate` does, and keep how it came about.

    Raises `ValueError` where `beam_search` does.

    >>> from d2lattn.seq2seq import *
    >>> vocabs = Vocab([["he", "ran"]]), Vocab([["il", "court"]])
    >>> encoder = Seq2SeqEncoder(6, 8, num_hiddens=16, num_layers=1)
    >>> decoder = Seq2SeqAttentionDecoder(6, 8, 16, num_layers=1)
    >>> seen = look(EncoderDecoder(encoder, decoder), ["he", "ran"], *vocabs)
    >>> seen.read
    ['he', 'ran', '<eos>']
    >>> seen.weights["decoder.attention"].shape == (1, len(seen.written), 3)
    True
    """
    read = [*words, src_vocab.words[src_vocab.eos]]
    device = next(model.parameters()).device
    src = torch.tensor([src_vocab.encode(read)], device=device)  # (1, K)
    bos, eos = tgt_vocab.bos, tgt_vocab.eos
    encoding = getattr(model.decoder, "pos_encoding", None)
    steps = [
        *beam_steps(
            model,
            src,
            bos=bos,
            eos=eos,
            beam_size=beam_size,
            length_penalty=0.6,
            max_len=min(LONGEST, getattr(encoding, "max_len", LONGEST)),
        )
    ]
    best = hypotheses(steps[-1].after, eos)[0][0]
    tokens = (*best.tokens, *[eos] * best.finished)
    tgt = torch.tensor([[bos, *tokens[:-1]]], device=device)  # (1, T)
    recording = record_attention(model) if attentions(model) else nullcontext()
    with evaluating(model), recording as calls:
        state = model.decoder.init_state(model.encoder(src))
        logits, _ = model.decoder(tgt, state)  # (1, T, V)
    return Look(
        read,
        [tgt_vocab.words[token] for token in tokens],
        tokens,
        best.log_prob,
        logits[0].softmax(-1, dtype=torch.float32).cpu(),
        {path: joined(weights) for path, weights in (calls or {}).items()},
        _kept(steps, eos),
    )


def joined(calls: list[Tensor]) -> Float[Tensor, "H Q K"]:
    """The weights of an attention, which may be called once a word."""
    weights = torch.cat(calls, dim=-2)[0].float().cpu()  # (..., Q, K)
    return weights.reshape(-1, *weights.shape[-2:])


def _kept(steps: list[BeamStep], eos: int) -> dict[tuple[int, ...], float]:
    """Every beginning in a beam, without `<bos>`, up to its `<eos>`."""
    kept = {}
    for step in steps:
        rows = step.after.tokens[0, :, 1:].tolist()
        for row, total in zip(rows, step.after.log_probs[0], strict=True):
            end = row.index(eos) + 1 if eos in row else len(row)
            if total > -torch.inf:
                kept[tuple(row[:end])] = float(total)
    return kept
