"""What of a Compose file cannot be read, and for which region its agents are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence


def _warning(rule: str, summary: str, why: str, fix: str, example: str) -> Rule:
    return Rule(rule, Severity.WARNING, summary, why, fix, example)


# Reading --------------------------------------------------------------------------------------

UNREADABLE_VALUE = _warning(
    "unreadable-value",
    "A value of a Compose file cannot be read.",
    "Compose may refuse it, and the kit judges the service without it.",
    "Write it as Compose's reference says",
    "mem_limit: lots",
)
BROKEN_EXTENDS = _warning(
    "broken-extends",
    "What a service extends does not exist or cannot be read.",
    "Compose refuses the file, and the kit judges the service without these settings.",
    "Check the name",
    "extends: {service: typo}",
)
STACK_REFUSED = Rule(
    "stack-refused-by-compose",
    Severity.ERROR,
    "Docker Compose does not read a Compose file.",
    "`docker compose up` fails, with or without agents.",
    "Correct it, or set what it lacks, until `docker compose config` prints the stack",
    "services: {web: {image: 'web:1', depends_on: [typo]}}",
)


def refused(answer: str) -> Problem | None:
    """Judge what Compose answers when it is to read a stack; empty: it reads it."""
    return STACK_REFUSED.problem(f"Compose refuses it: {answer}") if answer else None


# Regions --------------------------------------------------------------------------------------

UNNAMED_REGION = _warning(
    "unnamed-region",
    "No region is named, and no agent of the Compose file reports to one.",
    "The spec is for `local`, which runs on this machine with a stand-in gateway.",
    "Give --region ID; `sidecar regions` lists them",
    "sidecar init --from docker-compose.yml",
)
SEVERAL_REGIONS = _warning(
    "several-regions",
    "The agents of a Compose file report to several regions.",
    "An overlay is for one region, and the spans of the other services move to it.",
    "Give --region, and name its services with --service: the others stay as they are",
    "two agents, for cn-hangzhou and cn-beijing",
)


def regions(found: Sequence[str], region: str) -> Problem | None:
    """Judge the regions that a file's agents report to; `region` is the overlay's."""
    if len(found) < 2:
        return None
    cause = f"agents of the file report to {', '.join(found)}; an overlay is for one, here {region}"
    return SEVERAL_REGIONS.problem(cause)
