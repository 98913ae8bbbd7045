# SPDX-License-Identifier: Apache-2.0
"""What the tests share: the command in this process, a pair of images, and what is compiled."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pytest
from filelock import FileLock
from selenium import webdriver

from evoarray.cli import main
from evoarray.evolution.filter.backends import fast
from evoarray.evolution.stopping import SIGNALS
from evoarray.model.images import write_image
from evoarray.model.noise import add_noise
from tb.runner import compiler_cache
from tests.browser import open_browser

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit status, and what it printed."""

    status: int | str | None
    out: str
    err: str


Evoarray = Callable[..., Ended]


@dataclass(frozen=True)
class Site:
    """The documentation site: its pages, and the notebooks as they were executed."""

    pages: Path
    notebooks: Path


def pytest_configure() -> None:
    # Verilator takes seconds to build a program: a second run of the tests finds it here.
    os.environ["XDG_CACHE_HOME"] = str(ROOT / "build" / "test-cache")
    os.environ.update(compiler_cache())


def script(path: Path, text: str) -> None:
    """Write a program of the shell."""
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return an empty cache folder; the engine is not loaded yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    fast.load_library.cache_clear()
    yield tmp_path / "cache" / "evoarray"
    fast.load_library.cache_clear()


@pytest.fixture
def evoarray(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Evoarray]:
    """Return the command, called in this process and in tmp_path, where `images` are."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["evoarray", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Ended(ended.value.code, *capsys.readouterr())

    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    yield call
    for number, handler in handlers.items():
        signal.signal(number, handler)


def shown_on_terminal(
    folder: Path, *arguments: object, stdout: IO[str] | None = None, columns: int = 120
) -> str:
    """Return what the command, run in this folder, writes to a terminal, without its colours.

    The terminal has 40 lines, and also has standard output unless that goes elsewhere.
    """
    master, terminal = pty.openpty()
    size = {"COLUMNS": str(columns), "LINES": "40"}
    environment = {**os.environ, **size, "TERM": "xterm-256color"}
    environment.pop("CI", None)
    with subprocess.Popen(
        [sys.executable, "-m", "evoarray", *map(str, arguments)],
        cwd=folder,
        stdout=stdout or terminal,
        stderr=terminal,
        env=environment,
    ) as command:
        os.close(terminal)
        shown = b""
        try:
            while part := os.read(master, 4096):
                shown += part
        except OSError:  # how Linux tells that nobody has the terminal open any more
            pass
        os.close(master)
    assert command.returncode == 0
    return re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", shown.decode())


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Return tmp_path with clean.png and noisy.png, 10x8 pixels."""
    y, x = np.indices((8, 10))
    clean = (20 * y + 8 * x + 3 * (x % 3)).astype(np.uint8)
    write_image(tmp_path / "clean.png", clean)
    noisy = add_noise(clean, "salt-and-pepper", 0.2, np.random.default_rng(1))
    write_image(tmp_path / "noisy.png", noisy)
    return tmp_path


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Return a Chromium of its own, which logs what it loads."""
    opened = open_browser(tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.quit()


def build_site(source: Path, built: Path) -> tuple[int, str]:
    """Return Sphinx's status and words: pages are in built/pages, and each warning is an error."""
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--nitpicky"]
    ended = subprocess.run(
        [*command, "--quiet", "-d", built / "doctrees", source, built / "pages"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return the site. The worker that needs it first builds it, as that takes a minute."""
    base = tmp_path_factory.getbasetemp()
    built = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "site"
    log = built / "log"
    with FileLock(built.with_suffix(".lock")):
        if not log.exists():
            status, said = build_site(ROOT / "docs", built)
            log.write_text(said if status else "", encoding="utf-8")
    said = log.read_text(encoding="utf-8")
    assert said == "", said
    return Site(built / "pages", built / "jupyter_execute" / "notebooks")
