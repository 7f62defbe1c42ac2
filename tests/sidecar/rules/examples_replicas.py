"""Bad and good numbers of replicas for each rule about how often a service runs."""

from __future__ import annotations

from rule_examples import Call, example

from sidecar.rules import replicas as rules

EXAMPLES = {
    "service-missing": example(rules.missing, Call(1, 0), Call(1, 1)),
    "service-scaled-to-zero": example(rules.missing, Call(0, 0), Call(2, 2)),
    "replica-missing": example(rules.missing, Call(3, 2), Call(3, 3)),
    "rollout-stuck": example(rules.rollout, Call("1 new pod is not ready"), Call("")),
}
