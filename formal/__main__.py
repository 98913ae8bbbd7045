# SPDX-License-Identifier: Apache-2.0
"""Prove everything, refute every mutant, and print the table: python -m formal [PROOF...]."""

import sys
import time
from dataclasses import dataclass

from evoarray.model.errors import InputError
from evoarray.model.files import write_json
from formal.proofs import PROOFS, Proof
from formal.prover import RESULTS, check


@dataclass(frozen=True)
class Outcome:
    """A proof's result, and how many of its mutants were refuted, in how many seconds together."""

    proof: Proof
    holds: bool
    refuted: int
    seconds: float

    @property
    def good(self) -> bool:
        """Whether the proof holds and could have failed."""
        return self.holds and self.refuted == len(self.proof.mutants)


def judge(proof: Proof) -> Outcome:
    """Check a proof and its mutants."""
    start = time.monotonic()
    holds = check(proof)
    refuted = sum(not check(proof, mutant) for mutant in proof.mutants)
    return Outcome(proof, holds, refuted, time.monotonic() - start)


def main(names: list[str]) -> int:
    """Judge the proofs named, or all; write build/signoff/formal.json; return the exit status."""
    known = {proof.name: proof for proof in PROOFS}
    if unknown := [name for name in names if name not in known]:
        print(f"There is no proof {unknown[0]}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    outcomes = []
    for proof in [known[name] for name in names] or PROOFS:
        try:
            outcome = judge(proof)
        except InputError as error:
            print(error, file=sys.stderr)
            return 2
        outcomes.append(outcome)
        print(
            f"{'holds' if outcome.holds else 'FAILS'}  {proof.name:26} bound: {proof.bound:17}"
            f" mutants refuted: {outcome.refuted} of {len(proof.mutants)}"
            f" {outcome.seconds:6.1f} s",
            flush=True,
        )
    table = [
        {
            "proof": outcome.proof.name,
            "claim": outcome.proof.claim,
            "bound": outcome.proof.bound,
            "holds": outcome.holds,
            "mutants": len(outcome.proof.mutants),
            "refuted": outcome.refuted,
            "seconds": round(outcome.seconds, 1),
        }
        for outcome in outcomes
    ]
    write_json(RESULTS, table)
    return 0 if all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
