# SPDX-License-Identifier: Apache-2.0
"""The digits are what images/README.md says, and their split never moves."""

import hashlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from evoarray.evolution.neuro import data
from evoarray.evolution.neuro.data import digits, split_order
from evoarray.model.errors import InputError

IMAGES = Path(__file__).parents[2] / "images"

# SHA-256 of each part's rows as little-endian 64-bit integers: figures that were published with
# another split could not be compared.
SPLIT = {
    "training": "02316d1274b1f6d73e9735f0df1d1d242bf3921ad5a9f6cc306d891bf4c3913c",
    "validation": "9988292344ec7e314179298b823b8f69d7eefe6bd3d6d3e646922cf610b27b5d",
    "test": "0d22fa1c95c7fba85b8a072bb850ddba547075b9a045acb46239eca741f9044b",
}


def test_the_file_is_the_one_that_the_readme_names() -> None:
    sha256 = hashlib.sha256((IMAGES / "digits" / "digits.csv.gz").read_bytes()).hexdigest()
    text = (IMAGES / "README.md").read_text(encoding="utf-8")
    assert f"`{sha256}`" in text
    assert "(digits/LICENSE)" in text
    licence = (IMAGES / "digits" / "LICENSE").read_text(encoding="utf-8")
    assert "Creative Commons Attribution 4.0 International Public License" in licence


def test_images_and_labels_are_scikit_learns() -> None:
    original = load_digits()
    for part in (digits().training, digits().validation, digits().test):
        assert part.labels.tolist() == original.target[part.rows].tolist()
        for image, row in zip(part.images, part.rows, strict=True):
            expected = [round(Fraction(int(p) * 127, 16)) for p in original.data[row]]
            assert image.ravel().tolist() == expected
        assert part.images.dtype == np.int8
        assert part.images.shape == (len(part.rows), 1, 8, 8)


def test_the_split_is_fixed() -> None:
    for name, sha256 in SPLIT.items():
        rows = getattr(digits(), name).rows.astype("<i8")
        assert hashlib.sha256(rows.tobytes()).hexdigest() == sha256


def test_each_image_is_in_one_part() -> None:
    parts = [digits().training, digits().validation, digits().test]
    assert [len(part.rows) for part in parts] == [1000, 397, 400]
    assert sorted(np.concatenate([part.rows for part in parts]).tolist()) == list(range(1797))


def test_each_part_holds_each_class_in_its_share() -> None:
    parts = [digits().training, digits().validation, digits().test]
    whole = sum(np.bincount(part.labels, minlength=10) for part in parts)
    for part in parts:
        share = whole * len(part.labels) / 1797
        assert np.abs(np.bincount(part.labels, minlength=10) - share).max() <= 1.5


def test_the_rows_are_shuffled() -> None:
    """The file is in the order of its writers; a part must not be its beginning or its end."""
    assert abs(digits().test.rows.mean() - 898) < 60  # 1797 / sqrt(12 * 400) = 26 is one deviation
    assert split_order(np.zeros(1797, np.int64)).tolist() != list(range(1797))


def test_nobody_can_change_the_digits() -> None:
    with pytest.raises(ValueError, match="read-only"):
        digits().training.images[0] = 0


def test_without_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(data, "FILE", tmp_path / "digits.csv.gz")
    with pytest.raises(InputError, match="install evoarray anew"):
        digits.__wrapped__()
