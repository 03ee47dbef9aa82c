"""How well do the translators of the chapters translate, and how fast?

    python benchmarks/translation.py phrasebook
    python benchmarks/translation.py tatoeba --num-pairs 40000
    python benchmarks/translation.py d2l

trains each model with each seed, prints a row for each, and writes the rows
to `results/translation.json`, where they replace rows of the same model, seed
and corpus. Each row holds the command that makes it again. Rows of settings
that were tried, with `--set`, go to `results/tuning.json`; the score of the
validation sentences decides between them.

Tatoeba is downloaded if it is not in the cache; `--path` names a copy.
"""

import argparse
import json
import math
import os
import platform
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import torch
from twin import make_twin

from d2lattn.corpora import Batches, SentencePair, Vocab, phrasebook, tatoeba
from d2lattn.corpora.words import detokenize, tokenize
from d2lattn.decoding import translate
from d2lattn.evaluation import (
    alignment_error_rate,
    alignment_links,
    bleu,
    exact_match,
)
from d2lattn.recording import record_attention
from d2lattn.seq2seq import (
    EncoderDecoder,
    Seq2SeqAttentionDecoder,
    Seq2SeqDecoder,
    Seq2SeqEncoder,
)
from d2lattn.training import cool_down, pick_device, train, warm_up
from d2lattn.transformer import TransformerDecoder, TransformerEncoder

RESULTS = Path(__file__).with_name("results") / "translation.json"
TUNING = RESULTS.with_name("tuning.json")
NUM_ALIGNED = 300  # sentences that tell which layer's alignment counts
LENGTHS = (4, 8, 12, 16, 20)  # where one group of lengths ends

# What each model is made and trained with. The rate is that of the paper for
# a size of `rate_size`, so that a smaller number makes larger steps, and falls
# to zero at the end.
GRU = {
    "embed_size": 128,
    "num_hiddens": 144,
    "num_layers": 1,
    "dropout": 0.0,
    "rate_size": 96,
    "warmup_steps": 200,
    "max_tokens": 1024,
    "num_epochs": 3,
    "label_smoothing": 0.0,
    "min_freq": 1,
}
TRANSFORMER = GRU | {
    "num_hiddens": 96,
    "ffn_num_hiddens": 192,
    "num_heads": 4,
    "num_blks": 2,
    "norm_first": True,
    "tie_weights": True,
    "rate_size": 64,
    "warmup_steps": 400,
}
# Real language has more words, and takes longer. results/tuning.json has what
# was tried: more epochs helped most, and with enough epochs, dropout and label
# smoothing did.
REAL = {"min_freq": 2, "num_epochs": 10}
REAL_GRU = GRU | REAL | {"num_hiddens": 192, "dropout": 0.2}
REAL_TRANSFORMER = (
    TRANSFORMER
    | REAL
    | {
        "num_hiddens": 128,
        "ffn_num_hiddens": 512,
        "dropout": 0.1,
        "label_smoothing": 0.1,
    }
)
# The sizes of d2l's chapters, and its 30 epochs at an even rate.
D2L_GRU = GRU | {
    "embed_size": 256,
    "num_hiddens": 256,
    "num_layers": 2,
    "dropout": 0.2,
    "rate": 0.005,
    "max_tokens": 640,  # about as many batches as d2l's of 128 sentences
    "num_epochs": 30,
    "min_freq": 2,
}
D2L_TRANSFORMER = D2L_GRU | {
    "ffn_num_hiddens": 64,
    "num_heads": 4,
    "num_blks": 2,
    "norm_first": True,
    "tie_weights": False,
    "rate": 0.0015,
}
D2L_NUM_PAIRS = 600
D2L_SENTENCES = (
    ("go .", "va !"),
    ("i lost .", "j'ai perdu ."),
    ("he's calm .", "il est calme ."),
    ("i'm home .", "je suis chez moi ."),
)
RECIPES = {
    "phrasebook": {
        "gru": GRU,
        "bahdanau": GRU,
        "transformer": TRANSFORMER,
    },
    "tatoeba": {
        "gru": REAL_GRU,
        "bahdanau": REAL_GRU,
        "transformer": REAL_TRANSFORMER,
        "nn.Transformer": REAL_TRANSFORMER,
    },
    "d2l": {"bahdanau": D2L_GRU, "transformer": D2L_TRANSFORMER},
}


def make_model(name: str, recipe: dict, src_size: int, tgt_size: int):
    """A translator, untrained."""
    if name in {"gru", "bahdanau"}:
        sizes = [recipe[x] for x in ("embed_size", "num_hiddens")]
        sizes += [recipe[x] for x in ("num_layers", "dropout")]
        decoder = Seq2SeqAttentionDecoder
        if name == "gru":
            decoder = Seq2SeqDecoder
        return EncoderDecoder(
            Seq2SeqEncoder(src_size, *sizes), decoder(tgt_size, *sizes)
        )
    names = "num_hiddens", "ffn_num_hiddens", "num_heads", "num_blks"
    sizes = [recipe[x] for x in names]
    options = {
        "dropout": recipe["dropout"],
        "use_bias": True,  # as PyTorch's
        "norm_first": recipe["norm_first"],
    }
    encoder = TransformerEncoder(src_size, *sizes, **options)
    decoder = TransformerDecoder(
        tgt_size, *sizes, **options, tie_weights=recipe["tie_weights"]
    )
    ours = EncoderDecoder(encoder, decoder)
    return (
        ours if name == "transformer" else make_twin(ours, recipe["dropout"])
    )


class Split(NamedTuple):
    """Held-out sentences: words, reference texts, and gold links if any."""

    srcs: list[tuple[str, ...]]
    references: list[list[str]]
    pairs: tuple = ()  # with their gold alignment


class Corpus(NamedTuple):
    """The pairs to train on, and the sentences to score afterwards."""

    name: str
    train: list
    valid: list
    tests: dict[str, Split]
    detokenize: object


def load_phrasebook(_: argparse.Namespace) -> Corpus:
    """The sentences of our own grammar."""
    book = phrasebook.load()
    tests = {
        name: Split(
            [pair.src for pair in pairs],
            [[phrasebook.detokenize(pair.tgt)] for pair in pairs],
            pairs,
        )
        for name, pairs in (
            ("test", book.test),
            ("combinations", book.combinations),
        )
    }
    return Corpus(
        "phrasebook", book.train, book.valid, tests, phrasebook.detokenize
    )


def score(model, corpus: Corpus, vocabs, **options) -> dict:
    """BLEU and exact matches of every split, and BLEU by length."""
    found = {}
    for name, split in corpus.tests.items():
        start = time.perf_counter()
        words = translate(model, split.srcs, *vocabs, **options)
        texts = [corpus.detokenize(sentence) for sentence in words]
        result, signature = bleu(texts, split.references)
        found[name] = {
            "sentences": len(texts),
            "bleu": round(result, 2),
            "signature": signature,
            "exact": round(exact_match(texts, split.references), 4),
            "seconds": round(time.perf_counter() - start, 2),
            "by_length": by_length(split, texts),
        }
    return found


def by_length(split: Split, texts: list[str]) -> list[dict]:
    """BLEU of the sentences of each group of lengths."""
    groups, shortest = [], 1
    for longest in (*LENGTHS, math.inf):
        chosen = [
            i
            for i, src in enumerate(split.srcs)
            if shortest <= len(src) <= longest
        ]
        if chosen:
            result = bleu(
                [texts[i] for i in chosen],
                [split.references[i] for i in chosen],
            )
            groups.append(
                {
                    "shortest": shortest,
                    "longest": max(len(split.srcs[i]) for i in chosen),
                    "sentences": len(chosen),
                    "bleu": round(result.score, 2),
                }
            )
        shortest = longest + 1
    return groups


@torch.no_grad()
def alignments(model, pairs, vocabs) -> dict[str, float]:
    """The alignment error rate of every attention from target to source.

    The model is given the right translation word by word, so that the rate
    compares where the model looks and not what it writes.
    """
    model.eval()
    device = next(model.parameters()).device
    found, gold = {}, [pair.alignment for pair in pairs]
    for pair in pairs:
        [batch] = Batches([pair], *vocabs, shuffle=False)
        batch = batch.to(device)
        with record_attention(model) as weights:
            model(batch.src, batch.tgt, batch.src_valid_lens)
        for path, calls in weights.items():
            if "attention2" in path or path == "decoder.attention":
                # One call per token, or one for all; the mean over the heads
                rows = torch.cat(calls, dim=-2)[0]  # (T, S) or (H, T, S)
                rows = rows.mean(0) if rows.ndim == 3 else rows
                links = alignment_links(rows, len(pair.src), len(pair.tgt))
                found.setdefault(path, []).append(links)
    return {
        path: round(alignment_error_rate(links, gold), 4)
        for path, links in found.items()
    }


def rate(recipe: dict, num_steps: int) -> Callable[[int], float]:
    """The learning rate as a function of the step."""
    if "rate" in recipe:
        return lambda step: recipe["rate"]
    sizes = recipe["rate_size"], recipe["warmup_steps"]
    return lambda step: warm_up(step, *sizes) * cool_down(step, num_steps)


def run(name: str, recipe: dict, corpus: Corpus, seed: int) -> dict:
    """Train a model, and score it."""
    vocabs = (
        Vocab((pair.src for pair in corpus.train), recipe["min_freq"]),
        Vocab((pair.tgt for pair in corpus.train), recipe["min_freq"]),
    )
    torch.manual_seed(seed)
    model = make_model(name, recipe, *map(len, vocabs))
    tokens = recipe["max_tokens"]
    batches = Batches(corpus.train, *vocabs, tokens, seed=seed)
    history = train(
        model,
        batches,
        Batches(corpus.valid, *vocabs, tokens),
        num_epochs=recipe["num_epochs"],
        learning_rate=rate(recipe, recipe["num_epochs"] * len(batches)),
        label_smoothing=recipe["label_smoothing"],
        after_epoch=lambda epoch: print(f"    {epoch}", flush=True),
    )
    speeds = [epoch.tokens / epoch.seconds for epoch in history]
    row = {
        "recipe": recipe,
        "vocabulary": [len(vocab) for vocab in vocabs],
        "parameters": sum(p.numel() for p in model.parameters()),
        "seconds": round(sum(epoch.seconds for epoch in history), 1),
        "tokens_per_second": round(statistics.median(speeds)),
        "train_loss": [round(epoch.train_loss, 4) for epoch in history],
        "valid_loss": [round(epoch.valid_loss, 4) for epoch in history],
        "scores": score(model, corpus, vocabs),
    }
    records = name in {"bahdanau", "transformer"}
    if records and hasattr(corpus.valid[0], "alignment"):
        valid = alignments(model, corpus.valid[:NUM_ALIGNED], vocabs)
        row["alignment"] = {
            "chosen": min(valid, key=valid.get),
            "test": alignments(model, corpus.tests["test"].pairs, vocabs),
        }
    if corpus.name == "d2l":
        found = translate(model, corpus.tests["test"].srcs, *vocabs)
        row["d2l_bleu"] = statistics.mean(
            d2l_bleu(words, reference.split())
            for words, (_, reference) in zip(found, D2L_SENTENCES, strict=True)
        )
    return row


def load_tatoeba(options: argparse.Namespace) -> Corpus:
    """Sentences that people wrote, with all their translations."""
    found = tatoeba.load(options.path, num_pairs=options.num_pairs)
    valid = [
        SentencePair(held.src, tuple(tokenize(held.references[0])))
        for held in found.valid
    ]
    tests = {
        name: Split(
            [held.src for held in split],
            [list(held.references) for held in split],
        )
        for name, split in (("valid", found.valid), ("test", found.test))
    }
    return Corpus("tatoeba", found.train, valid, tests, detokenize)


def load_d2l(options: argparse.Namespace) -> Corpus:
    """The first pairs of the file, and d2l's four sentences.

    Words are what d2l takes for words: split at spaces, and before , . ! ?
    """
    pairs = [
        SentencePair(*(d2l_words(text) for text in pair))
        for pair in tatoeba.text_pairs(options.path)[: D2L_NUM_PAIRS + 128]
    ]
    srcs, references = zip(*D2L_SENTENCES, strict=True)
    test = Split(
        [tuple(src.split()) for src in srcs], [[text] for text in references]
    )
    return Corpus(
        "d2l",
        pairs[:D2L_NUM_PAIRS],
        pairs[D2L_NUM_PAIRS:],
        {"test": test},
        " ".join,
    )


def d2l_words(text: str) -> tuple[str, ...]:
    """Split a text as d2l does."""
    return tuple(re.sub(r"(?<! )([,.!?])", r" \1", text.lower()).split())


def d2l_bleu(words: list[str], reference: list[str], k: int = 2) -> float:
    """The BLEU of one sentence, as d2l computes it."""
    if not words:
        return 0.0
    found = math.exp(min(0, 1 - len(reference) / len(words)))
    for n in range(1, min(k, len(words)) + 1):
        ours, theirs = (
            Counter(tuple(x[i : i + n]) for i in range(len(x) - n + 1))
            for x in (words, reference)
        )
        share = (ours & theirs).total() / (len(words) - n + 1)
        found *= share ** (0.5**n)
    return found


LOADERS = {
    "phrasebook": load_phrasebook,
    "tatoeba": load_tatoeba,
    "d2l": load_d2l,
}


def keep(row: dict, path: Path) -> None:
    """Write a row to a file of results, in place of an older one."""
    rows = []
    if path.exists():
        rows = json.loads(path.read_text(encoding="utf-8"))
    rows = [r for r in rows if key(r) != key(row)] + [row]
    text = json.dumps(sorted(rows, key=key), indent=1) + "\n"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def key(row: dict) -> list:
    """What tells the rows of a file apart."""
    changes = json.dumps(row.get("changes"))
    names = "corpus", "num_pairs", "model", "seed"
    return [changes, *(row[name] for name in names)]


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", choices=sorted(RECIPES))
    parser.add_argument("--models", nargs="+", default=None)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--num-pairs", type=int, default=None)
    parser.add_argument("--path", type=Path, default=None)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--set",
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="settings other than the recipe's, to be tried",
    )
    return parser.parse_args(arguments)


def main() -> None:
    """Train, score, print and save."""
    options = parse()
    torch.set_num_threads(options.threads)
    changes = dict(change.split("=") for change in options.set)
    changes = {name: json.loads(value) for name, value in changes.items()}
    corpus = LOADERS[options.corpus](options)
    recipes = RECIPES[options.corpus]
    device = pick_device()
    for seed in options.seeds:  # each model in turn, so that all meet the same
        for name in options.models or recipes:
            recipe = recipes[name] | changes
            row = {
                "corpus": options.corpus,
                "num_pairs": len(corpus.train),
                "model": name,
                "seed": seed,
                "command": command(options, name, seed),
            }
            row |= run(name, recipe, corpus, seed)
            row |= {"device": device_name(device), "versions": versions()}
            if changes:
                row |= {"changes": changes}
            print(words(row), flush=True)
            keep(row, TUNING if changes else RESULTS)


def command(options: argparse.Namespace, name: str, seed: int) -> str:
    """The command that makes this row again."""
    parts = ["python benchmarks/translation.py", options.corpus]
    if options.num_pairs is not None:
        parts.append(f"--num-pairs {options.num_pairs}")
    if options.threads != 2:
        parts.append(f"--threads {options.threads}")
    parts.append(f"--models {name} --seeds {seed}")
    if options.set:
        parts.append(f"--set {' '.join(options.set)}")
    return " ".join(parts)


def versions() -> dict[str, str]:
    """The versions that the numbers depend on."""
    names = "d2lattn", "torch", "sacrebleu"
    return {"python": platform.python_version()} | {
        name: version(name) for name in names
    }


def device_name(device: torch.device) -> str:
    """The GPU, or the number of threads of a CPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    return f"CPU, threads: {threads}, cores: {os.cpu_count()}"


def words(row: dict) -> str:
    """A row on one line."""
    said = [f"{row['corpus']} {row['model']} seed {row['seed']}:"]
    said.append(f"{row['seconds']} s, {row['tokens_per_second']} tokens/s")
    for name, found in row["scores"].items():
        said.append(f"{name} BLEU {found['bleu']} exact {found['exact']}")
        lengths = (str(group["bleu"]) for group in found["by_length"])
        said.append(f"({' '.join(lengths)})")
    if "alignment" in row:
        said.append(f"AER {row['alignment']}")
    return " ".join(said)


if __name__ == "__main__":
    main()
