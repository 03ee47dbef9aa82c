"""What a reader sees of each page's mathematics is what its source says."""

import re
import unicodedata
from collections import Counter

import sources

# Each formula as MathJax took it from the page, and the characters that it
# drew for it: their code points stand in the classes of their elements.
TYPESET = """async () => {
    if (!window.MathJax) return [];  // Sphinx loads it where it is needed
    await MathJax.startup.promise;
    const character = (drawn) => {
        const code = drawn.className.match(/\\bmjx-c([0-9A-F]+)\\b/);
        return code ? String.fromCodePoint(parseInt(code[1], 16))
            : drawn.textContent;
    };
    return [...MathJax.startup.document.math].map(({ math, typesetRoot }) => {
        const box = typesetRoot.getBoundingClientRect();
        const drawn = typesetRoot.querySelectorAll("mjx-c, mjx-utext");
        const spoken = typesetRoot.querySelector("mjx-assistive-mml");
        return {
            tex: math,
            drawn: [...drawn].map(character).join(""),
            spoken: spoken.textContent,
            seen: typesetRoot.isConnected && box.width > 0 && box.height > 0,
        };
    });
}"""

# The prose: every text that is neither code nor typeset mathematics.
PROSE = """() => {
    const walker = document.createTreeWalker(
        document.querySelector("article"), NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode())
        if (!walker.currentNode.parentElement.closest(
            "pre, code, script, style, noscript, mjx-container"))
            texts.push(walker.currentNode.data);
    return texts.join(" ");
}"""

# What commands draw that are neither Greek nor called what they draw. Those
# that are not here draw nothing that is compared, or the test fails on them.
SYMBOLS = {
    "approx": "≈",
    "cdot": "⋅",
    "ell": "ℓ",
    "ge": "≥",
    "geq": "≥",
    "gg": "≫",
    "in": "∈",
    "infty": "∞",
    "int": "∫",
    "le": "≤",
    "leq": "≤",
    "ll": "≪",
    "mapsto": "↦",
    "nabla": "∇",
    "ne": "≠",
    "neq": "≠",
    "odot": "⊙",
    "partial": "∂",
    "pm": "±",
    "prod": "∏",
    "propto": "∝",
    "rightarrow": "→",
    "sim": "∼",
    "sum": "∑",
    "times": "×",
    "to": "→",
    "top": "⊤",
}
NAMES = {
    *("arg", "cos", "det", "dim", "exp", "inf", "lim", "ln", "log", "max"),
    *("min", "Pr", "sin", "sup", "tanh"),
}
OPERATORS = {*SYMBOLS.values(), *"=+-<>"}


def draws(command):
    """What a TeX command draws."""
    if command in NAMES:
        return command
    size = "CAPITAL" if command[0].isupper() else "SMALL"
    letter = command.upper().removeprefix("VAR").replace("LAMBDA", "LAMDA")
    try:
        return unicodedata.lookup(f"GREEK {size} LETTER {letter}")
    except KeyError:
        return SYMBOLS.get(command, " ")


def plain(tex):
    """A formula without white space and what Sphinx wraps around lines."""
    tex = re.sub(r"\s+", "", tex)
    wrapped = r"\\(begin|end)\{(split|aligned|align\*?|gather\*?)\}"
    return re.sub(wrapped, "", tex)


def characters(text):
    """The letters, digits and operators of a text, counted."""
    text = unicodedata.normalize("NFKC", text.replace("−", "-"))
    return Counter(c for c in text if c.isalnum() or c in OPERATORS)


def says(tex):
    """The characters that a formula should draw, read off its TeX."""
    tex = re.sub(r"\\(begin|end|label)\{[^}]*\}(\{[a-z|]*\})?", " ", tex)
    tex = re.sub(r"\\\\\[[^\]]*\]|\\(hspace|vspace)\{[^}]*\}", " ", tex)
    commands = re.compile(r"\\([A-Za-z]+|.)", re.DOTALL)
    return characters(commands.sub(lambda found: draws(found[1]), tex))


def check(page, name):
    """See that every formula of an unfolded page shows."""
    shown = page.evaluate(TYPESET)
    wanted = Counter(map(plain, sources.formulas(name)))
    assert Counter(plain(formula["tex"]) for formula in shown) == wanted
    assert page.locator("mjx-container").count() == len(shown)
    assert not page.locator("mjx-merror").count()
    for formula in shown:
        tex = formula["tex"]
        assert formula["seen"], tex
        assert characters(formula["drawn"]) == says(tex), tex
        assert characters(formula["spoken"]) == says(tex), tex
    prose = page.evaluate(PROSE)
    assert not re.findall(r"\\[A-Za-z(\[]\S*|\$[^$\n]+\$", prose)
    page.evaluate("document.fonts.ready")
    fonts = "[...document.fonts].filter(f => f.status === 'error').length"
    assert not page.evaluate(fonts)
