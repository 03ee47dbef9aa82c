"""The reference page says what the docstrings say, of all that is public."""

import importlib
from pathlib import Path

import d2lattn
from _ext.reference import markdown, public, signature
from d2lattn.multihead import MultiHeadAttention
from d2lattn.recording import record_attention
from d2lattn.seq2seq import Seq2SeqState

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
        "    num_kv_heads: int | None = None,",
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
