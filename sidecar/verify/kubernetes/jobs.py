"""What a release's Jobs and CronJobs should run, and why the newest run of one does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.kubernetes.pods import service_of, template_of
from sidecar.rules import jobs
from sidecar.rules.scheduling import not_created
from sidecar.verify.deployment import Lack
from sidecar.verify.kubernetes.unfit import has_agent, lacks_agent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sidecar.findings import Problem
    from sidecar.verify.kubernetes.workloads import RefusalOf

KIND, SCHEDULED = "jobs", "cronjobs"


def runs_of(found: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return Jobs by name, each with its CronJob; the Job itself where it has none."""
    return {str(job["metadata"]["name"]): _scheduler_of(job) for job in found}


def _scheduler_of(job: Mapping[str, Any]) -> str:
    owners = job["metadata"].get("ownerReferences") or ()
    names = (str(owner["name"]) for owner in owners if owner.get("kind") == "CronJob")
    return next(names, str(job["metadata"]["name"]))


def lacking(
    found: Iterable[Mapping[str, Any]],
    crons: Iterable[Mapping[str, Any]],
    refusal_of: RefusalOf,
    name_of: Callable[[str, str], str],
) -> Iterator[Lack]:
    """Yield the traced Jobs and CronJobs of which the newest run has failed, or gets no pod.

    `name_of` is as of workloads.
    """
    newest = {_scheduler_of(job): job for job in sorted(found, key=_created)}
    for workload, job in newest.items():
        service = _service(job, workload, name_of)
        if service and (problem := _problem(job, service, refusal_of)):
            yield Lack(service, problem)
    for cron in crons:
        name = str(cron["metadata"]["name"])
        service = _service(cron, name, name_of)
        if service and (problem := _of_cron(cron, service, newest.get(name), refusal_of)):
            yield Lack(service, problem)


def _service(
    workload: Mapping[str, Any], name: str, name_of: Callable[[str, str], str]
) -> str | None:
    """Return what a traced workload goes by; None for others."""
    template = template_of(workload)
    is_traced = has_agent(template) or lacks_agent(template)
    return name_of(service_of(template, name), name) if is_traced else None


def _created(job: Mapping[str, Any]) -> str:
    return str(job["metadata"].get("creationTimestamp", ""))


def _problem(job: Mapping[str, Any], service: str, refusal_of: RefusalOf) -> Problem | None:
    """Return why a Job does no work; None where it does, or has done it."""
    status, name = job.get("status", {}), str(job["metadata"]["name"])
    for condition in status.get("conditions") or ():
        if condition.get("type") == "Failed" and condition.get("status") == "True":
            return jobs.failed(name, str(condition.get("message") or condition.get("reason", "")))
    if status.get("active") or status.get("succeeded"):
        return None
    if attempts := int(status.get("failed", 0)):
        return jobs.failed(name, f"attempts that failed: {attempts}; none has succeeded yet")
    if job["spec"].get("suspend"):
        return jobs.suspended("Job", name, service)
    return not_created(refusal_of("Job", name)[1])


def _of_cron(
    cron: Mapping[str, Any],
    service: str,
    run: Mapping[str, Any] | None,
    refusal_of: RefusalOf,
) -> Problem | None:
    """Return why a CronJob starts no Job, or has started none yet; `run` is its newest one."""
    name, status = str(cron["metadata"]["name"]), cron.get("status", {})
    if cron["spec"].get("suspend"):
        return None if run else jobs.suspended("CronJob", name, service)
    when, words = refusal_of("CronJob", name)
    if words and when > (_created(run) if run else ""):
        return not_created(words, "a Job")
    if run:
        return None
    return jobs.not_run(name, service, status.get("lastScheduleTime", "")) or jobs.ended(None)
