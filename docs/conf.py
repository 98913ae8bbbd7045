# SPDX-License-Identifier: Apache-2.0
"""The documentation site: `make site` builds it into build/site.

The pages in docs/ are read on GitHub, too. Extensions of our own, in docs/_extensions, show the
files that pages link to, and make the reference of the RTL from its headers.
"""

import re
import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "evoarray"
author = "the authors of evoarray"
project_copyright = author
release = version = version_of("evoarray")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx_click", "arrays", "rtl", "sources"]
exclude_patterns = ["_extensions", "_static"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}

# A link that leads nowhere is a warning, and `make site` fails on warnings.
nitpicky = True
nitpick_ignore_regex = [
    # What other packages document, at addresses that a build without a network cannot ask for.
    (r"py:.*", r"(?!evoarray\b).*"),
    # What only evoarray itself gives to a Run or a Study.
    (r"py:class", r"evoarray\.model\.temporary\.TemporaryFolder"),
]

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

# What a notebook prints is never older than the code: outputs are kept nowhere. Each is executed in
# a temporary folder.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_timeout = 300
nb_execution_show_tb = True
nb_merge_streams = True

# Texts have the options and the quotes that one types.
smartquotes = False

# Docstrings are plain text with `code`.
default_role = "literal"
autodoc_member_order = "bysource"
python_maximum_signature_line_length = 88
add_module_names = False

html_theme = "furo"
html_title = "evoarray"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False


def _escape(text: str) -> str:
    """Return plain text as reStructuredText that says the same; `code` stays."""
    parts = re.split(r"(`[^`]*`)", text)
    parts[::2] = [re.sub(r"([\\*|]|_\b)", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


def _plain(
    _app: Sphinx, what: str, name: str, _object: Any, _options: Any, lines: list[str]
) -> None:
    if (what, name) == ("module", "evoarray"):
        lines.clear()  # the page has an introduction of its own
    lines[:] = [_escape(line) for line in lines]


def _as_code(_app: Sphinx, _context: Any, lines: list[str]) -> None:
    """Show the lines that click shall not wrap, which sphinx-click marks by a bar, as code."""
    text = re.sub(
        r"(?m)(?:^\| .*\n?)+",
        lambda part: ".. code-block:: sh\n\n" + re.sub(r"(?m)^\| +", "   ", part[0]) + "\n",
        "\n".join(lines),
    )
    lines[:] = text.split("\n")


def setup(app: Sphinx) -> None:
    """Take docstrings as plain text."""
    app.connect("autodoc-process-docstring", _plain)
    app.connect("sphinx-click-process-description", _as_code)
