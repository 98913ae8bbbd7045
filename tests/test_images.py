# SPDX-License-Identifier: Apache-2.0
"""The bundled photos are what images/README.md says they are."""

import hashlib
import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

IMAGES = Path(__file__).parents[1] / "images"
MAKER = runpy.run_path(str(IMAGES / "make_images.py"))


def table() -> dict[str, list[str]]:
    """Return the rows of the README's table: file -> the other cells."""
    lines = (IMAGES / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: row[1:] for row in rows if row[0].endswith(".png")}


TABLE = table()


def test_table_names_every_photo_and_no_other() -> None:
    files = {path.relative_to(IMAGES).as_posix() for path in IMAGES.rglob("*.png")}
    assert files == set(TABLE) == set(MAKER["PHOTOS"])
    assert "training/camera.png" in files


def test_no_two_photos_share_an_original() -> None:
    for large in (False, True):
        sources = [row[0] for name, row in TABLE.items() if name.startswith("large/") == large]
        assert len(set(sources)) == len(sources) > 3


@pytest.mark.parametrize("photo", TABLE)
def test_photo_is_what_its_row_says(photo: str) -> None:
    source, author, licence, crop, scale, sha256 = TABLE[photo]
    assert hashlib.sha256((IMAGES / photo).read_bytes()).hexdigest() == sha256
    assert author
    assert licence in ("CC0 1.0", "public domain")

    made_from, left, top, factor = MAKER["PHOTOS"][photo]
    size = 512 if photo.startswith("large/") else 128
    assert (source, crop) == (made_from, f"{left}, {top}, {size * factor}")
    assert scale == (f"1/{factor}" if factor > 1 else "1")

    with Image.open(IMAGES / photo) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "L", (size, size))
        np.testing.assert_array_equal(np.asarray(image), np.asarray(MAKER["make"](photo)))
