"""What holds for the kinds of a service: what each of them cannot have, and what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.rules.specs import CONFLICTING_VALUES, MISSING_KEY
from sidecar.spec.service_records import CRON, ENDING, JOB, SERVICE, WORKER
from sidecar.spec.sources import BROKEN, ErrorList, Value, below

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOT_OF_WORKERS = ("port", "ports", "publish", "health.http", "health.ready")
NOT_OF_JOBS = (
    *("port", "ports", "publish", "replicas", "health"),
    *(f"kubernetes.{name}" for name in ("autoscaling", "podDisruptionBudget", "strategy")),
)
"""What is for programs that keep running."""
OF_CRONS = ("schedule", "time_zone", "concurrency", "starting_deadline", "history")
"""Fields of `job` that are for a cron only."""
NOT_OF_CRONS = ("keep",)


def fits_kind(values: Mapping[str, Value], errors: ErrorList, path: str) -> None:
    """Report what a service's kind cannot have, and a cron without a schedule."""
    kind = values["kind"].data if "kind" in values else SERVICE
    if kind is BROKEN:
        return
    for name in _excluded(kind):
        if found := _at(values, name):
            cause = f"is not for kind: {kind}"
            problem = CONFLICTING_VALUES.problem(cause, _fix(name, kind))
            errors.fail(found.place, below(path, name), problem)
    replicas, scaled = _at(values, "replicas"), _at(values, "kubernetes.autoscaling")
    if replicas and scaled:
        problem = CONFLICTING_VALUES.problem("an autoscaler decides how many", "Remove one of them")
        errors.fail(replicas.place, below(path, "replicas"), problem)
    if kind == CRON and not _at(values, "job.schedule"):
        place = values["job" if "job" in values else "kind"].place
        problem = MISSING_KEY.problem("a cron has no schedule", 'Give one such as "30 4 * * *"')
        errors.fail(place, below(path, "job.schedule"), problem)


def _excluded(kind: str) -> Iterator[str]:
    if kind == WORKER:
        yield from NOT_OF_WORKERS
    if kind in ENDING:
        yield from NOT_OF_JOBS
        others = OF_CRONS if kind == JOB else NOT_OF_CRONS
        yield from (f"job.{name}" for name in others)
    else:
        yield "job"


def _fix(name: str, kind: str) -> str:
    if name == "job":
        return "Set kind: job or kind: cron, or remove it"
    if name.startswith("job."):
        return f"Set kind: {CRON if kind == JOB else JOB}, or remove it"
    return f"Set kind: {SERVICE}, or remove it"


def _at(values: Mapping[str, Value], name: str) -> Value | None:
    """Return the value at a dotted name; None where none was given."""
    first, _, rest = name.partition(".")
    value = values.get(first)
    if value is None or not rest:
        return value
    return _at(value.data, rest) if isinstance(value.data, dict) else None
