# SPDX-License-Identifier: Apache-2.0
"""What the regressions on Verilator cover, of the code and of tb/covergroups.py.

Run: python -m tb.signoff.coverage. Everything has to be covered, but for what
coverage_exceptions.toml excuses. Verilator counts how often a line or a branch was reached, and how
often each bit changed either way. A point is a place in the source: it is covered if any instance
in any regression covers it, whatever the parameters.

Bins are combinations, some of them rare, and the tests draw at random. Where a round of them leaves
some out, there is another one with the next seed, which adds to it.
"""

import os
import re
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from evoarray.model.files import write_json
from evoarray.model.rtl import FAMILIES, ROOT, RTL_DIR, sources
from tb.covergroups import COVERGROUPS, all_bins, full_name
from tb.runner import CODE_COVERAGE, COVERAGE, FUNCTIONAL_COVERAGE
from tb.signoff.design import RESULTS

RESULT = RESULTS / "coverage.json"
EXCEPTIONS = Path(__file__).with_name("coverage_exceptions.toml")
KINDS = ("line", "branch", "toggle")
SEED = 1
ROUNDS = 3
"""The most; what they leave out counts as not covered."""

# These fail on purpose, or are of no part of the core.
NO_REGRESSIONS = ("tb/test_runner.py", "tb/filter/test_baselines.py")


@dataclass(frozen=True, order=True)
class Point:
    """A place that can be covered; the name is a bit's with its edge, or a branch and its line."""

    module: str
    kind: str
    line: int
    column: int
    name: str

    @property
    def excusable(self) -> str:
        """What an exception names: a bit without its edge, or a branch and its line."""
        return self.name.rpartition(":")[0] if self.kind == "toggle" else self.name


@dataclass(frozen=True)
class Excuse:
    """Points of a module that cannot be covered, and why."""

    module: str
    points: tuple[str, ...]
    reason: str


def read_points(text: str, rtl: Path = RTL_DIR) -> Counter[Point]:
    """Return the points in the modules of a folder, each with its count, of a coverage file.

    A line of the file is C, the fields of a point, and its count. Before a field stands the byte 1,
    between its key and its value the byte 2.
    """
    counts: Counter[Point] = Counter()
    lines: dict[str, list[str]] = {}
    for entry, count in re.findall(r"^C '(.*)' (\d+)$", text, re.MULTILINE):
        fields = dict(field.split("\2", 1) for field in entry.split("\1")[1:])
        file = Path(fields["f"])
        if not file.is_relative_to(rtl):
            continue
        kind = fields["page"].partition("/")[0].removeprefix("v_")
        assert kind in KINDS, f"{file} has points of a kind {kind}"
        number, name = int(fields["l"]), fields["o"]
        if kind != "toggle":
            if file.stem not in lines:
                lines[file.stem] = file.read_text(encoding="utf-8").splitlines()
            name = f"{name} of {lines[file.stem][number - 1].strip()}"
        counts[Point(file.stem, kind, number, int(fields["n"]), name)] += int(count)
    return counts


def read_excuses(text: str) -> list[Excuse]:
    """Return the exceptions that a TOML file lists; bits [a..b] are expanded."""
    return [
        Excuse(entry["module"], tuple(expanded(entry["points"])), entry["reason"])
        for entry in tomllib.loads(text).get("exception", [])
    ]


def expanded(names: Iterable[str]) -> list[str]:
    """Return names with each range of bits as its bits: a[2..4] is a[2], a[3], a[4]."""
    bits: list[str] = []
    for name in names:
        if found := re.fullmatch(r"(.*)\[(\d+)\.\.(\d+)\]", name):
            bits += [f"{found[1]}[{i}]" for i in range(int(found[2]), int(found[3]) + 1)]
        else:
            bits.append(name)
    return bits


@dataclass(frozen=True)
class Row:
    """A module: of each kind how many points are covered, how many are excused, and all."""

    module: str
    covered: dict[str, int]
    excused: dict[str, int]
    total: dict[str, int]


def judge(
    counts: Mapping[Point, int], excuses: Sequence[Excuse], modules: Iterable[str]
) -> tuple[list[Row], list[str]]:
    """Return the table of these modules, and what is wrong: gaps, stale exceptions, no points."""
    excused = {(excuse.module, name) for excuse in excuses for name in excuse.points}
    uncovered = {point for point, count in counts.items() if not count}
    gaps = sorted(p for p in uncovered if (p.module, p.excusable) not in excused)
    wrong = [f"{p.module}.v:{p.line}: {p.kind} not covered: {p.name}" for p in gaps]
    stale = excused - {(point.module, point.excusable) for point in uncovered}
    wrong += [f"{module}: the exception {name} excuses nothing" for module, name in sorted(stale)]
    wrong += [f"{e.module}: an exception without a reason" for e in excuses if not e.reason.strip()]
    rows = []
    for module in modules:
        total = Counter(point.kind for point in counts if point.module == module)
        open_ = Counter(point.kind for point in uncovered if point.module == module)
        missing = Counter(point.kind for point in gaps if point.module == module)
        if not total["toggle"]:
            wrong.append(f"{module}: no regression has it")
        rows.append(
            Row(
                module,
                covered={kind: total[kind] - open_[kind] for kind in KINDS},
                excused={kind: open_[kind] - missing[kind] for kind in KINDS},
                total={kind: total[kind] for kind in KINDS},
            )
        )
    return rows, wrong


def judge_bins(hit: set[str]) -> tuple[dict[str, tuple[int, int]], list[str]]:
    """Return how many bins of how many of each covergroup were hit, and what is wrong."""
    wrong = [f"bin not hit: {name}" for name in all_bins() if name not in hit]
    wrong += [f"no covergroup has the bin {name}" for name in sorted(hit - set(all_bins()))]
    table = {}
    for group, coverpoints in COVERGROUPS.items():
        names = {full_name(group, point, b) for point, bins in coverpoints.items() for b in bins}
        table[group] = (len(names & hit), len(names))
    return table, wrong


def run_regressions(number: int) -> None:
    """Run every test that is marked verilator, and leave what each covers in build/coverage.

    Raises SystemExit if one fails. A round's number determines all that is random in it.
    """
    environment = {
        **os.environ,
        "SIM": "verilator",
        "RTL_COVERAGE": str(number),
        "COCOTB_RANDOM_SEED": str(int(os.environ.get("COCOTB_RANDOM_SEED") or SEED) + number),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-m", "verilator", "tb"]
    ignored = [f"--ignore={file}" for file in NO_REGRESSIONS]
    if subprocess.run([*command, *ignored], cwd=ROOT, env=environment, check=False).returncode:
        raise SystemExit("A regression failed: what it covers does not count")


def print_tables(rows: Sequence[Row], bins: Mapping[str, tuple[int, int]]) -> None:
    """Print the modules and the covergroups: covered, excused, of how many."""
    print(f"\n{'covered + excused / all':23}" + "".join(f"{kind:>20}" for kind in KINDS))
    for row in rows:
        cells = [f"{row.covered[k]} + {row.excused[k]} / {row.total[k]}" for k in KINDS]
        print(f"{row.module:23}" + "".join(f"{cell:>20}" for cell in cells))
    print(f"\n{'covergroup':36}{'bins':>11}")
    for group, (hit, total) in bins.items():
        print(f"{group:36}{f'{hit} / {total}':>11}")
    print()


def main() -> int:
    """Measure, write build/signoff/coverage.json and return the exit status."""
    start = time.monotonic()
    for name in (CODE_COVERAGE.format("*"), FUNCTIONAL_COVERAGE):
        for old in COVERAGE.glob(f"*/{name}"):
            old.unlink()
    for number in range(ROUNDS):
        run_regressions(number)
        hit = {
            name
            for file in COVERAGE.glob(f"*/{FUNCTIONAL_COVERAGE}")
            for name in file.read_text(encoding="utf-8").splitlines()
        }
        if hit.issuperset(all_bins()):
            break
    counts: Counter[Point] = Counter()
    for code in sorted(COVERAGE.glob(f"*/{CODE_COVERAGE.format('*')}")):
        counts.update(read_points(code.read_text(encoding="utf-8")))
    excuses = read_excuses(EXCEPTIONS.read_text(encoding="utf-8"))
    rows, wrong = judge(counts, excuses, [file.stem for file in sources(*FAMILIES)])
    bins, missing = judge_bins(hit)
    wrong += missing
    print_tables(rows, bins)
    print(*wrong, sep="\n")
    results = {
        "modules": [asdict(row) for row in rows],
        "exceptions": [asdict(excuse) for excuse in excuses],
        "covergroups": {group: {"hit": h, "bins": n} for group, (h, n) in bins.items()},
        "rounds": number + 1,
        "wrong": wrong,
        "seconds": round(time.monotonic() - start, 1),
    }
    write_json(RESULT, results)
    covered = sum(h for h, _ in bins.values()), sum(n for _, n in bins.values())
    print(
        f"{sum(1 for count in counts.values() if count)} of {len(counts)} points of the code are"
        f" covered, {sum(sum(row.excused.values()) for row in rows)} excused;"
        f" {covered[0]} of {covered[1]} bins; {results['seconds']} s"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
