# SPDX-License-Identifier: Apache-2.0
"""The exception for what a user can put right, and the one for what must not happen."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, time
from typing import NoReturn


class InputError(ValueError):
    """What the user gave cannot be used; the message is one sentence that says what to do."""


NOT_OURS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What Python raises of data that have another form than they should."""


class MismatchError(RuntimeError):
    """The RTL and the golden model disagree, which must never be."""


def refuse(key: str, value: object, legal: str) -> NoReturn:
    """Raise the InputError for a bad value: what it belongs to, the value, and what is legal."""
    raise InputError(f"{key} is {shown(value)}; it must be {legal}")


@contextmanager
def not_ours(what: str) -> Iterator[None]:
    """Refuse data of foreign origin that are whole, but of a form that we never write.

    Their parts may be missing, or of any type and size, and Python has many words for that.
    """
    try:
        yield
    except InputError:
        raise
    except NOT_OURS as error:
        raise InputError(
            f"{what} was not made by this evoarray ({type(error).__name__}: {error}); use the one "
            "that made it"
        ) from None


def shown(value: object) -> str:
    """Return a value as a message quotes it: on one line, and not longer than that bears."""
    try:
        text = str(value) if isinstance(value, date | time) else repr(value)  # as TOML has them
    except (ValueError, RecursionError):  # Python writes no integer of thousands of digits
        return "a value too large to be shown"
    return text if len(text) <= 60 else text[:57] + "..."


_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What moves a cursor, ends a line, turns the direction of writing, or is no character."""


def printable(text: str, *, lines: bool = False) -> str:
    """Return a text of foreign origin as it may be written to a terminal, which obeys some of it.

    Such characters become escapes as Python writes them; with lines, ends of lines stay.
    """
    if lines:
        return "\n".join(map(printable, text.split("\n")))
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def whole(text: str, least: int, most: int) -> int | None:
    """Return the number that decimal digits stand for; None for anything else, or beyond bounds."""
    # Python reads no integer of thousands of digits.
    if not text.isdecimal() or len(text) > 1000 or not least <= int(text) <= most:
        return None
    return int(text)
