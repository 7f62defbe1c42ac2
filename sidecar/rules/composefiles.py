"""What of a Compose file cannot be read, and what `sidecar init` cannot take over from it.

These rules describe; whoever reads the file knows the cause, and names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable


def _warning(rule: str, summary: str, why: str, fix: str, example: str) -> Rule:
    return Rule(rule, Severity.WARNING, summary, why, fix, example)


# Reading --------------------------------------------------------------------------------------

UNREADABLE_VALUE = _warning(
    "unreadable-value",
    "A value of a Compose file cannot be read.",
    "The value has no effect on the spec.",
    "Write it as Compose's reference says",
    "mem_limit: lots",
)
NEEDS_OUTSIDE_VALUE = _warning(
    "needs-outside-value",
    "A value of a Compose file needs a variable that has no value in the file.",
    "A shell's variables are not read: the same file gives the same result everywhere.",
    "Write the value, or give the variable a default",
    "image: registry.example.com/web:${TAG}",
)
UNREAD_FILE = _warning(
    "unread-compose-file",
    "Compose reads a file that the kit does not read.",
    "The file's services and settings are missing in the result.",
    "Read it with --from, too",
    "include: [other.yml]",
)
BROKEN_EXTENDS = _warning(
    "broken-extends",
    "What a service extends does not exist or cannot be read.",
    "Compose refuses the file, and the settings are missing in the result.",
    "Check the name",
    "extends: {service: typo}",
)


def outside_value(
    setting: str, variables: Iterable[str], fix: str | None = None, *, dotenv: bool = False
) -> Problem | None:
    """Judge a setting by its variables without a value; `dotenv` tells whether .env was asked."""
    names = ", ".join(f"${name}" for name in dict.fromkeys(variables))
    if not names:
        return None
    in_dotenv = ", and none in .env that may be copied" if dotenv else ""
    cause = f"{setting}: {names} has no value in the file{in_dotenv}"
    return NEEDS_OUTSIDE_VALUE.problem(cause, fix)


# Taking over ----------------------------------------------------------------------------------

NOT_TAKEN_OVER = _warning(
    "not-taken-over",
    "A setting of a Compose file is not in the proposed spec.",
    "The rendered service runs without it.",
    "Put it into the image, or into an override file next to the rendering",
    "privileged: true",
)
RENAMED_SERVICE = _warning(
    "renamed-service",
    "A service has another name in the spec.",
    "Services that use the old name as a host do not find it.",
    "Change the name where other services use it",
    "services: {Web_App: {image: 'web:1'}}",
)
EMPTY_VOLUME = _warning(
    "empty-volume",
    "A named volume is empty at the first start.",
    "A volume belongs to its Compose project, and the rendered services are another project.",
    "Copy its data, or mount a folder of the host",
    "volumes: ['data:/var/lib/data']",
)
SERVICE_LEFT_BEHIND = _warning(
    "service-left-behind",
    "A traced service needs one that is not in the spec.",
    "The rendered services are another Compose project, which is not on that one's network.",
    "Join the two networks: docs/init.md shows the file",
    "depends_on: [db]",
)
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
    "A spec is for one region, and the spans of the other services move to it.",
    "Give --region, and write a spec for each",
    "two agents, for cn-hangzhou and cn-beijing",
)
