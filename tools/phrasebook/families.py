"""The combinations that are kept out of training, though their parts are not.

A sentence with one of them is in the split `combinations` and in no other.
"""

FAMILIES = ("adjective noun", "owner", "negated pronoun", "adverb verb")
ADJECTIVE_NOUN = {
    ("black", "dog"),
    ("white", "flower"),
    ("red", "dress"),
    ("old", "hotel"),
    ("beautiful", "bird"),
    ("new", "car"),
    ("small", "house"),
    ("good", "cake"),
    ("big", "tree"),
    ("tired", "horse"),
    ("happy", "teacher"),
    ("young", "sister"),
}
OWNERS = {"teacher", "girl"}
NEGATED = {"find", "buy"}
ADVERB_VERB = {
    ("often", "sleep"),
    ("often", "go"),
    ("always", "work"),
    ("always", "eat"),
    ("already", "buy"),
    ("already", "arrive"),
    ("never", "speak"),
}


def families_in_noun_phrase(
    noun: str, adjectives: tuple[str, ...], owner: str
) -> tuple[str, ...]:
    """The families with a combination that a noun phrase holds.

    >>> families_in_noun_phrase("dog", ("big", "black"), "girl")
    ('adjective noun', 'owner')
    """
    found = ()
    for adjective in adjectives:
        if (adjective, noun) in ADJECTIVE_NOUN:
            found += ("adjective noun",)
    return (*found, "owner") if owner in OWNERS else found


def families_in_clause(
    verb: str, adverb: str, *, pronoun: bool
) -> tuple[str, ...]:
    """The families with a combination that a clause holds.

    >>> families_in_clause("buy", "not", pronoun=True)
    ('negated pronoun',)
    """
    found = ()
    if pronoun and verb in NEGATED and adverb in {"not", "never"}:
        found += ("negated pronoun",)
    if (adverb, verb) in ADVERB_VERB:
        found += ("adverb verb",)
    return found
