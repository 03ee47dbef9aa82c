"""State once where the book is published, and copy it to where it is needed.

``_config.yml`` holds the address of the repository, the address of the site
and the tag of the release, which is ``v`` and the version of the package. The
first code cell of every chapter, which brings the package to Colab, the
README and the citation follow it.

``python tools/publish.py https://github.com/owner/name`` writes the address
everywhere. Without an address, it copies the one that stands there, as a new
version needs; with ``--check`` it writes nothing, and exits with 1 where
something is stale.
"""

import argparse
import re
import sys
import tomllib
from pathlib import Path

import nbformat
import yaml
from mirror import chapters
from nbformat.v4 import new_code_cell
from record import number

ROOT = Path(__file__).resolve().parent.parent
CONFIG = "_config.yml"
# An owner that cannot exist: no name on GitHub has two underscores, and those
# with one belong to accounts that a company manages, which publish nothing.
UNSET = "https://github.com/set_me_first/d2lattn"
REPOSITORY = re.compile(
    r"https://github\.com/([A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)/([\w.-]+?)"
    r"(?:\.git)?/?"
)

CELL_ID = "bring-the-package"
CELL_METADATA = {
    "mystnb": {
        "code_prompt_show": "For Colab: bring the package",
        "code_prompt_hide": "Hide the code",
    },
    "tags": ["hide-input"],
}
# A clone, since chapters read the project's results, which no package holds.
# A magic, since Colab's own `%pip` says when the kernel needs a restart; after
# one, the package is there, and the kernel is back where it began.
BRING = """\
# In Colab, this brings the package d2lattn and the results that this chapter
# reads. If the package is there, nothing happens.
from importlib.util import find_spec
from pathlib import Path

if find_spec("d2lattn") is None:
    !git -c advice.detachedHead=false clone --quiet --depth 1 \
--branch {tag} {url} d2lattn-book
    %pip install --quiet "./d2lattn-book[chapters]"
if Path("d2lattn-book").exists():
    %cd -q d2lattn-book/chapters"""
CANNOT = """\
# In Colab, this brings the package d2lattn. If it is there, nothing happens.
from importlib.util import find_spec

if find_spec("d2lattn") is None:
    raise ModuleNotFoundError(
        "No package d2lattn here, and this notebook was not told where it is "
        "published. If you publish the book: run `make publish-to URL=...` "
        "with the address of its repository. If you read it: run "
        "`pip install '.[chapters]'` in your copy of the repository."
    )"""
# What the README says between two lines once the book is published.
INVITATION = """\
**[Read the book]({site})**, or run it: in \
[Colab](https://colab.research.google.com/github/{name}/blob/{tag}\
/chapters/01-intuition.ipynb), or on \
[Binder](https://mybinder.org/v2/gh/{name}/{tag}?urlpath=lab/tree/chapters).
"""


def configured(root=ROOT):
    """The address in `_config.yml`: the repository, a tag, the site."""
    settings = yaml.safe_load((root / CONFIG).read_text(encoding="utf-8"))
    place = settings["repository"]
    return _address(place["url"], place["branch"], settings["html"]["baseurl"])


def _address(url, tag, site):
    name = url.removeprefix("https://github.com/")
    return {"url": url, "tag": tag, "site": site, "name": name}


def release(root=ROOT):
    """The tag of a release; a commit cannot name itself by its hash."""
    with (root / "pyproject.toml").open("rb") as file:
        return f"v{tomllib.load(file)['project']['version']}"


def located(url):
    """The addresses of a repository, without .git, and of its GitHub Pages."""
    found = REPOSITORY.fullmatch(url)
    if not found:
        raise ValueError(
            f"URL must be the address of a repository on GitHub, such as "
            f"https://github.com/owner/name, but is {url!r}"
        )
    owner, name = found.groups()
    host = f"{owner.lower()}.github.io"
    path = "" if name.lower() == host else f"{name}/"
    return f"https://github.com/{owner}/{name}", f"https://{host}/{path}"


def stale(root=ROOT, url=None):
    """The files that do not agree with the address, each with its right text.

    Raises:
        ValueError: not an address on GitHub, or a file with no place for it.
    """
    now, tag = configured(root), release(root)
    url, site = located(url) if url else (now["url"], now["site"])
    address = _address(url, tag, site)
    known = url != UNSET
    code = f'repository-code: "{url}"\n' if known else ""
    wanted = {
        CONFIG: {
            r"^  baseurl: \S+": f'  baseurl: "{site}"',
            r"^  url: \S+": f"  url: {url}",
            r"^  branch: \S+": f"  branch: {tag}",
        },
        "CITATION.cff": {
            r"^(repository-code: .*\n)?version: .*": (
                f"{code}version: {tag[1:]}"
            )
        },
        "README.md": {
            r"(?<=make publish-to writes. -->\n)[^<]*(?=<!-- -->\n)": (
                INVITATION.format_map(address) if known else ""
            )
        },
    }
    texts = {
        root / name: _filled(root / name, wanted[name]) for name in wanted
    }
    for path in chapters(root):
        notebook = nbformat.read(path, as_version=4)
        bring_package(notebook, address)
        texts[path] = nbformat.writes(notebook) + "\n"
    return {
        path: text
        for path, text in texts.items()
        if path.read_text(encoding="utf-8") != text
    }


def _filled(path, places):
    text = path.read_text(encoding="utf-8")
    for place, says in places.items():
        text, count = re.subn(place, lambda _, it=says: it, text, flags=re.M)
        if count != 1:
            raise ValueError(f"{path.name} has {count} places for {says!r}")
    return text


def bring_package(notebook, address):
    """Make the cell that brings the package the first code cell."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if not code or code[0].id != CELL_ID:
        others = [cell for cell in notebook.cells if cell.id != CELL_ID]
        code = [new_code_cell(id=CELL_ID)]
        # Below the title, which has to come first in a page.
        notebook.cells = [*others[:1], *code, *others[1:]]
    known = address["url"] != UNSET
    code[0].source = BRING.format_map(address) if known else CANNOT
    code[0].metadata = nbformat.from_dict(CELL_METADATA)
    code[0].outputs = []
    number(notebook)


def main(arguments=None, root=ROOT):
    """Run the command line and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("url", nargs="?", help="the address on GitHub")
    options = parser.parse_args(arguments)
    try:
        changed = stale(root, options.url)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    verb = "does not agree with the address" if options.check else "written"
    for path, text in changed.items():
        print(f"{path.relative_to(root)}: {verb}")
        if not options.check:
            path.write_text(text, encoding="utf-8")
    if options.check:
        return int(bool(changed))
    address = configured(root)
    if address["url"] == UNSET:
        print("No address yet: make publish-to URL=https://github.com/...")
    else:
        print(
            "Commit this and tag the commit, so that the chapters find it:\n"
            f"git tag {address['tag']}\ngit push origin HEAD {address['tag']}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
