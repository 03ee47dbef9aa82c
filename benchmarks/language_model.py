"""How good is the language model of chapter 7?

    python benchmarks/language_model.py grammar
    python benchmarks/language_model.py translator
    python benchmarks/language_model.py phrasebook --seeds 0 1 2 3 4
    python benchmarks/language_model.py tatoeba --num-pairs 10000 --seeds 0

The phrasebook's grammar is known, so its entropy is, and so is what it can
make. `grammar` measures the entropy. `phrasebook` trains by the chapter's own
cell and compares: losses of fresh sentences, the share of samples that the
grammar could have made, and the share of translations that it would give.
`translator` asks the same of the one that chapter 6 trained. `tatoeba` trains
by the same cell on sentences that people wrote; it is downloaded if it is not
in the cache, and `--path` names a copy.

Rows go to `results/language_model.json`, where they replace their like.
`--models` names a folder of your own, which keeps what was trained and the
fresh sentences, so that a second run takes them from there.
"""

import argparse
import ast
import importlib
import json
import math
import pickle
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grammar
import nbformat
import torch
import train
from translation import device_name, load_tatoeba, versions

from d2lattn import models
from d2lattn.corpora import Vocab, phrasebook
from d2lattn.corpora.batches import pad_rows
from d2lattn.corpora.phrasebook import Phrasebook
from d2lattn.decoding import translate
from d2lattn.evaluation import bleu, exact_match
from d2lattn.modes import evaluating
from d2lattn.sampling import generate

RESULTS = Path(__file__).with_name("results") / "language_model.json"
CHAPTER = grammar.ROOT / "chapters" / "07-language-model.ipynb"
TRANSLATOR = grammar.ROOT / "chapters" / "06-transformer.ipynb"
MAX_LEN = 40
REPAIRED = 30
WAYS = (
    *({"temperature": t} for t in (0.5, 0.7, 1.0, 1.3, 1.6)),
    *({"k": k} for k in (5, 20)),
    *({"p": p} for p in (0.8, 0.95)),
)


def recipe(path: Path = CHAPTER, name: str = "language-model") -> str:
    """The code of a chapter's training cell, and all that it depends on."""
    notebook = nbformat.read(path, as_version=4)
    [cell] = [t.cell for t in train.trainings(notebook) if t.name == name]
    return train.recipe(notebook, cell)


def run_recipe(
    path: Path, code: str, seed: int, **names: Any
) -> dict[str, Any]:
    """What a recipe makes, where some names stand for something else."""
    made: dict[str, Any] = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and "mirror" in cell.metadata:
            module, _, name = cell.metadata["mirror"].rpartition(".")
            made[name] = getattr(importlib.import_module(module), name)
        elif cell.cell_type == "code":
            for node in ast.parse(cell.source).body:
                if isinstance(node, ast.Import | ast.ImportFrom):
                    exec(ast.unparse(node), made)
    made |= names
    exec(code.replace(train.SEED, f"SEED = {seed}"), made)
    return made


def trained(
    seed: int, book: Phrasebook, kept: Path | None = None
) -> tuple[Any, Vocab, dict]:
    """Train by the chapter's cell; the model, its vocabulary, the outcome."""
    code, found = recipe(), kept is not None and kept.exists()
    corpus = SimpleNamespace(load=lambda: book)
    shelf = SimpleNamespace(load=lambda _, m: models.load_checkpoint(kept, m))
    options = {"TRAIN": not found, "phrasebook": corpus}
    if found:
        options["models"] = shelf
    made = run_recipe(CHAPTER, code, seed, **options)
    facts = {"recipe": code} | made["facts"]
    if not train.same_recipe(facts["recipe"], code):
        raise ValueError(f"{kept} was trained by another recipe")
    if kept is not None and not found:
        models.save_checkpoint(kept, made["model"], **facts)
    del facts["recipe"]
    return made["model"], made["vocab"], facts


def part_losses(
    model: Any, vocab: Vocab, pairs: Sequence[tuple]
) -> list[tuple[float, float]]:
    """The losses of the first and the second sentence of each text."""
    texts = [
        [vocab.bos, *(t for s in pair for t in (*vocab.encode(s), vocab.eos))]
        for pair in pairs
    ]
    found = []
    with evaluating(model):
        for i in range(0, len(texts), 128):
            X, lens = pad_rows(texts[i : i + 128])
            logits, _ = model(X[:, :-1])
            loss = -logits.log_softmax(-1).gather(-1, X[:, 1:, None])[..., 0]
            for row, n, (one, _) in zip(
                loss.double(), lens.tolist(), pairs[i : i + 128], strict=True
            ):
                end = len(one) + 1
                found.append(
                    (row[:end].sum().item(), row[end : n - 1].sum().item())
                )
    return found


def compare(model: Any, vocab: Vocab, drawn: list[grammar.Fresh]) -> dict:
    """Losses of fresh sentences beside those of the grammar.

    `excess` is how much the model loses against the grammar, with the error
    of the difference. The groups tell what training had seen apart from what
    it had not, and from combinations that were held out.
    """
    pairs = [each.phrase[:2] for each in drawn]
    ahead = part_losses(model, vocab, pairs)
    behind = part_losses(model, vocab, [pair[::-1] for pair in pairs])
    losses = [
        dict(zip(grammar.PARTS, (english, french, given, turned), strict=True))
        for (english, given), (french, turned) in zip(
            ahead, behind, strict=True
        )
    ]
    seen, _, _, _ = grammar.known("src")
    groups = {"all": [*zip(drawn, losses, strict=True)]}
    groups |= {"seen": [], "new": [], "held out": []}
    for each, own in groups["all"]:
        new = "held out" if each.families else "new"
        name = "seen" if each.phrase.src in seen else new
        groups[name].append((each, own))
    return {name: beside(some) for name, some in groups.items() if some}


def beside(some: Sequence[tuple[grammar.Fresh, dict]]) -> dict:
    """The model's losses, those of the grammar, and the difference."""
    drawn = [each for each, _ in some]
    found: dict[str, Any] = {"sentences": len(drawn)}
    for part in grammar.PARTS:
        own = [losses[part] for _, losses in some]
        least = [each.losses[part] for each in drawn]
        more = [x - y for x, y in zip(own, least, strict=True)]
        own, least, more = (
            grammar.per_token(drawn, part, numbers)
            for numbers in (own, least, more)
        )
        found[part] = {
            "loss": own["per_token"],
            "perplexity": own["perplexity"],
            "grammar": least["per_token"],
            "excess": more["per_token"],
            "excess_error": more["per_token_error"],
        }
    return found


def sample(
    model: Any, vocab: Vocab, count: int, seed: int = 0, **way: Any
) -> list[tuple[tuple[str, ...], bool]]:
    """First sentences drawn from the model; do they end?"""
    beginnings = torch.full((count, 1), vocab.bos)
    generator = torch.Generator().manual_seed(seed)
    options = {"max_len": MAX_LEN, "eos": vocab.eos, "generator": generator}
    rows = generate(model, beginnings, **options, **way)
    return [(tuple(vocab.decode(r)), len(r) < MAX_LEN) for r in rows]


def judge_samples(
    samples: list[tuple[tuple[str, ...], bool]], *, repair: bool
) -> dict:
    """How many the grammar could have made, and what is wrong with others.

    Of those that it could, `new` are not in the training corpus. Of others,
    some have no end; some have neighbours that never are in training; and the
    rest go wrong between words that are apart. With `repair`, those are
    counted that another word in one place would make right, among the first
    `REPAIRED` of each language.
    """
    found = {"samples": len(samples), "different": len({*samples})}
    for side, language in (("src", "english"), ("tgt", "french")):
        mine = [s for s in samples if grammar.side_of(s[0]) == side]
        right = [s for s, ended in mine if ended and grammar.judged(s, side)]
        errors, wrong = Counter(unfinished=0, neighbours=0, apart=0), []
        for words, ended in mine:
            if not ended:
                errors["unfinished"] += 1
            elif not grammar.judged(words, side):
                strange = grammar.strange_neighbours(words, side)
                errors["neighbours" if strange else "apart"] += 1
                wrong.append(words)
        found[language] = {
            "samples": len(mine),
            "grammatical": len(right),
            "new": sum(s not in grammar.known(side)[0] for s in right),
            "errors": dict(errors),
        }
        if repair:
            wrong = wrong[:REPAIRED]
            off = sum(grammar.one_word_off(words, side) for words in wrong)
            found[language] |= {"tried": len(wrong), "one_word_off": off}
    return found


def translations(
    model: Any, vocab: Vocab, sources: Sequence[tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """Continue each sentence by the most probable words."""
    by_length, found = defaultdict(list), {}
    for source in sources:
        by_length[len(source)].append(source)
    for some in by_length.values():
        texts = [[vocab.bos, *vocab.encode(s), vocab.eos] for s in some]
        options = {"max_len": MAX_LEN, "eos": vocab.eos, "k": 1}
        rows = generate(model, torch.tensor(texts), **options)
        found |= zip(some, map(tuple, map(vocab.decode, rows)), strict=True)
    return [found[source] for source in sources]


def judge_translations(
    pairs: Sequence[tuple], found: Sequence[tuple], *, to_french: bool
) -> dict:
    """Right ones are those that the grammar pairs with the sentence."""
    wanted = [pair[1] if to_french else pair[0] for pair in pairs]
    language = "fr" if to_french else "en"
    texts = [phrasebook.detokenize(words, language) for words in found]
    references = [[phrasebook.detokenize(w, language)] for w in wanted]
    right = 0
    for (src, tgt, *_), words, reference in zip(
        pairs, found, wanted, strict=True
    ):
        pair = (src, words) if to_french else (words, tgt)
        right += words == reference or grammar.made(*pair)
    return {
        "sentences": len(pairs),
        "bleu": round(bleu(texts, references).score, 2),
        "exact": round(exact_match(texts, references), 4),
        "right": round(right / len(pairs), 4),
    }


def splits(book: Phrasebook, count: int) -> dict[str, Sequence[tuple]]:
    """Sentences to translate; `short` ones are those of chapter 6."""
    some = {
        "test": book.test[:: max(1, len(book.test) // count)],
        "short": [p for p in book.test if max(map(len, p[:2])) <= 14],
        "combinations": book.combinations,
    }
    some["short"] = some["short"][:: max(1, len(some["short"]) // count)]
    return {name: pairs[: 2 * count] for name, pairs in some.items()}


def measure(
    model: Any,
    vocab: Vocab,
    drawn: list[grammar.Fresh],
    tests: dict[str, Sequence[tuple]],
    count: int,
) -> dict[str, Any]:
    """All that a language model of the phrasebook is asked."""
    row: dict[str, Any] = {"fresh": compare(model, vocab, drawn)}
    row["samples"] = []
    for way in WAYS:
        drawn_words = sample(model, vocab, count, **way)
        repair = way.get("temperature") == 1.0
        row["samples"].append(way | judge_samples(drawn_words, repair=repair))
    row["translations"] = {}
    for name, pairs in tests.items():
        to_french = translations(model, vocab, [p[0] for p in pairs])
        to_english = translations(model, vocab, [p[1] for p in pairs])
        row["translations"][name] = {
            "to french": judge_translations(pairs, to_french, to_french=True),
            "to english": judge_translations(
                pairs, to_english, to_french=False
            ),
        }
    return row


def drawn_by(options: argparse.Namespace) -> list[grammar.Fresh]:
    """Fresh sentences with their probabilities, which take a while."""
    kept = options.models and options.models / f"fresh-{options.share}"
    if kept and kept.exists():
        return pickle.loads(kept.read_bytes())
    drawn = grammar.fresh(options.share)
    if kept:
        kept.write_bytes(pickle.dumps(drawn))
    return drawn


def row_of_grammar(options: argparse.Namespace) -> dict:
    """The grammar's entropy."""
    drawn = drawn_by(options)
    return {
        "sentences": len(drawn),
        "entropy": grammar.entropies(drawn),
    }


def row_of_translator(options: argparse.Namespace) -> dict:
    """What chapter 6's model on the shelf gives on the same sentences."""
    made = run_recipe(
        TRANSLATOR, recipe(TRANSLATOR, "transformer"), 0, TRAIN=False
    )
    found = {}
    tests = splits(phrasebook.load(), options.count)
    for name, pairs in tests.items():
        words = translate(
            made["model"], [p[0] for p in pairs], *made["vocabs"], max_len=40
        )
        words = [*map(tuple, words)]
        found[name] = {
            "to french": judge_translations(pairs, words, to_french=True)
        }
    return {"translations": found}


def rows_of_phrasebook(options: argparse.Namespace):
    """Train with each seed, and measure."""
    book = phrasebook.load()
    drawn = drawn_by(options)
    tests = splits(book, options.count)
    for seed in options.seeds:
        kept = options.models and options.models / f"phrasebook-{seed}"
        model, vocab, facts = trained(seed, book, kept)
        parameters = sum(p.numel() for p in model.parameters())
        yield (
            {"seed": seed, "parameters": parameters}
            | facts
            | measure(model, vocab, drawn, tests, options.count)
        )


def rows_of_tatoeba(options: argparse.Namespace):
    """Train on sentences that people wrote: perplexity, and some samples."""
    corpus = load_tatoeba(options)
    book = Phrasebook(corpus.train, corpus.valid, corpus.valid, ())
    for seed in options.seeds:
        model, vocab, facts = trained(seed, book)
        found = {}
        for name, turn in (("english", 1), ("french", -1)):
            pairs = [(p.src, p.tgt)[::turn] for p in corpus.valid]
            losses = part_losses(model, vocab, pairs)
            tokens = sum(len(one) + 1 for one, _ in pairs)
            unknown = sum(w not in vocab for one, _ in pairs for w in one)
            mean = sum(first for first, _ in losses) / tokens
            found[name] = {
                "sentences": len(pairs),
                "loss": round(mean, 4),
                "perplexity": round(math.exp(mean), 2),
                "unknown": round(unknown / tokens, 4),
            }
        texts = {}
        for t in (0.7, 1.0):
            drawn = sample(model, vocab, 12, temperature=t)
            texts[str(t)] = [" ".join(words) for words, _ in drawn]
        sizes = {
            "num_pairs": len(corpus.train),
            "vocabulary": len(vocab),
            "parameters": sum(p.numel() for p in model.parameters()),
        }
        yield (
            {"seed": seed}
            | sizes
            | facts
            | {"perplexity": found}
            | {"texts": texts}
        )


ROWS = {
    "grammar": lambda options: [row_of_grammar(options)],
    "translator": lambda options: [row_of_translator(options)],
    "phrasebook": rows_of_phrasebook,
    "tatoeba": rows_of_tatoeba,
}


def keep(row: dict, path: Path = RESULTS) -> None:
    """Write a row to the results, in place of an older one."""
    rows = json.loads(path.read_text("utf-8")) if path.exists() else []
    rows = [r for r in rows if key(r) != key(row)] + [row]
    text = json.dumps(sorted(rows, key=key), indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def key(row: dict) -> tuple[str, int]:
    """What tells the rows apart."""
    return row["of"], row.get("seed", 0)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("of", choices=ROWS)
    parser.add_argument("--seeds", nargs="+", type=int, default=range(5))
    parser.add_argument(
        "--share", type=float, default=0.04, help="fresh sentences"
    )
    parser.add_argument(
        "--count", type=int, default=300, help="samples, and translations"
    )
    parser.add_argument("--num-pairs", type=int, default=10_000)
    parser.add_argument("--path", type=Path)
    parser.add_argument("--models", type=Path)
    return parser.parse_args(arguments)


def main() -> None:
    """Measure, print and save."""
    options = parse()
    torch.set_num_threads(1)
    for row in ROWS[options.of](options):
        command = f"python benchmarks/language_model.py {options.of}"
        if options.of == "tatoeba":
            command += f" --num-pairs {options.num_pairs}"
        if options.of in {"grammar", "phrasebook"}:
            command += f" --share {options.share}"
        if "seed" in row:
            command += f" --seeds {row['seed']}"
        row = {"of": options.of, "command": command} | row
        row |= {"device": device_name(torch.device("cpu"))}
        row |= {"versions": versions()}
        keep(row)
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
