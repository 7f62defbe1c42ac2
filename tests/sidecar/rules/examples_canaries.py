"""A bad and a good value for each rule about canaries."""

from __future__ import annotations

from rule_examples import Call, Example, example

from sidecar.rules import canaries
from sidecar.rules.canaries import Compared

EQUAL = Call(Compared(2))

EXAMPLES: dict[str, Example] = {
    "canary-without-stand-in": example(canaries.region, Call(is_local=False), Call(is_local=True)),
    "canary-not-of-target": example(
        lambda canary: canaries.target("systemd") if canary else None, Call(True), Call(False)
    ),
    "canary-spans-missing": example(canaries.compared, Call(Compared(1, missing=["1/2"])), EQUAL),
    "canary-spans-surplus": example(canaries.compared, Call(Compared(1, surplus=["1/2"])), EQUAL),
    "canary-spans-differ": example(
        canaries.compared, Call(Compared(1, changed=["1/2 tags"])), EQUAL
    ),
    "canary-compared-nothing": example(canaries.compared, Call(Compared(0)), EQUAL),
}
