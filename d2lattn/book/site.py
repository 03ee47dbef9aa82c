"""The book as a site: its address, its descriptions, and the lost reader.

All of it hangs on one address, which follows from that of the repository.
As long as nobody has set that, pages say what they are about and nothing of
where they are.
"""

import base64
import html
import mimetypes
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from d2lattn.figures import palette

LOST = "404"  # what GitHub Pages shows for an address that leads nowhere
LONGEST = 200  # what search engines show of a description, or less
CARD = "_static/card.png"
CARD_SIZE = (1200, 630)
CARD_ALT = (
    "Attention you can drag: one query above a row of thirteen keys, its "
    "rays widest to the keys nearest to it"
)

# No account that can publish has a name with anything else in it, so that an
# address with an underscore is one that nobody has set yet.
REPOSITORY = re.compile(
    r"https://github\.com/(?P<owner>[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)"
    r"/(?P<name>[\w.-]+?)(?:\.git)?/?"
)


def pages_address(repository: str) -> str:
    """Where GitHub Pages shows a repository's site; "" if nowhere.

    Example:
        >>> pages_address("https://github.com/Ada/book")
        'https://ada.github.io/book/'
        >>> pages_address("https://github.com/set_me_first/book")
        ''
    """
    found = REPOSITORY.fullmatch(repository)
    if not found:
        return ""
    host = f"{found['owner'].lower()}.github.io"
    if found["name"].lower() == host:
        return f"https://{host}/"
    return f"https://{host}/{found['name']}/"


def find_address(app: Sphinx, config: Config) -> None:
    """Derive the site's address where `html.baseurl` does not give it."""
    repository = config.html_theme_options.get("repository_url", "")
    address = config.html_baseurl or pages_address(repository)
    config.html_baseurl = f"{address.rstrip('/')}/" if address else ""


def shorten(text: str, longest: int = LONGEST) -> str:
    """The first sentences of a text, or of its words, that are short enough.

    Example:
        >>> shorten("One idea. Another one. A third.", 24)
        'One idea. Another one.'
        >>> shorten("One idea that takes its time.", 20)
        'One idea that takes…'
    """
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    ends = [end.end() for end in re.finditer(r"[.?!](?= )", text[:longest])]
    if ends:
        return text[: ends[-1]]
    return text[:longest].rpartition(" ")[0].rstrip(",;:") + "…"


def first_paragraph(doctree: nodes.document) -> str:
    """What a page says first, where it says it in a paragraph of its own."""
    for paragraph in doctree.findall(nodes.paragraph):
        said = paragraph.astext().strip()
        if isinstance(paragraph.parent, nodes.section) and said:
            return said
    return ""


def describe_page(
    app: Sphinx, page: str, template: str, context: dict, doctree: Any
) -> None:
    """Put into a page's head what others show of it."""
    if doctree is None:
        return
    title = html.unescape(re.sub(r"<[^>]+>", "", context["title"]))
    about = first_paragraph(doctree)
    if not about:
        book = first_paragraph(app.env.get_doctree(app.config.root_doc))
        about = f"{title}. {book}"
    about = shorten(about)
    tags = [_tag("name", "description", about)]
    if address := app.config.html_baseurl:
        width, height = CARD_SIZE
        properties = {
            "og:type": "website",
            "og:site_name": app.config.html_title,
            "og:title": title,
            "og:description": about,
            "og:url": context["pageurl"],
            "og:image": f"{address}{CARD}",
            "og:image:alt": CARD_ALT,
            "og:image:width": str(width),
            "og:image:height": str(height),
        }
        tags += [_tag("property", *item) for item in properties.items()]
        tags.append(_tag("name", "twitter:card", "summary_large_image"))
    context["metatags"] = "\n".join([context.get("metatags", ""), *tags, ""])


def _tag(kind: str, name: str, content: str) -> str:
    return f'<meta {kind}="{name}" content="{html.escape(content)}">'


def help_the_lost(
    app: Sphinx, page: str, template: str, context: dict, doctree: Any
) -> None:
    """Give the page for lost readers what it needs, whatever its address.

    It is shown for an address at any depth, so it loads nothing, and its
    links start where the site does.
    """
    if page == LOST:
        context["site_root"] = urlsplit(app.config.html_baseurl).path
        context["palette"] = palette.css()
        context["inline"] = lambda name: _data_uri(
            Path(app.srcdir, "_static", name)
        )


def _data_uri(file: Path) -> str:
    kind, _ = mimetypes.guess_type(file.name)
    kind = kind or f"font/{file.suffix.removeprefix('.')}"
    data = base64.b64encode(file.read_bytes()).decode("ascii")
    return f"data:{kind};base64,{data}"


HEAD = re.compile(
    r'<meta (?:name="(?:description|twitter:card)"|property="og:).*?>'
    r'|<link rel="canonical".*?>'
)


def write_index(app: Sphinx, error: Exception | None) -> None:
    """Let the folder open at the first page, if that is not the index.

    The redirect of sphinx-external-toc has neither title nor language, and
    no icon, so that browsers ask the server for one that is not there. And
    who shares the site's address shares this page.
    """
    first = app.config.root_doc
    if error or app.builder.format != "html" or first == "index":
        return
    title = html.escape(app.config.html_title)
    page = Path(app.outdir, f"{first}.html").read_text("utf-8")
    head = "".join(f"{tag}\n" for tag in HEAD.findall(page))
    Path(app.outdir, "index.html").write_text(
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n{head}"
        '<link rel="icon" href="data:,">\n'  # asks for nothing
        f'<meta http-equiv="refresh" content="0; url={first}.html">\n'
        f'</head>\n<body><a href="{first}.html">{title}</a></body>\n</html>\n',
        encoding="utf-8",
    )


def write_sitemap(app: Sphinx, error: Exception | None) -> None:
    """List every page for search engines, if the site has an address.

    Every page, also after a build of a few: so not from the pages that this
    build has written.
    """
    if error or app.builder.format != "html":
        return
    file = Path(app.outdir, "sitemap.xml")
    file.unlink(missing_ok=True)
    if address := app.config.html_baseurl:
        places = "".join(
            f"<url><loc>{escape(address + app.builder.get_target_uri(name))}"
            "</loc></url>\n"
            for name in sorted(app.env.found_docs)
        )
        file.write_text(
            '<?xml version="1.0" encoding="utf-8"?>\n'
            '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
            f"{places}</urlset>\n",
            encoding="utf-8",
        )


def register(app: Sphinx) -> None:
    """Register all of this module with Sphinx."""
    app.connect("config-inited", find_address)
    app.connect("html-page-context", describe_page)
    app.connect("html-page-context", help_the_lost)
    # After that of sphinx-external-toc.
    app.connect("build-finished", write_index, priority=900)
    app.connect("build-finished", write_sitemap)
