"""What a host without containers can run as its agent."""

from __future__ import annotations

from sidecar.findings import Problem, Rule, Severity

NO_UNIT = Rule(
    "no-unit",
    Severity.ERROR,
    "What the spec asks for has no systemd unit.",
    "Units are rendered for an agent or a collector that sends to a region.",
    "Name a region, or render for Compose",
    "sidecar render --region local --target systemd",
)


def unit(*, is_local: bool) -> Problem | None:
    """Judge what a unit is asked for."""
    if is_local:
        fix = "Name a region; on this host, `make demo` or `sidecar demo` runs the stand-in"
        return NO_UNIT.problem("the region local has a stand-in, which needs containers", fix)
    return None
