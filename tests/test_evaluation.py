"""Scores: against formulas written out, and by hand."""

import pytest
import sacrebleu
import torch

from d2lattn.evaluation import (
    alignment_error_rate,
    alignment_links,
    bleu,
    exact_match,
)


def test_bleu_uses_all_references():
    references = [
        ["the cat sat on the mat", "a cat is on the mat", "cats sit"],
        ["he ran home very fast", "he hurried home"],
    ]
    said = ("a cat is on the mat", "he ran home very fast")
    both = bleu(said, references)
    assert both.score == 100
    turned = [tuple(refs[::-1]) for refs in references]
    assert bleu(said, turned) == both
    assert bleu(said, [refs[:1] for refs in references]).score < 99


def test_bleu_splits_words_itself():
    refs = [["L'été, c'est fini !", "L'été est fini."]]
    assert bleu(["l'été, c'est fini !"], refs).score == 100
    assert bleu(["l'été,c'est fini!"], refs).score == 100  # 13a splits , !
    assert bleu(["L'ÉTÉ EST FINI."], refs).score == 100


@pytest.mark.parametrize(
    ("references", "nrefs"),
    [
        ([["A b c d."], ["A b.", "A c."]], "var"),
        ([["A b c d."], ["A b."]], "1"),
        ([["A.", "B."], ["A.", "B."]], "2"),
    ],
)
def test_signature(references, nrefs):
    _, signature = bleu(["A b c d.", "A b."], references)
    version = f"version:{sacrebleu.__version__}"
    said = f"nrefs:{nrefs}|case:lc|eff:no|tok:13a|smooth:exp|{version}"
    assert signature == said


def test_bleu_of_nothing_said():
    assert bleu(["", ""], [["alpha beta"], ["beta gamma"]]).score == 0
    assert bleu(["zeta"], [["alpha"]]).score == 0
    assert bleu(["alpha"], [["alpha"]]).score == 0  # no four words in a row


@pytest.mark.parametrize(
    ("translations", "references", "share"),
    [
        (["a b"], [["a b"]], 1.0),
        (["a b"], [["x", "A B"]], 1.0),
        (["a b", "a b", "a", ""], [["a b"], ["c"], ["b", "a"], ["a"]], 0.5),
        (["a b"], [["a b c"]], 0.0),
        (["a b"], [["a  b"]], 0.0),
    ],
)
def test_exact_match(translations, references, share):
    assert exact_match(translations, references) == share


@pytest.mark.parametrize("score", [bleu, exact_match])
@pytest.mark.parametrize(
    ("translations", "references", "message"),
    [
        ([], [], "translations must not be empty"),
        (["a", "b"], [["a"]], "equal in number, but there are 2 and 1"),
        (["a", "b"], [["a"], []], r"those of sentence 1 are \[\]"),
        (["a", "b"], [["a", " "], ["b"]], r"sentence 0 are \['a', ' '\]"),
        (["a b"], ["a b"], "texts, .* of sentence 0 are 'a b'"),
        ("a", [["a"]], "translations must be a list, .* but is 'a'"),
        (["a"], None, "references must be a list, .* but is None"),
        ([["a", "b"]], [["a b"]], r"texts, not words, .* is \['a', 'b'\]"),
        (["a b"], [[["a", "b"]]], r"sentence 0 are \[\['a', 'b'\]\]"),
        (["a"], [None], "those of sentence 0 are None"),
        (["a b c"], [["a", "b", "c"]], r"single words, as in \['a', 'b', "),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_texts(score, translations, references, message):
    with pytest.raises(ValueError, match=message):
        score(translations, references)


T, S = 5, 7


@pytest.mark.parametrize("num_src", range(S + 1))
@pytest.mark.parametrize("num_tgt", range(T + 1))
def test_links_by_hand(num_src, num_tgt, device):
    weights = torch.randint(4, (T, S)) / 4  # the first of equals counts
    weights[1] = 0  # nothing to attend to
    expected = set()
    for i, row in enumerate(weights.tolist()[:num_tgt]):
        j = row.index(max(row))
        if max(row) and j < num_src:
            expected.add((j, i))
    found = alignment_links(weights.to(device), num_src, num_tgt)
    assert found == expected
    assert all(type(place) is int for link in found for place in link)


def test_links_of_empty_matrices():
    assert alignment_links(torch.zeros(3, 0), 0, 3) == set()
    assert alignment_links(torch.zeros(0, 3), 3, 0) == set()


@pytest.mark.parametrize(
    ("shape", "num_src", "num_tgt", "message"),
    [
        ((2, 3), 4, 2, r"2 target and 4 source words .* shape \(2, 3\)"),
        ((2, 3), 3, 3, r"3 target and 3 source words .* shape \(2, 3\)"),
        ((2, 3), -1, 2, "2 target and -1 source words"),
        ((2, 3), 2, -1, "-1 target and 2 source words"),
        ((4, 2, 3), 3, 2, r"weights must have shape \(T, S\), .*\(4, 2, 3\)"),
        ((3,), 3, 1, r"weights must have shape \(T, S\), but has shape \(3,"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_weights(shape, num_src, num_tgt, message):
    with pytest.raises(ValueError, match=message):
        alignment_links(torch.ones(shape), num_src, num_tgt)


@pytest.mark.parametrize(
    ("found", "sure", "rate"),
    [
        ([{(0, 0)}], [{(0, 0)}], 0.0),
        ([{(0, 1)}], [{(1, 0)}], 1.0),
        ([set()], [{(0, 0)}], 1.0),
        ([{(0, 0)}], [set()], 1.0),
        # Two right of three found and of five sure: 1 - 2 * 2 / (3 + 5).
        (
            [{(0, 0), (1, 1)}, {(0, 1)}],
            [{(0, 0), (1, 1)}, {(2, 0), (1, 0), (0, 0)}],
            1 / 2,
        ),
        # A link said twice is one link.
        ([[(0, 0), (0, 0), (1, 1)]], [[(0, 0)]], 1 / 3),
    ],
)
def test_error_rate_by_hand(found, sure, rate):
    assert alignment_error_rate(found, sure) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], []), "must not both be empty"),
        (([set()], [set()]), "must not both be empty"),
        (([set()], [{(0, 0)}] * 2), "same sentences, but are of 1 and 2"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_links(arguments, message):
    with pytest.raises(ValueError, match=message):
        alignment_error_rate(*arguments)
