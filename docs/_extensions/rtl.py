# SPDX-License-Identifier: Apache-2.0
"""The directive rtl-modules: what the modules in a folder of rtl/ say of themselves.

Each gets a section with the text of its header, its parameters, and a link to its source.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

ROOT = Path(__file__).resolve().parents[2]
PARAMETER = re.compile(
    r"((?:^ *//.*\n)*)^ *parameter integer (\w+) *= *([^,\n]+?),?(?: *//.*)?$", re.MULTILINE
)


def header(text: str) -> list[str]:
    """Return the paragraphs of a module's header, without the line on its licence."""
    lines = re.match(r"(?:^//.*\n)+", text, re.MULTILINE)
    said = "" if lines is None else re.sub(r"^// ?", "", lines[0], flags=re.MULTILINE)
    return [part for part in re.split(r"\n\s*\n", said) if part.strip() and "SPDX-" not in part]


def parameters(text: str) -> list[tuple[str, str, str]]:
    """Return name, default and meaning of a module's parameters.

    What is said of one holds for those that follow it without a text of their own.
    """
    found, meaning = [], ""
    for said, name, default in PARAMETER.findall(text):
        meaning = " ".join(re.sub(r"^ *// ?", "", said, flags=re.MULTILINE).split()) or meaning
        found.append((name, default, meaning))
    return found


def _markdown(path: Path, to_root: str) -> Iterator[str]:
    text, place = path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()
    yield f"## {path.stem}"
    for paragraph in header(text):
        # A drawing in characters is indented.
        drawn = any(line.startswith("  ") for line in paragraph.splitlines())
        yield f"```text\n{paragraph}\n```" if drawn else _escape(paragraph)
    if found := parameters(text):
        rows = [f"| `{name}` | `{default}` | {_escape(said)} |" for name, default, said in found]
        yield "\n".join(["| parameter | default | meaning |", "| --- | --- | --- |", *rows])
    yield f"Source: [{place}]({to_root}/{place})"


def _escape(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|#$~])", r"\\\1", text)


class RtlModules(SphinxDirective):
    """Describe the modules in a folder of rtl/, by their names."""

    required_arguments: ClassVar[int] = 1

    def run(self) -> list[nodes.Node]:
        """See SphinxDirective."""
        here = Path(self.env.srcdir, self.env.docname).parent
        to_root = os.path.relpath(ROOT, here)
        found = sorted((ROOT / "rtl" / self.arguments[0]).glob("*.v"))
        if not found:
            raise self.error(f"there are no modules in rtl/{self.arguments[0]}")
        for path in found:
            self.env.note_dependency(str(path))
        text = "\n\n".join(part for path in found for part in _markdown(path, to_root))
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive."""
    app.add_directive("rtl-modules", RtlModules)
    return {"parallel_read_safe": True}
