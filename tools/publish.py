"""Say where the book is published, once, and copy it to where it is needed.

The address of the repository stands in ``_config.yml``, and so does the tag
of the release, which is ``v`` and the version of the package. From there they
are copied into the first code cell of every chapter, which brings the package
to Colab, into the README and into the citation.

``python tools/publish.py https://github.com/owner/name`` writes the address
into ``_config.yml`` and all copies anew. Without an address it writes the
copies of the one that stands there, which is what a new version needs. With
``--check`` it writes nothing, says which copies are stale and exits with 1 if
any is.
"""

import argparse
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import nbformat
import yaml
from mirror import chapters
from nbformat.v4 import new_code_cell
from record import number

from d2lattn.book.site import REPOSITORY, pages_address

ROOT = Path(__file__).resolve().parent.parent
CONFIG = "_config.yml"

# Nobody can register it: no name on GitHub has two underscores, and the names
# with one are of accounts that a company manages, which publish nothing.
UNSET = "https://github.com/set_me_first/d2lattn"

CELL_ID = "bring-the-package"
CELL_METADATA = {
    "mystnb": {
        "code_prompt_show": "For Colab: bring the package",
        "code_prompt_hide": "Hide the code",
    },
    "tags": ["hide-input"],
}
# A magic, since Colab's own `%pip` says when the kernel has to start anew.
BRINGS = """\
# In Colab, this brings the package d2lattn. If it is there, nothing happens.
from importlib.util import find_spec

if find_spec("d2lattn") is None:
    %pip install --quiet "d2lattn[chapters] @ git+{url}@{tag}"\
"""
CANNOT_BRING = """\
# In Colab, this brings the package d2lattn. If it is there, nothing happens.
from importlib.util import find_spec

if find_spec("d2lattn") is None:
    raise ModuleNotFoundError(
        "No package d2lattn here, and this notebook was not told where it is "
        "published. If you publish the book: run `make publish-to URL=...` "
        "with the address of its repository. If you read it: run "
        "`pip install '.[chapters]'` in your copy of the repository."
    )"""

# What the README says once there is something to read, between two lines.
INVITATION = """\
**[Read the book]({pages})**, or run it: in \
[Colab](https://colab.research.google.com/github/{name}/blob/{tag}\
/chapters/01-intuition.ipynb), or on \
[Binder](https://mybinder.org/v2/gh/{name}/{tag}?urlpath=lab/tree/chapters).
"""
BETWEEN = re.compile(
    r"(?<=<!-- Between these lines, make publish-to writes. -->\n)[^<]*"
    r"(?=<!-- -->\n)"
)


class PublishError(Exception):
    """An address that cannot be published to, or cannot be written."""


@dataclass(frozen=True)
class Address:
    """Where a release is: the address of the repository, and a tag in it."""

    url: str
    tag: str

    @property
    def name(self):
        """The owner and the repository, as GitHub puts them together."""
        return self.url.removeprefix("https://github.com/")

    def written(self, template):
        """A template with this address in it."""
        return template.format(
            url=self.url,
            tag=self.tag,
            name=self.name,
            pages=pages_address(self.url),
        )


def repository(url):
    """An address as it is written: with neither a slash nor .git at its end.

    Colab and Pages, where the book goes, take repositories on GitHub.
    """
    found = REPOSITORY.fullmatch(url.strip())
    if not found:
        raise PublishError(
            f"URL: got {url!r}, want the address of a repository on GitHub, "
            "such as https://github.com/owner/name"
        )
    return "https://github.com/{owner}/{name}".format(**found.groupdict())


def release(root=ROOT):
    """The tag of a release: it names a commit, which no branch does for long.

    A notebook cannot hold the hash of its own commit. It can hold the name of
    a tag that its commit is about to get.
    """
    with (root / "pyproject.toml").open("rb") as file:
        return f"v{tomllib.load(file)['project']['version']}"


def configured(root=ROOT):
    """The address and the tag that stand in `_config.yml`."""
    text = (root / CONFIG).read_text(encoding="utf-8")
    place = yaml.safe_load(text)["repository"]
    return Address(place["url"], place["branch"])


def stale(root=ROOT):
    """What does not agree with the address, one sentence a file."""
    address = configured(root)
    problems = []
    if address.tag != release(root):
        problems.append(
            f"{CONFIG}: the tag is {address.tag}, and the version of the "
            f"package makes it {release(root)}"
        )
    if address.url != UNSET:
        try:
            repository(address.url)
        except PublishError as error:
            problems.append(f"{CONFIG}: {error}")
    try:
        wanted = copies(address, root)
    except PublishError as error:
        return [*problems, str(error)]
    for path, text in wanted.items():
        if path.read_text(encoding="utf-8") != text:
            problems.append(f"{path.relative_to(root)}: {_why(path, address)}")
    return problems


def write(url=None, root=ROOT):
    """Write the address everywhere; the files that changed."""
    url = repository(url) if url else configured(root).url
    address = Address(url, release(root))
    config = root / CONFIG
    texts = {config: _set_config(config.read_text(encoding="utf-8"), address)}
    changed = []
    for path, text in (texts | copies(address, root)).items():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path.relative_to(root).as_posix())
    return changed


def copies(address, root=ROOT):
    """The text that each file with a copy of the address should have."""
    texts = {}
    for path in chapters(root):
        notebook = nbformat.read(path, as_version=4)
        bring_package(notebook, address)
        texts[path] = nbformat.writes(notebook) + "\n"
    for name, tell in {"CITATION.cff": _cite, "README.md": _invite}.items():
        path = root / name
        texts[path] = tell(path.read_text(encoding="utf-8"), address)
    return texts


def bring_package(notebook, address):
    """Make the first code cell the one that brings the package."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if not code or code[0].id != CELL_ID:
        others = [cell for cell in notebook.cells if cell.id != CELL_ID]
        # Below the title, which has to come first in a page.
        notebook.cells = [*others[:1], new_code_cell(id=CELL_ID), *others[1:]]
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    template = CANNOT_BRING if address.url == UNSET else BRINGS
    code[0].source = address.written(template)
    code[0].metadata = nbformat.from_dict(CELL_METADATA)
    code[0].outputs = []
    number(notebook)


def _set_config(text, address):
    """The configuration with an address, its comments and layout kept."""
    for key, value in {"url": address.url, "branch": address.tag}.items():
        line = rf"(?m)(^repository:\n(?:[ ].*\n)*?[ ]+{key}: )\S+"
        text, count = re.subn(line, rf"\g<1>{value}", text)
        if count != 1:
            raise PublishError(f"{CONFIG}: found no repository with a {key}")
    return text


def _cite(text, address):
    """A citation of the release, with an address where there is one."""
    text = re.sub(r"(?m)^repository-code: .*\n", "", text)
    lines = f"version: {address.tag.removeprefix('v')}"
    if address.url != UNSET:
        lines = f'repository-code: "{address.url}"\n{lines}'
    text, count = re.subn(r"(?m)^version: .*", lines, text, count=1)
    if not count:
        raise PublishError("CITATION.cff: found no version")
    return text


def _invite(text, address):
    """A README that leads to the book, if it is anywhere."""
    says = "" if address.url == UNSET else address.written(INVITATION)
    text, count = BETWEEN.subn(says, text)
    if count != 1:
        raise PublishError("README.md: found no two lines to write between")
    return text


def _why(path, address):
    if path.suffix == ".ipynb":
        return "the first code cell does not bring the package from there"
    return f"names another place than {address.url} at {address.tag}"


def main(arguments=None, root=ROOT):
    """Run the command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing, say what is stale"
    )
    parser.add_argument("url", nargs="?", help="the address on GitHub")
    options = parser.parse_args(arguments)
    if options.check:
        problems = stale(root)
        if problems:
            print(*problems, sep="\n", file=sys.stderr)
            print("`make publish-to` writes them anew.", file=sys.stderr)
        return int(bool(problems))
    try:
        for name in write(options.url, root):
            print(f"{name}: written")
    except PublishError as error:
        print(error, file=sys.stderr)
        return 1
    address = configured(root)
    if address.url == UNSET:
        print("No address yet: make publish-to URL=https://github.com/...")
    else:
        print(
            "Commit this and tag the commit, so that the chapters find it:\n"
            f"git tag {address.tag}\ngit push origin HEAD {address.tag}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
