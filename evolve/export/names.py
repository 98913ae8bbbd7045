# SPDX-License-Identifier: Apache-2.0
"""Which names an export may have: no word that a language, its library or a system uses itself.

Only small letters begin a name. So the templates and proofs may call what a name must not meet by
a capital or an underscore; nothing but the words of languages has to be listed.
"""

import builtins
import re
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from keyword import iskeyword
from pathlib import Path

from evoarray.model.errors import InputError

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def check_name(name: str, language: str) -> None:
    """Raise InputError for what cannot be the name of an export in a language of product.LANGUAGES.

    A word of one language is refused in all, so that a filter may keep its name in each.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"name is {name!r}; it must begin with a small letter, and have only small letters, "
            "digits and _: choose another --name"
        )
    users = [user for user, words in _words()["languages"].items() if name in words]
    users += ["Python"] if iskeyword(name) else []
    if language == "c":
        users += [
            f"the library of {user}"
            for user, words in _words()["libraries"].items()
            if name in words
        ]
    if language == "python" and (hasattr(builtins, name) or name in sys.stdlib_module_names):
        users += ["the library of Python"]
    if users:
        raise InputError(
            f"name is {name!r}, a word that {users[0]} uses itself: choose another --name"
        )


@cache
def _words() -> Mapping[str, Mapping[str, frozenset[str]]]:
    text = Path(__file__).with_name("words.toml").read_text(encoding="utf-8")
    return {
        kind: {user: frozenset(words.split()) for user, words in users.items()}
        for kind, users in tomllib.loads(text).items()
    }
