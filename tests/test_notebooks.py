# SPDX-License-Identifier: Apache-2.0
"""The notebooks run from their first cell to their last, in an empty folder, without a network.

The documentation site, which shows what they print, is what executes them: tests/test_site.py.
"""

from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.conftest import ROOT, Site

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def code_of(path: Path) -> list[Any]:
    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_six() -> None:
    assert [path.name[0] for path in NOTEBOOKS] == list("123456")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook(path: Path, site: Site) -> None:
    kept = code_of(path)
    assert not [cell for cell in kept if cell.outputs or cell.execution_count], "without output"
    code = code_of(site.notebooks / path.name)
    assert [cell.source for cell in code] == [cell.source for cell in kept]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        told = [each for each in cell.outputs if each.get("name") == "stderr"]
        said = "".join(each["text"] for each in told)
        assert "Traceback" not in said
        assert "Error" not in said
    shown = [each for cell in code for each in cell.outputs]
    assert any("data" in each for each in shown)
    plain = [each["data"].get("text/plain") for each in shown if "data" in each]
    assert "False" not in plain, "each comparison in it holds"
    # The curve that falls while a run goes on, and figures, are there to be seen.
    kinds = {kind for each in shown for kind in each.get("data", {})}
    assert kinds & {"image/png", "image/svg+xml", "text/html"}
