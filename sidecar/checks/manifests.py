"""What is wrong with the hand-made agents of manifests, as in Compose files."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.checks.clients import check_clients
from sidecar.checks.composefiles import check_hand_made
from sidecar.existing.compose.agents import find_agents, is_kits_own
from sidecar.existing.compose.secrets import redact
from sidecar.existing.manifests.config_maps import ConfigMaps
from sidecar.existing.manifests.nodes import texts_at
from sidecar.existing.manifests.pods import as_compose
from sidecar.existing.manifests.stream import split
from sidecar.existing.manifests.tree import Document
from sidecar.existing.manifests.workloads import find_workloads
from sidecar.kubernetes.pods import INJECTED, PROBE_IMAGE
from sidecar.rules import clients, hand_made, services, tracers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sidecar.existing.compose.records import ComposeFile, ComposeService
    from sidecar.existing.manifests.workloads import Workload
    from sidecar.findings import Finding
    from sidecar.regions import Region
    from sidecar.spec import Capacity

_REPLACE = "`sidecar inject --replace` gives each pod the kit's agent"
_FIXES = {
    hand_made.PUBLISHED_PORTS.id: f"Remove `hostPort`; {_REPLACE}",
    hand_made.OVER_TCP.id: "Add `protocol: UDP`; a pod's own agent needs no `hostPort`",
    hand_made.SHARED_NETWORK.id: f"Remove `hostNetwork`; {_REPLACE}",
    hand_made.EMBEDDED.id: f"Run it in a container of its own; {_REPLACE}",
    hand_made.NO_MEMORY_LIMIT.id: f"Set `resources.limits.memory`; {_REPLACE}",
    services.SECRET_IN_CLEAR.id: "Put it into a Secret, and name that with `valueFrom`",
    hand_made.STOCK_SIZES.id: f"{_REPLACE}, sized for its capacity; docs/tuning.md has the formula",
}
"""What to do in a manifest, where the rule speaks of Compose."""
_FIXES_BY_HAND = {
    hand_made.STOCK_SIZES.id: "Size it for its capacity; docs/tuning.md has the formula",
    clients.AGENT_HOST_LOOPBACK.id: "Add an agent to the same pod, or name one that it reaches",
}
"""What to do in an object of a kind that inject leaves as it is."""


def check_manifests(
    name: str, lines: Iterable[bytes], regions: Mapping[str, Region], capacity: Capacity
) -> Iterator[Finding]:
    """Yield what is wrong with the agents in a stream, and with the services that they serve.

    `name` is the stream's in messages. Raises SidecarError where it cannot be read. No finding
    shows a token.
    """
    around = ConfigMaps()
    for piece in split(lines):
        document = Document(piece, name)
        around.take(document)
        for workload in find_workloads(document):
            pods = workload.pods or (workload,)
            found = (_of_workload(document, pod, around, regions, capacity) for pod in pods)
            yield from dict.fromkeys(chain.from_iterable(found))  # pods may share a container


def _of_workload(
    document: Document,
    workload: Workload,
    around: ConfigMaps,
    regions: Mapping[str, Region],
    capacity: Capacity,
) -> Iterator[Finding]:
    pod = as_compose(document, workload, Path(document.file), (INJECTED, PROBE_IMAGE))
    if _is_traced(pod):
        yield from _instrumented(document, workload, around)
    for finding in _of_pod(pod, regions, capacity):
        yield _worded(finding, pod.tokens, changes=workload.known)


def _instrumented(document: Document, workload: Workload, around: ConfigMaps) -> Iterator[Finding]:
    """Yield that an operator traces a pod, too, which reports to an agent."""
    annotations = texts_at(workload.template, "metadata", "annotations")
    if problem := tracers.instrumented(annotations, around.annotations(workload.namespace)):
        yield problem.at(workload.subject, document.place(workload.kind_node))


def _of_pod(
    pod: ComposeFile, regions: Mapping[str, Region], capacity: Capacity
) -> Iterator[Finding]:
    agents = find_agents(pod.services)
    yield from check_hand_made(pod, agents, regions, capacity)
    own = {agent.service.name for agent in agents}
    has_agent = bool(agents) or any(map(is_kits_own, pod.services.values()))
    elsewhere = {clients.AGENT_HOST_OUTSIDE.id, clients.AGENT_HOST_UNKNOWN.id}
    quiet = elsewhere | ({clients.AGENT_HOST_LOOPBACK.id} if has_agent else set())
    reporting = [
        service for name, service in pod.services.items() if name not in own and _reports(service)
    ]
    for finding in check_clients(pod, reporting):
        if finding.id not in quiet:  # a pod's loopback has its agent, and a cluster has more names
            yield finding


def _is_traced(pod: ComposeFile) -> bool:
    services = pod.services.values()
    has_agent = bool(find_agents(pod.services)) or any(map(is_kits_own, services))
    return has_agent or any(map(_reports, services))


def _reports(service: ComposeService) -> bool:
    words = (word.raw for word in (*(service.entrypoint or ()), *service.command))
    return bool(tracers.assigned(words)) or any(
        name.startswith("JAEGER_") for name in service.environment
    )


def _worded(finding: Finding, tokens: Iterable[str], *, changes: bool) -> Finding:
    """Return a finding in the words of manifests; `changes`: inject does the workload's kind."""
    cause = finding.cause.replace("network_mode host", "hostNetwork")
    fix = _FIXES.get(finding.id, finding.fix)
    if not changes:
        fix = _FIXES_BY_HAND.get(finding.id, fix.removesuffix(f"; {_REPLACE}"))
    return replace(
        finding,
        cause=redact(cause, tokens),
        fix=fix,
        subject=redact(finding.subject, tokens),
    )
