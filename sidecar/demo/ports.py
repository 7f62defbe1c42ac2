"""Host ports for the demo: the documented ones, or free ones where those are taken."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from sidecar.stand_in.sockets import port_holder


@dataclass(frozen=True)
class HostPort:
    """A port on 127.0.0.1 that was free a moment ago."""

    number: int
    preferred: int
    holder: str = ""
    """The program that holds the preferred one; empty where it was free."""

    def __str__(self) -> str:
        taken = f"port {self.preferred} is taken by {self.holder}; using {self.number}"
        return taken if self.holder else str(self.number)


def choose(preferred: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> HostPort:
    """Return the preferred port, or a free one with the preferred one's holder."""
    if _is_free(preferred, kind):
        return HostPort(preferred, preferred)
    return HostPort(free(kind), preferred, port_holder(preferred, kind) or "another program")


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port of 127.0.0.1 that is free now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number
