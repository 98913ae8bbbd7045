# SPDX-License-Identifier: Apache-2.0
"""The exception for what a user can put right, and the one for what must not happen."""

from datetime import date, time
from typing import NoReturn


class InputError(ValueError):
    """What the user gave cannot be used; the message is one sentence that says what to do."""


class MismatchError(RuntimeError):
    """The RTL and the golden model disagree, which must never be."""


def refuse(key: str, value: object, legal: str) -> NoReturn:
    """Raise the InputError for a bad value: what it belongs to, the value, and what is legal."""
    raise InputError(f"{key} is {shown(value)}; legal is {legal}")


def shown(value: object) -> str:
    """Return a value as a message quotes it: on one line, and not longer than that bears."""
    text = str(value) if isinstance(value, date | time) else repr(value)  # as TOML has them
    return text if len(text) <= 60 else text[:57] + "..."
