"""Sentences in two languages, and their way into a model.

text → words → numbers (`Vocab`) → tensors (`Batches`). One module per corpus:
`phrasebook` needs no network, `tatoeba` is real language. Each has a function
`load`, whose result has `train`, `valid` and `test`.
"""

from d2lattn.corpora.batches import Batch, Batches, SentencePair
from d2lattn.corpora.vocabulary import Vocab

__all__ = ["Batch", "Batches", "SentencePair", "Vocab"]
