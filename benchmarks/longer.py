"""How far do positions carry, and what do cheaper kinds of attention lose?

    python benchmarks/longer.py text --models rotary alibi --seeds 0 1 2
    python benchmarks/longer.py recall --seeds 0 1 2
    python benchmarks/longer.py recall --models 'linear, size 32' --steps 1600

`text` trains small language models on texts of the phrasebook, sentences and
their translations in a row, 64 tokens at a time, and measures their loss by
position up to 512; where scores depend on distances, also how much weight goes
to those that training never showed. `recall` trains one layer to look up what
it was shown once. Rows are kept in `results/longer.json`, where they replace
those of the same model, seed and steps.
"""

import argparse
import json
import platform
import random
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from d2lattn.corpora import Vocab, phrasebook
from d2lattn.language_model import LanguageModel
from d2lattn.linear import LinearAttention
from d2lattn.multihead import CausalAttention, MultiHeadAttention
from d2lattn.positional import LearnedPositions
from d2lattn.recording import record_attention
from d2lattn.relative import AlibiAttention, RotaryAttention
from d2lattn.windows import WindowAttention

RESULTS = Path(__file__).with_name("results") / "longer.json"
SIZES = 64, 192, 8, 2  # hidden, feed-forward, heads, blocks
TRAINED, LONGEST, BIN = 64, 512, 16
STEPS, BATCH, RATE = 400, 32, 3e-3
ROTARY = {"positions": None, "attention": RotaryAttention}
MODELS = {
    "sinusoidal": {},
    "learned": {"positions": LearnedPositions},
    "none": {"positions": None},
    "rotary": ROTARY,
    "alibi": {"positions": None, "attention": AlibiAttention},
    "rotary, 4 heads of keys": ROTARY | {"num_kv_heads": 4},
    "rotary, 2 heads of keys": ROTARY | {"num_kv_heads": 2},
    "rotary, 1 head of keys": ROTARY | {"num_kv_heads": 1},
    "sinusoidal, window 8": {"attention": partial(WindowAttention, 8)},
}
WINDOWS, SINKS = (4, 8, 16, 32), (0, 1, 4)
PAIRS = 4, 8, 16, 32, 64
RECALLERS = {
    "softmax, size 32": (CausalAttention, 32),
    "linear, size 16": (LinearAttention, 16),
    "linear, size 32": (LinearAttention, 32),
    "linear, size 64": (LinearAttention, 64),
}
KEYS, VALUES = 128, 32


def texts(phrases, vocab, seed=0):
    """Sentences and their translations in a row, as one long text."""
    phrases = list(phrases)
    random.Random(seed).shuffle(phrases)
    words = []
    for phrase in phrases:
        words += [*phrase.src, "<eos>", *phrase.tgt, "<eos>"]
    return torch.tensor(vocab.encode(words))


def cut_out(text, number, length, generator):
    """Pieces of a text from anywhere, each after a first token `<bos>`."""
    places = len(text) - length
    start = torch.randint(places, (number, 1), generator=generator)
    pieces = text[start + torch.arange(length)]
    return F.pad(pieces, (1, 0), value=Vocab.bos)


def anneal(optimizer, step, num_steps, rate):
    """Let the learning rate rise for 50 steps and fall at the end."""
    factor = min(1, (step + 1) / 50, 2 * (num_steps - step) / num_steps)
    for group in optimizer.param_groups:
        group["lr"] = rate * factor


def take_step(optimizer, logits, labels):
    """Take a step, and return the loss before it."""
    loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def train_on(text, vocab, options, seed):
    """A language model, trained on pieces of a text."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = LanguageModel(len(vocab), *SIZES, max_len=LONGEST + 1, **options)
    optimizer = torch.optim.Adam(model.parameters(), betas=(0.9, 0.98))
    for step in range(STEPS):
        anneal(optimizer, step, STEPS, RATE)
        X = cut_out(text, BATCH, TRAINED, generator)
        logits, _ = model(X[:, :-1])
        take_step(optimizer, logits, X[:, 1:])
    return model.eval()


@torch.no_grad()
def losses(model, text, length):
    """The mean loss at each position, over 128 pieces of a text."""
    X = cut_out(text, 128, length, torch.Generator().manual_seed(0))
    lost = []
    for part in X.split(16):
        logits, _ = model(part[:, :-1])
        labels = part[:, 1:]
        lost.append(F.cross_entropy(logits.mT, labels, reduction="none"))
    return torch.cat(lost).mean(dim=0)


def within(losses):
    """The mean loss over the second half of the length of training."""
    return round(losses[TRAINED // 2 : TRAINED].mean().item(), 4)


@torch.no_grad()
def weight_on_first(model, text):
    """How much of its weight each head gives to `<bos>`, far from it."""
    X = cut_out(text, 64, TRAINED, torch.Generator().manual_seed(0))[:, :-1]
    found, X = [], model.pos_encoding(model.embedding(X) * model.scale)
    for blk in model.blks:
        Z = blk.addnorm1.before(X)
        weights = blk.attention.weights(Z, Z)[:, :, TRAINED // 2 :, 0]
        found.append([round(w, 3) for w in weights.mean((0, 2)).tolist()])
        X, _ = blk(X, blk.init_cache(len(X)))
    return found


@torch.no_grad()
def weight_beyond(model, text):
    """How much weight each head gives to keys further back than in training.

    Returns:
        for each head, the mean of both blocks by position, in bins.
    """
    X = cut_out(text, 64, LONGEST, torch.Generator().manual_seed(0))[:, :-1]
    with record_attention(model) as recorded:
        for part in X.split(4):
            model(part)
    beyond = torch.stack(
        [
            w.tril(-TRAINED).sum(-1).mean(0)
            for of in recorded.values()
            for w in of
        ]
    )  # (blocks and calls, H, n)
    binned = beyond.mean(0).unflatten(-1, (-1, BIN)).mean(-1)
    return [[round(x, 3) for x in head] for head in binned.tolist()]


def cut_short(model, text):
    """The loss when each head may look only into a window, from now on."""
    found = []
    for window in WINDOWS:
        for sinks in SINKS:
            for blk in model.blks:
                cut = WindowAttention(window, sinks=sinks)
                blk.attention.attention = cut
            loss = within(losses(model, text, TRAINED))
            found.append({"window": window, "sinks": sinks, "loss": loss})
    return found


def text(options):
    """Language models on texts of the phrasebook."""
    book = phrasebook.load()
    sentences = [s for p in book.train for s in (p.src, p.tgt)]
    vocab = Vocab(sentences)
    train, valid = (texts(x, vocab) for x in (book.train, book.valid))
    for seed in options.seeds:
        for name in options.models or MODELS:
            start = time.perf_counter()
            model = train_on(train, vocab, MODELS[name], seed)
            seconds = time.perf_counter() - start
            lost = losses(model, valid, LONGEST)
            row = {
                "question": "text",
                "model": name,
                "seed": seed,
                "parameters": sum(p.numel() for p in model.parameters()),
                "seconds": round(seconds, 1),
                "loss": within(lost),
                "by_position": [
                    round(x, 4) for x in lost.view(-1, BIN).mean(-1).tolist()
                ],
            }
            if name == "sinusoidal":
                row["first"] = weight_on_first(model, valid)
                row["cut"] = cut_short(model, valid)
            if name in ("rotary", "alibi"):
                row["beyond"] = weight_beyond(model, valid)
            yield row


class Recall(nn.Module):
    """Read pairs of a key and a value, then keys, and name their values."""

    def __init__(self, attention, num_hiddens):
        super().__init__()
        self.key = nn.Embedding(KEYS, num_hiddens)
        self.value = nn.Embedding(VALUES + 1, num_hiddens)  # one is: none
        self.attention = MultiHeadAttention(num_hiddens, num_heads=1)
        self.attention.attention = attention()
        self.dense = nn.Linear(num_hiddens, VALUES)

    def forward(self, keys, values):
        X = self.key(keys) + self.value(values)
        return self.dense(self.attention(X, X, X))


def pairs(number, batch_size, generator):
    """Keys with values, then the same keys without, and the answers."""
    drawn = torch.rand(batch_size, KEYS, generator=generator).argsort(dim=1)
    keys = drawn[:, :number]
    values = torch.randint(VALUES, keys.shape, generator=generator)
    order = torch.rand(keys.shape, generator=generator).argsort(dim=1)
    none = torch.full_like(values, VALUES)
    keys = torch.cat([keys, keys.gather(1, order)], dim=1)
    return keys, torch.cat([values, none], dim=1), values.gather(1, order)


def recall(options):
    """One layer that looks up values, with softmax and without."""
    for seed in options.seeds:
        for name in options.models or RECALLERS:
            attention, size = RECALLERS[name]
            for number in PAIRS:
                torch.manual_seed(seed)
                generator = torch.Generator().manual_seed(seed)
                model = Recall(attention, size)
                optimizer = torch.optim.Adam(model.parameters())
                for step in range(options.steps):
                    anneal(optimizer, step, options.steps, 2 * RATE)
                    draw = pairs(number, max(512 // number, 16), generator)
                    *inputs, labels = draw
                    logits = model(*inputs)[:, number:]
                    take_step(optimizer, logits, labels)
                with torch.no_grad():
                    *inputs, labels = pairs(number, 500, generator)
                    logits = model(*inputs)[:, number:]
                loss = F.cross_entropy(logits.mT, labels).item()
                right = (logits.argmax(-1) == labels).float().mean().item()
                yield {
                    "question": "recall",
                    "model": name,
                    "seed": seed,
                    "pairs": number,
                    "steps": options.steps,
                    "loss": round(loss, 4),
                    "right": round(right, 4),
                }


QUESTIONS = {"text": text, "recall": recall}


def key(row):
    """What a row is about."""
    about = (row.get(name, 0) for name in ("steps", "pairs", "seed"))
    return row["question"], row["model"], *about


def keep(row):
    """Put a row among the results, in place of an older one."""
    rows = []
    if RESULTS.exists():
        rows = json.loads(RESULTS.read_text(encoding="utf-8"))
    rows = sorted([r for r in rows if key(r) != key(row)] + [row], key=key)
    lines = ",\n".join(json.dumps(r) for r in rows)
    RESULTS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def main():
    """Train, measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("question", choices=QUESTIONS)
    parser.add_argument("--models", nargs="*", metavar="MODEL")
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=STEPS, help="of recall")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for row in QUESTIONS[options.question](options):
        said = f"'{row['model']}' --seeds {row['seed']}"
        about = f"{options.question} --models {said}"
        if row.get("steps", STEPS) != STEPS:
            about += f" --steps {row['steps']}"
        row["command"] = f"python benchmarks/longer.py {about}"
        row["versions"] = {"python": platform.python_version()} | {
            name: version(name) for name in ("d2lattn", "torch")
        }
        keep(row)
        print({n: x for n, x in row.items() if n != "versions"}, flush=True)


if __name__ == "__main__":
    main()
