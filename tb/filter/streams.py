# SPDX-License-Identifier: Apache-2.0
"""Streams of pixels as they come from a source that loses and invents some."""

from collections.abc import Iterable

from tb.drivers import Item


def synced(items: Iterable[Item], width: int, height: int) -> tuple[list[list[int]], int]:
    """Return the frames that CONTROL.SYNC makes of pixels (tuser, tlast, value), and the dropped.

    A frame begins with a tuser. It goes in as it comes up to a wrong mark, then come black pixels;
    what follows until the next tuser is dropped. A last frame that does not end is left out.
    """
    size = width * height
    frames: list[list[int]] = []
    dropped, listening = 0, False
    for user, last, value in items:
        if user:
            if frames:
                frames[-1] += [0] * (size - len(frames[-1]))
            frames.append([])
            listening = True
        if not listening:
            dropped += 1
            continue
        frames[-1].append(value)
        if bool(last) != (len(frames[-1]) % width == 0):
            listening = False
            frames[-1] += [0] * (size - len(frames[-1]))
        elif len(frames[-1]) == size:
            listening = False
    return [frame for frame in frames if len(frame) == size], dropped
