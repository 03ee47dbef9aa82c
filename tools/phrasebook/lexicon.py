"""The words of the phrasebook, and what each may stand with.

A word is found under its English: `NOUNS["cat"]`. The tables also say what
makes sense: a noun lists the adjectives that suit it, so that no egg is
tired.
"""

from typing import NamedTuple


class Noun(NamedTuple):
    """A noun, one and several; `gender` is "m" or "f" in French.

    >>> NOUNS["horse"].french, NOUNS["horse"].gender
    (('cheval', 'chevaux'), 'm')
    >>> NOUNS["milk"].english
    ('milk', '')
    """

    english: tuple[str, str]
    french: tuple[str, str]
    gender: str
    kind: str
    adjectives: tuple[str, ...]


class Adjective(NamedTuple):
    """An adjective, and whether it stands before its noun in French.

    The forms are for one man, one woman, men, women, and for one man whose
    noun begins with a vowel.

    >>> ADJECTIVES["old"].forms
    ('vieux', 'vieille', 'vieux', 'vieilles', 'vieil')
    """

    forms: tuple[str, str, str, str, str]
    before: bool
    comparative: str


class Verb(NamedTuple):
    """A verb: the forms that the grammar asks for.

    English: base, with he, past, participle, -ing. French: present with je,
    tu, il, nous, ils; infinitive, stem of the future, participle, auxiliary.

    >>> VERBS["see"].present
    ('vois', 'vois', 'voit', 'voyons', 'voient')
    """

    english: tuple[str, ...]
    present: tuple[str, ...]
    infinitive: str = ""
    future: str = ""
    participle: str = ""
    auxiliary: str = "have"
    particle: str = ""


NOUN_TABLE = """
man men | homme hommes | m | adult | young old
woman women | femme femmes | f | adult | young old beautiful
boy boys | garçon garçons | m | youth | tall small young
girl girls | fille filles | f | youth | tall small young beautiful
child children | enfant enfants | m | child | small young beautiful
brother brothers | frère frères | m | kin | young
sister sisters | sœur sœurs | f | kin | young
doctor doctors | médecin médecins | m | expert | young old good new
teacher teachers | professeur professeurs | m | expert | young old good new
cat cats | chat chats | m | animal | big small young old beautiful black white
dog dogs | chien chiens | m | animal \
| big small young old beautiful black white
bird birds | oiseau oiseaux | m | animal | big small beautiful black white
horse horses | cheval chevaux | m | animal \
| big small young old beautiful black white
cow cows | vache vaches | f | animal \
| big small young old beautiful black white
apple apples | pomme pommes | f | food | small good red beautiful
orange oranges | orange oranges | f | food | small good
egg eggs | œuf œufs | m | food | small good white
cake cakes | gâteau gâteaux | m | food | small good beautiful
bread - | pain - | m | mass | good
meat - | viande - | f | mass | good
cheese - | fromage - | m | mass | good
milk - | lait - | m | drink | good
water - | eau - | f | drink | good
book books | livre livres | m | thing \
| big small new old good beautiful black white red
car cars | voiture voitures | f | thing \
| big small new old good beautiful black white red
hat hats | chapeau chapeaux | m | thing \
| big small new old beautiful black white red
dress dresses | robe robes | f | thing | new old beautiful black white red
flower flowers | fleur fleurs | f | thing | big small beautiful white red
table tables | table tables | f | furniture \
| big small new old beautiful black white
bed beds | lit lits | m | furniture | big small new old good beautiful white
house houses | maison maisons | f | home \
| big small new old beautiful white red
tree trees | arbre arbres | m | tree | big small old beautiful
garden - | jardin - | m | home | big small new old beautiful
school - | école - | f | public | big small new old good beautiful
hotel - | hôtel - | m | public | big small new old good beautiful white
station - | gare - | f | public | big small new old beautiful
market - | marché - | m | public | big small new old beautiful
"""

# First those that stand before the noun, then those that stand after it.
ADJECTIVE_TABLE = """
big bigger grand grande grands grandes
tall taller grand grande grands grandes
small smaller petit petite petits petites
young younger jeune jeune jeunes jeunes
old older vieux vieille vieux vieilles vieil
new - nouveau nouvelle nouveaux nouvelles nouvel
good - bon bonne bons bonnes
beautiful more beau belle beaux belles bel

black - noir noire noirs noires
white - blanc blanche blancs blanches
red - rouge rouge rouges rouges
happy - heureux heureuse heureux heureuses
sad - triste triste tristes tristes
tired - fatigué fatiguée fatigués fatiguées
sick - malade malade malades malades
"""

VERB_TABLE = """
eat eats ate eaten eating | mange manges mange mangeons mangent \
| manger manger mangé have -
see sees saw seen - | vois vois voit voyons voient | voir verr vu have -
buy buys bought bought buying | achète achètes achète achetons achètent \
| acheter achèter acheté have -
find finds found found - | trouve trouves trouve trouvons trouvent \
| trouver trouver trouvé have -
look looks looked looked looking \
| cherche cherches cherche cherchons cherchent \
| chercher chercher cherché have for
give gives gave given giving | donne donnes donne donnons donnent \
| donner donner donné have -
speak speaks spoke spoken speaking | parle parles parle parlons parlent \
| parler parler parlé have -
work works worked worked working \
| travaille travailles travaille travaillons travaillent \
| travailler travailler travaillé have -
sleep sleeps slept slept sleeping | dors dors dort dormons dorment \
| dormir dormir dormi have -
go goes went gone going | vais vas va allons vont | aller ir allé be -
arrive arrives arrived arrived arriving \
| arrive arrives arrive arrivons arrivent | arriver arriver arrivé be -
leave leaves left left leaving | pars pars part partons partent \
| partir partir parti be -
love loves - - - | aime aimes aime aimons aiment | - - - have -
think thinks - - - | pense penses pense pensons pensent | - - - have -
say says - - - | dis dis dit disons disent | - - - have -
know knows - - - | sais sais sait savons savent | - - - have -
want wants - - - | veux veux veut voulons veulent | - - - have -
have has - - - | ai as a avons ont | - - - have -
be is - - - | suis es est sommes sont | - - - have -
"""

#: What people feel; animals feel the last two.
FEELINGS = ("happy", "sad", "tired", "sick")
#: The kinds of noun that are "he" or "she"
HUMAN = ("adult", "youth", "child", "kin", "expert")

#: French for one man, one woman, several.
DETERMINERS = {
    "the": ("le", "la", "les"),
    "a": ("un", "une", ""),
    "this": ("ce", "cette", "ces"),
    "my": ("mon", "ma", "mes"),
    "your": ("ton", "ta", "tes"),
    "his": ("son", "sa", "ses"),
    "her": ("son", "sa", "ses"),
    "our": ("notre", "notre", "nos"),
    "their": ("leur", "leur", "leurs"),
    "some": ("de le", "de la", "de les"),
    "any": ("de", "de", "de"),
    "no": ("de", "de", "de"),
    "many": ("", "", "beaucoup de"),
}

NUMBERS = {
    "two": "deux",
    "three": "trois",
    "four": "quatre",
    "five": "cinq",
    "six": "six",
    "ten": "dix",
    "twenty": "vingt",
    "thirty": "trente",
}

NAMES = {"paul": "m", "louis": "m", "marie": "f", "anne": "f"}

PREPOSITIONS = {
    "in": "dans",
    "at": "à",
    "to": "à",
    "of": "de",
    "near": "près de",
    "in front of": "devant",
    "behind": "derrière",
    "under": "sous",
    "on": "sur",
    "with": "avec",
}

ADVERBS = {"often": "souvent", "always": "toujours", "already": "déjà"}


def _forms(text: str) -> tuple[str, ...]:
    """Split at spaces; "-" stands for a form that does not exist."""
    return tuple(["" if form == "-" else form for form in text.split()])


def _nouns() -> dict[str, Noun]:
    nouns = {}
    for line in NOUN_TABLE.split("\n")[1:-1]:
        (one, many), (un, des), [gender], [kind], adjectives = map(
            _forms, line.split("|")
        )
        adjectives += FEELINGS if kind in HUMAN else ()
        adjectives += FEELINGS[2:] if kind == "animal" else ()
        nouns[one] = Noun((one, many), (un, des), gender, kind, adjectives)
    return nouns


def _adjectives() -> dict[str, Adjective]:
    before, after = ADJECTIVE_TABLE.split("\n\n")
    adjectives = {}
    for table in before, after:
        for line in table.strip().split("\n"):
            english, comparative, man, woman, men, women, *other = _forms(line)
            before_vowel = other[0] if other else man
            adjectives[english] = Adjective(
                (man, woman, men, women, before_vowel),
                table is before,
                comparative,
            )
    return adjectives


def _verbs() -> dict[str, Verb]:
    verbs = {}
    for line in VERB_TABLE.split("\n")[1:-1]:
        english, present, others = map(_forms, line.split("|"))
        verbs[english[0]] = Verb(english, present, *others)
    return verbs


NOUNS = _nouns()
ADJECTIVES = _adjectives()
VERBS = _verbs()
# What one is in English and has in French: hungry, ten years old
VERBS["feel"] = VERBS["have"]._replace(english=VERBS["be"].english)
