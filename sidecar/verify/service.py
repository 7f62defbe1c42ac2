"""The hop `service reports`: what was found of a service's replicas, judged by the rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sidecar.rules import jobs
from sidecar.rules import service_reports as rules
from sidecar.rules.service_reports import Facts
from sidecar.verify.hops import REPORTS, Hop, broken_hop, judged
from sidecar.verify.told import samplers_of, shown, told_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sidecar.findings import Problem
    from sidecar.verify.deployment import Lack
    from sidecar.verify.look import Look, ReplicaLook
    from sidecar.verify.network.runtimes import Runtime
    from sidecar.verify.network.seen import Seen
    from sidecar.verify.network.visit import Visit

_OTLP = (
    "JAEGER_ENDPOINT",
    "OTEL_EXPORTER_JAEGER_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
)
_UNCLEAR = {rules.IDLE.id, rules.SILENT.id, rules.STUCK.id, jobs.SILENT.id}
"""What may only follow from a later hop that fails."""
_BY_STAND_IN = "what the stand-in received of it"


@dataclass(frozen=True)
class _Evidence:
    """What shows that a replica reports."""

    count: int
    unit: str
    source: str


class Judge:
    """Judges the replicas of one service."""

    def __init__(self, service: str, look: Look, seen: Seen | None = None) -> None:
        """Take a look, and what the stand-in shows, where that was asked."""
        self._service, self._look, self._seen = service, look, seen

    def hops(self, *, path_fails: bool = False) -> Iterator[Hop]:
        """Yield a hop for each replica; unclear ones are open while the path itself fails."""
        several = len(self._look.replicas) > 1
        for replica in self._look.replicas:
            hop = replace(self._hop(replica), replica=replica.name if several else "")
            if hop.ok is False and path_fails and hop.id in _unclear(replica):
                hop = replace(hop, ok=None)
            yield hop

    def _hop(self, replica: ReplicaLook) -> Hop:
        if replica.ended:
            return self._ended(replica)
        if replica.broken:
            return replace(broken_hop(self._service, replica.broken), hop=REPORTS)
        if replica.visit is None:
            return Hop(REPORTS, self._service, None, None, None)
        facts, evidence = self._facts(replica, replica.visit)
        details = _details(facts, replica.visit, evidence)
        if replica.variables_from:
            details["variables"] = replica.variables_from
        count, unit = evidence.count, evidence.unit
        hop = Hop(REPORTS, self._service, True, count, None, unit, facts.dropped, details=details)
        return judged(hop, rules.judge(facts))

    def _ended(self, replica: ReplicaLook) -> Hop:
        """Return the hop of a job that has ended: only the stand-in can show its own spans."""
        own = self._seen.own_of(replica.hostname) if self._seen else None
        details = {"shown by": _BY_STAND_IN} if own else {}
        hop = Hop(REPORTS, self._service, True, own, None, "own spans", details=details)
        return judged(hop, jobs.ended(own))

    def _facts(self, replica: ReplicaLook, visit: Visit) -> tuple[Facts, _Evidence]:
        found = visit.after
        received = self._received if len(self._look.replicas) == 1 else 0
        evidence = self._evidence(replica, visit, received)
        plain = [answer for answer in visit.answers if not answer.trace_id]
        unanswered = next((answer for answer in plain if not answer.answered), None)
        facts = Facts(
            own=evidence.count,
            tracers=len(found.runtimes),
            told=tuple(told_by(replica, visit)),
            samplers=samplers_of(replica, visit),
            sampled_out=sum(one.sampled_out for one in found.runtimes),
            dropped=_dropped(visit.before, found.runtimes),
            waiting=sum(one.queued for one in found.runtimes),
            collectors=found.collectors,
            otlp_variables=[name for name in _OTLP if replica.known_variables.get(name)],
            answers=sum(answer.answered for answer in plain),
            unanswered=str(unanswered) if unanswered else "",
            asked=self._seen.traced_of(replica.hostname) if self._seen else 0,
            senders=found.senders,
            received=received > 0,
        )
        return facts, evidence

    @property
    def _received(self) -> int:
        """Packets of its own that the service's agent received during the look."""
        look = self._look
        if not (look.client and look.before and look.after):
            return 0
        counted = look.after.since(look.before)
        return max(0, counted.packets_processed - look.client.in_units(counted.unit))

    def _evidence(self, replica: ReplicaLook, visit: Visit, received: int) -> _Evidence:
        if runtimes := visit.after.runtimes:
            sent = sum(one.sent for one in runtimes)
            return _Evidence(sent, "own spans", "its runtime's statistics")
        if self._seen:  # its agent also received the requests that carried a trace id
            shown = self._seen.own_of(replica.hostname)
            return _Evidence(shown, "own spans", _BY_STAND_IN)
        return _Evidence(received, "own packets", "what its agent received meanwhile")


def _unclear(replica: ReplicaLook) -> set[str]:
    """Return the causes that may only follow from another hop that fails."""
    # an agent that does not run has no address, and its name leads nowhere
    return _UNCLEAR if replica.agents else {*_UNCLEAR, rules.NO_PATH.id}


def reports_meanwhile(look: Look) -> bool:
    """Tell whether a client of the service sent spans of its own during the look."""
    return any(
        sum(one.sent for one in visit.after.runtimes) > sum(one.sent for one in visit.before)
        for visit in look.visits
    )


def lost_by_clients(look: Look) -> int:
    """Return how many spans the clients of a service had dropped before the look."""
    return sum(sum(one.dropped.values()) for visit in look.visits for one in visit.before)


def hop_of(service: str, own: int, facts: Facts) -> Hop:
    """Return the hop of a service of which only this is known."""
    return judged(Hop(REPORTS, service, True, own, None, "own spans"), rules.judge(facts))


def needs_stand_in(look: Look) -> bool:
    """Tell whether only the stand-in can show that a replica reports."""
    if any(replica.ended for replica in look.replicas):
        return True
    asked = any(answer.trace_id for visit in look.visits for answer in visit.answers)
    return asked or any(not visit.after.runtimes for visit in look.visits)


def trace_ids(looks: Iterable[Look]) -> list[str]:
    """Return the trace ids of the requests that were answered."""
    answers = [answer for look in looks for visit in look.visits for answer in visit.answers]
    return [answer.trace_id for answer in answers if answer.trace_id and answer.answered]


def are_shown(looks: Iterable[Look], seen: Seen) -> bool:
    """Tell whether of each replica that answered with a trace id something has come.

    A trace may have begun to arrive with the spans of what the replica called.
    """
    asked = (one for look in looks for one in look.replicas if one.hostname and _traced(one))
    return all(seen.own_of(one.hostname) or seen.traced_of(one.hostname) for one in asked)


def _traced(replica: ReplicaLook) -> bool:
    answers = replica.visit.answers if replica.visit else ()
    return any(answer.trace_id and answer.answered for answer in answers)


def lacking(lack: Lack) -> Hop:
    """Return the hop of a service that should run and does not."""
    return judged(Hop(REPORTS, lack.service, None, None, None), lack.problem)


def with_problem(hop: Hop, problem: Problem | None) -> Hop:
    """Return a hop that fails by this problem, unless it fails already."""
    return hop if hop.ok is False else judged(hop, problem)


def _dropped(before: Iterable[Runtime], after: Iterable[Runtime]) -> dict[str, int]:
    """Return what the clients dropped in between, by reason."""
    earlier = {one.key: one.dropped for one in before}
    found: dict[str, int] = {}
    for one in after:
        for reason, count in one.dropped.items():
            grown = count - earlier.get(one.key, {}).get(reason, 0)
            if grown > 0:
                found[reason] = found.get(reason, 0) + grown
    return found


def _details(facts: Facts, visit: Visit, evidence: _Evidence) -> dict[str, str]:
    details = {}
    if facts.told:
        details["agent"] = ", ".join(shown(told, visit) for told in facts.told)
    if facts.samplers:
        details["sampler"] = ", ".join(f"{one} ({one.place})" for one in facts.samplers)
    if evidence.count:
        details["shown by"] = evidence.source
    if answers := [f"{one.url}: {one.status or one.error}" for one in visit.answers]:
        details["requests"] = ", ".join(dict.fromkeys(answers))
    return details
