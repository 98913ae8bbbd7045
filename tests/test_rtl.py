# SPDX-License-Identifier: Apache-2.0
"""The RTL as others compile it: in one design with libraries of their own."""

import re

from evoarray.model.rtl import FAMILIES, INCLUDE_DIR, sources


def test_every_name_that_a_design_shares_begins_with_evoarray() -> None:
    files = sources(*FAMILIES, "baselines")
    names = [re.findall(r"^module (\w+)", file.read_text("utf-8"), re.M) for file in files]
    assert names == [[file.stem] for file in files]
    shared = [file.stem for file in (*files, *INCLUDE_DIR.glob("*.vh"))]
    assert [name for name in shared if not name.startswith("evoarray_")] == []
    assert len(shared) > len(FAMILIES)
