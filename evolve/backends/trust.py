# SPDX-License-Identifier: Apache-2.0
"""Whether other users of the machine could have put a file, or put another in its place.

What is compiled and kept is run later, so a folder of it must be ours alone to write, and so must
every folder on the way: whoever may write to one of these may exchange all below it. Once that
holds, nobody but us and root can change what a path leads to, and it need not be looked at again.
"""

import atexit
import grp
import os
import pwd
import stat
import sys
import tempfile
from pathlib import Path

from evoarray.model.errors import InputError
from evoarray.model.temporary import TemporaryFolder


def distrust(path: Path) -> str:
    """Return why a path without symbolic links is not to be trusted, or nothing.

    What does not exist yet is trusted: we shall make it.
    """
    for each in (*reversed(path.parents), path):
        try:
            found = each.lstat()
        except FileNotFoundError:
            return ""
        if stat.S_ISLNK(found.st_mode):
            return f"{each} has become a link"
        if found.st_uid not in {0, os.geteuid()}:
            return f"{each} belongs to {_user(found.st_uid)}"
        if others_may_write(found):
            return f"others may write to {each} (chmod go-w)"
    return ""


def others_may_write(found: os.stat_result) -> bool:
    """Return whether users other than the owner and root may change a file, or rename in a folder.

    In a folder with the sticky bit, such as /tmp, they may only rename what is theirs. The group of
    root, and one that is a user's alone, are no others.
    """
    if stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX:
        return False
    by_group = found.st_mode & stat.S_IWGRP and not _alone(found)
    return bool(found.st_mode & stat.S_IWOTH or by_group)


def make_private(folder: Path) -> None:
    """Make a folder, and those above it, for us alone, whatever the umask is, unless it is there.

    Raises OSError if that fails.
    """
    for each in (*reversed(folder.parents), folder):
        if not each.exists():
            each.mkdir(mode=0o700, exist_ok=True)  # another process may be faster


def temporary_folder() -> Path:
    """Return the folder for temporary files. Raises InputError if others may exchange what we put.

    Its owner is not looked at: in containers that may be somebody who has no name there.
    """
    folder = Path(tempfile.gettempdir()).resolve()
    for each in (folder, *folder.parents):
        if others_may_write(each.stat()):
            raise InputError(
                f"{folder} is no place for temporary files: others may exchange what is in {each}; "
                "name another folder by TMPDIR"
            )
    return folder


def instead_of(folder: Path, reason: str) -> None:
    """Take a new folder as the cache, in this process and those that it starts.

    It says why, and removes the folder at the end.
    """
    private = TemporaryFolder(temporary_folder())
    atexit.register(private.cleanup)
    os.environ["XDG_CACHE_HOME"] = private.name
    print(
        f"evoarray: {folder} is not used, as {reason}; what is compiled is not kept this time. "
        "XDG_CACHE_HOME names another cache folder",
        file=sys.stderr,
    )


def _alone(found: os.stat_result) -> bool:
    """Return whether a file's group has nobody in it but the owner, or is root's."""
    if found.st_gid == 0:
        return True
    try:
        group, owner = grp.getgrgid(found.st_gid), pwd.getpwuid(found.st_uid)
    except KeyError:
        return False
    return group.gr_name == owner.pw_name and set(group.gr_mem) <= {owner.pw_name}


def _user(uid: int) -> str:
    try:
        return f"the user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"the user {uid}"
