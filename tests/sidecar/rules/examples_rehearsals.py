"""A bad and a good value for each rule about rehearsals."""

from __future__ import annotations

from rule_examples import Call, example

from sidecar.rules import rehearsals

EXAMPLES = {
    "rehearsal-with-canary": example(rehearsals.canary, Call(is_there=True), Call(is_there=False)),
    "rehearsal-of-two-gateways": example(rehearsals.stand_ins, Call(2), Call(1)),
    "spans-unaccounted": example(rehearsals.unaccounted, Call(50, 1000), Call(0, 1000)),
    "rehearsal-not-recovered": example(rehearsals.recovery, Call(None, 60), Call(2.5, 60)),
}
