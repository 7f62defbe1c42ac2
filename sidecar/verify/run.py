"""Runs the proof: each service's own spans, and the path of its marked ones."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError, UsageError
from sidecar.verify import notes, service
from sidecar.verify.asking import settled, urls_for
from sidecar.verify.hops import Proof
from sidecar.verify.look import Task
from sidecar.verify.network.reader import wait_for
from sidecar.verify.service import Judge
from sidecar.verify.shared_names import shared_names
from sidecar.verify.span_path import SpanPath

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sidecar.verify.asking import Ask
    from sidecar.verify.deployment import Deployment
    from sidecar.verify.hops import Hop
    from sidecar.verify.look import Look
    from sidecar.verify.network.seen import Seen

SPANS = 200
SECONDS = 15.0
_TRACE_SECONDS = 3.0
"""How long the trace of a request may take to the gateway."""


def verify(
    deployment: Deployment,
    spans: int = SPANS,
    seconds: float = SECONDS,
    *,
    asks: Sequence[Ask] = (),
    path_only: bool | Collection[str] = False,
) -> Proof:
    """Prove that each service's own spans arrive, and follow `spans` marked ones to the gateway.

    `asks` are requests that make a service report; `path_only` leaves out the own spans of
    all services, or of those that it names. Raises SidecarError where there is no deployment to
    verify, and UsageError for a name that no service has.
    """
    marker = secrets.token_hex(8)
    names = list(deployment.services())
    left_out = _left_out(deployment, path_only, asks)
    tasks = [
        Task(name, f"{marker}-{name}", spans, seconds, path_only=name in left_out) for name in names
    ]
    paths = [SpanPath(deployment, task) for task in _asking(tasks, deployment, asks)]
    with ThreadPoolExecutor(deployment.side_by_side) as pool:
        list(pool.map(SpanPath.follow, paths))
    own = [path for path in paths if path.service not in left_out]
    reports = {} if path_only is True else _reports(deployment, own, asks)
    found = [hop for path in paths for hop in (*reports.pop(path.service, ()), *path.hops)]
    lacking = [hop for left in reports.values() for hop in left if hop.service not in left_out]
    traces = tuple(trace for path in paths for trace in path.trace_ids)
    warnings = tuple(finding for path in paths for finding in path.warnings)
    unseen = filter(None, (notes.unseen(path.service, path.look) for path in paths))
    ended = (notes.ended(path.service) for path in paths if path not in own and not path.hops)
    said = (*deployment.notes, *unseen, *ended)
    return Proof(marker, (*lacking, *found), traces, said, warnings)


def _left_out(
    deployment: Deployment, path_only: bool | Collection[str], asks: Sequence[Ask]
) -> set[str]:
    """Return the services whose own spans are of no interest.

    Raises UsageError for a name, also in a request, that no service has, whether it runs or not.
    """
    running = set(deployment.services())
    left_out = running if path_only is True else set(path_only or ())
    unknown = (left_out | {ask.service for ask in asks if ask.service}) - running
    if unknown := unknown and unknown - {lack.service for lack in deployment.absent()}:
        cause = f"{', '.join(sorted(unknown))}: not a traced service"
        raise UsageError("verify", cause, f"Name one of: {', '.join(sorted(running)) or 'none'}")
    return left_out


def _asking(tasks: Sequence[Task], deployment: Deployment, asks: Sequence[Ask]) -> list[Task]:
    """Return the tasks with the requests that let a service report."""
    urls = urls_for(asks, [task.service for task in tasks])
    traced, patient = deployment.has_stand_in, bool(asks)
    return [
        task
        if task.path_only
        else replace(task, urls=urls[task.service], traced=traced, patient=patient)
        for task in tasks
    ]


def _reports(
    deployment: Deployment, paths: Sequence[SpanPath], asks: Sequence[Ask]
) -> dict[str, list[Hop]]:
    """Return the first hops of each service; those of services that do not run come in addition."""
    looks = settled({path.service: path.look for path in paths}, asks)
    seen = _seen(deployment, looks.values())
    shared = shared_names(looks)
    found: dict[str, list[Hop]] = {}
    for path in paths:
        judge = Judge(path.service, looks[path.service], seen)
        judged = judge.hops(path_fails=any(hop.ok is False for hop in path.hops))
        problem = shared.get(path.service)
        found[path.service] = [service.with_problem(hop, problem) for hop in judged]
    for lack in deployment.absent():
        found.setdefault(lack.service, []).append(service.lacking(lack))
    return found


def _seen(deployment: Deployment, looks: Iterable[Look]) -> Seen | None:
    looks = list(looks)
    if not deployment.has_stand_in or not any(map(service.needs_stand_in, looks)):
        return None
    ids = service.trace_ids(looks)
    try:
        return wait_for(
            lambda: deployment.seen(ids, _TRACE_SECONDS),
            lambda seen: service.are_shown(looks, seen),
            _TRACE_SECONDS,
        )
    except SidecarError:  # the hop into the gateway says so
        return None
