# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/verification.md, of what `make signoff` found.

Run: python -m tb.signoff.tables.
"""

import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any

from evoarray.model.errors import InputError
from evoarray.model.files import write_atomically
from evoarray.model.pages import markdown_table, replace_part
from evoarray.model.rtl import ROOT
from tb.signoff.design import RESULTS

PAGE = ROOT / "docs" / "verification.md"
BEGIN = "<!-- What follows is written by `make signoff`. -->"
END = "<!-- Here it ends. -->"

Row = tuple[str, str, str, float]
"""What was done, the command, what was found, and the seconds it took."""


def read(name: str) -> Any:
    """Return a result. Raises InputError if it is not there."""
    path = RESULTS / name
    if not path.is_file():
        raise InputError(f"{path} is not there: make signoff makes it")
    text = path.read_text(encoding="utf-8")
    return ET.fromstring(text) if path.suffix == ".xml" else json.loads(text)


def simulations(suites: ET.Element) -> Row:
    """Return what the regressions were: by simulator, from pytest's report."""
    (suite,) = suites.iter("testsuite")
    names = [case.get("name", "") for case in suite.iter("testcase")]
    parts = [
        f"{sum(f'[{simulator}' in name for name in names)} on {label}"
        for simulator, label in (("icarus", "Icarus"), ("verilator", "Verilator"))
    ]
    bad = sum(int(suite.get(kind, "0")) for kind in ("failures", "errors", "skipped"))
    found = f"{' and '.join(parts)}, {bad or 'none'} of them failed"
    return "RTL = golden model", "make sim", found, float(suite.get("time", "0"))


def proofs(table: Sequence[Mapping[str, Any]]) -> Row:
    """Return what was proved."""
    hold = sum(row["holds"] for row in table)
    refuted, mutants = (sum(row[key] for row in table) for key in ("refuted", "mutants"))
    bounded = sum("induction" not in row["bound"] for row in table)
    found = (
        f"{hold} of {len(table)} proofs hold, {len(table) - bounded} of them in every cycle; "
        f"{refuted} of {mutants} mutants refuted"
    )
    return "Proofs", "make formal", found, sum(row["seconds"] for row in table)


def mutants(table: Sequence[Mapping[str, Any]]) -> Row:
    """Return the mutation score."""
    killed = sum(row["killed"] for row in table)
    survivors = sum(len(row["survivors"]) for row in table)
    equal = sum(row["equivalent"] for row in table)
    found = (
        f"{killed} of {killed + survivors} killed ({100 * killed / (killed + survivors):.1f} %); "
        f"{equal} more are proved equivalent"
    )
    return "Mutants", "make mutation", found, sum(row["seconds"] for row in table)


def coverage(table: Mapping[str, Any]) -> list[Row]:
    """Return what is covered of the code, and of what the tests have to drive."""
    kinds = [
        f"{kind} {sum(m['covered'][kind] for m in modules):,} + "
        f"{sum(m['excused'][kind] for m in modules):,} of "
        f"{sum(m['total'][kind] for m in modules):,}"
        for modules in [table["modules"]]
        for kind in ("line", "branch", "toggle")
    ]
    groups = table["covergroups"].values()
    bins = f"{sum(g['hit'] for g in groups):,} of {sum(g['bins'] for g in groups):,} bins"
    seconds = table["seconds"]
    return [
        ("Code coverage", "make coverage", f"covered + excused: {', '.join(kinds)}", seconds),
        ("Functional coverage", "make coverage", bins, seconds),
    ]


def netlists(table: Sequence[Mapping[str, Any]]) -> Row:
    """Return which netlists pass the tests of their modules."""
    passed = [
        f"{row['target'].split('-')[0]} on {row['family']}" for row in table if not row["failures"]
    ]
    found = f"{len(passed)} of {len(table)} pass: {', '.join(passed)}"
    return "Netlists", "make netlist", found, sum(row["seconds"] for row in table)


def exports(table: Sequence[Mapping[str, Any]]) -> Row:
    """Return how many random circuits were exported as they should be."""
    equal, refuted, passed = (sum(row[k] for row in table) for k in ("equal", "refuted", "passes"))
    found = (
        f"{equal} of {len(table)} proved equal to the array, a wrong gene found in {refuted}; as "
        f"cells of an FPGA {passed} pass their testbenches"
    )
    return "Exports", "make exports", found, sum(row["seconds"] for row in table)


def soaked(table: Mapping[str, Any]) -> Row:
    """Return how many random rounds there were."""
    rounds, failed = table["rounds"], len(table["failed"])
    found = f"{rounds - failed} of {rounds} rounds passed, from number {table['first']} on"
    return "Random arrays", "make soak", found, table["seconds"]


def tables() -> str:
    """Return the tables in Markdown. Raises InputError where a result is missing."""
    scores, covered = read("mutation.json"), read("coverage.json")
    rows = [
        simulations(read("simulations.xml")),
        proofs(read("formal.json")),
        mutants(scores),
        *coverage(covered),
        netlists(read("netlist.json")),
        exports(read("exports.json")),
        soaked(read("soak.json")),
    ]
    modules = [
        [
            row["module"],
            *(
                f"{row['covered'][kind]} + {row['excused'][kind]} of {row['total'][kind]}"
                for kind in ("line", "branch", "toggle")
            ),
        ]
        for row in covered["modules"]
    ]
    survivors = [f"- `{row['target']}`: {fault}" for row in scores for fault in row["survivors"]]
    return "\n".join(
        [
            *markdown_table(
                ["What", "Command", "Found", "Time"],
                [[what, f"`{how}`", found, f"{s:,.0f} s"] for what, how, found, s in rows],
            ),
            "",
            "Coverage of the modules, covered + excused:",
            "",
            *markdown_table(["Module", "Line", "Branch", "Toggle"], modules),
            "",
            *(["Mutants that survive:", "", *survivors] if survivors else ["No mutant survives."]),
            "",
        ]
    )


def main() -> int:
    """Write the tables into docs/verification.md and return the exit status."""
    try:
        part = tables()
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    page = replace_part(PAGE.read_text(encoding="utf-8"), BEGIN, END, part)
    write_atomically(PAGE, page.encode())
    print(f"{part}\nWritten: {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
