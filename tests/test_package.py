"""What `pip install .` brings: the built package, and what is said of it."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import yaml

import d2lattn

ROOT = Path(__file__).resolve().parents[1]

# Builds with what is installed, as pip does with what it fetches first.
BUILD = """\
import sys
from setuptools import build_meta
print(getattr(build_meta, f"build_{sys.argv[1]}")(sys.argv[2]))
"""

READER = """\
import json
import sys
from importlib.metadata import entry_points, version

import d2lattn
from d2lattn import figures
from d2lattn.corpora import phrasebook
import plotly.graph_objects as go

def draw(slope=1.0):
    return go.Figure(go.Scatter(y=[0, slope]))

shown = figures.explore(draw, slope=(0.0, 1.0, 0.5))._repr_mimebundle_()
(renderer,) = entry_points(group="myst_nb.renderers", name="d2lattn")
print(json.dumps({
    "file": d2lattn.__file__,
    "versions": [d2lattn.__version__, version("d2lattn")],
    "html": shown["text/html"],
    "sentences": len(phrasebook.load().train),
    "renderer": renderer.load().__module__,
}))
"""


def run(*command, **options):
    """The output of a command that must succeed."""
    found = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, **options
    )
    assert found.returncode == 0, found.stdout[-2000:] + found.stderr[-2000:]
    return found.stdout


def build(kind, source, target):
    """The sdist or the wheel of a source tree."""
    said = run(sys.executable, "-c", BUILD, kind, target, cwd=source)
    return target / said.splitlines()[-1]


@pytest.fixture(scope="module")
def sdist(copy_repository, tmp_path_factory):
    """The source distribution, from a copy of this repository."""
    source = copy_repository(tmp_path_factory.mktemp("source") / "repository")
    return build("sdist", source, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory):
    """The wheel, from the source distribution and nothing else."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    return build("wheel", source, tmp_path_factory.mktemp("wheel"))


def project():
    """What `pyproject.toml` says of the package."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    return tomllib.loads(text)["project"]


def shipped():
    """The files of the package here, as paths in an archive."""
    house = ROOT / "d2lattn"
    return {
        path.relative_to(ROOT).as_posix()
        for path in house.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_front_end_is_among_what_is_shipped():
    kinds = {Path(name).suffix for name in shipped()}
    data = {".gz", ".safetensors", ".typed", ".xz"}
    assert kinds - {""} == {".py", ".js", ".css", *data}
    (licence,) = (name for name in shipped() if not Path(name).suffix)
    assert licence.endswith("plotly-LICENSE")


def test_the_source_distribution_is_the_package(sdist):
    with tarfile.open(sdist) as archive:
        files = [x.name.partition("/")[2] for x in archive if x.isfile()]
    assert shipped() <= {*files}
    assert {"LICENSE", "README.md", "pyproject.toml"} <= {*files}
    places = {name.partition("/")[0] for name in files if "/" in name}
    assert places == {"d2lattn", "d2lattn.egg-info"}


def test_the_wheel_is_the_package(wheel):
    with zipfile.ZipFile(wheel) as archive:
        files = {*archive.namelist()}
    (metadata,) = {name.partition("/")[0] for name in files} - {"d2lattn"}
    assert metadata == f"d2lattn-{project()['version']}.dist-info"
    assert {x for x in files if x.startswith("d2lattn/")} == shipped()
    assert f"{metadata}/licenses/LICENSE" in files


def test_the_wheel_says_what_it_is(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (x for x in archive.namelist() if x.endswith("/METADATA"))
        said = Parser().parsestr(archive.read(name).decode())
    assert said["Name"] == "d2lattn"
    assert said["Version"] == project()["version"]
    assert said["Requires-Python"] == ">=3.11"
    assert said["License-Expression"] == "MIT"


def test_the_installed_wheel_works(wheel, tmp_path):
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    target = tmp_path / "site"
    run(*pip, "install", "--no-deps", "--no-index", "--target", target, wheel)
    places = {path.name.partition("-")[0] for path in target.iterdir()}
    assert places == {"d2lattn"}
    environment = os.environ | {
        "PYTHONPATH": str(target),
        "D2LATTN_FIGURES": "html",
    }
    said = run(
        sys.executable, "-c", READER, cwd=tmp_path, env=environment
    ).splitlines()[-1]
    found = json.loads(said)
    assert Path(found["file"]).is_relative_to(target)
    assert found["versions"] == [project()["version"]] * 2
    front_end = ROOT / "d2lattn" / "figures" / "static"
    for name in ("explorer.js", "frames.js", "explorer.css"):
        assert (front_end / name).read_text("utf-8").strip() in found["html"]
    assert found["sentences"] > 1000
    assert found["renderer"] == "d2lattn.figures.sphinx"


def test_the_package_knows_its_version():
    assert d2lattn.__version__ == project()["version"]


def test_a_copy_that_nobody_installed_can_be_imported(tmp_path):
    shutil.copytree(ROOT / "d2lattn", tmp_path / "d2lattn")
    code = (
        "import importlib.metadata as m\n"
        "known = m.version\n"
        "def version(name):\n"
        "    if name == 'd2lattn': raise m.PackageNotFoundError(name)\n"
        "    return known(name)\n"
        "m.version = version\n"
        "import d2lattn; print(d2lattn.__file__, d2lattn.__version__)"
    )
    path, version = run(sys.executable, "-c", code, cwd=tmp_path).split()
    assert Path(path).is_relative_to(tmp_path)
    assert version == "unknown"


def test_the_citation_file_has_the_version():
    text = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {project()['version']}\n" in text


def test_the_changelog_knows_the_version():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    releases = re.findall(r"^## \[(\d.*?)\] - (.*)$", text, re.M)
    if releases:
        version, date = releases[0]
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", date)
    else:
        (version,) = re.findall(r"first release will be (\S+)\.\n", text)
    assert version == project()["version"]


def test_the_title_page_and_the_citation_file_agree():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    (author,) = cited["authors"]
    text = (ROOT / "intro.md").read_text("utf-8")
    (entry,) = re.findall(r"```bibtex\n(.*?)```", text, re.S)
    shown = dict(re.findall(r"(\w+)\s*=\s*\{+(.*?)\}+", entry))
    preferred = cited["preferred-citation"]
    assert shown["author"] == author["name"]
    assert shown["title"] == preferred["title"]
    assert shown["year"] == str(preferred["year"])
