"""A bad and a good answer for each rule about what a forwarder meets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rule_examples import Call, example

from sidecar.rules import forwarders

if TYPE_CHECKING:
    from sidecar.findings import Problem


def judged(status: int) -> Problem:
    """Judge an HTTP answer."""
    return forwarders.refused(forwarders.of_http(status)).problem


EXAMPLES = {
    "forwarder-without-token": example(
        forwarders.holding,
        Call({"rule": "forwarder-without-token", "code": "NO_TOKEN"}),
        Call(None),
    ),
    "gateway-collection-off": example(judged, Call(406), Call(405)),
    "gateway-refused-batch": example(judged, Call(400), Call(403)),
}
