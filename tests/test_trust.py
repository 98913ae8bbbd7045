# SPDX-License-Identifier: Apache-2.0
"""What is compiled is not run where another user may have put it, or may exchange it."""

import grp
import hashlib
import os
import pwd
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from evoarray.evolution.backends.cache import built
from evoarray.evolution.backends.process import SimulatedTop
from evoarray.evolution.backends.trust import distrust, others_may_write
from evoarray.model.errors import InputError
from tests.conftest import ROOT

BUILT, PLANTED = "ours", "theirs"
SOMEBODY = 54_321


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the cache folder, one below a folder that the tests give to others."""
    root = tmp_path / "shared"
    root.mkdir(mode=0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(root / "cache"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return root / "cache" / "evoarray"


def build() -> Path:
    return built("thing", ["sh", "-c", f"printf {BUILT} > thing"], [])


def plant(made: Path) -> None:
    """Put another file in the place of one that was made, by a name that goes with its content."""
    made.unlink()
    name = f"thing-{hashlib.sha256(PLANTED.encode()).hexdigest()[:16]}"
    made.with_name(name).write_text(PLANTED, encoding="utf-8")


def belongs_to_somebody(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:
        os.chown(path, SOMEBODY, -1)
    else:  # only root may give files away; then it is we who are somebody else
        found = path.stat().st_uid
        monkeypatch.setattr(os, "geteuid", lambda: found + 1)


def test_what_we_made_is_taken_again(shared: Path) -> None:
    made = build()
    assert made.is_relative_to(shared)
    assert build() == made
    assert shared.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("level", range(4), ids=["on the way", "cache", "evoarray", "hash"])
@pytest.mark.parametrize("by", ["mode", "owner"])
def test_a_cache_that_others_may_write_to_is_not_used(
    shared: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    level: int,
    by: str,
) -> None:
    made = build()
    plant(made)
    bad = list(reversed([made.parent, *made.parent.parents[:3]]))[level]
    if by == "mode":
        bad.chmod(0o777)
        reason = rf"others may write to {bad} \(chmod go-w\)"
    else:
        belongs_to_somebody(bad, monkeypatch)
        reason = ".* belongs to the user "
    found = build()
    assert found.read_text(encoding="utf-8") == BUILT
    assert not found.is_relative_to(shared)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert re.search(f"^evoarray: {made.parent} is not used, as {reason}", said)


@pytest.mark.parametrize("by", ["mode", "owner"])
def test_a_file_that_others_may_write_to_is_built_anew(
    shared: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    made = build()
    plant(made)
    (planted,) = made.parent.iterdir()
    if by == "mode":
        planted.chmod(0o666)
    elif os.geteuid() != 0:
        pytest.skip("only root may give a file to somebody")
    else:
        belongs_to_somebody(planted, monkeypatch)
    assert build().read_text(encoding="utf-8") == BUILT


def test_a_planted_link_is_not_followed(shared: Path, tmp_path: Path) -> None:
    made = build()
    plant(made)
    (planted,) = made.parent.iterdir()
    planted.replace(tmp_path / "elsewhere")
    planted.symlink_to(tmp_path / "elsewhere")
    assert build().read_text(encoding="utf-8") == BUILT


def test_somebody_is_faster_in_a_folder_for_all(
    shared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in /tmp: the folder is made between the look at it and our making it."""
    shared.parent.parent.chmod(0o1777)
    make = Path.mkdir

    def faster(path: Path, *arguments: object, **options: object) -> None:
        make(path, mode=0o777)
        path.chmod(0o777)

    monkeypatch.setattr(Path, "mkdir", faster)
    assert not build().is_relative_to(shared)
    assert "others may write to" in capsys.readouterr().err


@pytest.mark.usefixtures("shared")
def test_no_umask_opens_it() -> None:
    code = "from tests.test_trust import build; p = build(); assert p == build(); print(p)"
    done = subprocess.run(
        ["sh", "-c", f"umask 000; exec '{sys.executable}' -c '{code}'"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert distrust(Path(done.stdout.strip())) == ""


def test_processes_that_are_started_have_the_same_temporary_cache_and_it_goes(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o777)
    child = "from tests.test_trust import build; print(build())"
    code = f"import subprocess, sys; {child}; sys.stdout.flush(); "
    code += f"subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    ours, theirs = done.stdout.splitlines()
    assert ours == theirs
    assert done.stderr.count("\n") == 1
    assert not Path(ours).exists()


@pytest.mark.parametrize(
    ("mode", "group", "others"),
    [
        (0o40755, SOMEBODY, False),
        (0o41777, SOMEBODY, False),
        (0o40777, SOMEBODY, True),
        (0o40775, SOMEBODY, True),
        (0o40775, 0, False),
        (0o100664, SOMEBODY, True),
        (0o101666, SOMEBODY, True),  # the sticky bit of a file means nothing
    ],
)
def test_who_may_write(mode: int, group: int, others: bool) -> None:
    found = SimpleNamespace(st_mode=mode, st_uid=os.geteuid(), st_gid=group)
    assert others_may_write(found) is others  # type: ignore[arg-type]


def test_the_group_of_one_user_is_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    members: list[str] = []
    group = SimpleNamespace(gr_name="ada", gr_mem=members)
    monkeypatch.setattr(grp, "getgrgid", lambda _: group)
    monkeypatch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_name="ada"))
    found = SimpleNamespace(st_mode=0o40775, st_uid=1000, st_gid=1000)
    assert not others_may_write(found)  # type: ignore[arg-type]
    members.append("eve")
    assert others_may_write(found)  # type: ignore[arg-type]


def test_no_program_is_put_in_a_temporary_folder_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o777)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(
        InputError, match=r"others may exchange what is in .*; name another .*TMPDIR"
    ):
        SimulatedTop({})
    assert list(tmp_path.iterdir()) == []
