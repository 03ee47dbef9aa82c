"""All of a page's mathematics is typeset, and nothing of it is prose."""

import re

# Each formula as MathJax took it from the page, and what it made of it.
TYPESET = """async () => {
    if (!window.MathJax) return [];  // Sphinx loads it where it is needed
    await MathJax.startup.promise;
    return [...MathJax.startup.document.math].map(({ math, typesetRoot }) => {
        const box = typesetRoot.getBoundingClientRect();
        const spoken = typesetRoot.querySelector("mjx-assistive-mml");
        return {
            tex: math,
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


def check(page):
    """See that every formula of an unfolded page shows."""
    shown = page.evaluate(TYPESET)
    written = page.request.get(page.url).text()
    assert len(shown) == written.count('class="math ')
    assert page.locator("mjx-container").count() == len(shown)
    assert not page.locator("mjx-merror").count()
    for formula in shown:
        tex = formula["tex"]
        assert formula["seen"], tex
        # A command that MathJax does not know shows as it is written.
        assert formula["spoken"].strip(), tex
        assert "\\" not in formula["spoken"], tex
    prose = page.evaluate(PROSE)
    assert not re.findall(r"\\[A-Za-z(\[]\S*|\$[^$\n]+\$", prose)
    page.evaluate("document.fonts.ready")
    fonts = "[...document.fonts].filter(f => f.status === 'error').length"
    assert not page.evaluate(fonts)
