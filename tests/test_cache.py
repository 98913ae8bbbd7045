# SPDX-License-Identifier: Apache-2.0
"""What is compiled is compiled once, kept under a name for all that went in, and never half."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evoarray.evolution.backends import library
from evoarray.evolution.backends.cache import LAST_LINES, BuildError, built
from evoarray.evolution.backends.levels import OPTIONS
from evoarray.evolution.filter.backends import fast
from evoarray.evolution.filter.backends.fast import FastBackend, load_library
from evoarray.model.errors import InputError
from evoarray.model.filter.circuit import Shape, copy_filter
from tests.conftest import ROOT, script

Build = Callable[..., Path]


@pytest.fixture
def build(cache: Path, tmp_path: Path) -> Build:
    """Return `built` for a command that copies a source, and notes every time that it runs."""
    source = tmp_path / "source"
    source.write_text("content", encoding="utf-8")
    command = ["sh", "-c", f"echo >> {tmp_path}/runs; cp {source} thing"]

    def call(**changes: Any) -> Path:
        options = {"name": "thing", "command": command, "sources": [source], **changes}
        return built(**options)

    return call


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text(encoding="utf-8").splitlines())


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_it_is_built_once_and_nothing_else_is_kept(
    build: Build, cache: Path, tmp_path: Path
) -> None:
    made = build()
    assert made.read_text(encoding="utf-8") == "content"
    assert build() == made
    assert runs(tmp_path) == 1
    assert files(cache) == [made]
    assert list(made.parent.iterdir()) == [made]


def test_all_that_goes_in_makes_a_new_one(build: Build, tmp_path: Path) -> None:
    copy, other = f"cp {tmp_path}/source", tmp_path / "other"
    other.write_text("content", encoding="utf-8")
    made = [
        build(),
        build(name="another", command=["sh", "-c", f"{copy} another"]),
        build(command=["sh", "-c", f"{copy} thing;"]),
        build(command=["sh", "-c", f"{copy} thing", ";"]),
        build(tools=["version 1"]),
        build(tools=["version 2"]),
    ]
    other.write_text("other content", encoding="utf-8")
    made.append(build(sources=[other]))
    (tmp_path / "source").write_text("new content", encoding="utf-8")
    made.append(build())
    assert len({path.parent for path in made}) == len(made)


@pytest.mark.parametrize("content", [b"", b"cont", b"contend", b"content and more"])
def test_a_spoilt_one_is_built_anew(build: Build, tmp_path: Path, content: bytes) -> None:
    made = build()
    made.write_bytes(content)
    assert build() == made
    assert made.read_bytes() == b"content"
    assert runs(tmp_path) == 2


def test_a_build_that_fails_shows_its_last_lines_and_keeps_nothing(
    build: Build, cache: Path
) -> None:
    command = ["sh", "-c", "touch thing; seq 99; printf 'the \\377 end' >&2; exit 3"]
    with pytest.raises(BuildError) as failed:
        build(command=command)
    said = str(failed.value).splitlines()
    assert said[0] == "sh failed; its last lines:"
    assert said[1:] == [*map(str, range(101 - LAST_LINES, 100)), "the \ufffd end"]
    assert files(cache) == []


def test_a_build_that_makes_nothing(build: Build) -> None:
    with pytest.raises(InputError, match=r"^cannot build in .*: No such file or directory; XDG"):
        build(command=["true"])


def test_a_build_sees_its_environment_and_no_input(build: Build) -> None:
    made = build(
        command=["sh", "-c", "cat > thing; echo $COLOUR >> thing"], environment={"COLOUR": "red"}
    )
    assert made.read_text(encoding="utf-8") == "red\n"


def test_the_cache_may_be_relative(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.chdir(tmp_path)
    assert build().is_relative_to(tmp_path / "here" / "evoarray")


@pytest.mark.parametrize("unset", [None, ""])
def test_the_cache_is_in_the_home_folder(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unset: str | None
) -> None:
    if unset is None:
        monkeypatch.delenv("XDG_CACHE_HOME")
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", unset)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert build().is_relative_to(tmp_path / ".cache" / "evoarray")


@pytest.mark.parametrize(
    ("folder", "says"), [("{}/source", "Not a directory"), ("/proc/nowhere", "No such file")]
)
def test_a_cache_that_cannot_be_made(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, says: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", folder.format(tmp_path))
    with pytest.raises(InputError, match=f"{says}.*; XDG_CACHE_HOME names another cache folder"):
        build()


# --- the fast engine


def engine_works() -> bool:
    shape, image = Shape(2, 2, "upm16"), np.arange(12, dtype=np.uint8).reshape(3, 4)
    with closing(FastBackend(shape, [(image, image)])) as backend:
        return np.array_equal(backend.filter(copy_filter(shape).genes), image)


def test_the_engine_is_compiled_once(cache: Path) -> None:
    assert engine_works()
    (engine,) = files(cache)
    compiled = engine.stat().st_mtime_ns
    load_library.cache_clear()
    assert engine_works()
    assert files(cache) == [engine]
    assert engine.stat().st_mtime_ns == compiled


def test_the_engine_has_a_name_for_all_that_goes_into_it(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_library()
    (engine,) = files(cache)
    version = tmp_path / "version"
    version.touch()
    compiler = f'case "$*" in *--version) cat {version};; *) cp {engine} engine.so;; esac'
    script(tmp_path / "cc", compiler)
    source = tmp_path / "engine.c"
    source.write_text("int x;", encoding="utf-8")
    changes: list[Callable[[], object]] = [
        lambda: monkeypatch.setenv("CC", f"{tmp_path}/cc"),
        lambda: monkeypatch.setenv("CC", f"{tmp_path}/cc -w"),
        lambda: version.write_text("2", encoding="utf-8"),
        lambda: monkeypatch.setattr(fast, "SOURCE", source),
        lambda: source.write_text("int y;", encoding="utf-8"),
        lambda: (tmp_path / "any.h").write_text("int z;", encoding="utf-8"),
        lambda: monkeypatch.setattr(library, "OPTIONS", (*OPTIONS, "-g")),
        lambda: monkeypatch.setattr(library, "cpu_line", lambda *_: "another"),
    ]
    for count, change in enumerate(changes, start=2):
        change()
        load_library.cache_clear()
        load_library()
        assert len(files(cache)) == count


def test_an_engine_that_is_cut_off_is_compiled_anew(cache: Path) -> None:
    load_library()
    (engine,) = files(cache)
    whole = engine.read_bytes()
    # The library in use must stay as it is: this is another file of the same name.
    shutil.move(engine, cache / "in-use")
    engine.write_bytes(whole[: len(whole) // 2])
    load_library.cache_clear()
    assert engine_works()
    assert engine.read_bytes() == whole


def test_an_engine_that_cannot_be_loaded(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "OPTIONS", ("-std=c11", "-c"))  # an object file
    with pytest.raises(
        InputError, match=r"^cannot load the fast engine: .*; XDG_CACHE_HOME .*--backend model"
    ):
        load_library()
    broken = cache / "engine-x86-64.so"
    broken.write_bytes(b"")
    monkeypatch.setattr(library, "installed_for", lambda _: broken)
    with pytest.raises(InputError, match=r"^cannot load the fast engine: .*; install .* anew"):
        load_library()


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(("compiler", "name"), [(None, ""), ("", ""), ("c89 -w", "c89")])
def test_there_is_no_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiler: str | None, name: str
) -> None:
    monkeypatch.delenv("CC", raising=False)
    if compiler is not None:
        monkeypatch.setenv("CC", compiler)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError) as refused:
        load_library()
    missing = f"{name} is not installed" if name else "there is none of cc, gcc, clang"
    assert str(refused.value) == (
        f"the fast engine needs a C compiler, and {missing}: "
        "apt-get install gcc (or: --backend model)"
    )


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("names", [["clang"], ["gcc", "clang"], ["cc", "gcc", "clang"]])
def test_any_compiler_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    """In this order; none of them is for C++."""
    monkeypatch.delenv("CC", raising=False)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in names:
        script(tools / name, f'PATH={os.environ["PATH"]}; echo "$0" >> {tmp_path}/used; cc "$@"')
    monkeypatch.setenv("PATH", str(tools))
    assert engine_works()
    assert set((tmp_path / "used").read_text().split()) == {str(tools / names[0])}


def test_the_compiler_fails(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "cc", "echo internal compiler error; exit 1")
    monkeypatch.setenv("CC", str(tmp_path / "cc"))
    with pytest.raises(BuildError) as failed:
        load_library()
    assert str(failed.value) == f"{tmp_path}/cc failed; its last lines:\ninternal compiler error"
    assert files(cache) == []


def test_two_processes_compile_the_engine_at_the_same_time(cache: Path, tmp_path: Path) -> None:
    script(
        tmp_path / "cc",
        f"""
        if test "$1" != --version; then
          touch {tmp_path}/at-work-$$
          while test $(ls {tmp_path} | grep -c at-work) -lt 2; do sleep 0.01; done
        fi
        exec /usr/bin/cc "$@"
        """,
    )
    loaders = [
        subprocess.Popen(
            [sys.executable, "-c", "from tests.test_cache import engine_works as w; assert w()"],
            cwd=ROOT,
            env={**os.environ, "CC": str(tmp_path / "cc")},
        )
        for _ in range(2)
    ]
    assert [loader.wait(timeout=60) for loader in loaders] == [0, 0]
    assert len(files(cache)) == 1
    assert len([path for path in tmp_path.iterdir() if "at-work" in path.name]) == 2
