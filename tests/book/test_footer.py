"""What stands at the foot of every page."""

import pytest
import sources
from bs4 import BeautifulSoup


@pytest.mark.parametrize("name", sources.pages())
def test_every_page_ends_with_its_licences(name, book):
    text = (book / f"{name}.html").read_text("utf-8")
    page = BeautifulSoup(text, "html.parser")
    foot = page.select_one("footer .extra_footer")
    assert foot is not None
    said = " ".join(foot.text.split())
    assert said == "Text and drawings: CC BY 4.0. Code: MIT licence."
