"""Who asks for less motion gets none."""

import pytest
from browser import PAGES, settle

MOVES = """() => {
    const slow = (times) => times.split(",").some((it) => parseFloat(it) > 0);
    const moves = (style) => slow(style.transitionDuration)
        || style.animationName !== "none" && slow(style.animationDuration)
        || style.scrollBehavior === "smooth";
    return [...document.querySelectorAll("*")].filter((part) =>
        ["", "::before", "::after"].some((pseudo) =>
            moves(getComputedStyle(part, pseudo || null)))
    ).map((part) => part.outerHTML.slice(0, 120))
        .concat(document.getAnimations().map(() => "an animation runs"));
}"""


@pytest.mark.parametrize("name", PAGES)
def test_nothing_moves_by_itself(visit, name):
    page, _ = visit(name, reduced_motion="reduce")
    settle(page)
    assert page.evaluate(MOVES) == []


def test_a_link_within_the_page_jumps(visit):
    page, _ = visit("chapters/notation", reduced_motion="reduce")
    target = page.locator("section[id]").last
    page.evaluate("id => { location.hash = id }", target.get_attribute("id"))
    page.evaluate("new Promise(requestAnimationFrame)")
    assert page.evaluate("scrollY") > 0
    before = page.evaluate("scrollY")
    page.wait_for_timeout(150)
    assert page.evaluate("scrollY") == before


def test_there_is_motion_to_stop(visit):
    page, _ = visit("chapters/notation", reduced_motion="no-preference")
    assert page.evaluate(MOVES) != []
