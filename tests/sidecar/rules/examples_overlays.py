"""A bad and a good value for each rule about agents for a Compose file that stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rule_examples import Call, Example, example

from sidecar.rules import overlays

if TYPE_CHECKING:
    from sidecar.findings import Problem


def _stays(name: str) -> Problem | None:
    """Return what is said of a backend that stays; of none, nothing."""
    return overlays.tracer_stays(name, "all-in-one") if name else None


def _names(variable: str) -> Problem | None:
    return overlays.names_a_tracer(variable, "tracer") if variable else None


EXAMPLES: dict[str, Example] = {
    "no-traced-service": example(overlays.nothing_traced, Call(0), Call(1)),
    "tracer-stays": example(_stays, Call("tracer"), Call("")),
    "agent-stays": example(overlays.agent_stays, Call("agent", ["web"]), Call("agent", [])),
    "agent-may-be-missed": example(overlays.agent_missed, Call(["worker"]), Call([])),
    "host-names-a-tracer": example(_names, Call("JAEGER_HOST"), Call("")),
    "no-network-for-an-agent": example(overlays.network_mode, Call("none"), Call("host")),
    "agent-port-taken-on-host": example(
        overlays.host_ports,
        Call([(6831, "udp"), (80, "tcp")], "tracer"),
        Call([(6831, "tcp")], "web"),
    ),
    "compose-without-override": example(
        overlays.compose_version, Call((2, 24, 3), "2.24.3"), Call((2, 24, 4), "2.24.4")
    ),
    "not-compared": example(overlays.not_compared, Call("none was found"), Call("")),
}
