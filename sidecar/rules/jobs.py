"""What is wrong with jobs: programs that run to their end, once or by a schedule."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules.recognition import mask

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

CRON_UNDER_COMPOSE = Rule(
    "cron-under-compose",
    Severity.ERROR,
    "A service is of the kind cron, and Compose starts nothing on a schedule.",
    "It would run once, when the stack starts, and never again.",
    "Use `--target helm`, or kind: job without a schedule, which the host's cron starts",
    'services: [{name: report, kind: cron, image: report:1, job: {schedule: "@daily"}}]',
)
DEADLINE_UNDER_COMPOSE = Rule(
    "deadline-under-compose",
    Severity.WARNING,
    "A job has a deadline, which Compose does not support.",
    "A job that hangs keeps running, and keeps what it holds, such as locks.",
    "Begin its command with `timeout SECONDS`, which ends it everywhere",
    "services: [{name: migrate, kind: job, image: shop:1, job: {deadline: 10m}}]",
)
ONE_OFF_COMMAND = Rule(
    "one-off-command",
    Severity.WARNING,
    "The command of a service exits by itself, and its kind restarts it.",
    "It is restarted each time that it exits.",
    "Set kind: job",
    "services: [{name: migrate, image: shop:1, command: [alembic, upgrade, head]}]",
)
ENDED = Rule(
    "job-ended",
    Severity.ERROR,
    "A job has ended, and nothing shows its own spans.",
    "Its process can no longer be asked, and only a stand-in would show what it has received.",
    "Verify while it runs, or search for its service in the region's console; --path-only SERVICE "
    "leaves its own spans out",
    "`sidecar verify` in a real region, after `migrate` has completed",
)
FAILED = Rule(
    "job-failed",
    Severity.ERROR,
    "The newest run of a job has failed.",
    "Its work is not done, and nothing of it is proven.",
    "See `kubectl logs` and `kubectl describe` of the Job, and run it again",
    "a Job that reached its backoffLimit or its activeDeadlineSeconds",
)
SUSPENDED = Rule(
    "job-suspended",
    Severity.ERROR,
    "A Job or CronJob is suspended, and nothing of it has run.",
    "Nothing of it is proven.",
    "Let it run, or leave it out with --path-only SERVICE",
    '`kubectl patch cronjob nightly -p \'{"spec": {"suspend": true}}\'`, before its first run',
)
NOT_RUN = Rule(
    "job-not-run",
    Severity.ERROR,
    "A CronJob has not run yet.",
    "Nothing of it is proven until it has.",
    "Start a run: `kubectl create job --from=cronjob/NAME NAME-now`, or leave it out with "
    "--path-only SERVICE",
    "`sidecar verify` in the afternoon after an installation, of a CronJob for the night",
)
SILENT = Rule(
    "job-silent",
    Severity.ERROR,
    "A job has ended, and the stand-in has received no span of it.",
    "All its spans were lost, or it made none, or the stand-in has started since.",
    "Check that it creates a tracer and closes it, and run it again; --path-only SERVICE "
    "leaves its own spans out",
    "`sidecar verify` after a job that was killed before it had sent its spans",
)
UNKNOWN_TIME_ZONE = Rule(
    "unknown-time-zone",
    Severity.WARNING,
    "A cron has a time zone that this machine does not know.",
    "A cluster refuses a CronJob with a time zone that it does not know.",
    "Give a name of the IANA database, such as Asia/Shanghai",
    "services: [{name: report, kind: cron, image: report:1, job: "
    '{schedule: "@daily", time_zone: Asia/Beijing}}]',
)
_DJANGO = frozenset({"check", "collectstatic", "loaddata", "migrate"})
_ONE_OFFS = {
    "alembic": frozenset({"downgrade", "stamp", "upgrade"}),
    "django": _DJANGO,
    "django-admin": _DJANGO,
    "manage.py": _DJANGO,
    "./manage.py": _DJANGO,
}
"""Program → subcommands of it that always end."""


def under_compose(kind: str, name: str) -> Problem | None:
    """Judge whether Compose can run a kind of service."""
    if kind != "cron":
        return None
    cause = "Compose starts nothing by a schedule"
    job = "kind: job without a schedule, and let the host's cron call"
    fix = f"Use `--target helm`; or set {job} `docker compose run --rm {name}`"
    return CRON_UNDER_COMPOSE.problem(cause, fix)


def deadline(seconds: int | None) -> Problem | None:
    """Judge the time that a job may take, under Compose."""
    if seconds is None:
        return None
    cause = f"Compose does not end it after {seconds} s"
    fix = f"Begin its command with `timeout {seconds}`, which ends it everywhere"
    return DEADLINE_UNDER_COMPOSE.problem(cause, fix)


def time_zone(name: str | None, known: Collection[str]) -> Problem | None:
    """Judge a cron's time zone by those of this machine; nothing where it has none."""
    if name is None or not known or name in known:
        return None
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.85)
    fix = f"Did you mean {near[0]}?" if near else None
    return UNKNOWN_TIME_ZONE.problem(f"{name} is not a time zone of this machine", fix)


def ended(own: int | None) -> Problem | None:
    """Judge a job that has ended by its own spans at the stand-in; None: no stand-in tells."""
    if own is None:
        return ENDED.problem("the job has ended, and nothing shows its own spans")
    cause = "the job has ended, and the stand-in has received none of its spans"
    return None if own else SILENT.problem(cause)


def failed(name: str, why: str) -> Problem | None:
    """Judge a Job of a cluster by why it has failed; empty where it has not."""
    if not why:
        return None
    describe = f"`kubectl describe job {name}`"
    fix = f"See `kubectl logs job/{name}` and {describe}, and run it again"
    if "deadline" in why.casefold():  # its pods are deleted, and their logs with them
        fix = f"See {describe}; give it more `activeDeadlineSeconds`, or find what it waits for"
    return FAILED.problem(f"its Job has failed: {mask(why)}", fix)


def suspended(kind: str, name: str, service: str, *, waits: bool = True) -> Problem | None:
    """Judge a Job or CronJob of which nothing has run by whether it is to wait."""
    if not waits:
        return None
    patch = f"""`kubectl patch {kind.lower()} {name} -p '{{"spec":{{"suspend":false}}}}'`"""
    fix = f"Let it run: {patch}; or leave it out: --path-only {service}"
    return SUSPENDED.problem(f"its {kind} is suspended, and nothing of it has run", fix)


def not_run(name: str, service: str, last: str = "") -> Problem | None:
    """Judge a CronJob by when it last ran; empty for never."""
    if last:
        return None
    start = f"`kubectl create job --from=cronjob/{name} {name[:48]}-now`"
    fix = f"Start a run: {start}; or leave it out: --path-only {service}"
    return NOT_RUN.problem("its CronJob has not run yet", fix)


def one_off(command: Sequence[str]) -> Problem | None:
    """Judge the command of what is to keep running; only what is certain to end is a problem."""
    program, *rest = _without_python(command) or [""]
    action = next((word for word in rest if not word.startswith("-")), "")
    if program == "flask" and rest[:2] in (["db", "upgrade"], ["db", "downgrade"]):
        action = f"db {rest[1]}"
    elif action not in _ONE_OFFS.get(program, ()) or rest[0] != action:
        return None
    cause = f"`{program} {action}` exits when its work is done, and is restarted each time"
    return ONE_OFF_COMMAND.problem(cause)


def _without_python(command: Sequence[str]) -> list[str]:
    """Return a command as if its script or module were the program."""
    program, *rest = command or ("",)
    if program.rpartition("/")[2].startswith("python"):
        return rest[1:] if rest[:1] == ["-m"] else rest
    return [program, *rest]
