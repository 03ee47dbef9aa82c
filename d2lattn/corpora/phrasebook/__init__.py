"""English and French out of a small grammar: a corpus that needs no network.

`load()` gives some 30,000 pairs of sentences for training and 4,000 to test
with, over 240 English and 400 French words or so, each pair with its gold
word alignment. Every English sentence has one translation. A sentence is
words in small letters, with punctuation apart; what is elided keeps its
apostrophe and is a word (`l'`, `qu'`), as are `'s`, `o'clock`, `aujourd'hui`
and `est-ce`. `tokenize` and `detokenize` lead from text to such words and
back.

What English leaves open, the phrasebook settles:

- "i" is a woman, "you" is one man ("tu"), "we" are men and women; so is
  "they", unless "they" are women, or things, that the sentence has named.
  "them" alone are men. A doctor, a teacher and a child are "he". So are two
  people of whom one is a man, and "who" in a question.
- "it" always stands for something that the sentence has named, and has its
  gender: "je l'ai vue" of a car.
- "eats" and "is eating" are both "mange", "ate" and "has eaten" both "a
  mangé", and "was" is "était". "is going to eat" is "va manger".
- "when she arrives" is "quand elle arrivera" where the rest is to come, and
  "quand elle arrive" where it happens again and again.
- A question has "est-ce que", except after "who" and in "where is the cat ?".
- "big" and "tall" are "grand". "his" and "her" are "son". What one buys or
  eats is "du" or "des", after a negation "de"; what one loves is "le", "les".

How the alignment is decided, besides what is plain:

| English | French | linked |
|---|---|---|
| not, never | ne … pas, ne … jamais | with both French words |
| does, did, will, is, has | mange, a, mangera, … | with the verb that bears \
the tense; in a question with "est-ce que" as well |
| ate | a mangé | with both French words |
| looks for, going to | cherche, va | all with all; "to eat" with "manger" |
| some | du, de la, des | with both words where there are two |
| — | du, des, les | with the noun, where English has no article |
| to the | au, à la | "au" with both English words |
| 's | le … de | "le chat de paul": with both French words |
| there is no | il n' y a pas de | there: il, y; is: a; no: n', pas, de |
| older | plus vieux | with both French words |
| because, near | parce que, près de | with both French words |

So every word, of either language, has at least one link.

The split `combinations` holds sentences with a combination that training
never shows, though it shows the parts often. Its `construction` names the
family, one of `FAMILIES`: certain adjectives with certain nouns ("black dog"),
certain owners ("the girl 's"), the verbs find and buy with a negation and a
pronoun ("did not buy it"), certain adverbs with certain verbs ("often
sleeps"). The lists are in `apart`.
"""

from d2lattn.corpora.phrasebook.apart import FAMILIES
from d2lattn.corpora.phrasebook.corpus import (
    CONSTRUCTIONS,
    Phrasebook,
    load,
)
from d2lattn.corpora.phrasebook.pieces import Phrase
from d2lattn.corpora.phrasebook.text import detokenize, tokenize

__all__ = [
    "CONSTRUCTIONS",
    "FAMILIES",
    "Phrase",
    "Phrasebook",
    "detokenize",
    "load",
    "tokenize",
]
