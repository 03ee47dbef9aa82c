"""What the benchmarks compare is comparable, and what they count is right."""

import json
import re
from pathlib import Path

import generation
import grammar
import language_model
import longer
import oracles
import pictures
import pytest
import torch
import torch.nn.functional as F
import translation
from torch import nn
from twin import make_twin

from d2lattn import models
from d2lattn.corpora import phrasebook
from d2lattn.language_model import LanguageModel
from d2lattn.modes import evaluating
from d2lattn.sampling import generate

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
NAMES = sorted(translation.RECIPES["tatoeba"])
TINY = translation.TRANSFORMER | {
    "embed_size": 7,
    "num_hiddens": 8,
    "ffn_num_hiddens": 11,
    "num_heads": 2,
    "num_epochs": 1,
    "max_tokens": 64,
}


def tiny(name):
    return translation.make_model(name, TINY, 31, 37).eval()


def some_batch():
    """Sources, targets and lengths."""
    src, tgt = torch.randint(31, (3, 7)), torch.randint(37, (3, 5))
    return src, tgt, torch.tensor([7, 4, 2])


def test_the_twin_is_the_same_function_of_the_same_weights():
    ours = tiny("transformer")
    twin = make_twin(ours, 0.0).eval()
    with torch.no_grad():
        for mine, theirs in (
            (ours.encoder, twin.encoder.stack),
            (ours.decoder, twin.decoder.stack),
        ):
            for block, layer in zip(mine.blks, theirs.layers, strict=True):
                for p, q, rows in oracles.pairs(block, layer):
                    p.copy_(q[rows])
            mine.ln.load_state_dict(theirs.norm.state_dict())
        batch = some_batch()
        torch.testing.assert_close(ours(*batch), twin(*batch))


def test_the_twin_has_as_much_to_learn_and_the_same_dropout():
    ours, twin = tiny("transformer"), tiny("nn.Transformer")
    sizes = [sum(p.numel() for p in m.parameters()) for m in (ours, twin)]
    assert sizes[0] == sizes[1]
    recipe = TINY | {"dropout": 0.5}
    twin = translation.make_model("nn.Transformer", recipe, 31, 37)
    for layer in (*twin.encoder.stack.layers, *twin.decoder.stack.layers):
        assert layer.self_attn.dropout == layer.dropout1.p == 0.5
        assert layer.dropout.p == 0.0


@torch.no_grad()
def test_the_twin_decodes_word_by_word():
    twin, (src, tgt, lens) = tiny("nn.Transformer"), some_batch()
    state = twin.decoder.init_state(twin.encoder(src, lens), lens)
    found = []
    for token in tgt.split(1, dim=1):
        logits, state = twin.decoder(token, state)
        found.append(logits)
    wanted = twin(src, tgt, lens)
    torch.testing.assert_close(torch.cat(found, 1), wanted)
    rows = torch.tensor([2, 0])
    logits, _ = twin.decoder(tgt[rows][:, :1], state.select(rows))
    assert logits.shape == (2, 1, 37)


@torch.no_grad()
def test_contenders_in_generating_are_the_same_function():
    models = generation.contenders((8, 11, 2, 3))
    names = "cached", "all over again", "nn", "nn, fast path"
    assert (*models,) == names
    ours, _ = models["cached"]
    for norm in (x for x in ours.modules() if isinstance(x, nn.LayerNorm)):
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    twin, tokens = generation.Twin(ours).eval(), generation.some_text(7)
    models |= {"nn": (twin, False), "nn, fast path": (twin, True)}
    wanted, state = ours(tokens)
    texts = []
    for model, fast in models.values():
        with generation.fast_path(fast):
            logits, kept = model(tokens[:, :4], None)
            torch.testing.assert_close(logits[:, -1], wanted[:, 3])
            logits, _ = model(tokens[:, 4:], kept)
            torch.testing.assert_close(logits[:, -1], wanted[:, -1])
            texts.append(generate(model, tokens, max_len=5, k=1))
    assert all(text == texts[0] for text in texts)
    kept = 2 * 3 * 7 * 8  # keys and values, blocks, tokens, D
    assert generation.cache_bytes(state) == kept * 4


@pytest.mark.parametrize("name", NAMES)
def test_every_model_of_a_recipe_is_trained_and_asked(name, unchecked):
    book = phrasebook.load()
    split = translation.Split(
        [pair.src for pair in book.test[:5]],
        [[phrasebook.detokenize(pair.tgt)] for pair in book.test[:5]],
        book.test[:5],
    )
    corpus = translation.Corpus(
        "phrasebook",
        book.train[:30],
        book.valid[:3],
        {"test": split},
        phrasebook.detokenize,
    )
    row = translation.run(name, TINY, corpus, seed=1)
    json.dumps(row)
    assert row["scores"]["test"]["sentences"] == 5
    assert 0 <= row["scores"]["test"]["bleu"] <= 100
    assert ("alignment" in row) == (name in {"bahdanau", "transformer"})


def test_every_sentence_is_in_one_group_of_lengths():
    lengths = [1, 3, 4, 5, 8, 9, 20, 21, 40]
    split = translation.Split(
        [("a",) * n for n in lengths], [["a " * n] for n in lengths]
    )
    texts = ["a " * n for n in lengths]
    groups = translation.by_length(split, texts)
    assert [g["sentences"] for g in groups] == [3, 2, 1, 1, 2]
    assert [g["longest"] for g in groups] == [4, 8, 9, 20, 40]
    assert {g["bleu"] for g in groups} == {100.0}


@pytest.mark.parametrize(
    ("words", "score"),
    [
        ("il est calme .", 1.0),
        ("", 0.0),
        ("il est calme", (1 - 0.0) * 2.718281828 ** (1 - 4 / 3)),
        ("il est bon .", (3 / 4) ** 0.5 * (1 / 3) ** 0.25),
        ("il il il il", 0.0),
    ],
)
def test_the_bleu_of_d2l(words, score):
    found = translation.d2l_bleu(words.split(), ["il", "est", "calme", "."])
    assert found == pytest.approx(score)


def test_a_row_takes_the_place_of_its_like(tmp_path):
    path = tmp_path / "new" / "rows.json"
    row = {"corpus": "a", "num_pairs": 1, "model": "m", "seed": 1, "x": 1}
    tried = {"changes": {"dropout": 0.5}}
    for change in ({}, {"seed": 2}, tried, {"x": 2}, tried | {"x": 3}):
        translation.keep(row | change, path)
    rows = json.loads(path.read_text("utf-8"))
    assert {(r["seed"], r["x"], "changes" in r) for r in rows} == {
        (1, 2, False),
        (2, 1, False),
        (1, 3, True),
    }
    assert len(rows) == 3


@pytest.mark.parametrize(
    "name",
    [
        "attention",
        "engine",
        "generation",
        "language_model",
        "longer",
        "translation",
        "tuning",
    ],
)
def test_results_name_what_they_come_from(name):
    path = RESULTS / f"{name}.json"
    text = path.read_text("utf-8")
    rows = json.loads(text)
    for row in rows if isinstance(rows, list) else [rows]:
        assert re.match(r"python benchmarks/\w+\.py", row["command"])
        assert {"python", "torch"} <= row["versions"].keys()


def test_rows_come_from_the_recipes_of_today():
    rows = json.loads((RESULTS / "translation.json").read_text("utf-8"))
    for row in rows:
        wanted = translation.RECIPES[row["corpus"]][row["model"]]
        assert row["recipe"] == wanted, row["command"]


# The language model


@pytest.fixture(scope="module")
def fresh():
    """A sentence of each construction, and two of some."""
    return grammar.fresh(1 / 1200)


def test_a_language_model_is_trained_by_the_chapter_and_judged(
    fresh, tmp_path, unchecked
):
    whole = phrasebook.load()
    few = {"train": 64, "valid": 6, "test": 8, "combinations": 4}
    book = whole._replace(
        **{name: getattr(whole, name)[:n] for name, n in few.items()}
    )
    kept = tmp_path / "model"
    model, vocab, facts = language_model.trained(1, book, kept)
    again, _, same = language_model.trained(2, book, kept)
    assert same == facts == json.loads(json.dumps(facts))
    for one, other in zip(model.parameters(), again.parameters(), strict=True):
        assert one.equal(other)
    tests = language_model.splits(book, 4)
    row = language_model.measure(model, vocab, fresh, tests, count=6)
    json.dumps(row)
    for part in grammar.PARTS:
        found = row["fresh"]["all"][part]
        assert found["excess"] > 1  # after eight steps
        assert found["loss"] - found["excess"] == pytest.approx(
            found["grammar"], abs=2e-4
        )
    for found in row["samples"]:
        sides = found["english"], found["french"]
        assert sum(side["samples"] for side in sides) == found["samples"] == 6
        for side in sides:
            assert side["samples"] == side["grammatical"] + sum(
                side["errors"].values()
            )
    assert row["translations"]["test"]["to french"]["sentences"] == 4


def test_losses_of_a_sentence_and_its_translation():
    model, vocab, _ = language_model.trained(
        1, phrasebook.load(), models.shelf("language-model")
    )
    phrase = phrasebook.load().test[0]
    one, other = (vocab.encode(side) for side in phrase[:2])
    text = torch.tensor([[vocab.bos, *one, vocab.eos, *other, vocab.eos]])
    pairs = [phrase[:2], ((), ("le",))]  # of another length
    [(first, second), _] = language_model.part_losses(model, vocab, pairs)
    with evaluating(model):
        logits, _ = model(text[:, :-1])
    wanted = F.cross_entropy(logits.mT, text[:, 1:], reduction="none")[0]
    end = len(one) + 1
    assert first == pytest.approx(wanted[:end].sum().item(), rel=1e-4)
    assert second == pytest.approx(wanted[end:].sum().item(), abs=1e-4)
    found = language_model.translations(model, vocab, [phrase.src, ("who",)])
    assert found[0] == phrase.tgt


def test_what_counts_as_right():
    pairs = [
        (("he", "eats", "it", "."), ("il", "le", "mange", ".")),
        (
            ("you", "see", "his", "cat", "."),
            ("tu", "vois", "son", "chat", "."),
        ),
    ]
    found = [pairs[0][0], ("you", "see", "her", "cat", ".")]
    judged = language_model.judge_translations(pairs, found, to_french=False)
    assert (judged["exact"], judged["right"]) == (0.5, 1.0)
    found = [pairs[0][1], ("tu", "vois", "sa", "chat", ".")]
    judged = language_model.judge_translations(pairs, found, to_french=True)
    assert (judged["exact"], judged["right"]) == (0.5, 0.5)


def test_what_is_wrong_with_a_sample():
    texts = {
        "the cat sleeps .": {"grammatical": 1, "tried": 0},
        "the girl is sad because he is tired .": {
            "apart": 1,
            "one_word_off": 1,
        },
        "cat the sleeps the .": {"neighbours": 1, "one_word_off": 0},
        "the cat sleeps": {"unfinished": 1, "tried": 0},
    }
    for text, wanted in texts.items():
        words = tuple(text.split())
        judged = language_model.judge_samples(
            [(words, words[-1] == ".")], repair=True
        )
        found = judged["english"] | judged["english"]["errors"]
        assert wanted == {name: found[name] for name in wanted}, text
    assert grammar.side_of(("le", "chat", "de", "paul")) == "tgt"


def test_the_entropy_and_its_error(fresh):
    assert len({each.phrase.construction for each in fresh}) == 26
    numbers = [float(each.tokens("english")) for each in fresh]
    found = grammar.per_token(fresh, "english", numbers)
    assert (found["per_token"], found["per_token_error"]) == (1, 0)
    assert found["per_sentence_error"] > 0
    same = [each.phrase.construction == "times" for each in fresh]
    assert grammar.standard_error(fresh, same) == 0
    for each in fresh:
        losses = each.losses
        assert losses["french given english"] < 0.01 < losses["english"]
        one, other = ("english", "french given english"), ("french",)
        other += ("english given french",)
        assert sum(losses[p] for p in one) == pytest.approx(
            sum(losses[p] for p in other)
        )


# Longer texts


def test_each_recalled_value_is_the_one_that_was_shown():
    keys, values, answers = longer.pairs(5, 7, torch.Generator())
    assert keys.shape == values.shape == (7, 10)
    assert (values[:, 5:] == longer.VALUES).all()  # none
    for row in range(7):
        shown = keys[row, :5].tolist()
        assert len({*shown}) == 5
        known = dict(zip(shown, values[row, :5].tolist(), strict=True))
        asked = keys[row, 5:].tolist()
        assert sorted(asked) == sorted(shown)
        assert answers[row].tolist() == [known[key] for key in asked]


def test_pieces_of_a_text_begin_with_bos():
    text = torch.arange(100) + 7
    pieces = longer.cut_out(text, 5, 11, torch.Generator())
    assert pieces.shape == (5, 12)
    assert (pieces[:, 0] == 1).all()
    assert (pieces[:, 1:].diff() == 1).all()
    assert len({*pieces[:, 1].tolist()}) > 1


def test_weight_beyond_the_length_of_training():
    model = LanguageModel(11, 6, 5, 3, 2, **longer.MODELS["none"])
    for blk in model.blks:
        torch.nn.init.zeros_(blk.attention.W_q.weight)  # even weights
    found = torch.tensor(longer.weight_beyond(model, torch.arange(999) % 11))
    place = torch.arange(longer.LONGEST)
    far = (place + 1 - longer.TRAINED).clamp(min=0) / (place + 1)
    wanted = far.unflatten(0, (-1, longer.BIN)).mean(1).expand(3, -1)
    torch.testing.assert_close(found, wanted, atol=6e-4, rtol=0)


# Pictures


def test_both_networks_for_pictures_have_as_much_to_learn():
    sizes = [
        sum(p.numel() for p in pictures.make_model(name).parameters())
        for name in pictures.EITHER
    ]
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("size", [1, 2, 8])
def test_multiplications_for_a_picture_are_all_counted(size):
    n, D, ffn = 1 + (8 // size) ** 2, 32, 64
    block = n * (4 * D**2 + 2 * D * ffn) + 2 * n**2 * D
    rest = (n - 1) * size**2 * D + 10 * D
    model = pictures.make_model("vit", size)
    found = pictures.multiplications(model, torch.rand(3, 1, 8, 8))
    assert found == 2 * block + rest


@pytest.mark.parametrize("step", pictures.STEPS)
def test_a_picture_is_moved_by_a_pixel_each_way(step):
    X = torch.rand(3, 1, 8, 8)
    down, right = (torch.full((3,), s) for s in step)
    found = pictures.moved(X, down, right)
    wanted = torch.zeros_like(X)
    rows, columns = (
        (slice(max(s, 0), 8 + min(s, 0)), slice(max(-s, 0), 8 - max(s, 0)))
        for s in step
    )
    wanted[..., rows[0], columns[0]] = X[..., rows[1], columns[1]]
    assert found.equal(wanted)


def test_patches_of_all_pictures_are_shuffled_alike():
    X = torch.rand(3, 1, 8, 8)
    mixed = pictures.shuffle_patches(X)
    assert not mixed.equal(X)
    before, after = (pictures.patches(x, 2) for x in (X, mixed))
    order = [int((before[0] == row).all(-1).nonzero()) for row in after[0]]
    assert sorted(order) == [*range(16)]
    assert after.equal(before[:, order])


def test_rows_of_pictures_are_those_of_the_experiments():
    rows = json.loads(pictures.RESULTS.read_text(encoding="utf-8"))
    wanted = {
        (name, *({**pictures.SETTINGS, **changes}.items()))
        for name, all_changes in pictures.EXPERIMENTS.items()
        for changes in all_changes
    }
    names = "model", *pictures.SETTINGS
    for seed in (0, 1, 2):
        found = {
            (row["experiment"], *sorted((n, row[n]) for n in names))
            for row in rows
            if row["seed"] == seed
        }
        assert found == {(name, *sorted(pairs)) for name, *pairs in wanted}
    assert {row["parameters"] for row in rows if row["patch_size"] == 2} >= {
        sum(p.numel() for p in pictures.make_model("vit").parameters())
    }
