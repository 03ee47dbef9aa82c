"""What the benchmarks compare is comparable, and what they count is right."""

import json
import re
from pathlib import Path

import oracles
import pictures
import pytest
import torch
import translation
from twin import make_twin

from d2lattn.corpora import phrasebook

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
    "name", ["attention", "engine", "translation", "tuning"]
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
