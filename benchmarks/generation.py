"""What does the cache save when a language model writes, and how large is it?

Both sizes of the model write one more token after contexts of several
lengths, and whole texts, with the cache and without. Beside it stands the same
model with the layers of PyTorch, `nn.TransformerEncoderLayer`, which keep
nothing, so each token means reading all of the text again. Its weights are
copied from ours, and it has to give the same logits and write the same texts.
Without a cache, only the last token goes through the output layer.

Contenders take turns in one process, as in `attention.py`.

    python benchmarks/generation.py

prints the tables and writes `results/generation.json`. `--seconds` is the time
that each comparison gets. On a busy machine, `--busy` counts the processor
time of a single thread instead.
"""

import argparse
import json
import os
import platform
import shlex
import sys
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path

import attention
import torch
from attention import processor, side_by_side, words
from torch import Tensor, nn

from d2lattn.caching import LanguageModelState
from d2lattn.language_model import LanguageModel, through_blocks
from d2lattn.sampling import generate

RESULTS = Path(__file__).with_name("results") / "generation.json"
VOCAB = 1000
SIZES = {  # D, feed-forward, heads, blocks
    "chapter 7": (64, 192, 4, 3),
    "larger": (256, 1024, 8, 4),
}
CONTEXTS = 16, 64, 256, 1024
TEXTS = 64, 256


def make(size):
    """Our model of this size, with biases, as PyTorch's layers have them."""
    return LanguageModel(VOCAB, *size, use_bias=True, max_len=2048).eval()


class Twin(nn.Module):
    """The same function with PyTorch's layers, called in the same way.

    What it keeps of a text are the tokens.
    """

    def __init__(self, ours: LanguageModel):
        super().__init__()
        self.embedding, self.scale = ours.embedding, ours.scale
        self.pos_encoding, self.dense = ours.pos_encoding, ours.dense
        layers = [twin_of(blk) for blk in ours.blks]
        self.stack = nn.TransformerEncoder(
            layers[0], len(layers), ours.ln, enable_nested_tensor=False
        )
        self.stack.layers = nn.ModuleList(layers)

    def forward(
        self, X: Tensor, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        texts = X if state is None else torch.cat([state, X], dim=1)
        X = self.pos_encoding(self.embedding(texts) * self.scale)
        n = X.shape[1]
        later = nn.Transformer.generate_square_subsequent_mask(n)
        X = self.stack(X, mask=later, is_causal=True)
        return self.dense(X[:, -1:]), texts


@torch.no_grad()
def twin_of(blk):
    """PyTorch's layer with the weights of a block."""
    heads, ffn = blk.attention, blk.ffn
    layer = nn.TransformerEncoderLayer(
        ffn.dense1.in_features,
        heads.num_heads,
        ffn.dense1.out_features,
        dropout=0.0,
        batch_first=True,
        norm_first=True,
    )
    inputs = [heads.W_q, heads.W_k, heads.W_v]
    layer.self_attn.in_proj_weight.copy_(torch.cat([W.weight for W in inputs]))
    layer.self_attn.in_proj_bias.copy_(torch.cat([W.bias for W in inputs]))
    for theirs, ours in (
        (layer.self_attn.out_proj, heads.W_o),
        (layer.linear1, ffn.dense1),
        (layer.linear2, ffn.dense2),
        (layer.norm1, blk.addnorm1.ln),
        (layer.norm2, blk.addnorm2.ln),
    ):
        theirs.load_state_dict(ours.state_dict())
    return layer.eval()


class Forgetful(nn.Module):
    """Our model without its cache: it keeps the tokens, and reads anew."""

    def __init__(self, ours: LanguageModel):
        super().__init__()
        self.ours, self.pos_encoding = ours, ours.pos_encoding

    def forward(
        self, X: Tensor, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        texts = X if state is None else torch.cat([state, X], dim=1)
        X = self.ours.embedding(texts) * self.ours.scale
        start = self.ours.init_state(len(texts))
        X, _ = through_blocks(self.ours.blks, self.pos_encoding(X), start)
        return self.ours.dense(self.ours.ln(X[:, -1:])), texts


@contextmanager
def fast_path(wanted):
    """Let PyTorch's layers take their fast path, or keep them from it.

    It builds all weights where a mask is given, so it is slow on long texts.
    """
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(wanted)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def on_path(wanted, call):
    """The call, with PyTorch's fast path or without."""

    def run():
        with fast_path(wanted):
            return call()

    return run


def contenders(size):
    """The models of a size, by name, and whether on PyTorch's fast path."""
    ours = make(size)
    twin = Twin(ours).eval()
    return {
        "cached": (ours, False),
        "all over again": (Forgetful(ours).eval(), False),
        "nn": (twin, False),
        "nn, fast path": (twin, True),
    }


def cache_bytes(state: LanguageModelState):
    """The bytes of all keys and values."""
    return sum(x.nbytes for cache in state.caches for x in cache)


@torch.no_grad()
def steps(seconds):
    """One more token after a context."""
    for name, size in SIZES.items():
        for context in CONTEXTS:
            models, texts = contenders(size), some_text(context + 1)
            calls, answers = {}, []
            for contender, (model, fast) in models.items():
                _, state = model(texts[:, :-1], None)
                call = on_path(fast, partial(model, texts[:, -1:], state))
                answers.append(call()[0])
                calls[contender] = call
            for answer in answers[1:]:
                torch.testing.assert_close(answer, answers[0])
            _, state = models["cached"][0](texts[:, :-1])
            row = {"size": name, "context": context}
            row["cache_bytes"] = cache_bytes(state)
            yield row | side_by_side(calls, seconds)


def some_text(length):
    """One text of tokens."""
    return torch.randint(VOCAB, (1, length))


def texts(seconds):
    """Texts from a first token on, the most probable one after the other."""
    for name, size in SIZES.items():
        for length in TEXTS:
            models, first = contenders(size), some_text(1)
            del models["nn, fast path"]  # slower, as the steps show
            options = {"max_len": length, "k": 1}
            calls = {
                contender: on_path(
                    fast, partial(generate, model, first, **options)
                )
                for contender, (model, fast) in models.items()
            }
            written = [call() for call in calls.values()]
            assert all(some == written[0] for some in written)
            found = side_by_side(calls, seconds)
            rates = {
                n: round(length / ms * 1e3) for n, ms in found["ms"].items()
            }
            row = {"size": name, "tokens": length, "tokens_per_second": rates}
            yield row | found


def main():
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--busy", action="store_true")
    arguments = parser.parse_args()
    if arguments.busy:
        attention.THREADS = 1
    torch.set_num_threads(attention.THREADS)
    torch.manual_seed(1)
    sizes = "num_hiddens", "ffn_num_hiddens", "num_heads", "num_blks"
    found = {
        "command": shlex.join(
            ["python", "benchmarks/generation.py", *sys.argv[1:]]
        ),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("d2lattn", "torch")},
        },
        "machine": {
            "processor": processor(),
            "cores": os.cpu_count(),
            "threads": attention.THREADS,
            "clock": "processor time" if arguments.busy else "wall",
        },
        "sizes": {
            name: dict(zip(sizes, size, strict=True)) | {"vocab_size": VOCAB}
            for name, size in SIZES.items()
        },
    }
    for question in (steps, texts):
        print(f"\n{question.__doc__}")
        rows = found[question.__name__] = []
        for row in question(arguments.seconds):
            rows.append(row)
            print("  ", words(row), flush=True)
    text = json.dumps(found, indent=2) + "\n"
    RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
