"""What the tests of the figures share."""

import pytest

MARKUP = '<b>K</b> & "Q" isn\'t </script><img src=x onerror=alert(1)> &lt;'


@pytest.fixture
def markup():
    """Text that must show as it is written, wherever it stands."""
    return MARKUP


@pytest.fixture(autouse=True)
def form(monkeypatch):
    """Chooses the form of the figures; by itself, that of a built page."""

    def choose(name):
        monkeypatch.setenv("D2LATTN_FIGURES", name)

    choose("page")
    return choose
