"""What a language model keeps of the text that it has read.

The state is a value. A step makes a new one and leaves the old one as it was,
so that a text may be continued twice.
"""

from typing import Any, NamedTuple

from jaxtyping import Float, Integer
from torch import Tensor

from d2lattn.checks import check_shape


class KeyValueCache(NamedTuple):
    """The keys and values that a block has projected, cut into heads.

    >>> from d2lattn.language_model import LanguageModelBlock
    >>> block = LanguageModelBlock(8, ffn_num_hiddens=16, num_heads=2)
    >>> cache = block.init_cache(batch_size=3)
    >>> cache.k.shape  # no token yet
    torch.Size([3, 2, 0, 4])
    """

    k: Float[Tensor, "B H t d"]
    v: Float[Tensor, "B H t d"]


class LanguageModelState(NamedTuple):
    """Where a language model stands: one cache for each block.

    >>> import torch
    >>> from d2lattn.language_model import LanguageModel
    >>> model = LanguageModel(100, 8, 16, num_heads=2, num_blks=1)
    >>> _, state = model(torch.tensor([[3, 1], [4, 1], [5, 9]]))
    >>> state.length, state.select(torch.tensor([2, 0])).caches[0].k.shape
    (2, torch.Size([2, 2, 2, 4]))
    """

    caches: tuple[KeyValueCache, ...]

    @property
    def length(self) -> int:
        """How many tokens the model has read."""
        return self.caches[0].k.shape[2]

    def select(self, indices: Integer[Tensor, "N"]) -> "LanguageModelState":
        """Take these texts of the batch, to go on from."""
        return LanguageModelState(
            tuple(KeyValueCache(*(x[indices] for x in c)) for c in self.caches)
        )


def check_state(state: LanguageModelState, blks: Any, batch_size: int) -> None:
    """Raise a `ValueError` unless a state fits these blocks and a batch."""
    if len(state.caches) != len(blks):
        raise ValueError(
            "state must have a cache for each block of the model, "
            f"{len(blks)}, but has {len(state.caches)}"
        )
    B, H, _, d = blks[0].init_cache(batch_size).k.shape  # as in all blocks
    for cache in state.caches:
        check_shape("k in a cache of the state", cache.k, (B, H, "t", d))
