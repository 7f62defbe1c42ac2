"""Faults under Compose with collectors: what an agent loses there waits on disk."""

from __future__ import annotations

from faults.compose_agents import ON_THE_WAY
from faults.compose_gateway import HELD, answering, answers, both, compose, rule
from faults.model import Fault

WAITS = ("spans-wait-in-queue",)
DOWN = "packets that come while the collector is down are lost"
_TO_GATEWAY = ("OUTPUT", "-p", "tcp", "--dport", "8090", "-j")
_DROP, _PASS = rule("sidecar-forwarder", *_TO_GATEWAY, "DROP")
_TO_AGENT = ("OUTPUT", "-p", "tcp", "--dport", "14317", "-j")
_CUT, _MEND = rule("orders-agent", *_TO_AGENT, "DROP")


def _mtu(size):
    def set_it(bed):
        interface = bed.interface("orders-agent", "orders-tracing")
        bed.inside("orders-agent", "ip", "link", "set", interface, "mtu", size)

    return set_it


COLLECTORS = (
    Fault(
        "gateway-killed",
        "the gateway's process is killed (-9)",
        WAITS,
        compose("kill", "gateway"),
        compose("start", "gateway"),
    ),
    Fault(
        "gateway-silent",
        "the gateway accepts calls and answers none",
        WAITS,
        answering(black_hole=True),
        HELD,
    ),
    answers(
        "gateway-unauthenticated",
        "the gateway answers Unauthenticated",
        WAITS,
        fail_with="UNAUTHENTICATED",
    ),
    Fault(
        "flow-dead",
        "a firewall drops the forwarder's packets to the gateway, which keeps their connection",
        WAITS,
        _DROP,
        _PASS,
        wait=20.0,
    ),
    Fault(
        "forwarder-flow-dead",
        "a firewall drops the collector's packets to the forwarder",
        WAITS,
        _CUT,
        _MEND,
        wait=20.0,
    ),
    Fault(
        "forwarder-killed",
        "the forwarder's process is killed (-9)",
        ("part-not-running", *WAITS),
        compose("kill", "sidecar-forwarder"),
        compose("start", "sidecar-forwarder"),
    ),
    Fault(
        "collector-killed",
        "the collector's process is killed (-9) while the gateway is away",
        ("part-not-running",),
        both(
            compose("kill", "gateway"),
            lambda bed: bed.settle(),
            compose("kill", "orders-agent"),
        ),
        both(compose("start", "orders-agent"), compose("start", "gateway")),
        uncounted=DOWN,
    ),
    Fault(
        "back-off",
        "the gateway is away for 40 s, and comes back within the pauses between attempts",
        WAITS,
        compose("kill", "gateway"),
        compose("start", "gateway"),
        wait=40.0,
    ),
    Fault(
        "collector-mtu",
        "the collector's end of the network takes packets of 1,280 bytes at most",
        ("packets-above-mtu",),
        _mtu(1280),
        _mtu(1500),
        uncounted=ON_THE_WAY,
    ),
)
