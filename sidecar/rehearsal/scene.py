"""One fault on a stage: what is sent meanwhile, and what every counter says of it."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sidecar.rehearsal.ledger import Segment, came, ledger, packet_size
from sidecar.rules.kinds import SPANS
from sidecar.verify.counts import AgentCounts
from sidecar.verify.network.reader import wait_for

if TYPE_CHECKING:
    from concurrent.futures import Future

    from sidecar.rehearsal.ledger import Ledger
    from sidecar.rehearsal.stage import Sent, Stage
    from sidecar.verify.counts import GatewayCounts

_THREADS = 8
_RECEIVE_SECONDS = 20.0
_SETTLE_SECONDS = 10.0
_REPEAT_SECONDS = 20.0
"""A collector pauses for up to 10 s between two attempts."""


class Scene:
    """The counters of a stage from the scene's begin on; an agent may end meanwhile."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._first = len(stage.sent)
        self._pool = ThreadPoolExecutor(_THREADS)
        self._before = self._read()
        self._keeps = any(counts.unit == SPANS for counts in self._before.values())
        """Collectors keep what their gateway does not take."""
        self._segments: list[Segment] = []
        self._held = 0
        self._senders: list[Future[object]] = []

    @property
    def sent(self) -> list[Sent]:
        """What was sent since the begin."""
        return self.stage.sent[self._first :]

    def send(self, spans: int) -> None:
        """Send marked spans from every service, and wait until their clients have ended."""
        self.start_sending(spans)
        self.await_senders()

    def start_sending(self, spans: int) -> None:
        """Start to send marked spans from every service."""
        marker = secrets.token_hex(8)
        for service in self.stage.services():
            self._senders.append(
                self._pool.submit(self.stage.send, service, f"{marker}-{service}", spans)
            )

    def await_senders(self) -> None:
        """Wait until the clients that were started have ended. Raises what they raise."""
        senders, self._senders = self._senders, []
        for sender in senders:
            sender.result()

    def agents_end(self) -> None:
        """Count what the agents hold, just before they are killed: nobody can count it later.

        The gateway must be silent: then no agent hands anything on between count and end.
        """
        after = self._received()
        for service, before in self._before.items():
            counted = after[service].since(before)
            self._segments.append(Segment(counted, ended=True))
        self._before = dict.fromkeys(self._before, AgentCounts())

    def _received(self) -> dict[str, AgentCounts]:
        """Return the agents' counts once they have read what was sent, or lost it."""
        spans = sum(sent.client.sent for sent in self.sent)
        per_packet, _ = packet_size(self.sent)

        def is_there(now: dict[str, AgentCounts]) -> bool:
            counts = [now[service].since(before) for service, before in self._before.items()]
            return round(sum(came(one, per_packet) for one in counts)) >= spans

        return wait_for(self._read, is_there, _RECEIVE_SECONDS)

    def close(self) -> Ledger:
        """Wait until what the agents hold is settled, and return the ledger."""
        self.await_senders()
        segments = [*self._segments, *self._settled()]
        found = self._pool.map(self._arrived, self.sent)
        self._pool.shutdown()
        return ledger(self.sent, segments, list(found))

    def abandon(self) -> None:
        """End without a ledger."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _settled(self) -> list[Segment]:
        segments = []
        for service, before in self._before.items():
            after = self._agent(service)
            if after.queue:
                after = self._agent(service, after.packets_processed, _SETTLE_SECONDS)
            segments.append(Segment(after.since(before)))
        return segments

    def _arrived(self, sent: Sent) -> GatewayCounts:
        """Return what arrived; a collector may repeat a call some seconds after a fault."""
        patience = _REPEAT_SECONDS if self._keeps else 0

        def is_there(counts: GatewayCounts) -> bool:
            return counts.distinct >= sent.client.sent

        return wait_for(lambda: self._counted(sent), is_there, patience)

    def _counted(self, sent: Sent) -> GatewayCounts:
        counts = self.stage.gateway(sent.marker, sent.client.sent, 0)
        if counts is None:
            raise RuntimeError("a stage has a stand-in")
        return counts

    def _read(self) -> dict[str, AgentCounts]:
        services = self.stage.agents()
        return dict(zip(services, self._pool.map(self._agent, services), strict=True))

    def _agent(self, service: str, settled: int = 0, seconds: float = 0) -> AgentCounts:
        return self.stage.agent(service, settled, seconds) or AgentCounts()
