"""A bad and a good value for each rule about hosts without containers."""

from __future__ import annotations

from rule_examples import Call, Example, example

from sidecar.rules import hosts

EXAMPLES: dict[str, Example] = {
    "no-unit": example(
        hosts.unit,
        Call(is_local=True),
        Call(is_local=False),
    ),
}
