"""Who follows a dead link on GitHub Pages finds the way back."""

from functools import partial
from pathlib import Path

import pytest
from browser import Quiet, listen
from servers import serving
from sites import Site


class Pages(Quiet):
    """Serves a project's site as GitHub does: below its name, 404 beside."""

    def do_GET(self):
        inside = self.path.startswith("/our.book/")
        self.path = self.path.removeprefix("/our.book")
        if inside and self.send_head_of_file():
            return
        body = (Path(self.directory, "404.html")).read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_head_of_file(self):
        path = self.path.partition("?")[0].lstrip("/")
        if not Path(self.directory, path).is_file():
            return False
        super().do_GET()
        return True


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The address of a small site, as GitHub Pages would serve it."""
    folder = tmp_path_factory.mktemp("published")
    site = Site(folder, "https://ada.github.io/our.book/")
    site.build()
    with serving(partial(Pages, directory=site.html)) as address:
        yield f"{address}/our.book"


@pytest.fixture
def page(browser, published):
    with browser.new_context() as context:
        page = context.new_page()
        page.trouble = listen(page, published)
        yield page


DEAD = ["gone.html", "deep/er/and/gone.html?from=1#there"]


@pytest.mark.parametrize("dead", DEAD)
def test_the_page_for_lost_readers_works_at_any_depth(page, published, dead):
    answer = page.goto(f"{published}/{dead}")
    assert answer.status == 404
    assert page.title().startswith("Page not found")
    page.wait_for_load_state("networkidle")
    # The dead link itself, and nothing that this page asks for.
    assert not [it for it in page.trouble if "gone" not in it]
    assert page.evaluate("document.querySelector('img').naturalWidth") > 0
    page.get_by_role("link", name="Two").first.click()
    page.wait_for_url(f"{published}/deep/second.html")


def test_lost_readers_can_search(page, published):
    page.goto(f"{published}/deep/gone.html")
    page.locator(".search-button__button:visible").first.click()
    page.get_by_role("searchbox").fill("paragraph")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{published}/search.html?q=paragraph")
    page.get_by_role("link", name="Two", exact=True).last.wait_for()
