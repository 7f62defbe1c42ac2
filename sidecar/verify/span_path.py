"""The path of one service's marked spans: sent, counted and judged hop by hop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.rules import agent_logs, collector_logs, kinds, queue_files, queues
from sidecar.rules.agent_logs import by_status, failing_since, queue_is_full, recent
from sidecar.rules.exporters import Exporter
from sidecar.rules.gateway_answers import Answers, are_late, late
from sidecar.rules.hops import restarted
from sidecar.rules.queues import Queue
from sidecar.rules.watch import lost_earlier
from sidecar.verify import hops, service
from sidecar.verify.look import Look, Task, broken_by
from sidecar.verify.network.reader import ACCEPTED_SECONDS
from sidecar.verify.told import leads_elsewhere

if TYPE_CHECKING:
    from sidecar.findings import Finding, Problem
    from sidecar.verify.counts import AgentCounts, ClientCounts
    from sidecar.verify.deployment import Deployment
    from sidecar.verify.hops import Hop


class SpanPath:
    """The path of one service's marked spans, as far as it could be followed."""

    def __init__(self, deployment: Deployment, task: Task) -> None:
        self._deployment = deployment
        self._task = task
        self._hop = hops.CLIENT
        """The hop that is being counted."""
        self.service = task.service
        self.look = Look()
        self.hops: list[Hop] = []
        self.trace_ids: tuple[str, ...] = ()
        self.warnings: list[Finding] = []
        self._unmarked = False
        self._answers: Answers | None = None
        self._grows: Problem | None = None
        """That a collector's queue grows."""
        self._log = ""
        """The agent's, where it was read."""

    def follow(self) -> None:
        """Send the spans and judge each hop; one that cannot be counted is the last."""
        try:
            self._follow()
        except SidecarError as error:
            self.hops.append(hops.broken_hop(self.service, broken_by(self._hop, error)))

    def _follow(self) -> None:
        if problem := self._deployment.doubt(self.service):
            self.warnings.append(problem.at(self.service, ""))
        self.look = look = self._deployment.look(self._task)
        if lost := service.lost_by_clients(look):
            self._warn(lost_earlier("its client", lost, "spans"))
        if look.client:
            self.hops.append(hops.client_hop(self.service, look.client))
            self.trace_ids = look.client.trace_ids[:1]
        if look.client and look.before and not look.broken:
            self._agent(look.client, look.before, look.after or look.before)
        if look.broken:
            self.hops.append(hops.broken_hop(self.service, look.broken))
        elif look.client:
            self._gateway(look.client)

    def _agent(self, client: ClientCounts, before: AgentCounts, after: AgentCounts) -> None:
        self._hop = hops.SUBMITTED
        if before.lost:
            self._warn(lost_earlier("its agent", before.lost))
        counted = after.since(before)
        more = counted.packets_processed > client.in_units(counted.unit)
        self._unmarked = more or service.reports_meanwhile(self.look)
        exporter = self._exporter(client, counted, before.at)
        name = "" if counted.forwards else self._deployment.received
        self.hops.append(hops.received_hop(self.service, client, counted, name, exporter))
        if not counted.forwards:
            return
        queue = self._queue_of(before, after)
        seconds = after.at - before.at if before.at else 0.0
        if queue:
            self._grows = queues.grows(queue, counted.came, seconds)
            self.hops.append(hops.queued_hop(self.service, client, counted, queue, exporter))
        else:
            self._answers = Answers(after.waited, after.queue, counted.answered, seconds)
        self.hops.append(hops.submitted_hop(self.service, client, counted, exporter, queue))
        if queue and self.hops[-1].ok:
            self._relay(client)

    def _relay(self, client: ClientCounts) -> None:
        """Judge the relays, where there are any; what waits before them did not come there."""
        before, after = self.look.relay_before, self.look.relay_after
        if not before or not after:
            return
        self._hop = kinds.RELAY.submitted
        counted = after.since(before)
        exporter = Exporter(
            answered=counted.answered > 0,
            stalled=after.stalled,
            cause=self._relay_cause(counted, before.at)
            if after.queue or counted.failed_by
            else None,
            kind=kinds.RELAY,
        )
        queue = Queue(after.queue, before.queue, after.capacity, after.stalled)
        self.hops.append(hops.relayed_hop(self.service, client, counted, exporter, queue))

    def _relay_cause(self, counted: AgentCounts, since: float) -> Problem | None:
        if problem := self._deployment.gateway_trouble(self.service):
            return problem
        log = self._deployment.relay_log(self.service)
        return collector_logs.logged(log, since) or by_status(counted.failed_by)

    def _warn(self, problem: Problem) -> None:
        self.warnings.append(problem.at(self.service, ""))

    def _exporter(self, client: ClientCounts, counted: AgentCounts, since: float) -> Exporter:
        """Return what is known of the agent's calls, by its log where there is a loss."""
        cause = restart = None
        failed = counted.spans_failed or counted.packets_dropped
        is_stuck = counted.forwards and (failed or hops.waiting_packets(client, counted))
        if is_stuck or counted.kind is kinds.COLLECTOR:
            self._log = self._deployment.agent_log(self.service)
        if problem := queue_files.lost(self._log):
            self._warn(problem)
        if is_stuck:
            cause = self._deployment.gateway_trouble(self.service)
            cause = cause or self._logged(counted.kind, since) or by_status(counted.failed_by)
        if counted.restarted:
            restart = restarted(self._deployment.restart(self.service), counted.kind)
        return Exporter(
            connected=bool(counted.connected),
            answered=counted.answered > 0,
            stalled=counted.stalled,
            cause=cause,
            restart=restart,
            repeats=counted.repeats,
            kind=counted.kind,
            queue_full=queue_is_full(self._log, since),
            disk=queue_files.written(recent(self._log, since)),
        )

    def _logged(self, kind: kinds.Kind, since: float) -> Problem | None:
        """Return why calls fail by the agent's log; a collector sends to relays or a forwarder."""
        if kind is not kinds.COLLECTOR:
            return agent_logs.logged(self._log, since)
        receiver = collector_logs.RELAY if self.look.relay_before else collector_logs.FORWARDER
        return collector_logs.logged(self._log, since, receiver)

    def _queue_of(self, before: AgentCounts, after: AgentCounts) -> Queue | None:
        """Return a collector's queue; None for another agent, whose queue is no place to wait."""
        if after.kind is not kinds.COLLECTOR:
            return None
        oldest = after.stalled
        since = None if after.answered > before.answered else failing_since(self._log, after.at)
        if since is not None:
            oldest = max(oldest, after.at - since)
        if not before.queue:  # then nothing had waited yet
            oldest = min(oldest, after.at - before.at)
        return Queue(after.queue, before.queue, after.capacity, oldest)

    def _gateway(self, client: ClientCounts) -> None:
        self._hop = hops.ACCEPTED
        sound = all(hop.ok for hop in self.hops)
        patience = min(self._task.seconds, ACCEPTED_SECONDS if sound else 1.0)
        gateway = self._deployment.gateway(self._task.marker, client.sent, patience)
        if gateway:
            self.hops = hops.by_marker(self.hops, client, gateway, unmarked=self._unmarked)
        if not (gateway.distinct if gateway else self._unmarked):
            self._try_small(client)
        self.hops.append(hops.accepted_hop(self.service, client, gateway, before=self.hops))
        if not any(hop.ok is False for hop in self.hops):
            self._judge_pace()

    def _judge_pace(self) -> None:
        """Warn of a gateway that answers late, or takes less than comes, where all arrived."""
        if self._grows:
            self.warnings.append(self._grows.at(self.service, kinds.COLLECTOR.queued))
        if self._answers and are_late(self._answers):
            workers = self._deployment.workers(self.service)
            if problem := late(self._answers, workers):
                self.warnings.append(problem.at(self.service, hops.SUBMITTED))

    def _try_small(self, client: ClientCounts) -> None:
        """Find out whether only large packets are lost, where no marked one arrived."""
        if leads_elsewhere(self.look):  # so would they
            return
        lost = [hop for hop in self.hops if hops.is_unreached(hop)]
        if lost and self._deployment.small_arrives(self.service, f"{self._task.marker}-small"):
            self.hops = [hops.only_large(hop, client) if hop in lost else hop for hop in self.hops]
