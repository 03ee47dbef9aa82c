"""The engine searches by the rules of `d2lattn.beams`, and finds the same."""

import json
from itertools import pairwise

import pytest
import torch
from engine import short_enough
from engine_page import (
    BOS,
    CLOSE,
    EOS,
    V_SRC,
    as_beam,
    assert_step,
    bring,
    numbers,
    reading,
    small,
)

from d2lattn.beams import best_first, penalty, propose
from d2lattn.corpora import phrasebook
from d2lattn.corpora.batches import pad_rows
from d2lattn.decoding import translate
from d2lattn.evaluation import bleu
from d2lattn.recording import record_attention


@pytest.mark.parametrize("beam_size", range(1, 6))
@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 2.0])
def test_a_beam_keeps_what_ours_keeps(engine_page, beam_size, length_penalty):
    rules = {"bos": BOS, "eos": EOS, "beam_size": beam_size, "max_len": 11}
    rules["length_penalty"] = length_penalty
    bring(engine_page, small())
    unfinished = 0
    for word in range(4, V_SRC):
        result = engine_page.evaluate(
            "([src, rules]) => searched(src, rules)", [[word, EOS], rules]
        )
        for step in result["steps"]:
            assert_step(step, rules)
        for one, other in pairwise(result["steps"]):
            assert one["after"] == other["before"]
        assert not any(it["alive"] for it in result["steps"][-1]["after"])
        ranks = [(it["finished"], it["score"]) for it in result["found"]]
        assert ranks == sorted(ranks, reverse=True)
        assert len(ranks) == beam_size
        found = engine_page.evaluate(
            "([src, rules]) => engine.beamSearch(it.model, src, rules)",
            [[word, EOS], rules],
        )
        assert [it["tokens"] for it in found] == [
            it["tokens"] for it in result["found"]
        ]
        unfinished += not result["found"][0]["finished"]
    assert unfinished < V_SRC - 4  # some sentences come to an end


def test_of_equals_the_first_comes_first(engine_page):
    scores = torch.randint(4, (31,)).double()
    found, finest = engine_page.evaluate(
        """scores => [engine.bestFirst(scores, 7), [0, 0.6, 1].map((it) =>
            engine.penalty(7, it))]""",
        scores.tolist(),
    )
    assert found == best_first(scores[None], 7)[1][0].tolist()
    wanted = [penalty(7, it) for it in (0.0, 0.6, 1.0)]
    assert finest == pytest.approx(wanted)


@pytest.mark.parametrize("number", [1, 3, 7])
def test_proposals_are_ours(engine_page, number):
    log_probs = torch.randn(2, 7).double().round().log_softmax(-1)  # equals
    beam = [
        {"tokens": [1, *end], "log_prob": total, "score": total}
        | {"finished": not alive, "alive": alive, "parent": 0}
        for end, total, alive in (
            ([3, 4], -1.5, True),
            ([2], -0.5, False),
            ([4, 3], -2.5, True),
        )
    ]
    found = engine_page.evaluate(
        "([beam, rows, number]) => engine.propose(beam, rows, number)",
        [beam, [log_probs[0].tolist(), None, log_probs[1].tolist()], number],
    )
    tokens, probs, totals = propose(as_beam(beam), log_probs, number, EOS)
    for w in (0, 2):
        assert [it["token"] for it in found[w]] == tokens[0, w].tolist()
        for name, wanted in (("prob", probs), ("log_prob", totals)):
            numbers = [it[name] for it in found[w]]
            assert numbers == pytest.approx(wanted[0, w].tolist())
    assert found[1] == []


# -- chapter 6's translator --------------------------------------------------


@torch.no_grad()
def read_again(model, rows):
    """What PyTorch makes of rows, each a source and a prefix, all at once.

    Log-probabilities of the next token, and by path a list of the weights of
    the last query; an encoder's of all queries.
    """
    log_probs, weights = [], {}
    for start in range(0, len(rows), 512):
        some = rows[start : start + 512]
        src, src_lens = pad_rows([row[0] for row in some])
        tgt, tgt_lens = pad_rows([row[1] for row in some])
        with record_attention(model) as recorded:
            logits = model(src, tgt, src_lens)  # (N, T, V)
        last = torch.arange(len(some)), tgt_lens - 1
        log_probs.append(logits[last].log_softmax(-1))
        for path, (call,) in recorded.items():
            kept = weights.setdefault(path, [])
            for n, (K, T) in enumerate(
                zip(src_lens.tolist(), tgt_lens.tolist(), strict=True)
            ):
                if path.startswith("encoder"):
                    kept.append(call[n, :, :K, :K])
                else:
                    of_last = T if path.endswith("attention1") else K
                    kept.append(call[n, :, T - 1, :of_last])
    return torch.cat(log_probs), weights


@pytest.mark.parametrize("beam_size", [1, 3])
def test_each_step_of_200_sentences_is_pytorchs(
    engine_page, chapter, beam_size
):
    _, model, src_vocab, _ = chapter
    some = short_enough(phrasebook.load().test)[::6][:200]
    assert len(some) == 200
    rules = {"bos": BOS, "eos": EOS, "beam_size": beam_size, "max_len": 20}
    sources = [[*src_vocab.encode(pair.src), EOS] for pair in some]
    rules["length_penalty"] = 0.6
    # As text, which Playwright does not look through.
    results = engine_page.evaluate(
        """([all, rules]) =>
            JSON.stringify(all.map((src) => searched(src, rules)))""",
        [sources, rules],
    )
    results = json.loads(results)
    rows = [
        (src, prefix)
        for src, result in zip(sources, results, strict=True)
        for prefix in reading(result["steps"])
    ]
    log_probs, weights = read_again(model, rows)
    start = 0
    for result in results:
        steps = result["steps"]
        end = start + len(reading(steps))
        ours = log_probs[start:end]
        its = numbers(result["log_probs"], *ours.shape)
        torch.testing.assert_close(its, ours, **CLOSE)
        for path, its in result["weights"].items():
            calls = weights[path][start:end]
            if path.startswith("encoder"):
                calls = calls[:1]  # it reads once
            wanted = torch.cat([call.flatten() for call in calls])
            found = numbers(its, -1)
            torch.testing.assert_close(found, wanted, **CLOSE)
        proposals = [
            of_one for s in steps for of_one in s["proposals"] if of_one
        ]
        best, _ = best_first(ours, beam_size)
        named = torch.tensor([[p["token"] for p in it] for it in proposals])
        torch.testing.assert_close(ours.gather(1, named), best, **CLOSE)
        for step in steps:
            assert_step(step, rules)
        start = end
    assert start == len(rows)


def test_held_out_sentences_get_the_same_words(engine_page, chapter):
    model, _, src_vocab, tgt_vocab = chapter
    pairs = short_enough(phrasebook.load().test)[::2]  # those of chapter 6
    sources = [list(pair.src) for pair in pairs]
    rules = {"bos": BOS, "eos": EOS, "beam_size": 1, "max_len": 30}
    engine = engine_page.evaluate(
        """([sources, rules]) => sources.map((words) => {
            const src = [...it.src_vocab.encode(words), it.src_vocab.eos];
            const [best] = engine.beamSearch(it.model, src, rules);
            return it.tgt_vocab.decode(best.tokens);
        })""",
        [sources, rules],
    )
    ours = translate(
        model, sources, src_vocab, tgt_vocab, max_len=30, batch_size=128
    )
    same = sum(a == b for a, b in zip(engine, ours, strict=True))
    assert same / len(pairs) >= 0.99
    references = [[phrasebook.detokenize(pair.tgt)] for pair in pairs]
    scores = [
        bleu([phrasebook.detokenize(words) for words in found], references)
        for found in (engine, ours)
    ]
    assert abs(scores[0].score - scores[1].score) < 0.3
