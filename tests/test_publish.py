"""Where the book is published stands once, and is copied from there."""

import importlib.util
from types import SimpleNamespace

import nbformat
import publish
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

URL = "https://github.com/ada-l/attention"
SITE = "https://ada-l.github.io/attention/"
README = """\
# Book

<!-- Between these lines, make publish-to writes. -->
{}<!-- -->

See [d2l](https://github.com/d2l-ai/d2l-en).
"""
INVITATION = (
    f"**[Read the book]({SITE})**, or run it: in "
    "[Colab](https://colab.research.google.com/github/ada-l/attention/blob/"
    "v0.3.0/chapters/01-intuition.ipynb), or on [Binder](https://mybinder.org"
    "/v2/gh/ada-l/attention/v0.3.0?urlpath=lab/tree/chapters).\n"
)
CLONE = (
    "git -c advice.detachedHead=false clone --quiet --depth 1 "
    f"--branch v0.3.0 {URL} d2lattn-book"
)
INSTALL = 'install --quiet "./d2lattn-book[chapters]"'


@pytest.fixture
def root(tmp_path):
    """A book of one chapter, not yet published."""
    (tmp_path / "_config.yml").write_text(
        'html:\n  baseurl: ""  # here\nrepository:\n  url: '
        f"{publish.UNSET}\n  branch: v0.2.0  # the tag\n"
    )
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "d2lattn"\nversion = "0.3.0"\n'
        "[build-system]\nrequires = []\n"
        'build-backend = "backend"\nbackend-path = ["."]\n'
    )
    (tmp_path / "README.md").write_text(README.format(""))
    (tmp_path / "CITATION.cff").write_text("title: x\nversion: 0.2.0\n")
    (tmp_path / "chapters").mkdir()
    cells = [
        new_markdown_cell("# Title", id="title"),
        new_markdown_cell("Tools.", id="text"),
        new_code_cell("1 + 1", id="sum", execution_count=1),
    ]
    chapter = tmp_path / "chapters/01-sum.ipynb"
    nbformat.write(new_notebook(cells=cells), chapter)
    return tmp_path


def chapter(root):
    return nbformat.read(root / "chapters/01-sum.ipynb", as_version=4)


def first_cell(root):
    return next(c for c in chapter(root).cells if c.cell_type == "code").source


def test_every_copy_agrees_with_the_address():
    assert not publish.stale(), "`make publish-to` writes them anew"


def test_the_address_is_written_everywhere(root):
    assert publish.main(["https://github.com/somebody/else"], root) == 0
    assert publish.main([f"{URL}.git"], root) == 0
    assert (root / "_config.yml").read_text() == (
        f'html:\n  baseurl: "{SITE}"  # here\nrepository:\n  url: {URL}\n'
        "  branch: v0.3.0  # the tag\n"
    )
    assert f"    !{CLONE}" in first_cell(root).splitlines()
    assert (root / "README.md").read_text() == README.format(INVITATION)
    assert (root / "CITATION.cff").read_text() == (
        f'title: x\nrepository-code: "{URL}"\nversion: 0.3.0\n'
    )
    assert not publish.stale(root)


def test_a_site_of_ones_own_stays_at_the_next_release(root):
    publish.main([URL], root)
    edit(root / "_config.yml", SITE, "https://book.example.org")
    edit(root / "pyproject.toml", "0.3.0", "0.4.0")
    publish.main([], root)
    now = publish.configured(root)
    assert (now["site"], now["tag"]) == ("https://book.example.org", "v0.4.0")
    assert "[Read the book](https://bo" in (root / "README.md").read_text()


def test_a_chapter_keeps_its_cells_and_counts_them_anew(root):
    publish.main([], root)
    title, bring, text, sum_ = chapter(root).cells
    assert [title.id, text.id, sum_.id] == ["title", "text", "sum"]
    assert (bring.id, bring.execution_count) == (publish.CELL_ID, 1)
    assert sum_.execution_count == 2


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("_config.yml", URL, "https://github.com/a/b", "01-sum.ipynb"),
        ("_config.yml", "v0.3.0", "main", "_config.yml"),
        ("pyproject.toml", "0.3.0", "0.4.0", "_config.yml"),
        ("README.md", INVITATION, "", "README.md"),
        ("CITATION.cff", URL, publish.UNSET, "CITATION.cff"),
        ("chapters/01-sum.ipynb", "h v0.3.0", "h main", "01-sum.ipynb"),
        ("chapters/01-sum.ipynb", "hide-input", "x", "01-sum.ipynb"),
        ("README.md", "<!-- -->\n", "", "README.md has 0 places"),
        ("CITATION.cff", "version: ", "", "CITATION.cff has 0 places"),
        ("_config.yml", "  branch: ", "  branch:  ", "_config.yml has 0 pl"),
    ],
)
def test_a_stale_copy_is_named(root, file, old, new, named, capsys):
    publish.main([URL], root)
    capsys.readouterr()
    edit(root / file, old, new)
    before = (root / file).read_text()
    assert publish.main(["--check"], root) == 1
    said = capsys.readouterr()
    assert named in said.out + said.err
    assert (root / file).read_text() == before


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://github.com/Ada-L/our.book/", "ada-l.github.io/our.book/"),
        ("https://github.com/ada/ada.github.io", "ada.github.io/"),
        (publish.UNSET, None),  # to unset it, edit the configuration
        ("https://github.com/ada-l", None),
        ("https://github.com/ada-l/attention/tree/main", None),
        ("https://gitlab.com/ada-l/attention", None),
        ("https://github.com/ada-l/attention;reboot", None),
    ],
)
def test_the_site_follows_from_a_repository_on_github(url, site, root, capsys):
    before = (root / "_config.yml").read_text()
    if site:
        assert publish.main([url], root) == 0
        assert publish.configured(root)["site"] == f"https://{site}"
    else:
        assert publish.main([url], root) == 1
        assert "URL must be the address of" in capsys.readouterr().err
        assert (root / "_config.yml").read_text() == before


# What a reader's kernel does with the cell.


@pytest.fixture
def run(root, tmp_path, monkeypatch):
    """Runs the first cell, and returns what it asks the kernel for."""

    def clone(command):
        asked.append(command)
        (tmp_path / "d2lattn-book").mkdir()

    def magic(name, line):
        asked.append((name, line))

    def run_cell():
        asked.clear()
        code = TransformerManager().transform_cell(first_cell(root))
        exec(code, {"get_ipython": lambda: shell})
        return [*asked]

    asked = []
    shell = SimpleNamespace(run_line_magic=magic, system=clone)
    monkeypatch.chdir(tmp_path)
    return run_cell


ENTER = ("cd", "-q d2lattn-book/chapters")


def test_the_cell_brings_the_package_where_there_is_none(
    root, run, monkeypatch
):
    publish.main([URL], root)
    assert run() == []  # it is here
    with monkeypatch.context() as bare:
        bare.setattr(importlib.util, "find_spec", lambda name: None)
        assert run() == [CLONE, ("pip", INSTALL), ENTER]
    assert run() == [ENTER]  # after a restart


def test_the_cell_of_an_unpublished_book_says_what_to_do(
    root, run, monkeypatch
):
    publish.main([], root)
    assert run() == []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="make publish-to URL="):
        run()
