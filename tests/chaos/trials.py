# SPDX-License-Identifier: Apache-2.0
"""The kinds of trial: each does one, by seed and number, and returns what went wrong.

Start reading at `KINDS`.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from signal import SIGINT, SIGKILL, SIGTERM, Signals

from tests.chaos.command import INTERRUPTED, REFUSED, TERMINATED, Blow, Command, Ended, run
from tests.chaos.flips import flip
from tests.chaos.lines import line
from tests.chaos.work import WORKS, Work, furnish, seconds, undisturbed

LIVES = 4
LONGEST = 2.0
"""Seconds after which a random command line is told to stop, at the latest."""


@dataclass
class Trial:
    """A trial: where it works, by what chance, what was wrong, and how many blows it dealt."""

    workshop: Path
    folder: Path
    random: Random
    wrongs: list[str] = field(default_factory=list)
    blows: int = 0

    def blow(self, work: Work, *numbers: Signals) -> Blow:
        """Draw the moment of a signal to a work: half of them while a file is dealt with."""
        number = self.random.choice(numbers)
        if self.random.random() < 0.5:
            return Blow(number, event=int(2 ** self.random.uniform(0, 9)))
        return Blow(number, seconds=self.moment(work))

    def moment(self, work: Work) -> float:
        """Draw a moment in the time that a work takes on this machine."""
        return self.random.uniform(0, seconds(self.workshop, work))


def _work(trial: Trial) -> tuple[Work, object]:
    # A study starts new Pythons, which takes most of the time.
    work = trial.random.choices(WORKS, [4] * (len(WORKS) - 1) + [1])[0]
    furnish(trial.folder)
    return work, undisturbed(trial.workshop, work)


def _complete(trial: Trial, work: Work, expected: object) -> None:
    """Let the work come to its end, and compare."""
    ended = work.go_on(trial.folder)
    if wrongs := [] if "is finished" in ended.err else ended.wrongs(0):
        trial.wrongs += wrongs
        return
    found = work.result(trial.folder)
    if found != expected:
        assert isinstance(expected, dict)
        different = [key for key in expected if found[key] != expected[key]]
        trial.wrongs.append(f"{work.name} came to another end: {', '.join(different)}")
        if "files" in different:
            trial.wrongs.append(f"files: {found['files']} instead of {expected['files']}")
    left = sorted(each.name for each in (trial.folder / ".tmp").iterdir())
    if left:
        trial.wrongs.append(f"left in the temporary folder: {left}")


def _note(trial: Trial, ended: Ended, blow: Blow, *legal: int) -> None:
    """Note what was wrong with a life of a work; that it was finished already is not."""
    if "is finished" not in ended.err:
        trial.wrongs += [f"{wrong} | {blow}" for wrong in ended.wrongs(*legal)]


def kills(trial: Trial) -> None:
    """Kill a work up to four times, wherever it is; then it must come to the same end."""
    work, expected = _work(trial)
    for _ in range(trial.random.randint(1, LIVES)):
        blow = trial.blow(work, SIGKILL)
        ended = work.go_on(trial.folder, blow)
        if ended.status != -SIGKILL:
            _note(trial, ended, blow, 0)
            break
        _note(trial, ended, blow, -SIGKILL)
        trial.blows += 1
    _complete(trial, work, expected)


def signals(trial: Trial) -> None:
    """Signal a work up to four times, now and then twice or at its start; then as `kills`."""
    work, expected = _work(trial)
    for _ in range(trial.random.randint(1, LIVES)):
        blow, fresh = trial.blow(work, SIGINT, SIGTERM), trial.random.random() < 0.1
        ended = work.go_on(trial.folder, blow, fresh=fresh)
        legal = {SIGINT: INTERRUPTED, SIGTERM: TERMINATED}[blow.number]
        # Before the command has its handlers, a signal ends it by itself.
        early = () if ended.out + ended.err else (-blow.number,)
        _note(trial, ended, blow, 0, legal, *early)
        if ended.status in {0, REFUSED}:
            break
        trial.blows += 1
    _complete(trial, work, expected)


def twice(trial: Trial) -> None:
    """Signal a work twice in a short time; it ends within seconds, and goes on later."""
    work, expected = _work(trial)
    command = Command(trial.folder, *work.begin)
    if not command.wait(trial.moment(work)):
        for _ in range(trial.random.randint(2, 4)):
            command.send(trial.random.choice((SIGINT, SIGTERM)))
            trial.blows += 1
            if command.wait(trial.random.uniform(0, 0.2)):
                break
    ended = command.end(10)
    early = () if ended.out + ended.err else (-SIGINT, -SIGTERM)  # as in `signals`
    trial.wrongs += ended.wrongs(0, INTERRUPTED, TERMINATED, *early)
    _complete(trial, work, expected)


def disks(trial: Trial) -> None:
    """Let no file become longer than some bytes, as on a full disk; then there is room again."""
    work, expected = _work(trial)
    largest = int(2 ** trial.random.uniform(0, 17))
    ended = run(trial.folder, *work.begin, largest_file=largest)
    trial.wrongs += [f"{wrong} | files of {largest} bytes" for wrong in ended.wrongs(0, REFUSED)]
    trial.blows += ended.status != 0
    _complete(trial, work, expected)


def flips(trial: Trial) -> None:
    """Damage a file; whoever reads it says so, or comes to the same end."""
    trial.wrongs += flip(trial.workshop, trial.folder, trial.random)
    trial.blows += 1


def lines(trial: Trial) -> None:
    """Type nonsense; it is refused in a sentence, or done, or can be stopped."""
    furnish(trial.folder)
    arguments = line(trial.workshop, trial.folder, trial.random)
    command = Command(trial.folder, *arguments)
    if not command.wait(trial.random.uniform(0.2, LONGEST)):
        command.send(SIGINT)
    trial.wrongs += command.end(10).wrongs(0, REFUSED, INTERRUPTED)
    trial.blows += 1


KINDS: dict[str, tuple[Callable[[Trial], None], int]] = {
    "kills": (kills, 60),
    "signals": (signals, 60),
    "twice": (twice, 30),
    "disks": (disks, 40),
    "flips": (flips, 1000),
    "lines": (lines, 1000),
}
"""What is done, and how many trials of it make a round."""


def attempt(workshop: Path, kind: str, seed: int, number: int) -> Trial:
    """Do one trial in a folder of its own, which is removed unless something was wrong."""
    folder = workshop / "trials" / f"{kind}-{seed}-{number}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    trial = Trial(workshop, folder, Random(f"{kind} {seed} {number}"))
    KINDS[kind][0](trial)
    if not trial.wrongs:
        shutil.rmtree(folder, ignore_errors=True)
    return trial
