# SPDX-License-Identifier: Apache-2.0
"""Links to files of the repository, which lead to where GitHub shows them, work on the site, too.

A Markdown page outside docs/ that a page includes is that page, and its links stay right. Any other
file gets a page that shows it; MyST would offer a copy of it to be downloaded.
"""

import os
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from pygments.lexers import get_lexer_for_filename
from pygments.util import ClassNotFound
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.environment import BuildEnvironment
from sphinx.util.typing import ExtensionMetadata

ROOT = Path(__file__).resolve().parents[2]
INCLUDED = re.compile(r"^```\{include\} (\S+)$", re.MULTILINE)
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s]+)")


def _documents(env: BuildEnvironment) -> dict[Path, str]:
    """Return which document shows a file: itself, by a link in docs/, or by including it."""
    found = {}
    for docname in sorted(env.found_docs):
        path = Path(env.doc2path(docname))
        found[path.resolve()] = docname
        for name in INCLUDED.findall(path.read_text(encoding="utf-8")):
            found[(path.parent / name).resolve()] = docname
    return found


def _move_links(app: Sphinx, path: Path, parent: str, content: list[str]) -> None:
    """Let the links of a page that is included start from the page that includes it."""
    here = Path(app.env.doc2path(parent)).parent
    there = Path(app.srcdir, path).resolve().parent
    content[0] = LINK.sub(lambda link: os.path.relpath(there / link[1], here), content[0])


def _lead_to_pages(app: Sphinx, doctree: nodes.document) -> None:
    env, documents = app.env, _documents(app.env)
    here = Path(env.doc2path(env.docname)).parent
    for link in list(doctree.findall(addnodes.download_reference)):
        place = Path(os.path.normpath(here / link["reftarget"]))
        if place.is_file() and not place.is_relative_to(env.srcdir):
            _show(app, link, place)
    for link in list(doctree.findall(addnodes.pending_xref)):
        target = link["reftarget"]
        if link.get("refdomain") != "doc" or target in env.found_docs:
            continue
        # A document outside docs/ is named by its path, without its suffix.
        for place in (Path(f"{target}.md"), Path(f"{target}.ipynb")):
            if place in documents:
                link["reftarget"] = documents[place]
            elif place.is_file():
                _show(app, link, place)


def _show(app: Sphinx, link: nodes.Element, place: Path) -> None:
    """Let a link lead to a page that shows a file, and have that page made."""
    if not place.is_relative_to(ROOT):
        return
    name, docname = place.relative_to(ROOT).as_posix(), app.env.docname
    _shown(app.env).setdefault(docname, set()).add(name)
    uri = app.builder.get_relative_uri(docname, f"source/{name}")
    link.replace_self(nodes.reference("", "", *link.children, refuri=uri, internal=True))


def _shown(env: BuildEnvironment) -> dict[str, set[str]]:
    """Return the files that each page links to; the environment keeps them between builds."""
    if not hasattr(env, "evoarray_sources"):
        env.evoarray_sources = {}  # type: ignore[attr-defined]
    found: dict[str, set[str]] = env.evoarray_sources  # type: ignore[attr-defined]
    return found


def _forget(_app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    _shown(env).pop(docname, None)


def _pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    if not isinstance(app.builder, StandaloneHTMLBuilder):
        return
    for name in sorted(set().union(*_shown(app.env).values())):
        try:
            lexer = get_lexer_for_filename(name).aliases[0]
        except ClassNotFound:
            lexer = "text"
        text = (ROOT / name).read_text(encoding="utf-8")
        code = app.builder.highlighter.highlight_block(text, lexer)
        title = escape(name)
        body = f"<h1>{title}</h1>\n<div class='highlight-{lexer} notranslate'>{code}</div>"
        yield f"source/{name}", {"title": title, "body": body}, "page.html"


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect to what Sphinx does with links, before it copies files, at priority 500."""
    app.connect("include-read", _move_links)
    app.connect("doctree-read", _lead_to_pages, priority=400)
    app.connect("env-purge-doc", _forget)
    app.connect("html-collect-pages", _pages)
    return {"parallel_read_safe": False}
