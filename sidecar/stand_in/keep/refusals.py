"""The latest batches that were not kept, by reason and by who sent them."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import asdict, dataclass, field
from typing import Any

from sidecar.stand_in.keep.senders import bounded

MALFORMED = "malformed"
MAX_KINDS = 100


@dataclass(eq=False)
class Refusal:
    """Batches of one service and process with one reason; times are in s since the epoch."""

    reason: str
    """missing or wrong (the token), or malformed."""
    service: str
    hostname: str
    sender: str
    """The address that the batches came from; "" if it is not known."""
    via: str
    """The protocol: jaeger or otlp."""
    batches: int = 0
    spans: int = 0
    first: float = field(default_factory=time.time)
    last: float = 0


class Refusals:
    """Counts refused and silently dropped batches by kind; above a limit, the oldest are left out.

    No token is kept, neither a wrong one nor a part of it.
    """

    def __init__(self, max_kinds: int = MAX_KINDS) -> None:
        self._max_kinds = max_kinds
        self._kinds: OrderedDict[tuple[str, str, str, str, str], Refusal] = OrderedDict()

    def note(self, reason: str, sender: str, via: str, batch: Any) -> None:  # noqa: ANN401
        """Count one protobuf Batch; None stands for bytes that are none."""
        service = bounded(batch.process.service_name) if batch else ""
        hostname = bounded(hostname_of(batch.process)) if batch else ""
        key = (reason, service, hostname, sender, via)
        kind = self._kinds.setdefault(key, Refusal(*key))
        self._kinds.move_to_end(key)
        kind.batches += 1
        kind.spans += len(batch.spans) if batch else 0
        kind.last = time.time()
        if len(self._kinds) > self._max_kinds:
            self._kinds.popitem(last=False)

    def report(self) -> list[dict[str, Any]]:
        """Return all kinds as JSON-ready data, the latest first."""
        return [asdict(kind) for kind in reversed(self._kinds.values())]


def hostname_of(process: Any) -> str:  # noqa: ANN401 - a protobuf Process
    """Return the process tag `hostname`, which tells a service's replicas apart, or ""."""
    return next((tag.v_str for tag in process.tags if tag.key == "hostname"), "")
