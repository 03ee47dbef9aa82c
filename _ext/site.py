"""The book as a site: what depends on its address, once it has one.

The address is `html.baseurl` in `_config.yml`, which `make publish-to` writes.
Until then, no page says where it is.
"""

import html
import re
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from sphinx.application import Sphinx
from sphinx.config import Config

CARD = "_static/card.png"
CARD_SIZE = (1200, 630)
CARD_ALT = (
    "Attention you can drag: one query above a row of thirteen keys, its "
    "rays widest to the keys nearest to it"
)


def place_site(app: Sphinx, config: Config) -> None:
    """Tell other extensions where the site is."""
    address = config.html_baseurl
    config.notfound_urls_prefix = f"{urlsplit(address).path.rstrip('/')}/"
    if not address:
        return
    config.html_baseurl = config.ogp_site_url = f"{address.rstrip('/')}/"
    config.ogp_site_name = config.html_title
    config.ogp_image, config.ogp_image_alt = CARD, CARD_ALT
    width, height = CARD_SIZE
    config.ogp_custom_meta_tags = [
        f'<meta property="og:image:width" content="{width}" />',
        f'<meta property="og:image:height" content="{height}" />',
        '<meta name="twitter:card" content="summary_large_image" />',
    ]


HEAD = re.compile(
    r'<meta (?:name="(?:description|twitter:card)"|property="og:).*?>'
    r'|<link rel="canonical".*?>'
)


def write_index(app: Sphinx, error: Exception | None) -> None:
    """Let the folder open at the first page, if that is not the index.

    The redirect of sphinx-external-toc has no title, no language and no icon,
    so browsers ask the server for an icon that does not exist. And a reader
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
        '<link rel="icon" href="data:,">\n'  # costs no request
        f'<meta http-equiv="refresh" content="0; url={first}.html">\n'
        f'</head>\n<body><a href="{first}.html">{title}</a></body>\n</html>\n',
        encoding="utf-8",
    )


def write_sitemap(app: Sphinx, error: Exception | None) -> None:
    """List every page for search engines.

    sphinx-sitemap would list only the pages that the last build wrote.
    """
    if error or app.builder.format != "html":
        return
    address = app.config.html_baseurl
    names = sorted(app.env.found_docs)
    pages = [address + app.builder.get_target_uri(name) for name in names]
    places = "".join(f"<url><loc>{escape(it)}</loc></url>\n" for it in pages)
    Path(app.outdir, "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        f"{places}</urlset>\n",
        encoding="utf-8",
    )


def register(app: Sphinx) -> None:
    """Register the functions of this module with Sphinx."""
    app.setup_extension("notfound.extension")
    if app.config.html_baseurl:
        app.setup_extension("sphinxext.opengraph")
        app.connect("build-finished", write_sitemap)
    app.connect("config-inited", place_site, priority=400)
    # After that of sphinx-external-toc.
    app.connect("build-finished", write_index, priority=900)
