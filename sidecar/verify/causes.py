"""What an agent's log says of failures, in the kit's words: no line of a log is ever shown, it may hold a tag."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """Why an agent could not hand spans on."""

    text: str
    fix: str


_KNOWN = (
    (
        re.compile(r"Unauthenticated|PermissionDenied"),
        Cause("the gateway refused the token", "Set the region's own token: sidecar token set"),
    ),
    (
        re.compile(r"no such host|produced zero addresses|name resolver error", re.IGNORECASE),
        Cause(
            "the gateway's name does not resolve",
            "Check the region and network; a VPC host resolves in its VPC only",
        ),
    ),
    (
        re.compile(r"connection refused"),
        Cause(
            "the gateway refused the connection", "Check host and port, and that the gateway runs"
        ),
    ),
    (
        re.compile(r"i/o timeout|network is unreachable|no route to host|DeadlineExceeded"),
        Cause(
            "the gateway is out of reach",
            "Open the way to it: firewall, security group, VPC, proxy",
        ),
    ),
    (
        re.compile(r"certificate|tls:|authentication handshake failed"),
        Cause("TLS with the gateway failed", "Check whether this gateway takes TLS on this port"),
    ),
    (
        re.compile(r"ResourceExhausted"),
        Cause("the gateway's quota is used up", "See ingestion and quota in the console"),
    ),
    (
        re.compile(r"Unavailable"),
        Cause("the gateway is not available", "Check its state, and the network's way to it"),
    ),
)


def cause_of(log: str) -> Cause | None:
    """Return the most telling cause in an agent's log; None where it names none."""
    return next((cause for pattern, cause in _KNOWN if pattern.search(log)), None)
