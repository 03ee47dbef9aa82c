"""What there is to see of a translation as HTML, like that of the page.

The page's own drawing is in `static`: `chips.js`, `maps.js` and `tree.js`.
All text is escaped.
"""

import html
import math
from collections.abc import Collection, Sequence

from jaxtyping import Float
from torch import Tensor

from d2lattn.corpora.vocabulary import Vocab

SHADES = 20  # that are told apart
CURRENT = ' aria-current="true"'  # for what was chosen
Kept = dict[tuple[int, ...], float]


def percent(share: float) -> str:
    """A share as people write it.

    >>> percent(0.345), percent(0.001)
    ('35%', '<1%')
    """
    return "<1%" if 0 < share < 0.005 else f"{math.floor(100 * share + 0.5)}%"


def line(
    name: str,
    words: Sequence[str],
    at: int | None,
    shares: Sequence[float] = (),
    unknown: Collection[int] = (),
    notes: Sequence[str] = (),
    given: int = 0,
) -> str:
    """A sentence, as dark as the share of each word, which stands below it.

    Where there are `notes`, those stand below the words. Up to the word
    `given` they are the reader's.
    """
    chips = []
    for i, word in enumerate(words):
        share = shares[i] if i < len(shares) else None
        said = "" if share is None else percent(share)
        said = html.escape(notes[i] if notes else said)
        chips.append(
            f'<span class="d2l-chip{" d2l-unknown" * (i in unknown)}'
            f'{" d2l-given" * (i < given)}"'
            f' style="--share: {share or 0:.3f}"{CURRENT * (i == at)}>'
            f"{html.escape(word)}<small>{said}</small></span>"
        )
    return (
        f'<div class="d2l-line"><span>{name}</span>'
        f'<span class="d2l-words">{"".join(chips)}</span></div>'
    )


def candidates(probs: Float[Tensor, "V"], vocab: Vocab) -> str:
    """The most probable words for a place, with their probabilities."""
    best = probs.topk(min(5, len(probs)))
    items = "".join(
        f'<li style="--share: {prob:.3f}"><span>'
        f"{html.escape(vocab.words[token])}</span> "
        f"<small>{html.escape(percent(prob))}</small></li>"
        for prob, token in zip(*map(Tensor.tolist, best), strict=True)
    )
    return (
        '<div class="d2l-line"><span>in its place</span>'
        f'<ol data-part="candidates">{items}</ol></div>'
    )


def maps(
    title: str,
    weights: Float[Tensor, "H Q K"],
    row: int | None,
    chosen: int | None,
    off: Collection[int],
) -> str:
    """A map for each head, and for their mean where there are several.

    Args:
        title: what the attention is called.
        weights: those of its heads.
        row: the query to frame.
        chosen: the map to frame: a head, or -1 for the mean.
        off: the heads that are left out.
    """
    heads = {i: (f"head {i + 1}", head) for i, head in enumerate(weights)}
    if len(heads) > 1:
        heads = {-1: ("mean", weights.mean(0)), **heads}
    figures = "".join(
        f'<span class="d2l-map{" d2l-silent" * (i in off)}"><span role="img"'
        f' aria-label="{html.escape(title)}, {name}"'
        f"{CURRENT * (i == chosen)}>{_map(head, row)}</span>"
        "</span>"
        for i, (name, head) in heads.items()
    )
    return (
        f"<strong>{html.escape(title)}</strong>"
        f'<div class="d2l-block">{figures}</div>'
    )


def _map(weights: Float[Tensor, "Q K"], row: int | None) -> str:
    """Cells as dark as their weights: a row for each query."""
    Q, K = weights.shape
    shades: dict[float, str] = {}  # all cells of a shade, as one path
    for q, shares in enumerate(weights.tolist()):
        for k, share in enumerate(shares):
            shade = round(SHADES * share) / SHADES
            shades[shade] = f"{shades.get(shade, '')}M{k} {q}h1v1h-1z"
    cells = "".join(
        f'<path d="{path}" fill-opacity="{shade:.2f}"/>'
        for shade, path in shades.items()
    )
    if row is not None and row < Q:
        size = f'y="{row}" width="{K}" height="1"'
        cells += f'<rect class="d2l-row" x="0" {size}/>'
    return (
        f'<svg viewBox="-0.2 -0.2 {K + 0.4} {Q + 0.4}"'
        f' preserveAspectRatio="none" aria-hidden="true">{cells}</svg>'
    )


def tree(
    kept: Kept,
    best: tuple[int, ...],
    vocab: Vocab,
    begun: tuple[int, ...] = (),
) -> str:
    """The beginnings that a search kept: where two of them part, it branches.

    Args:
        kept: the log-probability of each, by its tokens.
        best: the tokens of the translation, which is set in bold.
        vocab: that of the translations.
        begun: what the tree starts after.
    """
    items = []
    for end in _after(begun, kept):
        while len(more := _after(end, kept)) == 1:
            (end,) = more
        text = " ".join(vocab.words[token] for token in end[len(begun) :])
        tag = "strong" if best[: len(end)] == end else "span"
        rest = "" if more or end[-1] == vocab.eos else " …"
        share = html.escape(percent(math.exp(kept[end])))
        items.append(
            f"<li><{tag}>{html.escape(text)}</{tag}> <small>{share}{rest}"
            f"</small>{tree(kept, best, vocab, end) if more else ''}</li>"
        )
    return f'<ul class="d2l-tree">{"".join(items)}</ul>'


def _after(begun: tuple[int, ...], kept: Kept) -> list[tuple[int, ...]]:
    """What was kept with one word more, the most probable first."""
    longer = [end for end in kept if end[:-1] == begun]
    return sorted(longer, key=kept.__getitem__, reverse=True)
