"""Who sends batches over gRPC: in a deployment, the agents."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from urllib.parse import unquote

MAX_SENDERS = 200
MAX_SERVICES = 5
_MAX_LENGTH = 200
_PEER = re.compile(r"ipv[46]:(.+):\d+")


@dataclass(eq=False)
class Sender:
    """The batches of one address; the time is in s since the epoch."""

    accepted: int = 0
    others: int = 0
    """Batches that were refused or dropped."""
    last: float = 0
    services: dict[str, None] = field(default_factory=dict)
    """The first services whose batches came from there."""


class Senders:
    """Counts batches by address; above a limit, the address that is silent longest is left out."""

    def __init__(self, max_senders: int = MAX_SENDERS) -> None:
        self._max_senders = max_senders
        self._senders: OrderedDict[str, Sender] = OrderedDict()

    def note(self, host: str, accepted: bool, service: str = "") -> None:
        """Count one batch of a service from an address; "" is no address, and no service."""
        if not host:
            return
        sender = self._senders.setdefault(host, Sender())
        self._senders.move_to_end(host)
        sender.accepted += accepted
        sender.others += not accepted
        sender.last = time.time()
        if service and len(sender.services) < MAX_SERVICES:
            sender.services[bounded(service)] = None
        if len(self._senders) > self._max_senders:
            self._senders.popitem(last=False)

    def report(self) -> dict[str, Sender]:
        """Return the senders by address, the latest first."""
        return dict(reversed(self._senders.items()))


def bounded(name: str) -> str:
    """Return a name, or its length where it is too long to keep.

    A part of it is no choice: a token that is cut in two would no longer be masked.
    """
    return name if len(name) <= _MAX_LENGTH else f"(a name of {len(name)} characters)"


def host_of(peer: str) -> str:
    """Return the address in gRPC's name of a peer, `ipv4:10.0.0.1:4711`, or ""."""
    found = _PEER.fullmatch(unquote(peer))
    return found[1].strip("[]") if found else ""
