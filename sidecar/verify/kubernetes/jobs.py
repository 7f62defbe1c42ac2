"""What a release's Jobs should run, and why the newest run of one does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.kubernetes.pods import service_of
from sidecar.rules import jobs
from sidecar.rules.scheduling import not_created
from sidecar.verify.deployment import Lack
from sidecar.verify.kubernetes.groups import scheduled_by
from sidecar.verify.kubernetes.unfit import has_agent, lacks_agent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sidecar.findings import Problem

KIND = "jobs"


def lacking(
    found: Iterable[Mapping[str, Any]],
    refusal_of: Callable[[str], str],
    name_of: Callable[[str, str], str],
) -> Iterator[Lack]:
    """Yield the traced Jobs of which the newest run has failed, or gets no pod.

    `refusal_of` returns why the cluster creates no pod of a Job, and `name_of` is as of workloads.
    """
    newest: dict[str, Mapping[str, Any]] = {}
    for job in sorted(found, key=_created):
        newest[scheduled_by(str(job["metadata"]["name"]))] = job
    for workload, job in newest.items():
        template = job["spec"]["template"]
        is_traced = has_agent(template) or lacks_agent(template)
        if is_traced and (problem := _problem(job, refusal_of)):
            yield Lack(name_of(service_of(template, workload), workload), problem)


def _created(job: Mapping[str, Any]) -> str:
    return str(job["metadata"].get("creationTimestamp", ""))


def _problem(job: Mapping[str, Any], refusal_of: Callable[[str], str]) -> Problem | None:
    """Return why a Job does no work; None where it does, has done it, or is to wait."""
    status, name = job.get("status", {}), str(job["metadata"]["name"])
    for condition in status.get("conditions") or ():
        if condition.get("type") == "Failed" and condition.get("status") == "True":
            return jobs.failed(name, str(condition.get("message") or condition.get("reason", "")))
    if job["spec"].get("suspend") or status.get("active") or status.get("succeeded"):
        return None
    if attempts := int(status.get("failed", 0)):
        return jobs.failed(name, f"attempts that failed: {attempts}; none has succeeded yet")
    return not_created(refusal_of(name))
