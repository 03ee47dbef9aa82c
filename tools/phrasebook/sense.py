"""What goes with what: who does which things, to what, where and when.

The grammar alone could say that a table eats a garden. These tables prevent
that: which objects a verb takes, where a thing is found, what people do for
which reason.
"""

from families import ADJECTIVE_NOUN
from lexicon import FEELINGS, HUMAN, NOUNS


def of_kinds(*kinds: str) -> tuple[str, ...]:
    """The nouns of these kinds.

    >>> of_kinds("furniture", "tree")
    ('table', 'bed', 'tree')
    """
    return tuple([noun for noun in NOUNS if NOUNS[noun].kind in kinds])


PEOPLE = of_kinds(*HUMAN)
STRANGERS = tuple([noun for noun in PEOPLE if NOUNS[noun].kind != "kin"])
EPICENE = of_kinds("expert", "child")  # men in French, women as well
ANIMALS = of_kinds("animal")
FOOD = of_kinds("food", "mass")
MASS = of_kinds("mass", "drink")  # some bread, not two breads
THINGS = tuple([noun for noun in NOUNS if noun not in PEOPLE])

# What one does, and to what
OBJECTS = {
    "eat": FOOD,
    "buy": (
        *FOOD,
        *ANIMALS,
        *of_kinds("drink", "thing", "furniture"),
        "house",
    ),
    "see": (*PEOPLE, *ANIMALS, *of_kinds("thing", "home", "public", "tree")),
    "find": (*ANIMALS, *of_kinds("thing", "food", "child")),
    "look": (*ANIMALS, *of_kinds("thing", "public", "kin", "youth", "child")),
    "give": of_kinds("thing", "food", "mass", "drink"),
    "love": (*PEOPLE, *ANIMALS, *of_kinds("thing", "home")),
    "have": (*ANIMALS, *of_kinds("thing", "kin"), "house", "garden"),
}
DIET = {
    "cat": ("meat", "cheese"),
    "dog": ("meat", "bread", "cake"),
    "bird": ("bread", "apple"),
    "horse": ("bread", "apple"),
    "cow": ("bread", "apple"),
}
SEEN = (*PEOPLE, *ANIMALS, *of_kinds("food", "tree"), "house")  # by animals
TO_SOMETHING = ("eat", "see", "buy", "find", "look", "give")
TWICE = ("look", "work", "sleep", "arrive")  # each form should be seen often
ACTIONS = {
    "person": (*TO_SOMETHING, *TWICE, *TWICE[1:], "speak", "go", "leave"),
    "animal": ("eat", "see", "find", "look", "sleep"),
}
# What one does often, always or never
HABITS = {
    "person": ("eat", "buy", "see", "speak", "go", "work", "sleep"),
    "animal": ("eat", "see", "sleep"),
}
# What is not said to be done with a person
ALONE = ("give", "speak", "sleep")
# Verbs that a tense would make odd
UNFIT = {
    "progressive": ("see", "find"),
    "going": ("go",),
    "want": ("arrive",),
}

TIMES = {
    "present": ("every day",),
    "progressive": ("now", "today"),
    "past": ("yesterday", "yesterday", "today"),
    "future": ("tomorrow", "tomorrow", "today"),
    "going": ("tomorrow", "today"),
    "want": ("now", "tomorrow"),
}
WHEN = {
    "every day": "tous les jours",
    "now": "maintenant",
    "today": "aujourd'hui",
    "yesterday": "hier",
    "tomorrow": "demain",
}

# Where people and things are, or do something
PLACES = {
    "person": "in house, in garden, in school, in hotel, at station, "
    "at market, at school, at hotel, near house, near station, near hotel, "
    "near market, near tree, in front of house, in front of hotel, "
    "in front of station, in front of school, behind house, behind hotel, "
    "behind school, under tree, behind tree",
    "eat": "in house, in garden, under tree, at school, at hotel, "
    "at station, at market, in front of house, in front of school, "
    "near market, near station",
    "buy": "at market, at station, near station, near market, near school, "
    "in front of hotel, in front of station",
    "work": "at market, at station, at school, at hotel, in garden, "
    "in house, near market, near station, near school, behind house",
    "sleep": "in house, in garden, at hotel, under tree, behind house, "
    "behind tree, near tree, near house",
    "go": "to school, to station, to market, to hotel",
    "arrive": "at school, at station, at market, at hotel",
    "pet": "in garden, in house, under table, under bed, under tree, on bed, "
    "behind house, near tree, in front of house, behind tree, near bed",
    "bird": "in garden, in tree, on table, near house, near tree, "
    "in front of house",
    "cattle": "in garden, under tree, behind house, near house, "
    "in front of house, near station, behind school, behind hotel",
    "thing": "on table, on bed, under table, under bed, in house, in car, "
    "near bed, near table",
    "food": "on table",
    "car": "in front of house, in front of hotel, behind school, "
    "in garden, near station, near market, behind house",
    "furniture": "in house, in garden, in front of house, behind house",
    "tree": "in garden, behind house, behind hotel, behind school, "
    "in front of house, in front of school, near station, near hotel",
    "building": "near station, near market, near school, near hotel, "
    "behind station, behind school, behind hotel, in front of station",
}
PLACES = {
    key: [tuple(spot.rsplit(" ", 1)) for spot in spots.split(", ")]
    for key, spots in PLACES.items()
}
_SORTS = {
    "animal": "pet",
    "mass": "food",
    "drink": "food",
    "home": "building",
    "public": "building",
}


def whereabouts(noun: str) -> str:
    """Which list of `PLACES` suits a noun; "" and names are people.

    >>> whereabouts("cow"), whereabouts("hat"), whereabouts("marie")
    ('cattle', 'thing', 'person')
    """
    if noun in {"horse", "cow"}:
        return "cattle"
    if noun in {"bird", "car"}:
        return noun
    kind = NOUNS[noun].kind if noun in NOUNS else "person"
    kind = _SORTS.get(kind, kind)
    return kind if kind in PLACES else "person"


# What one does for which reason, and perhaps does not do
REASONS = {
    "eat": ("hungry",),
    "sleep": ("tired", "sick"),
    "leave": ("tired", "sick", "sad"),
    "not work": ("tired", "sick"),
    "not leave": ("happy", "sick"),
}
# And what people do who feel like this
EFFECTS = {
    "hungry": ("eat",),
    "tired": ("sleep", "sleep", "leave", "not work", "not go", "not speak"),
    "sick": ("sleep", "sleep", "not work", "not leave"),
    "happy": ("speak", "give", "give", "work"),
    "sad": ("leave", "not eat", "not speak"),
}
# What one does first, then does or does not do, and with what
SEQUENCES = (
    ("buy", "eat", FOOD),
    ("find", "eat", of_kinds("food")),
    ("see", "buy", of_kinds("thing", "furniture")),
    ("look", "see", ANIMALS),
    ("look", "find", (*of_kinds("thing"), *ANIMALS)),
    ("look", "find", of_kinds("thing", "youth", "child")),
    ("look", "buy", (*of_kinds("thing", "furniture"), *ANIMALS)),
    ("find", "give", of_kinds("thing", "food")),
    ("buy", "give", of_kinds("thing", "food", "mass", "drink")),
)
AGES = {
    "youth": ("six", "ten"),
    "child": ("four", "five", "six"),
    "adult": ("twenty", "thirty"),
    "expert": ("thirty",),
    "animal": ("two", "three", "four", "five", "six"),
}
# What is compared with what, and how
COMPARED = (
    (PEOPLE, ("tall", "young", "old", "beautiful")),
    (("cat", "dog", "bird"), ("big", "small", "young", "old", "beautiful")),
    (("horse", "cow"), ("big", "small", "young", "old", "beautiful")),
    (of_kinds("home", "public"), ("big", "small", "old", "beautiful")),
    (of_kinds("thing", "furniture"), ("big", "small", "old", "beautiful")),
)
# What may be said after "is". Before a noun, "grand" would mean another thing:
# "un grand homme" is a great man, "mon grand frère" the elder of us.
BESIDES = {"adult": ("tall",), "expert": ("tall",), "kin": ("tall", "old")}
SAID = {
    noun: tuple(
        [
            word
            for word in (*entry.adjectives, *BESIDES.get(entry.kind, ()))
            if word != "new" and (word, noun) not in ADJECTIVE_NOUN
        ]
    )
    for noun, entry in NOUNS.items()
}
SAID_OF_ANYBODY = (*FEELINGS, "tall", "young", "old")
LIKED = ("beautiful", "good", "big", "black", "white", "red")
COLOURS = ("black", "white", "red")

# A sentence uses one of these, so that no sad man is happy.
SENSES = "happy sad, tired sick, young old new, big small tall"
SENSE = {
    word: sense
    for sense in (*SENSES.split(", "), " ".join(COLOURS))
    for word in sense.split()
}
