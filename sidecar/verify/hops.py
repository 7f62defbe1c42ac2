"""Hops: a count at each step of a span's path, the verdict, and the cause where it fails."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sidecar.console import findings_data
from sidecar.rules import hops as rules
from sidecar.rules import kinds, queue_files, queues
from sidecar.rules.exporters import USUAL, Exporter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sidecar.findings import Finding, Problem
    from sidecar.rules.queues import Queue
    from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts
    from sidecar.verify.look import Broken

REPORTS = "service reports"
"""Whether a replica's own spans arrive; judged first."""
CLIENT = "client sent"
RECEIVED = kinds.AGENT.received
STAND_IN_RECEIVED = "stand-in received"
"""Where no agent runs and the stand-in listens at its port."""
SUBMITTED = kinds.AGENT.submitted
ACCEPTED = "gateway accepted"


@dataclass(frozen=True)
class Hop:
    """One step of the path of one service's marked spans."""

    hop: str
    service: str
    ok: bool | None
    """None: cannot be counted from here."""
    figure: int | None
    """What arrived."""
    expected: int | None
    unit: str = "spans"
    counts: Mapping[str, int] = field(default_factory=dict)
    """What was lost on this hop, by reason; empty where nothing was."""
    cause: str = ""
    fix: str = ""
    id: str = ""
    """The rule of the cause; empty where the hop is ok."""
    replica: str = ""
    """The container or pod, where a service has several."""
    details: Mapping[str, str] = field(default_factory=dict)
    """What the service is told, and what shows that it reports."""
    state: str = ""
    """queues.WAITS where what did not arrive is not lost; empty otherwise."""

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready data; `replica`, `details` and `state` only where there are any."""
        data = asdict(self)
        return {
            name: value
            for name, value in data.items()
            if value or name not in ("replica", "details", "state")
        }


@dataclass(frozen=True)
class Proof:
    """All hops of all services."""

    marker: str
    hops: tuple[Hop, ...]
    trace_ids: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[Finding, ...] = ()
    """What this proof does not show and a reader must know, such as earlier losses."""

    @property
    def ok(self) -> bool:
        """True when every hop that can be counted is ok."""
        return bool(self.hops) and all(hop.ok is not False for hop in self.hops)

    def with_fixes(self, changed: Callable[[str], str]) -> Proof:
        """Return it with each fix as a function changes it."""
        hops = tuple(replace(hop, fix=changed(hop.fix)) for hop in self.hops)
        warnings = tuple(replace(each, fix=changed(each.fix)) for each in self.warnings)
        return replace(self, hops=hops, warnings=warnings)

    @property
    def first_failure(self) -> Hop | None:
        """The first hop that fails: the following ones only inherit the loss."""
        return next((hop for hop in self.hops if hop.ok is False), None)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {
            "ok": self.ok,
            "marker": self.marker,
            "hops": [hop.as_dict() for hop in self.hops],
            "trace_ids": list(self.trace_ids),
            "notes": list(self.notes),
            "warnings": findings_data(self.warnings),
        }


def client_hop(service: str, client: ClientCounts) -> Hop:
    """Judge what the client did with the spans that it started."""
    dropped = _lost(client.dropped)
    hop = Hop(CLIENT, service, True, client.sent, client.started, counts=dropped)
    return judged(hop, rules.client(client.started, client.sent, dropped))


def received_hop(
    service: str,
    client: ClientCounts,
    agent: AgentCounts,
    name: str = "",
    exporter: Exporter = USUAL,
) -> Hop:
    """Judge what reached the agent, in what it counts there.

    `name` is given where no agent runs.
    """
    by_agent = rules.BY_AGENT if agent.kind is kinds.AGENT else queues.BY_COLLECTOR
    lost = _lost(
        {
            by_agent: agent.refused,
            rules.BY_KERNEL: agent.kernel_drops,
            rules.UNREADABLE: agent.read_errors,
            # while batches fail, the two counters of their difference are read at two moments
            rules.UNDECODED: 0 if agent.batches_failed else agent.undecoded,
        }
    )
    arrived, sent = agent.packets_processed + agent.not_queued, client.in_units(agent.unit)
    hop = Hop(name or agent.kind.received, service, True, arrived, sent, agent.unit, lost)
    return judged(hop, rules.received(lost, sent - arrived, exporter))


def queued_hop(
    service: str, client: ClientCounts, agent: AgentCounts, queue: Queue, exporter: Exporter
) -> Hop:
    """Judge what of the spans that came to a collector came into its queue."""
    lost = _lost({queues.NOT_QUEUED: agent.not_queued})
    queued = agent.packets_processed
    hop = Hop(agent.kind.queued, service, True, queued, client.sent, counts=lost)
    missing = client.sent - queued
    found = queues.queued(agent.not_queued, queue, exporter)
    return judged(hop, found or (rules.not_come(missing, exporter.kind) if missing > 0 else None))


def submitted_hop(
    service: str,
    client: ClientCounts,
    agent: AgentCounts,
    exporter: Exporter,
    queue: Queue | None = None,
) -> Hop:
    """Judge what the agent handed to its gateway; `queue` is that of a collector."""
    submitted, failed = agent.spans_submitted, agent.spans_failed
    lost, name = _lost({"failed": failed}), agent.kind.submitted
    hop = Hop(name, service, True, submitted, client.sent, counts=lost)
    handed = rules.Handed(
        missing=client.sent - submitted,
        failed=failed,
        waiting=waiting_packets(client, agent),
        undecoded=agent.undecoded,
    )
    if queue and agent.packets_processed >= client.sent and not (handed.waiting or failed):
        return judged(hop, queue_files.unsent(handed.missing))
    return judged(hop, rules.submitted(handed, exporter, queue))


def relayed_hop(
    service: str, client: ClientCounts, relay: AgentCounts, exporter: Exporter, queue: Queue
) -> Hop:
    """Judge what the relays, counted as one, handed to the gateway."""
    hop = submitted_hop(service, client, relay, exporter, queue)
    cause = hop.cause and f"in the relays, {hop.cause}"
    return replace(hop, hop=kinds.RELAY.submitted, cause=cause)


def waiting_packets(client: ClientCounts, agent: AgentCounts) -> int:
    """Return how many of the marked packets may still be in the agent, which is a queue.

    Other traffic moves the agent's totals, but once as many packets were settled as came until the
    last marked one, the marked ones are among them.
    """
    came = min(client.in_units(agent.unit), agent.packets_processed)
    return max(0, came - agent.handled)


def accepted_hop(
    service: str,
    client: ClientCounts,
    gateway: GatewayCounts | None,
    *,
    before: Iterable[Hop] = (),
) -> Hop:
    """Judge what the gateway kept of the marked spans; None: it does not show its counts.

    `before`: the hops before it.
    """
    if gateway is None:
        unknown = Hop(ACCEPTED, service, None, None, client.sent)
        return _with_cause(unknown, rules.no_counts())
    lost = _lost({rules.REFUSED: gateway.refused, rules.DROPPED: gateway.dropped})
    hop = Hop(ACCEPTED, service, True, gateway.distinct, client.started, counts=lost)
    missing = client.started - gateway.distinct
    failed = [each for each in before if each.ok is False]
    waits = bool(failed) and all(each.state for each in failed)
    found = rules.accepted(lost, missing, before=bool(failed), waits=waits)
    return judged(hop, found or rules.exposed(gateway.exposed))


def by_marker(
    hops: Iterable[Hop], client: ClientCounts, gateway: GatewayCounts, *, unmarked: bool
) -> list[Hop]:
    """Return the hops before the gateway as its counts of the marked spans correct them.

    All totals of an agent include other traffic, which may wait there when the marked spans have
    arrived, or hide that they never came.
    """
    found = list(hops)
    if gateway.distinct >= client.started:
        return [_arrived(hop) for hop in found]
    missing = client.sent - gateway.settled
    if missing > 0 and unmarked and all(hop.ok for hop in found):
        return [_unreached(hop, missing) if hop.hop in kinds.RECEIVED else hop for hop in found]
    return found


def is_unreached(hop: Hop) -> bool:
    """Tell whether packets never reached the agent, by a hop."""
    return hop.id == rules.AGENT_NOT_REACHED.id


def only_large(hop: Hop, client: ClientCounts) -> Hop:
    """Return a hop that packets never reached, where a small one did."""
    return judged(hop, rules.only_large(client.sent))


def _arrived(hop: Hop) -> Hop:
    """Return a hop where nothing was lost as sound: what waits there is other traffic."""
    lost = hop.hop not in kinds.SUBMITTED or hop.counts
    return hop if hop.ok or lost else replace(hop, ok=True, cause="", fix="", id="", state="")


def _unreached(hop: Hop, spans: int) -> Hop:
    return judged(hop, rules.unreached(spans, kinds.of_unit(hop.unit)))


def broken_hop(service: str, broken: Broken) -> Hop:
    """Return a hop that could not be counted."""
    hop = Hop(broken.hop, service, False, None, None)
    return replace(hop, cause=broken.cause, fix=broken.fix, id=broken.id)


def _lost(counts: Mapping[str, int]) -> dict[str, int]:
    return {reason: count for reason, count in counts.items() if count}


def judged(hop: Hop, problem: Problem | None) -> Hop:
    """Return a hop that fails by a problem; as it is where there is none."""
    return _with_cause(replace(hop, ok=False), problem) if problem else hop


def _with_cause(hop: Hop, problem: Problem) -> Hop:
    state = queues.WAITS if problem.rule is queues.SPANS_WAIT else ""
    return replace(hop, cause=problem.cause, fix=problem.fix, id=problem.rule.id, state=state)
