"""Who may do what with it, and how to cite it: all say the same."""

import hashlib
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]


def read(name):
    return (ROOT / name).read_text("utf-8")


def test_the_licence_of_the_code_is_mit():
    text = read("LICENSE")
    assert text.startswith(
        "MIT License\n\nCopyright (c) 2026 The d2lattn auth"
    )
    assert "without limitation the rights\nto use, copy, modify" in text
    assert text.endswith("DEALINGS IN THE\nSOFTWARE.\n")


def test_the_licence_of_the_text_is_all_of_cc_by():
    text = read("LICENSE-text")
    # The plain text of the legal code as Creative Commons publishes it.
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert digest == (
        "fd3a263fe19ed8faa9068b43abaebafc02c77897b0c6fc09abc04bb592e5f16e"
    )
    sections = re.findall(r"^Section (\d) -- ", text, re.M)
    assert sections == [*"12345678"]


def test_readers_of_the_repository_are_told_both():
    text = read("README.md")
    assert "[MIT licence](LICENSE)" in text
    assert "[CC BY 4.0](LICENSE-text)" in text


def test_every_page_ends_with_both():
    options = yaml.safe_load(read("_config.yml"))["sphinx"]["config"]
    footer = options["html_theme_options"]["extra_footer"]
    assert 'href="https://creativecommons.org/licenses/by/4.0/"' in footer
    words = re.sub(r"\s*<.*?>\s*", " ", footer)
    assert words == " Text and drawings: CC BY 4.0 . Code: MIT licence . "


def test_what_others_made_keeps_its_licence():
    fonts = {path.suffix for path in (ROOT / "_static/fonts").iterdir()}
    assert fonts == {".woff2", ".txt"}
    assert "SIL OPEN FONT LICENSE Version 1.1" in read("_static/fonts/OFL.txt")
    assert "SIL Open Font License" in read("README.md")


def bibtex(text):
    """The fields of the one BibTeX entry in a text, without braces."""
    (entry,) = re.findall(r"```bibtex\n(.*?)```", text, re.S)
    fields = re.findall(r"^\s*(\w+)\s*=\s*\{(.*)\},?$", entry, re.M)
    return {name: value.strip("{}") for name, value in fields}


def test_the_title_page_and_the_citation_file_agree():
    cited = yaml.safe_load(read("CITATION.cff"))
    preferred = cited["preferred-citation"]
    (author,) = cited["authors"]
    assert preferred["authors"] == [author]
    assert preferred["title"] == cited["title"]
    assert bibtex(read("intro.md")) == {
        "author": author["name"],
        "title": preferred["title"],
        "year": str(preferred["year"]),
    }


def test_the_citation_file_has_what_its_format_asks_for():
    cited = yaml.safe_load(read("CITATION.cff"))
    assert cited["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= cited.keys()
    assert cited["license"] == ["MIT", "CC-BY-4.0"]
    # A version is the project's; test_package.py knows which.
    assert re.fullmatch(r"\d+\.\d+\.\d+", str(cited["version"]))
