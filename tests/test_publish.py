"""Where the book is published stands once, and is copied from there."""

import importlib.util
import os
import subprocess
import sys

import nbformat
import publish
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)

URL = "https://github.com/ada-l/attention"
README = """\
# Book

<!-- Between these lines, make publish-to writes. -->
{}<!-- -->

See [d2l](https://github.com/d2l-ai/d2l-en).
"""
INVITATION = (
    "**[Read the book](https://ada-l.github.io/attention/)**, or run it: in "
    "[Colab](https://colab.research.google.com/github/ada-l/attention/blob/"
    "v0.3.0/chapters/01-intuition.ipynb), or on [Binder](https://mybinder.org"
    "/v2/gh/ada-l/attention/v0.3.0?urlpath=lab/tree/chapters).\n"
)


@pytest.fixture
def root(tmp_path):
    """A book of one chapter with our configuration, not yet published."""
    text = (publish.ROOT / publish.CONFIG).read_text()
    unset = publish.Address(publish.UNSET, "v0.2.0")
    (tmp_path / publish.CONFIG).write_text(publish._set_config(text, unset))
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "d2lattn"\nversion = "0.3.0"\n'
        "[build-system]\nrequires = []\n"
        'build-backend = "backend"\nbackend-path = ["."]\n'
    )
    (tmp_path / "README.md").write_text(README.format(""))
    (tmp_path / "CITATION.cff").write_text("title: x\nversion: 0.2.0\n")
    (tmp_path / "chapters").mkdir()
    result = new_output("execute_result", execution_count=1)
    result.data = {"text/plain": "2"}
    cells = [
        new_markdown_cell("# Title", id="title"),
        new_markdown_cell("Tools.", id="text"),
        new_code_cell("1 + 1", id="sum", execution_count=1, outputs=[result]),
    ]
    chapter = tmp_path / "chapters/01-sum.ipynb"
    nbformat.write(new_notebook(cells=cells), chapter)
    return tmp_path


def first_cell(root):
    chapter = nbformat.read(root / "chapters/01-sum.ipynb", as_version=4)
    return next(c for c in chapter.cells if c.cell_type == "code")


def test_every_copy_agrees_with_the_address():
    problems = publish.stale()
    assert not problems, "`make publish-to` writes them anew"


def test_the_address_is_written_everywhere(root):
    before = (root / publish.CONFIG).read_text()
    changed = publish.write(f"{URL}.git", root)
    assert changed == [
        "_config.yml",
        "chapters/01-sum.ipynb",
        "CITATION.cff",
        "README.md",
    ]
    assert publish.stale(root) == []
    assert publish.configured(root) == publish.Address(URL, "v0.3.0")
    after = (root / publish.CONFIG).read_text()
    lines = zip(before.splitlines(), after.splitlines(), strict=True)
    assert [new for old, new in lines if new != old] == [
        f"  url: {URL}",
        "  branch: v0.3.0  # the tag of the release",
    ]
    assert (
        f'    %pip install --quiet "d2lattn[chapters] @ git+{URL}@v0.3.0"'
        in first_cell(root).source.splitlines()
    )
    assert (root / "README.md").read_text() == README.format(INVITATION)
    assert (root / "CITATION.cff").read_text() == (
        f'title: x\nrepository-code: "{URL}"\nversion: 0.3.0\n'
    )


def test_the_address_can_be_another_one_later(root):
    publish.write("https://github.com/somebody/else", root)
    assert publish.write(URL, root)
    assert (root / "README.md").read_text() == README.format(INVITATION)
    assert "somebody" not in (root / "CITATION.cff").read_text()


def test_writing_twice_changes_nothing(root):
    assert publish.write(URL, root)
    assert publish.write(URL, root) == []
    assert publish.write(None, root) == []


def test_a_chapter_keeps_its_cells_and_counts_them_anew(root):
    publish.write(None, root)
    chapter = nbformat.read(root / "chapters/01-sum.ipynb", as_version=4)
    ids = [cell.id for cell in chapter.cells]
    assert ids == ["title", publish.CELL_ID, "text", "sum"]
    bring, sum_ = chapter.cells[1], chapter.cells[3]
    assert (bring.execution_count, bring.outputs) == (1, [])
    assert sum_.execution_count == 2
    assert sum_.outputs[0].execution_count == 2
    assert sum_.outputs[0].data == {"text/plain": "2"}


def test_the_cell_stays_where_an_author_puts_it(root):
    publish.write(None, root)
    path = root / "chapters/01-sum.ipynb"
    chapter = nbformat.read(path, as_version=4)
    chapter.cells.insert(2, chapter.cells.pop(1))
    nbformat.write(chapter, path)
    assert publish.write(None, root) == []
    # But nothing runs before it.
    chapter.cells.append(chapter.cells.pop(2))
    nbformat.write(chapter, path)
    assert publish.write(None, root) == ["chapters/01-sum.ipynb"]
    ids = [c.id for c in nbformat.read(path, as_version=4).cells]
    assert ids == ["title", publish.CELL_ID, "text", "sum"]


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("_config.yml", URL, "https://github.com/a/b", "01-sum.ipynb: the "),
        ("_config.yml", "v0.3.0", "main", "_config.yml: the tag is main"),
        ("_config.yml", URL, "https://x.org/a/b", "_config.yml: URL: got"),
        ("pyproject.toml", "0.3.0", "0.4.0", "of the package makes it v0.4"),
        ("README.md", "blob/v0.3.0", "blob/main", "README.md: names another"),
        ("README.md", INVITATION, "", "README.md: names another place"),
        ("CITATION.cff", URL, publish.UNSET, "CITATION.cff: names another"),
        ("CITATION.cff", "0.3.0", "0.2.0", "CITATION.cff: names another"),
        ("chapters/01-sum.ipynb", "@v0.3.0", "@main", "01-sum.ipynb: the fi"),
        ("chapters/01-sum.ipynb", "hide-input", "x", "01-sum.ipynb: the fir"),
        ("chapters/01-sum.ipynb", publish.CELL_ID, "x", "01-sum.ipynb: the"),
    ],
)
def test_a_stale_copy_is_named(root, file, old, new, problem):
    publish.write(URL, root)
    edit(root / file, old, new)
    assert problem in "\n".join(publish.stale(root))


@pytest.mark.parametrize(
    "url",
    [
        publish.UNSET,  # to unset it, edit the configuration
        "https://github.com/set_me_first/other",
        "https://github.com/ada_l/attention",
        "https://github.com/ada-l",
        "https://github.com/ada-l/attention/tree/main",
        "https://github.com/-ada/attention",
        "https://github.com/ada--l/attention",
        "http://github.com/ada-l/attention",
        "https://gitlab.com/ada-l/attention",
        "git@github.com:ada-l/attention.git",
        "https://github.com/ada-l/attention;reboot",
        "https://github.com/ada-l/attention name",
    ],
)
def test_other_addresses_are_refused(url, root):
    before = (root / publish.CONFIG).read_text()
    with pytest.raises(publish.PublishError, match="URL: got"):
        publish.write(url, root)
    assert (root / publish.CONFIG).read_text() == before


@pytest.mark.parametrize(
    ("file", "old", "problem"),
    [
        ("README.md", "<!-- -->\n", "README.md: found no two lines"),
        ("CITATION.cff", "version: ", "CITATION.cff: found no version"),
    ],
)
def test_a_document_with_no_place_for_it_is_refused(file, old, problem, root):
    edit(root / file, old, "")
    before = (root / publish.CONFIG).read_text()
    with pytest.raises(publish.PublishError, match=problem):
        publish.write(URL, root)
    assert (root / publish.CONFIG).read_text() == before
    assert problem in "\n".join(publish.stale(root))


def test_a_configuration_without_a_repository_is_refused(root):
    edit(root / publish.CONFIG, "  url:", "  link:")
    with pytest.raises(publish.PublishError, match="no repository with a url"):
        publish.write(URL, root)


def test_the_command(root, capsys):
    assert publish.main(["--check"], root) == 1
    assert "make publish-to" in capsys.readouterr().err
    assert publish.main([], root) == 0
    assert "make publish-to URL=" in capsys.readouterr().out
    assert publish.main(["--check"], root) == 0
    assert publish.main(["https://example.org/a/b"], root) == 1
    assert "want the address of a repository" in capsys.readouterr().err
    assert publish.main([URL], root) == 0
    assert "git tag v0.3.0" in capsys.readouterr().out


# What a reader's kernel does with the cell.


class Shell:
    """Stands in for IPython, and notes the magics it is asked for."""

    def __init__(self):
        self.asked = []

    def run_line_magic(self, name, line):
        self.asked.append((name, line))


def run(source):
    """Run a cell; the magics that it asked for."""
    shell = Shell()
    code = TransformerManager().transform_cell(source)
    exec(code, {"get_ipython": lambda: shell})
    return shell.asked


@pytest.mark.parametrize("url", [URL, None])
def test_where_the_package_is_the_cell_does_nothing(url, root, capfd):
    publish.write(url, root)
    assert run(first_cell(root).source) == []
    assert capfd.readouterr() == ("", "")


def test_where_it_is_missing_the_cell_brings_the_release(root, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    publish.write(URL, root)
    assert run(first_cell(root).source) == [
        ("pip", f'install --quiet "d2lattn[chapters] @ git+{URL}@v0.3.0"')
    ]


def test_without_an_address_the_cell_says_what_to_do(root, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    publish.write(None, root)
    source = first_cell(root).source
    assert "%" not in source
    assert "git+" not in source
    with pytest.raises(ModuleNotFoundError, match="make publish-to URL="):
        run(source)


# Makes a wheel of one module, out of nothing that pip would have to fetch.
BACKEND = """
import zipfile

def build_wheel(folder, *_):
    name = "d2lattn-0.3.0-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.write("d2lattn/__init__.py")
        about = "d2lattn-0.3.0.dist-info"
        wheel.writestr(f"{about}/METADATA",
            "Metadata-Version: 2.1\\nName: d2lattn\\nVersion: 0.3.0\\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\\n"
            "Root-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{about}/RECORD", "")
    return name
"""
READER = """
import importlib.util, sys
from IPython.core.interactiveshell import InteractiveShell

importlib.util.find_spec = lambda name: None
result = InteractiveShell.instance().run_cell(sys.stdin.read())
result.raise_error()
"""


def git(folder, *arguments):
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    command = ["git", *identity, "-C", folder, *arguments]
    subprocess.run(command, check=True, capture_output=True)


def test_pip_and_git_bring_the_commit_that_is_tagged(root, tmp_path_factory):
    """The package of the tag, whatever has become of the branch since."""
    (root / "d2lattn").mkdir()
    module = root / "d2lattn/__init__.py"
    module.write_text("release = True\n")
    (root / "backend.py").write_text(BACKEND)
    publish.write(URL, root)
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "Release")
    git(root, "tag", publish.release(root))
    module.write_text("release = False\n")
    git(root, "commit", "--quiet", "--all", "--message", "Go on")

    target = tmp_path_factory.mktemp("site-packages")
    environment = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{root.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": URL,
        "GIT_ALLOW_PROTOCOL": "file",
        "IPYTHONDIR": str(target / "ipython"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PIP_TARGET": str(target),
    }
    subprocess.run(
        [sys.executable, "-c", READER],
        input=first_cell(root).source,
        env=os.environ | environment,
        cwd=tmp_path_factory.mktemp("elsewhere"),
        check=True,
        text=True,
    )
    brought = (target / "d2lattn/__init__.py").read_text()
    assert brought == "release = True\n"


def test_no_account_has_the_name_that_stands_for_none():
    """No account of GitHub has two underscores in its name."""
    assert publish.UNSET.split("/")[3].count("_") > 1
