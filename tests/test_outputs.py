# SPDX-License-Identifier: Apache-2.0
"""No command writes over a file that it reads."""

import os
from pathlib import Path

import click
import numpy as np
import pytest

from evoarray.cli import commands
from evoarray.commands.studies import study
from evoarray.model.filter.circuit import Shape, copy_filter, write_circuit
from evoarray.model.neuro.network import Dense, Network, save_network
from tests.conftest import Evoarray

LINE = "is read, and would be overwritten: name another one with -o"


@pytest.fixture
def files(images: Path) -> Path:
    """Return the folder with images, a circuit c.json, a copy of it before.json, and net.json."""
    for name in ("c.json", "before.json"):
        write_circuit(images / name, copy_filter(Shape(2, 2, "upm16")))
    layer = Dense(np.ones((2, 4), np.int8), np.zeros(2, np.int32), 0, "logits")
    save_network(images / "net.json", Network((1, 2, 2), (layer,)))
    return images


@pytest.mark.parametrize(
    "line",
    [
        "show c.json -o c.json",
        "show net.json -o net.json",
        "filter c.json noisy.png -o noisy.png",
        "filter c.json noisy.png -o c.json",
        "filter c.json noisy.png --after before.json -o before.json",
        "prune c.json noisy.png clean.png -o c.json",
        "prune c.json noisy.png clean.png -o noisy.png",
        "prune c.json noisy.png clean.png -o clean.png",
        "prune c.json noisy.png clean.png --after before.json -o before.json",
        "prune c.json clean.png clean.png --train-pair noisy.png clean.png -o noisy.png",
        "noise clean.png -o clean.png",
        "target clean.png -o clean.png",
        "export net.json -o net.json",
        "study spec.toml -o spec.toml",
    ],
)
def test_an_input_stays(evoarray: Evoarray, files: Path, line: str) -> None:
    (files / "spec.toml").write_text("runs = 1\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in files.iterdir()}
    ended = evoarray(*line.split())
    output = line.rsplit(maxsplit=1)[-1]
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == f"evoarray: {output} {LINE}\n"
    assert {path: path.read_bytes() for path in files.iterdir()} == before


@pytest.mark.parametrize("link", [os.symlink, os.link], ids=["symbolic", "hard"])
@pytest.mark.parametrize("name", ["other.png", "folder/../other.png"])
def test_by_whatever_name(evoarray: Evoarray, files: Path, link: object, name: str) -> None:
    (files / "folder").mkdir()
    link(files / "clean.png", files / "other.png")  # type: ignore[operator]
    before = (files / "clean.png").read_bytes()
    ended = evoarray("noise", "clean.png", "-o", name)
    assert ended.status == 2
    assert f"clean.png {LINE}" in ended.err
    assert (files / "clean.png").read_bytes() == before


@pytest.mark.usefixtures("files")
def test_another_file_is_overwritten(evoarray: Evoarray) -> None:
    for _ in range(2):
        assert evoarray("noise", "clean.png", "-o", "out.png").status == 0
    assert evoarray("show", "c.json", "-o", "out.svg").status == 0


def test_every_command_with_an_output_is_meant() -> None:
    """Those without this rule keep their inputs by another one, which has its own tests."""
    others = {"report"}  # that ends in .html, and in names that no run has
    every = [*commands.commands.values(), *study.commands.values()]
    for command in every:
        named = [each for each in command.params if each.name == "output"]
        if named and command.name not in others:
            assert hasattr(command.callback, "__wrapped__"), command.name
    assert any(isinstance(each, click.Group) for each in every)


def test_a_summary_is_no_database(evoarray: Evoarray, tmp_path: Path) -> None:
    text = 'kind = "networks"\n[options]\ngenerations = 1\n[grid]\nseed = [1]\n'
    (tmp_path / "spec.toml").write_text(text, encoding="utf-8")
    assert evoarray("study", "spec.toml", "-o", "st", "--runs", 1, "--workers", 1).status == 0
    before = (tmp_path / "st" / "study.sqlite").read_bytes()
    ended = evoarray("study", "summary", "st", "-o", "st/study.sqlite")
    assert ended.status == 2
    assert len(ended.err.splitlines()) == 1
    assert (tmp_path / "st" / "study.sqlite").read_bytes() == before
