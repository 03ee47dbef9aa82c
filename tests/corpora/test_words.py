"""Text to words and back, by sentences written by hand."""

import unicodedata

import pytest

from d2lattn.corpora.words import detokenize, normalize, tokenize

# Words with a space between them, as they should come out.
FRENCH = {
    "Va !": "va !",
    "Où est-ce ?": "où est -ce ?",
    "L'été, j'ai chaud.": "l' été , j' ai chaud .",
    "Qu'est-ce que c'est ?": "qu' est -ce que c' est ?",
    "N'as-tu rien dit ?": "n' as -tu rien dit ?",
    "Y a-t-il du pain ?": "y a -t-il du pain ?",
    "Dis-le-moi !": "dis -le -moi !",
    "Vas-y !": "vas -y !",
    "Va-t'en !": "va-t' en !",
    "C'est celui-là.": "c' est celui -là .",
    "Ma grand-mère est là-bas.": "ma grand-mère est là-bas .",
    "Sur-le-champ, peut-être ?": "sur-le-champ , peut-être ?",
    "Un arc-en-ciel !": "un arc-en-ciel !",
    "Quelqu'un vient aujourd'hui.": "quelqu'un vient aujourd'hui .",
    "Le journal d'aujourd'hui.": "le journal d' aujourd'hui .",
    "Jusqu'à demain, lorsqu'il pleut.": (
        "jusqu' à demain , lorsqu' il pleut ."
    ),
    "« Bien sûr », dit-elle.": "« bien sûr » , dit -elle .",
    'Il dit "oui" et "non".': 'il dit " oui " et " non " .',
    "Euh... quoi ?!": "euh ... quoi ?!",
    "Il est 2h30 ; viens !": "il est 2h30 ; viens !",
    "Le 1er mai, 10.000 personnes, 50% d'hommes.": (
        "le 1er mai , 10.000 personnes , 50 % d' hommes ."
    ),
    "Son œuvre (ou chef-d'œuvre).": "son œuvre ( ou chef-d' œuvre ) .",
}
ENGLISH = {
    "Go!": "go !",
    "I don't know.": "i do n't know .",
    "You can't, won't and shouldn't!": "you ca n't , wo n't and should n't !",
    "It's Tom's.": "it 's tom 's .",
    "I'm here, they're there.": "i 'm here , they 're there .",
    "We'd've come if I'd known.": "we 'd 've come if i 'd known .",
    "It's ten o'clock.": "it 's ten o'clock .",
    "The boys' club is open.": "the boys ' club is open .",
    "O'Brien is here.": "o' brien is here .",
    "A 13-year-old, well-known t-shirt.": (
        "a 13-year-old , well-known t-shirt ."
    ),
    "It cost $3,000 at 2:30 p.m. today; why?": (
        "it cost $3,000 at 2:30 p.m. today ; why ?"
    ),
    "Call 223-1374: now!": "call 223-1374 : now !",
    'She said: "No!"': 'she said : " no ! "',
}


@pytest.mark.parametrize(
    ("text", "words", "language"),
    [
        *((text, words, "fr") for text, words in FRENCH.items()),
        *((text, words, "en") for text, words in ENGLISH.items()),
    ],
)
def test_by_hand(text, words, language):
    assert tokenize(text) == words.split()
    assert detokenize(tokenize(text), language) == text.lower()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("J’ai ‘fini’", "J'ai 'fini'"),
        ("a\u202fb\u00a0c\u2009d\te  f", "a b c d e f"),
        ("  a \n", "a"),
        ("co\u00adop\u200b", "coop"),
        ("e\u0301te\u0301", "été"),
        ("Été", "Été"),
        ("", ""),
    ],
)
def test_normalized_by_hand(text, expected):
    assert normalize(text) == expected
    assert normalize(normalize(text)) == expected
    assert unicodedata.is_normalized("NFC", normalize(text))


def test_texts_that_look_alike_are_the_same_words():
    plain = tokenize("L'été, est-ce fini ?")
    curly = unicodedata.normalize("NFD", "L’ÉTÉ, est-ce\u00a0fini\u202f?")
    assert tokenize(curly) == plain == tokenize("l'été,est-ce fini?")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["l'"], "l'"),  # a model may stop anywhere
        (["l'", "."], "l'."),
        ([".", "."], ".."),
        (["-tu"], "-tu"),
        (['"', "oui"], '" oui'),
        (["le", "<unk>", "-ci"], "le <unk>-ci"),
    ],
)
def test_words_that_no_text_has(words, text):
    assert detokenize(words) == text


@pytest.mark.parametrize(
    ("words", "language", "message"),
    [
        ("va !", "fr", "words must be a list of words .* are 'va !'"),
        (["va", "!"], "de", "language 'fr' or 'en', .* and 'de'"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_arguments(words, language, message):
    with pytest.raises(ValueError, match=message):
        detokenize(words, language)
