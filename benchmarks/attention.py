"""Is the attention that the chapters print as fast as PyTorch's own?

Contenders take turns in one process, in a new order each round. What counts
is the median over the rounds of our time divided by theirs, so that other
work of the machine slows both alike.

    python benchmarks/attention.py

prints the tables and writes `results/attention.json`. `--seconds` is the time
that each comparison gets. On a busy machine, `--busy` counts the processor
time of a single thread instead. `--only` measures some of the questions, and
keeps what is known of the others.
"""

import argparse
import gc
import json
import math
import multiprocessing
import os
import platform
import random
import shlex
import statistics
import sys
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.attention.flex_attention import (
    create_block_mask,
    flex_attention,
)

from d2lattn.multihead import MultiHeadAttention
from d2lattn.online import online_attention
from d2lattn.recording import record_attention
from d2lattn.scoring import DotProductAttention
from d2lattn.seq2seq import EncoderDecoder
from d2lattn.transformer import TransformerDecoder, TransformerEncoder
from d2lattn.windows import WindowAttention, window_mask

RESULTS = Path(__file__).with_name("results") / "attention.json"
THREADS = 2
NUM_HIDDENS, FFN, NUM_HEADS, NUM_BLKS, VOCAB = 256, 1024, 8, 2, 1000
BATCHES = {10: 128, 128: 16, 512: 4, 2048: 2}  # sequences of each length
LONG = 1024, 2048, 4096, 8192
PREFIX, PREFIXES = 512, (64, 512, 1024, 2048, 4096)
# A short call is repeated for so many seconds, and so is a step of decoding.
LEAST_ROUNDS, LEAST_TIME = 7, 0.05


def side_by_side(calls, seconds):
    """Milliseconds of each, and quartiles of the first one's ratio to each."""
    repeats = {}
    for name, call in calls.items():
        call()
        once = clock(call)
        repeats[name] = max(1, math.ceil(LEAST_TIME / once))
    rounds, end = [], time.perf_counter() + seconds
    gc.disable()
    while len(rounds) < LEAST_ROUNDS or time.perf_counter() < end:
        order = random.sample(list(calls), len(calls))
        rounds.append(
            {name: clock(calls[name], repeats[name]) for name in order}
        )
        gc.collect()
    gc.enable()
    ours, *others = calls
    found = {"rounds": len(rounds), "ms": {}, "ratio": {}}
    for name in calls:
        median = statistics.median(times[name] for times in rounds)
        found["ms"][name] = round(median * 1e3, 3)
    for name in others:
        ratios = [times[ours] / times[name] for times in rounds]
        quartiles = statistics.quantiles(ratios, n=4)
        found["ratio"][name] = [round(ratio, 4) for ratio in quartiles]
    return found


def clock(call, repeats=1):
    """Seconds per call, from several calls in a row."""
    now = time.thread_time if THREADS == 1 else time.perf_counter
    start = now()
    for _ in range(repeats):
        call()
    return (now() - start) / repeats


class Bare(nn.Module):
    """Four projections around PyTorch's fused kernel, and nothing else."""

    def __init__(self):
        super().__init__()
        for name in ("W_q", "W_k", "W_v", "W_o"):
            layer = nn.Linear(NUM_HIDDENS, NUM_HIDDENS, bias=False)
            self.add_module(name, layer)

    def forward(self, X, mask):
        shape = *X.shape[:2], NUM_HEADS, -1
        q, k, v = (
            W(X).view(shape).transpose(1, 2)
            for W in (self.W_q, self.W_k, self.W_v)
        )
        heads = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.W_o(heads.transpose(1, 2).flatten(2))


def draw_lengths(batch_size, length):
    """Lengths between half of the length and all of it."""
    lens = torch.randint(length // 2, length + 1, (batch_size,))
    lens[0] = length
    return lens


def trained(module, call):
    """The call, and the gradients of its sum."""

    def both():
        module.zero_grad()
        call().sum().backward()

    return both


def layers(seconds):
    """Multi-head self-attention over padded sequences."""
    for length, batch_size in BATCHES.items():
        X = torch.randn(batch_size, length, NUM_HIDDENS)
        lens = draw_lengths(batch_size, length)
        mask = torch.arange(length) < lens[:, None]
        ours, bare = MultiHeadAttention(NUM_HIDDENS, NUM_HEADS), Bare()
        theirs = nn.MultiheadAttention(
            NUM_HIDDENS, NUM_HEADS, bias=False, batch_first=True
        )
        options = {"key_padding_mask": ~mask, "need_weights": False}
        modules = {"ours": ours, "bare": bare, "nn": theirs}
        calls = {
            "ours": partial(ours, X, X, X, lens),
            "bare": partial(bare, X, mask[:, None, None]),
            "nn": lambda m=theirs, X=X, o=options: m(X, X, X, **o)[0],
        }
        row = {"length": length, "batch_size": batch_size}
        for module in modules.values():
            module.eval()
        with torch.no_grad():
            found = side_by_side(calls, seconds)
        yield row | {"pass": "forward, no gradients"} | found
        for module in modules.values():
            module.train()
        yield row | {"pass": "forward"} | side_by_side(calls, seconds)
        both = {name: trained(modules[name], calls[name]) for name in calls}
        row["pass"] = "forward and backward"
        yield row | side_by_side(both, seconds)


def transformer(dropout=0.0):
    """Our Transformer, with biases, as PyTorch's has them."""
    sizes = VOCAB, NUM_HIDDENS, FFN, NUM_HEADS, NUM_BLKS, dropout, True
    return EncoderDecoder(
        TransformerEncoder(*sizes, max_len=2 * max(LONG)),
        TransformerDecoder(*sizes, max_len=2 * max(LONG)),
    )


class Twin(nn.Module):
    """The same with `nn.Transformer` between embeddings and output layer."""

    def __init__(self, dropout=0.0):
        super().__init__()
        ours = transformer(dropout)
        self.src_embedding = ours.encoder.embedding
        self.tgt_embedding = ours.decoder.embedding
        self.pos_encoding = ours.encoder.pos_encoding
        self.dense = ours.decoder.dense
        blocks = NUM_BLKS, NUM_BLKS
        self.transformer = nn.Transformer(
            NUM_HIDDENS, NUM_HEADS, *blocks, FFN, dropout, batch_first=True
        )

    def forward(self, src, tgt, src_valid_lens):
        padding = torch.arange(src.shape[1]) >= src_valid_lens[:, None]
        later = nn.Transformer.generate_square_subsequent_mask(tgt.shape[1])
        scale = math.sqrt(NUM_HIDDENS)
        X = self.transformer(
            self.pos_encoding(self.src_embedding(src) * scale),
            self.pos_encoding(self.tgt_embedding(tgt) * scale),
            tgt_mask=later,
            src_key_padding_mask=padding,
            memory_key_padding_mask=padding,
            tgt_is_causal=True,
        )
        return self.dense(X)


def training_step(model, batch, labels):
    """A function: forward, backward, and a step of Adam."""
    optimizer = torch.optim.Adam(model.parameters())

    def run():
        logits = model(*batch).flatten(0, 1)
        optimizer.zero_grad()
        F.cross_entropy(logits, labels.flatten()).backward()
        optimizer.step()

    return run


def training(seconds):
    """A training step of the Transformer."""
    for length, batch_size in BATCHES.items():
        src, tgt, labels = torch.randint(VOCAB, (3, batch_size, length))
        batch = src, tgt, draw_lengths(batch_size, length)
        # On a CPU, PyTorch's fused kernel knows no dropout: weights exist.
        for dropout in (0.0, 0.1) if length < 2048 else (0.0,):
            models = {"ours": transformer(dropout), "nn": Twin(dropout)}
            calls = {
                name: training_step(model, batch, labels)
                for name, model in models.items()
            }
            row = {"length": length, "batch_size": batch_size}
            row["dropout"] = dropout
            yield row | side_by_side(calls, seconds)


def started(model, batch_size, prefix):
    """States before the target and after a prefix of it, and the target."""
    src = torch.randint(VOCAB, (batch_size, 32))
    tgt = torch.randint(VOCAB, (batch_size, prefix + 1))
    start = model.decoder.init_state(model.encoder(src))
    _, state = model.decoder(tgt[:, :-1], start)
    return start, state, tgt


@torch.no_grad()
def decoding(seconds):
    """One more token after a prefix: with the cache, and without."""
    model = transformer().eval()
    for batch_size in (1, 16):
        start, state, tgt = started(model, batch_size, PREFIX)
        calls = {
            "cached": partial(model.decoder, tgt[:, -1:], state),
            "all over again": partial(model.decoder, tgt, start),
            "weights alone": partial(multiply, used_in_a_step(model.decoder)),
        }
        row = {"prefix": PREFIX, "batch_size": batch_size}
        yield row | side_by_side(calls, seconds)


def used_in_a_step(decoder):
    """The linear layers that one more token passes through."""
    return [
        module
        for path, module in decoder.named_modules()
        if isinstance(module, nn.Linear)
        and not path.endswith(("attention2.W_k", "attention2.W_v"))
    ]


def multiply(linears):
    """Send one token of one sequence through each, by itself."""
    for linear in linears:
        linear(torch.ones(1, 1, linear.in_features))


@torch.no_grad()
def growth(seconds):
    """One more token after longer and longer prefixes, and its attention."""
    model = transformer().eval()
    size = NUM_HIDDENS // NUM_HEADS
    for batch_size in (1, 16):
        calls = {}
        for prefix in PREFIXES:
            _, state, tgt = started(model, batch_size, prefix)
            calls[f"step {prefix}"] = partial(
                model.decoder, tgt[:, -1:], state
            )
            query = torch.randn(batch_size, NUM_HEADS, 1, size)
            calls[f"attention {prefix}"] = partial(look_back, query, state)
            calls[f"copy {prefix}"] = partial(copy_on, query, state)
        found = side_by_side(calls, len(PREFIXES) * seconds)
        ms = found["ms"]
        times = {
            name: round(
                ms[f"{name} {PREFIXES[-1]}"] / ms[f"{name} {PREFIXES[0]}"], 2
            )
            for name in ("step", "attention", "copy")
        }
        yield {"batch_size": batch_size, "ms": ms, "times": times}


def look_back(query, state):
    """Self-attention over the cache alone, in each block."""
    for cache in state.caches:
        F.scaled_dot_product_attention(query, cache.k, cache.v)


def copy_on(new, state):
    """Concatenate the cache with something new alone, in each block."""
    for cache in state.caches:
        torch.cat([cache.k, new], dim=2)
        torch.cat([cache.v, new], dim=2)


@torch.no_grad()
def groups(seconds):
    """One more token, when heads share the keys and values of a cache."""
    size, length = NUM_HIDDENS // NUM_HEADS, 2048
    for batch_size in (1, 16):
        for shared in (8, 4, 2, 1):
            query = torch.randn(batch_size, NUM_HEADS, 1, size)
            k, v = torch.randn(2, batch_size, shared, length, size)
            sdpa = F.scaled_dot_product_attention
            calls = {
                "ours": partial(DotProductAttention(), query, k, v),
                "enable_gqa": partial(sdpa, query, k, v, enable_gqa=True),
                "repeated": partial(repeated, query, k, v),
            }
            row = {"length": length, "batch_size": batch_size}
            row |= {"num_kv_heads": shared, "cache_MB": bytes_of(k, v)}
            yield row | side_by_side(calls, seconds)


def repeated(query, k, v):
    """Give each head its copy of the keys and values, then attend."""
    times = NUM_HEADS // k.shape[1]
    k, v = (x.repeat_interleave(times, dim=1) for x in (k, v))
    return F.scaled_dot_product_attention(query, k, v)


def bytes_of(*tensors):
    """Megabytes that tensors take."""
    return round(sum(x.numel() * x.itemsize for x in tensors) / 2**20, 2)


@torch.no_grad()
def windows(seconds):
    """A causal window, over a whole sequence at once."""
    size = NUM_HIDDENS // NUM_HEADS
    sdpa = F.scaled_dot_product_attention
    compiled = torch.compile(flex_attention)
    for length, window in ((1024, 64), (4096, 64), (4096, 256)):
        qkv = torch.randn(3, 1, NUM_HEADS, length, size)
        i = torch.arange(length)
        mask = window_mask(i, i, window)

        def near(_b, _h, i, j, window=window):
            return (j <= i) & (j > i - window)

        blocks = create_block_mask(near, None, None, length, length, "cpu")
        calls = {
            "ours": partial(WindowAttention(window), *qkv),
            "mask": partial(sdpa, *qkv, mask),
            "causal, all keys": partial(sdpa, *qkv, is_causal=True),
            "FlexAttention": partial(compiled, *qkv, block_mask=blocks),
        }
        row = {"length": length, "window": window}
        yield row | side_by_side(calls, seconds)


def plain(queries, keys, values):
    """Attention as it is written: all scores, all weights, their mean."""
    scores = queries @ keys.mT / math.sqrt(queries.shape[-1])
    return scores.softmax(dim=-1) @ values


WAYS = {
    "plain": plain,
    "blocks": online_attention,
    "fused": F.scaled_dot_product_attention,
}


@torch.no_grad()
def peak_of(way, length):
    """Megabytes that attention in one head takes at its peak."""
    torch.set_num_threads(1)
    WAYS[way](*torch.randn(3, 1, 1, 8, 32))
    qkv = torch.randn(3, 1, 1, length, 32)
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    before = resident("VmRSS")
    WAYS[way](*qkv)
    return resident("VmHWM") - before


def blocks(_):
    """The peak of memory of one head, in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    for way in WAYS:
        row = {"way": way, "MB": {}}
        for length in (4096, 8192, 16384):
            with spawn.Pool(1) as pool:
                megabytes = pool.apply(peak_of, (way, length))
            row["MB"][length] = round(megabytes, 1)
        yield row


def resident(line):
    """Megabytes of memory of this process, now (VmRSS) or at most (VmHWM)."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    (found,) = [x for x in status.splitlines() if x.startswith(line)]
    return int(found.split()[1]) / 1024


def peak(what, length, recorded):
    """Megabytes that forward and backward take at their peak."""
    torch.set_num_threads(THREADS)
    if what == "MultiHeadAttention":
        model = MultiHeadAttention(NUM_HIDDENS, NUM_HEADS)

        def run(length):
            X = torch.randn(1, length, NUM_HIDDENS)
            model(X, X, X, torch.tensor([length - 5])).sum().backward()
    else:
        model = transformer()

        def run(length):
            src, tgt = torch.randint(VOCAB, (2, 1, length))
            model(src, tgt, torch.tensor([length - 5])).sum().backward()

    run(8)
    model.zero_grad()
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    before = resident("VmRSS")
    if recorded:
        with record_attention(model):
            run(length)
    else:
        run(length)
    return resident("VmHWM") - before


def memory(_):
    """The peak of memory, in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    for what, recorded, lengths in (
        ("MultiHeadAttention", False, LONG),
        ("MultiHeadAttention", True, LONG[:-1]),
        ("Transformer", False, LONG),
    ):
        row = {"what": what, "recorded": recorded, "MB": {}}
        for length in lengths:
            with spawn.Pool(1) as pool:
                megabytes = pool.apply(peak, (what, length, recorded))
            row["MB"][length] = round(megabytes, 1)
        yield row


QUESTIONS = {
    question.__name__: question
    for question in (
        layers,
        training,
        decoding,
        growth,
        memory,
        groups,
        windows,
        blocks,
    )
}


def main():
    """Measure, print and save."""
    global THREADS
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--only", nargs="+", choices=QUESTIONS)
    arguments = parser.parse_args()
    if arguments.busy:
        THREADS = 1
    torch.set_num_threads(THREADS)
    torch.manual_seed(1)
    found = {
        "command": shlex.join(
            ["python", "benchmarks/attention.py", *sys.argv[1:]]
        ),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("d2lattn", "torch")},
        },
        "machine": {
            "processor": processor(),
            "cores": os.cpu_count(),
            "threads": THREADS,
            "clock": "processor time" if THREADS == 1 else "wall",
        },
        "sizes": {
            "num_hiddens": NUM_HIDDENS,
            "ffn_num_hiddens": FFN,
            "num_heads": NUM_HEADS,
            "num_blks": NUM_BLKS,
            "vocab_size": VOCAB,
        },
    }
    if arguments.only:  # beside what is known, with a command of its own
        known = json.loads(RESULTS.read_text(encoding="utf-8"))
        known.setdefault("alone", {}).update(
            dict.fromkeys(arguments.only, found)
        )
        found = known
    for name in arguments.only or QUESTIONS:
        print(f"\n{QUESTIONS[name].__doc__}")
        rows = found[name] = []
        for row in QUESTIONS[name](arguments.seconds):
            rows.append(row)
            print("  ", words(row), flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    text = json.dumps(found, indent=2) + "\n"
    RESULTS.write_text(text, encoding="utf-8")


def words(row):
    """A row on one line."""
    said = []
    for name, value in row.items():
        if name == "ratio":
            value = {n: "{1} ({0}-{2})".format(*q) for n, q in value.items()}
        if isinstance(value, dict):
            value = ", ".join(f"{n} {x}" for n, x in value.items())
        said.append(f"{name} {value}")
    return "; ".join(said)


def processor():
    """The name of the processor, where Linux gives it."""
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    names = [x for x in info.splitlines() if x.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else platform.machine()


if __name__ == "__main__":
    main()
