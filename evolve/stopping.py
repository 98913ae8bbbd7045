# SPDX-License-Identifier: Apache-2.0
"""Stopping by Ctrl-C and SIGTERM: in every phase, with status 130 or 143, and without a traceback.

While modules are imported, and once all is done, nothing can be lost: a signal ends the process at
once. Between these the first signal is raised as an exception where the command is, so that it
saves what there is. More of them soon after (`timeout` sends two, and fingers are impatient) must
not disturb that; one that comes later ends whatever takes so long. What is raised can get lost: in
a destructor, or by a library that catches everything; it is then raised anew.

This runs before all else and therefore imports next to nothing.
"""

import atexit
import os
import signal
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

TYPE_CHECKING = False  # typing takes a while to import
if TYPE_CHECKING:
    from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)

PATIENCE = 1.5
"""Seconds after the first signal in which others have no effect."""

AGAIN = 0.1
"""Seconds after which an exception that got lost is raised anew: not where it got lost."""

groups: set[int] = set()
"""Process groups that are killed by the first signal, and end with this process."""


class Terminated(BaseException):
    """SIGTERM came, as KeyboardInterrupt says that SIGINT came."""


class Interrupted(KeyboardInterrupt):
    """SIGINT came. Unlike Python's own, this can be referred to weakly."""


class _Stop:
    """Which signal came first, and when; whether it waits to be raised; whether all is over.

    raised refers to the exception, for as long as that is on its way.
    """

    number: signal.Signals | None = None
    since = 0.0
    held = waits = over = False
    raised: "weakref.ref[BaseException] | None" = None


def begin() -> None:
    """Be stopped by a signal from now on, as long as Python can tell with which status."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # who started this may have blocked them
    exit_at_once()
    # What is registered first runs last. Still later Python would die of it without a status.
    atexit.register(_handle_by, signal.SIG_IGN)


def exit_at_once() -> None:
    """From now on a signal ends the process there and then."""
    _Stop.over = True
    _handle_by(_exit)


def raise_first() -> None:
    """From now on the first signal raises KeyboardInterrupt or Terminated in the main thread."""
    _Stop.number, _Stop.raised = None, None
    _Stop.held = _Stop.waits = _Stop.over = False
    signal.signal(signal.SIGALRM, _raise_anew)
    _handle_by(_raise)


def is_asked() -> bool:
    """Return whether a signal came."""
    return _Stop.number is not None


def status() -> int:
    """Return the exit status of a process that was stopped, 130 if by no signal."""
    return 128 + (_Stop.number or signal.SIGINT)


@contextmanager
def held_back() -> Iterator[None]:
    """Raise a signal that comes in this block only at its end, as for code that cannot bear it.

    What then is raised replaces an exception of the block. Without effect in other threads than
    the main one, where no signal is ever raised.
    """
    if _Stop.held or threading.current_thread() is not threading.main_thread():
        yield
        return
    _Stop.held = True
    try:
        yield
    finally:
        _Stop.held = False
        if _Stop.waits:
            _Stop.waits = False
            raise _exception()


def end_group(group: int) -> None:
    """Kill a process group, if there still is one."""
    with suppress(ProcessLookupError, PermissionError):  # macOS refuses to signal zombies
        os.killpg(group, signal.SIGKILL)


def _handle_by(handler: "signal._HANDLER") -> None:
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as for a job in the background
            signal.signal(number, handler)


def _raise(number: int, _: FrameType | None) -> None:
    if _Stop.number is not None:
        if time.monotonic() - _Stop.since > PATIENCE:
            _exit(number, None)
        return
    _Stop.number, _Stop.since = signal.Signals(number), time.monotonic()
    for group in tuple(groups):
        end_group(group)
    _raise_or_wait()


def _raise_or_wait() -> None:
    if not _Stop.held:
        raise _exception()
    _Stop.waits = True


def _exception() -> BaseException:
    raised = Interrupted() if _Stop.number == signal.SIGINT else Terminated()
    _Stop.raised = weakref.ref(raised, _look_after)
    return raised


def _look_after(gone: "weakref.ref[BaseException]") -> None:
    # What would be raised here, in the end of an object, would get lost, too.
    if gone is _Stop.raised and not _Stop.over:
        signal.setitimer(signal.ITIMER_REAL, AGAIN)


def _raise_anew(_number: int, _: FrameType | None) -> None:
    if _Stop.number is not None and not _Stop.over:
        _raise_or_wait()


def _exit(number: int, _: FrameType | None) -> "NoReturn":
    for group in tuple(groups):
        end_group(group)
    with suppress(OSError):  # nobody may listen
        os.write(2, b"evoarray: stopped\n")
    os._exit(128 + number)
