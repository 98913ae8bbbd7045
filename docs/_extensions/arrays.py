# SPDX-License-Identifier: Apache-2.0
"""Types of arrays as the code has them: NDArray[uint8], not what NumPy makes of that."""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains.python import PyAttribute, PyProperty
from sphinx.util.typing import ExtensionMetadata

ARRAY = re.compile(
    r"~?numpy\.ndarray\[tuple\[~?typing\.Any, \.\.\.\], ~?numpy\.dtype\[~?(?:numpy\.)?([\w.]+)\]\]"
)


def short(text: str) -> str:
    """Return a signature with the names of the code for types of arrays."""
    return ARRAY.sub(r"~numpy.typing.NDArray[\1]", text)


def _signature(_app: Sphinx, *described: Any) -> tuple[str | None, str | None]:
    *_, arguments, returned = described
    return arguments and short(arguments), returned and short(returned)


class Property(PyProperty):
    """A property, of a type that is short."""

    def run(self) -> list[nodes.Node]:
        """See ObjectDescription."""
        if "type" in self.options:
            self.options["type"] = short(self.options["type"])
        return super().run()


class Attribute(PyAttribute):
    """An attribute, of a type that is short."""

    def run(self) -> list[nodes.Node]:
        """See ObjectDescription."""
        if "type" in self.options:
            self.options["type"] = short(self.options["type"])
        return super().run()


def setup(app: Sphinx) -> ExtensionMetadata:
    """Shorten what autodoc writes."""
    app.connect("autodoc-process-signature", _signature)
    app.add_directive_to_domain("py", "property", Property, override=True)
    app.add_directive_to_domain("py", "attribute", Attribute, override=True)
    return {"parallel_read_safe": True}
