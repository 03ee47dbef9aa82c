"""Is the Transformer in the page the one of PyTorch, and how fast is it?

Opens a page with the engine and chapter 6's translator in Chromium, and
measures beside PyTorch, which has the weights as they were trained:

- the time of a word of translation with the weights of all heads recorded,
  over sentences that both translate in turn, one thread each;
- how many held-out sentences get the same words, and BLEU of both, by the
  bits that a weight travels with;
- the bytes of the engine, of a model, and of all that a page with chapter 6's
  translator loads more than one without figures.

    python benchmarks/engine.py

prints the tables and writes `results/engine.json`. It wants a quiet machine.
"""

import gzip
import json
import os
import platform
import shutil
import statistics
import time
from importlib.metadata import version
from pathlib import Path

import torch
from playwright.sync_api import sync_playwright

from d2lattn import models
from d2lattn.corpora import Vocab, phrasebook
from d2lattn.decoding import beam_steps, translate
from d2lattn.engine import Translator, model_file, pack, script
from d2lattn.evaluation import bleu
from d2lattn.figures import page as figures
from d2lattn.recording import record_attention
from d2lattn.seq2seq import EncoderDecoder
from d2lattn.transformer import TransformerDecoder, TransformerEncoder

RESULTS = Path(__file__).with_name("results") / "engine.json"
LONGEST = 14  # words of what the model learned from, as in chapter 6
SIZES = 64, 192, 4, 2  # D, feed-forward, heads, blocks
BITS = 8, 10, 12
BEAMS = 1, 5
TIMED = 200  # sentences

BRING = """async (packed) => {
    window.it = await d2lattn.engine.load(packed);
}"""
# The words of each sentence, best first by the rules.
TRANSLATE = """([sentences, rules]) => sentences.map((words) => {
    const { model, src_vocab, tgt_vocab } = it;
    const src = [...src_vocab.encode(words), src_vocab.eos];
    const [best] = d2lattn.engine.beamSearch(model, src, rules);
    return tgt_vocab.decode(best.tokens);
})"""
# Milliseconds and steps of a translation with all heads recorded.
TIME = """([words, rules]) => {
    const { model, src_vocab } = it, look = { weights: {} };
    const start = performance.now();
    const src = [...src_vocab.encode(words), src_vocab.eos];
    let steps = 0;
    for (const _ of d2lattn.engine.beamSteps(model, src, rules, look)) steps++;
    return [performance.now() - start, steps];
}"""


def short_enough(pairs):
    """The pairs that are as long as what the model learned from."""
    return [p for p in pairs if max(len(p.src), len(p.tgt)) <= LONGEST]


def translator():
    """The Transformer of chapter 6, from the shelf, and its vocabularies."""
    pairs = short_enough(phrasebook.load().train)
    vocabs = Vocab(p.src for p in pairs), Vocab(p.tgt for p in pairs)
    options = {"use_bias": True, "norm_first": True}
    model = EncoderDecoder(
        TransformerEncoder(len(vocabs[0]), *SIZES, **options),
        TransformerDecoder(
            len(vocabs[1]), *SIZES, **options, tie_weights=True
        ),
    )
    models.load("transformer", model)
    return model.eval(), *vocabs


def held_out():
    """What the model never saw: as long as what it saw, and longer."""
    book = phrasebook.load()
    for name in ("test", "combinations"):
        pairs = getattr(book, name)
        short = short_enough(pairs)
        yield name, short
        yield f"{name}, longer", [p for p in pairs if p not in {*short}]


def rules(beam_size):
    """Those of `translate`."""
    numbers = {"bos": Vocab.bos, "eos": Vocab.eos, "beam_size": beam_size}
    return numbers | {"length_penalty": 0.6, "max_len": 30}


def in_pytorch(model, src_vocab, words, beam_size):
    """Milliseconds and steps of a translation with all heads recorded."""
    start = time.perf_counter()
    src = torch.tensor([[*src_vocab.encode(words), src_vocab.eos]])
    with record_attention(model):
        steps = sum(1 for _ in beam_steps(model, src, **rules(beam_size)))
    return 1000 * (time.perf_counter() - start), steps


def timed(page, model, src_vocab, beam_size):
    """Milliseconds a word, in the page and by PyTorch, over sentences."""
    pairs = short_enough(phrasebook.load().test)[:: len(BEAMS)][:TIMED]
    found = {"engine": [], "pytorch": []}
    for pair in pairs:
        words = list(pair.src)
        engine = page.evaluate(TIME, [words, rules(beam_size)])
        pytorch = in_pytorch(model, src_vocab, words, beam_size)
        for times, (ms, steps) in zip(
            found.values(), (engine, pytorch), strict=True
        ):
            times.append(ms / steps)
    return {
        name: {
            "median_ms": round(statistics.median(times), 2),
            "p95_ms": round(statistics.quantiles(times, n=20)[-1], 2),
        }
        for name, times in found.items()
    }


def score(pairs, found):
    """BLEU of words, as chapter 6 has it."""
    texts = [phrasebook.detokenize(words) for words in found]
    references = [[phrasebook.detokenize(p.tgt)] for p in pairs]
    return bleu(texts, references).score


def compared(page, model, vocabs, pairs):
    """How alike the page and PyTorch translate, and how well."""
    sources = [list(pair.src) for pair in pairs]
    engine = page.evaluate(TRANSLATE, [sources, rules(1)])
    pytorch = translate(model, sources, *vocabs, max_len=30, batch_size=128)
    same = [a == b for a, b in zip(engine, pytorch, strict=True)]
    return {
        "sentences": len(pairs),
        "same": round(sum(same) / len(pairs), 4),
        "bleu": {
            "engine": round(score(pairs, engine), 2),
            "pytorch": round(score(pairs, pytorch), 2),
        },
    }


def size(text):
    """Kilobytes of a file, raw and gzipped."""
    raw = text.encode("utf-8")
    packed = gzip.compress(raw, 6)
    return {
        "kB": round(len(raw) / 1e3),
        "kB_gzipped": round(len(packed) / 1e3),
    }


def whole_page(model, vocabs):
    """What a page with a translator loads more than one without figures."""
    book = phrasebook.load()
    sentences = {
        "known": short_enough(book.train)[::701],
        "new": short_enough(book.test)[::37],
    }
    parts = Translator(model, *vocabs, sentences).parts()
    front_end = figures.script(), figures.style()
    texts = (parts["markup"], *parts["files"].values(), *front_end)
    sizes = [size(text) for text in texts]
    return {name: sum(it[name] for it in sizes) for name in sizes[0]}


def main():
    """Measure, print and keep."""
    torch.set_num_threads(1)
    model, *vocabs = translator()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        page = browser.new_page()
        page.add_script_tag(content=figures.script())
        page.add_script_tag(content=script())
        found = {
            "command": "python benchmarks/engine.py",
            "versions": {
                "python": platform.python_version(),
                "chromium": browser.version,
                "torch": version("torch"),
            },
            "machine": f"{os.cpu_count()} cores, {platform.machine()}",
            "engine": size(script()),
            "page": whole_page(model, vocabs),
            "models": {},
        }
        for bits in BITS:
            packed = pack(model, *vocabs, bits=bits)
            page.evaluate(BRING, packed)
            found["models"][bits] = {
                **size(model_file("transformer", packed)),
                "held_out": {
                    name: compared(page, model, vocabs, pairs)
                    for name, pairs in held_out()
                },
            }
        page.evaluate(BRING, pack(model, *vocabs))
        found["a_word"] = {
            beam_size: timed(page, model, vocabs[0], beam_size)
            for beam_size in BEAMS
        }
        browser.close()
    show(found)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def show(found):
    """Print what was measured."""
    print(found["machine"], *found["versions"].items())
    for part in ("engine", "page"):
        print(f"\nthe {part}: {found[part]['kB_gzipped']} kB gzipped")
    for bits, row in found["models"].items():
        print(f"\n{bits} bits: {row['kB_gzipped']} kB gzipped")
        for name, it in row["held_out"].items():
            scores = "  ".join(f"{n} {x:.2f}" for n, x in it["bleu"].items())
            print(
                f"  {name:22}{it['sentences']:6}  same words "
                f"{it['same']:7.2%}  BLEU {scores}"
            )
    print("\nms a word, all heads recorded: median, 95 %")
    for beam_size, row in found["a_word"].items():
        for name, ms in row.items():
            print(
                f"  beam of {beam_size}, {name:10}"
                f"{ms['median_ms']:8.2f}{ms['p95_ms']:8.2f}"
            )


if __name__ == "__main__":
    main()
