"""How good translations are, and how good the alignments behind them."""

from collections.abc import Collection, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from sacrebleu.metrics import BLEU
from torch import Tensor

from d2lattn.checks import check_shape

#: Words that belong together: their places in the source and in the target.
Links = Collection[tuple[int, int]]


class Bleu(NamedTuple):
    """A BLEU score from 0 to 100, and the signature to report with it."""

    score: float
    signature: str


def bleu(
    translations: Sequence[str], references: Sequence[Sequence[str]]
) -> Bleu:
    r"""Score the translations of a corpus against references.

    $$\operatorname{BLEU} = 100 \cdot \min(1, e^{1 - r/c})
      \Big(\prod_{n=1}^4 p_n\Big)^{1/4}$$

    Here $p_n$ is the share of the translations' runs of $n$ words that a
    reference of the same sentence has, too. The translations are $c$ words
    long in all, and the references closest to them in length $r$ words: what
    is too short is marked down. Where $p_n$ is 0, sacrebleu puts a small
    number in its place (`smooth:exp`), unless not a single word is right. If
    no translation has four words in a row, the score is 0.

    Translations and references are texts, which sacrebleu splits into words
    (its `13a`), so that scores of different models can be compared. Any of
    several references counts, and capitals count as small letters. The
    signature states all this, and the version.

    Raises `ValueError` where translations and references are not texts,
    differ in number, or are empty, or where a sentence has no reference.

    Papers: Papineni et al. (2002), section 2; Post (2018) for sacrebleu.

    >>> references = [["Il fait froid ici.", "Il fait frais ici."], ["Va !"]]
    >>> bleu(["il fait frais ici.", "va !"], references).score
    100.0
    >>> score, signature = bleu(["il fait chaud ici.", "va !"], references)
    >>> round(score), signature.split("|")[:-1]  # the last is the version
    (32, ['nrefs:var', 'case:lc', 'eff:no', 'tok:13a', 'smooth:exp'])
    """
    check_references(translations, references)
    # sacrebleu wants all first references, all second ones, ..., with None
    # for missing ones, which its types do not say.
    columns: Any = [*zip_longest(*references)]
    metric = BLEU(lowercase=True)
    score = metric.corpus_score(translations, columns).score
    # Rounded where floats end: a perfect score is 100, not 100.00000000000004
    return Bleu(round(score, 10), str(metric.get_signature()))


def exact_match(
    translations: Sequence[str], references: Sequence[Sequence[str]]
) -> float:
    """Return the share of translations that equal one of their references.

    Capitals count as small letters. Raises `ValueError` as `bleu` does.

    >>> exact_match(["va !", "cours !"], [["Va !", "Pars !"], ["Courez !"]])
    0.5
    """
    check_references(translations, references)

    right = [
        text.lower() in map(str.lower, refs)
        for text, refs in zip(translations, references, strict=True)
    ]
    return sum(right) / len(right)


def alignment_links(
    weights: Float[Tensor, "T S"], num_src: int, num_tgt: int
) -> set[tuple[int, int]]:
    r"""Link each target word to the source word with the largest weight.

    $$A = \{(j, i) : j = \operatorname{argmax}_{j'} \alpha_{ij'},\;
      j < m,\; i < n\}$$

    Row $i$ holds the weights with which target word $i$ was written, column
    $j$ those of source word $j$, for $n$ = `num_tgt` and $m$ = `num_src`
    words. The rows and columns after them belong to `<eos>` and padding: a
    target word that looks there most, or at nothing, has no link. Among equal
    weights, the first counts. With `weights[1:]`, the rows are those of the
    steps that *read* a target word and write the next.

    Returns pairs of source and target positions, from 0.

    Raises `ValueError` where the weights are not a matrix, or have fewer rows
    or columns than there are words.

    >>> weights = torch.tensor([
    ...     [0.1, 0.8, 0.1],  # chat: cat
    ...     [0.2, 0.1, 0.7],  # dort: nothing, it looks at <eos>
    ...     [0.1, 0.1, 0.8],  # <eos>
    ... ])
    >>> alignment_links(weights, num_src=2, num_tgt=2)
    {(1, 0)}
    """
    check_shape("weights", weights, ("T", "S"))
    T, S = weights.shape
    if not (0 <= num_tgt <= T and 0 <= num_src <= S):
        raise ValueError(
            "weights must have a row for each target word and a column for "
            f"each source word, but there are {num_tgt} target and {num_src} "
            f"source words and weights have shape {(T, S)}"
        )
    if S == 0:
        return set()
    largest, columns = weights[:num_tgt].max(dim=1)
    linked = (largest > 0) & (columns < num_src)
    rows = torch.arange(num_tgt, device=weights.device)[linked]
    pairs = zip(columns[linked].tolist(), rows.tolist(), strict=True)
    return set(pairs)


def alignment_error_rate(
    found: Sequence[Links], sure: Sequence[Links]
) -> float:
    r"""Measure how far the links found in a corpus are from the right ones.

    $$\operatorname{AER} = 1 - \frac{2\,|A \cap S|}{|A| + |S|}$$

    $A$ holds the links that were found, and $S$ those that must be there; 0
    is best and 1 worst. Each argument lists the links sentence by sentence.
    The paper's formula also covers links that are merely possible.

    Raises `ValueError` where the arguments do not have the same number of
    sentences, or there is no link at all.

    Paper: Och and Ney (2003), section 5.

    >>> alignment_error_rate([{(0, 0), (1, 1)}], [{(0, 0), (1, 2)}])
    0.5
    """
    if len(found) != len(sure):
        raise ValueError(
            "found and sure links must be of the same sentences, but are of "
            f"{len(found)} and {len(sure)}"
        )
    sets = [({*A}, {*S}) for A, S in zip(found, sure, strict=True)]
    total = sum(len(A) + len(S) for A, S in sets)
    if total == 0:
        raise ValueError(
            "found and sure links must not both be empty, but both are"
        )
    return 1 - 2 * sum(len(A & S) for A, S in sets) / total


def check_references(
    translations: Sequence[str], references: Sequence[Sequence[str]]
) -> None:
    """Raise a `ValueError` unless each translation has its references.

    Words in place of texts are refused where the mistake is certain: every
    reference is a single word, some sentence has three or more references,
    and some translation is more than a single word.
    """

    def check(right: object, wanted: str, found: str) -> None:
        if not right:
            raise ValueError(f"{wanted}, but {found}")

    def listed(things: object) -> bool:
        return isinstance(things, Sequence) and not isinstance(things, str)

    both = {"translations": translations, "references": references}
    for name, texts in both.items():
        wanted = f"{name} must be a list, one entry per sentence"
        check(listed(texts), wanted, f"is {texts!r}")
    counts = f"there are {len(translations)} and {len(references)}"
    wanted = "translations and references must be equal in number"
    check(len(translations) == len(references), wanted, counts)
    check(translations, "translations must not be empty", counts)
    for n, text in enumerate(translations):
        wanted = "translations must be texts, not words"
        check(isinstance(text, str), wanted, f"sentence {n} is {text!r}")
    for n, refs in enumerate(references):
        right = listed(refs) and refs
        right = right and all(isinstance(x, str) and x.strip() for x in refs)
        wanted = "references must be lists of texts, and none empty"
        check(right, wanted, f"those of sentence {n} are {refs!r}")
    words = (
        max(map(len, references)) > 2
        and any(len(text.split()) > 1 for text in translations)
        and all(len(ref.split()) == 1 for refs in references for ref in refs)
    )
    found = f"are single words, as in {references[0]!r}"
    check(not words, "references must be texts", found)
