"""What is wrong where a service does not run as often as it should."""

from __future__ import annotations

from sidecar.findings import Problem, Rule, Severity


def _error(
    rule: str, summary: str, fix: str, example: str, why: str = "It reports nothing."
) -> Rule:
    return Rule(rule, Severity.ERROR, summary, why, fix, example)


MISSING = _error(
    "service-missing",
    "A service of the rendering does not run.",
    "Run `docker compose up`, or `helm upgrade`, and see what keeps it from running",
    "a service in docker-compose.yml without a container",
)
SCALED_TO_ZERO = _error(
    "service-scaled-to-zero",
    "A service is scaled to 0.",
    "Scale it up; a service without replicas is not proven",
    "`kubectl scale --replicas=0 deployment/demo-web`",
)
REPLICA_MISSING = _error(
    "replica-missing",
    "A service has fewer running replicas than it should.",
    "See `docker compose ps --all`, or `kubectl describe deployment` and `kubectl describe pod`",
    "2 of 3 replicas",
    "The missing replicas report nothing.",
)
ROLLOUT_STUCK = _error(
    "rollout-stuck",
    "A rollout does not finish: old and new pods run side by side.",
    "See `kubectl rollout status` and `kubectl describe pod`; then verify again",
    "1 new pod is not ready: ImagePullBackOff",
    "The new pods report nothing.",
)


def missing(wanted: int, found: int) -> Problem | None:
    """Judge how many replicas of a service there are; `wanted` is what the file or chart says."""
    if not wanted:
        return SCALED_TO_ZERO.problem("is scaled to 0")
    if not found:
        return MISSING.problem("has no container or pod")
    if found < wanted:
        return REPLICA_MISSING.problem(f"{found} of {wanted} replicas run")
    return None


def replica(trouble: str, fix: str | None = None) -> Problem | None:
    """Judge the other replicas of a service; empty where nothing keeps them from running."""
    return REPLICA_MISSING.problem(trouble, fix) if trouble else None


def rollout(trouble: str, fix: str | None = None) -> Problem | None:
    """Judge a rollout by what keeps its new pods from being ready; empty where nothing does."""
    return ROLLOUT_STUCK.problem(trouble, fix) if trouble else None
