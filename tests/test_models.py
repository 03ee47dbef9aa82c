"""What was learned comes back as it was saved, or an error says why not."""

import ast
import json
from pathlib import Path

import nbformat
import pytest
import record
import torch
import train
from safetensors.torch import save_file
from torch import nn

from d2lattn import models
from d2lattn.corpora import phrasebook
from d2lattn.models import load_checkpoint, save_checkpoint
from d2lattn.training import Epoch

CHAPTERS = {
    path.stem: nbformat.read(path, as_version=4) for path in record.chapters()
}
TRAININGS = [
    (chapter, training)
    for chapter, notebook in CHAPTERS.items()
    for training in train.trainings(notebook)
]
EPOCH = Epoch(1, 0.5, None, 7, 0.1)
MEGABYTES = 3  # for the whole shelf


class Tied(nn.Module):
    """Two layers that share a matrix."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(7, 5)
        self.dense = nn.Linear(5, 7)
        self.dense.weight = self.embedding.weight


def equal(one, other):
    """Whether two models hold the same numbers."""
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return all(a.equal(b) for a, b in pairs)


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"epoch": 3, "losses": [0.5, None], "where": {"à": [True, "b"]}},
        {"history": [EPOCH, EPOCH], "best": {"epoch": EPOCH}},
    ],
)
def test_a_checkpoint_brings_back_model_and_facts(facts, tmp_path):
    path, model, other = tmp_path / "model", Tied(), Tied()
    save_checkpoint(path, model, **facts)
    found = load_checkpoint(path, other)
    assert repr(found) == repr(facts)  # epochs, not tuples
    assert equal(model, other)
    assert other.dense.weight is other.embedding.weight
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(
    "fact",
    [
        (1, 2),
        {1: 2},
        float("nan"),
        torch.ones(2),
        {"a": [object()]},
        EPOCH._asdict(),
    ],
    ids=["tuple", "key", "nan", "tensor", "object", "like an epoch"],
)
def test_what_would_come_back_otherwise_is_refused(fact, tmp_path):
    with pytest.raises(ValueError, match="fact odd must be made of"):
        save_checkpoint(tmp_path / "model", nn.Linear(2, 3), odd=fact)
    assert not [*tmp_path.iterdir()]


def test_half_precision_is_rounded_and_comes_back_as_it_is_there(tmp_path):
    path, model, other = tmp_path / "model", Tied(), Tied().double()
    save_checkpoint(path, model, dtype=torch.float16)
    load_checkpoint(path, other)
    assert other.dense.bias.dtype == torch.float64
    assert other.dense.bias.equal(model.dense.bias.half().double())
    save_checkpoint(tmp_path / "whole", model)
    numbers = sum(parameter.numel() for parameter in model.parameters())
    saved = (tmp_path / "whole").stat().st_size - path.stat().st_size
    assert abs(saved - 2 * numbers) < 16
    with torch.no_grad():
        model.dense.bias[0] = 1e6
    with pytest.raises(ValueError, match=r"dense\.bias must fit"):
        save_checkpoint(path, model, dtype=torch.float16)


def test_a_checkpoint_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    path, model = tmp_path / "model", nn.Linear(2, 3)
    save_checkpoint(path, model, epoch=1)

    def break_off(tensors, file, header):
        file.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(models, "save_file", break_off)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(path, model, epoch=2)
    assert load_checkpoint(path, model) == {"epoch": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_compiled_model_is_the_model(tmp_path, compiler):
    model, other = nn.Linear(2, 3), nn.Linear(2, 3)
    save_checkpoint(tmp_path / "model", torch.compile(model))
    load_checkpoint(tmp_path / "model", other)
    assert equal(model, other)
    save_checkpoint(tmp_path / "model", nn.Linear(2, 3))
    load_checkpoint(tmp_path / "model", torch.compile(other))
    assert not equal(model, other)


def torn(path):
    save_checkpoint(path, nn.Linear(5, 3, bias=False))
    path.write_bytes(path.read_bytes()[:-7])


def foreign(path):
    save_file({"weight": torch.zeros(3, 5)}, path)


@pytest.mark.parametrize(
    ("write", "error"),
    [
        (lambda path: torch.save({}, path), "model must be .* is damaged"),
        (torn, "model must be a checkpoint, but is damaged"),
        (foreign, "holds tensors without facts"),
        (nn.Linear(5, 3), "model holds bias, but the model does not"),
        (nn.ParameterDict(), "the model holds weight, but .*model does not"),
        (nn.Linear(3, 5, bias=False), r"\(5, 3\), .* has shape \(3, 5\)"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(write, error, tmp_path):
    if isinstance(write, nn.Module):
        save_checkpoint(tmp_path / "model", write)
    else:
        write(tmp_path / "model")
    model = nn.Linear(5, 3, bias=False)
    before = model.weight.detach().clone()
    with pytest.raises(ValueError, match=error):
        load_checkpoint(tmp_path / "model", model)
    assert model.weight.equal(before)


def test_weights_that_differ_are_not_tied(tmp_path):
    free = Tied()
    free.dense.weight = nn.Parameter(torch.zeros(7, 5))
    save_checkpoint(tmp_path / "model", free)
    with pytest.raises(
        ValueError, match=r"model holds dense\.weight, but the"
    ):
        load_checkpoint(tmp_path / "model", Tied())


def test_no_file_is_no_checkpoint(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "none", nn.Linear(2, 3))


def test_the_shelf_holds_what_the_chapters_load_and_is_small():
    named = [training.name for _, training in TRAININGS if training.model]
    assert sorted(named) == models.names()
    sizes = [models.shelf(name).stat().st_size for name in named]
    assert sum(sizes) < MEGABYTES * 1e6


@pytest.mark.parametrize(
    ("chapter", "training"),
    [(c, t) for c, t in TRAININGS if t.model],
    ids=lambda x: getattr(x, "name", x),
)
def test_a_model_on_the_shelf_is_what_the_chapter_would_make(
    chapter, training
):
    facts = models.read_facts(models.shelf(training.name))
    now = train.recipe(CHAPTERS[chapter], training.cell)
    assert facts["chapter"] == chapter
    assert facts["seed"] == 0
    assert train.same_recipe(facts["recipe"], now), (
        f"{training.name} was made otherwise: run `make train`"
    )
    if "losses" in facts:  # of pictures
        assert "phrasebook" not in now
        assert all(loss > 0 for loss in facts["losses"])
        return
    assert facts["corpus"]["sha256"] == phrasebook.SHA256
    assert all(
        epoch.train_loss > 0 and epoch.tokens for epoch in facts["history"]
    )


def test_rows_of_seeds_are_of_the_trainings_there_are():
    rows = json.loads(train.ROWS.read_text(encoding="utf-8"))
    found = {row["name"] for row in rows}
    assert found <= {training.name for _, training in TRAININGS}
    for name in found:
        assert len([row for row in rows if row["name"] == name]) >= 5


@pytest.mark.parametrize("chapter", sorted({c for c, _ in TRAININGS}))
def test_who_trains_reads_nothing_of_other_trainings(chapter, monkeypatch):
    monkeypatch.chdir(record.ROOT / "chapters")
    cells = [
        c.source for c in CHAPTERS[chapter].cells if "code" in c.cell_type
    ]
    assert sum("training.json" in source for source in cells) == 1
    [maker] = [source for source in cells if "def runs(" in source]
    functions = [x for x in ast.parse(maker).body if hasattr(x, "args")]
    names = {"Path": Path, "models": models, "TRAIN": False}
    exec(compile(ast.Module(functions, []), chapter, "exec"), names)
    names_of_rows = {t.name for stem, t in TRAININGS if stem == chapter}
    for name in names_of_rows:
        names["TRAIN"] = False
        assert len(names["runs"](name, "mine")) >= 5
        names["TRAIN"] = True
        assert names["runs"](name, "mine") == ["mine"]


def test_a_recipe_is_what_a_cell_hangs_on_and_no_more():
    cells = [
        "import math\nsize = 3\nother = 4",
        "def make():\n    return size + late",
        "late = 5",
        "if TRAIN:\n    facts = make()\nelse:\n"
        "    facts = models.load('name', model)",
    ]
    notebook = nbformat.v4.new_notebook(
        cells=[*map(nbformat.v4.new_code_cell, cells)]
    )
    [training] = train.trainings(notebook)
    assert training == (3, "name", "facts", "model")
    text = train.recipe(notebook, 3)
    assert text == "\n\n".join(["size = 3", *cells[1:]])
    notebook.cells[0].source = "size = 5  # larger"
    assert not train.same_recipe(text, train.recipe(notebook, 3))
