"""The reference page says what the docstrings say, of all that is public."""

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

import d2lattn
from _ext.reference import made_of, markdown, mirrored, public, signature
from d2lattn.corpora.batches import Batches
from d2lattn.multihead import CausalAttention, MultiHeadAttention
from d2lattn.recording import record_attention
from d2lattn.seq2seq import Seq2SeqState
from d2lattn.training import warm_up

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "chapters" / "package.md"
MODULES = [
    importlib.import_module(line)
    for line in PAGE.read_text("utf-8").splitlines()
    if line.startswith("d2lattn.")
]


def test_whatever_is_exported_is_on_the_page():
    shown = {name for module in MODULES for name in public(module)}
    exported = {n for n in d2lattn.__all__ if callable(getattr(d2lattn, n))}
    assert exported <= shown


def test_every_module_that_makes_names_public_is_on_the_page():
    package = Path(d2lattn.__file__).parent
    named = {
        f"d2lattn.{path.stem}"
        for path in package.glob("*.py")
        if "__all__" in path.read_text("utf-8") and path.stem != "__init__"
    }
    kept_inside = {"d2lattn.progress"}
    assert named - kept_inside <= {module.__name__ for module in MODULES}


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
def test_everything_public_has_a_docstring_and_a_signature(module):
    for name, thing in public(module).items():
        assert isinstance(thing, Callable)
        assert thing.__doc__.strip()
        assert signature(thing).startswith(f"{name}(")


def test_short_signatures_take_a_line():
    assert signature(warm_up) == (
        "warm_up(step: int, num_hiddens: int, warmup_steps: int) -> float"
    )
    assert signature(CausalAttention) == (
        "CausalAttention(dropout: float = 0.0)"
    )


def test_long_signatures_take_a_line_for_each_parameter():
    assert signature(MultiHeadAttention).splitlines() == [
        "MultiHeadAttention(",
        "    num_hiddens: int,",
        "    num_heads: int,",
        "    dropout: float = 0.0,",
        "    bias: bool = False,",
        "    *,",
        "    query_size: int | None = None,",
        "    key_size: int | None = None,",
        "    value_size: int | None = None,",
        ")",
    ]


def test_tuples_are_called_with_their_fields():
    _, first, *_ = signature(Seq2SeqState).splitlines()
    assert first == (
        '    source: Float[Tensor, "B D"] | Float[Tensor, "B K D"],'
    )


def test_what_is_wrapped_shows_its_own_signature():
    assert signature(record_attention) == (
        "record_attention(model: nn.Module) -> "
        "Iterator[dict[str, list[Tensor]]]"
    )


def test_examples_are_set_as_code():
    text = "A.\n\n>>> f()\n1\n<BLANKLINE>\n2\n\nB.\n\n>>> g()"
    assert markdown(text).splitlines() == [
        "A.",
        "",
        "```pycon",
        ">>> f()",
        "1",
        "",
        "2",
        "```",
        "",
        "B.",
        "",
        "```pycon",
        ">>> g()",
        "```",
    ]


def test_sections_stand_no_further_in():
    text = (
        "A.\n\nArgs:\n    x: an x\n        or so.\n    y: a y.\n\n"
        "Example:\n    >>> f()\n    1\n"
    )
    assert markdown(text).splitlines() == [
        "A.",
        "",
        "Args:",
        "",
        "- `x`: an x",
        "        or so.",
        "- `y`: a y.",
        "",
        "Example:",
        "",
        "```pycon",
        ">>> f()",
        "1",
        "```",
    ]


def test_parts_are_named_in_the_order_of_the_code():
    names = {"SentencePair", "Batch", "pad_rows", "Vocab", "Batches"}
    parts = made_of(Batches, names)
    assert "Batches" not in parts
    assert parts.index("Vocab") < parts.index("pad_rows")
    assert made_of(warm_up, names) == []


def test_chapters_are_found_by_their_mirrors():
    found = mirrored(ROOT / "chapters")
    path = "d2lattn.scoring.DotProductAttention"
    assert found[path] == "02-scoring-functions"
