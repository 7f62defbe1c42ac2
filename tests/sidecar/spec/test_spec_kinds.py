"""The kind of a service: what each can have, and how its job runs."""

from __future__ import annotations

import pytest

from sidecar.spec import JobSettings
from sidecar.spec.load import load
from sidecar.spec.sources import SpecError


def one(text: str) -> str:
    """Return a spec of one service."""
    return f"services: [{{name: w, image: w:1, {text}}}]"


def test_a_service_keeps_running_unless_its_kind_says_otherwise(spec_of) -> None:
    """As in every spec before there were kinds."""
    (service,) = spec_of(one("port: 80")).services

    assert ("service", JobSettings()) == (service.kind, service.job)


def test_nothing_runs_twice_unless_the_spec_says_so(spec_of) -> None:
    """A job is not repeated where nobody asked for it."""
    (service,) = spec_of(one("kind: job")).services

    assert ("job", 0, None) == (service.kind, service.job.retries, service.job.deadline_s)


def test_a_cron_has_a_schedule_and_what_belongs_to_it(spec_of) -> None:
    """Durations are in seconds from here on."""
    job = (
        'schedule: "30 4 * * *", time_zone: Asia/Shanghai, concurrency: replace, '
        "starting_deadline: 10m, history: 0, retries: 2, deadline: 1h"
    )
    (service,) = spec_of(one(f"kind: cron, job: {{{job}}}")).services

    assert (
        JobSettings(2, 3600, None, "30 4 * * *", "Asia/Shanghai", "replace", 600, 0) == service.job
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: worker, port: 80", "port: is not for kind: worker. Set kind: service"),
        ("kind: worker, health: {http: /}", "health.http: is not for kind: worker"),
        ("kind: job, port: 80", "port: is not for kind: job. Set kind: service"),
        ("kind: job, publish: 80", "publish: is not for kind: job"),
        ("kind: cron, replicas: 2, job: {schedule: '@daily'}", "replicas: is not for kind: cron"),
        ("kind: job, health: {command: [x]}", "health: is not for kind: job"),
        ("port: 80, job: {retries: 1}", "job: is not for kind: service. Set kind: job or"),
        ("kind: worker, job: {retries: 1}", "job: is not for kind: worker"),
        ("kind: job, job: {history: 1}", "job.history: is not for kind: job. Set kind: cron"),
        ("kind: cron, job: {schedule: '@daily', keep: 1h}", "job.keep: is not for kind: cron"),
        ("kind: cron", "job.schedule: a cron has no schedule. Give one such as"),
        ("kind: cron, job: {retries: 1}", "job.schedule: a cron has no schedule"),
        ("port: 80, ports: {web: 80}", "ports.web: 80 is already a port of this service"),
        ("port: 80, ports: {a: 81, b: 81}", "ports.b: 81 is already a port of this service"),
        ("kind: timer", "'timer' is not valid. Use service, worker, job or cron"),
    ],
)
def test_what_a_kind_cannot_have_is_refused_at_its_line(error_of, text: str, message: str) -> None:
    """Each with the kind that can have it."""
    assert message in error_of(one(text))


@pytest.mark.parametrize(
    "schedule",
    [
        "* * * * *",
        "*/5 0-6 1,15 JAN MON-FRI",
        "@hourly",
        "0  0 ? * sun",
        "05 23 31 12 06",
        "1-9/3,30 5/2 * jan-Dec *",
        "0 0 29 feb *",
        "0 0 31 2-12/5 *",
        "0 0 30/1,28 2 *",
        "0 0 31 2 MON",
    ],
)
def test_a_schedule_is_as_cron_writes_it(spec_of, schedule: str) -> None:
    """Five fields, or one of the names that a cluster knows."""
    (service,) = spec_of(one(f"kind: cron, job: {{schedule: '{schedule}'}}")).services

    assert schedule == service.job.schedule


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ("0 30 4 * * *", "has more than five fields. Leave out seconds and year"),
        ("CRON_TZ=UTC 30 4 * * *", "names a time zone. Give it as time_zone"),
        ("@reboot", "is of a machine, and a cluster has no reboot. Use kind: job"),
        ("@every 5m", 'has no fixed times. Give minutes, such as "*/5 * * * *"'),
        ("60 4 * * *", "'60' is no minute. Give 0 to 59, *"),
        ("* 24 * * *", "'24' is no hour. Give 0 to 23, *"),
        ("* * 0 * *", "'0' is no day. Give 1 to 31, *"),
        ("* * L * *", "'L' is no day"),
        ("* * * 13 *", "'13' is no month. Give 1 to 12 or JAN to DEC, *"),
        ("0 0 * * 7", "'7' is no weekday. Give 0 to 6 or SUN to SAT; Sunday is 0, *"),
        ("0 0 * * MO", "'MO' is no weekday"),
        ("*/0 * * * *", "'*/0' is no minute"),
        ("0 22-6 * * *", "the range 22-6 of the hour ends before it begins. Give two: 22-23,0-6"),
        ("0 0 * * FRI-MON", "the range FRI-MON of the weekday ends before it begins"),
        ("0 0 31 2 *", "never comes: the month has 29 days. Give a day that it has"),
        ("0 0 31 apr,JUN ?", "never comes: the month has 30 days"),
        ("0 0 30-31/1 2 *", "never comes"),
        ("daily", "is not a schedule. Give minute, hour, day, month and weekday"),
    ],
)
def test_a_usual_mistake_in_a_schedule_has_its_own_words(
    error_of, schedule: str, message: str
) -> None:
    """The fix is in the same line."""
    assert message in error_of(one(f"kind: cron, job: {{schedule: '{schedule}'}}"))


def test_a_kind_that_another_file_sets_is_judged_with_it(tmp_path) -> None:
    """What is refused follows from all files together."""
    base, over = tmp_path / "base.yaml", tmp_path / "over.yaml"
    base.write_text("services: [{name: w, image: w:1, port: 80}]")
    over.write_text("services: [{name: w, kind: job}]")

    with pytest.raises(SpecError, match=r"base\.yaml:1: services\[0\]\.port: is not for kind: job"):
        load([base, over])


@pytest.mark.parametrize(
    ("key", "fix"),
    [
        ("depends_on: [db]", "docker-compose.override.yml next to the rendering; for a cluster"),
        ("restart: always", "It follows from kind: service, worker, job or cron"),
        ("networks: [db]", "docker-compose.override.yml next to the rendering"),
        ("env_file: [a.env]", "Did you mean env_files?"),
    ],
)
def test_a_key_of_a_compose_file_has_its_way_round(error_of, key: str, fix: str) -> None:
    """Who comes from Compose is told what stands for it."""
    message = error_of(one(key))

    assert "is not a known key" in message
    assert fix in message


@pytest.mark.parametrize("value", ["90", "1e3", "1.5"])
def test_what_no_quotes_would_mend_is_told_at_once(error_of, value: str) -> None:
    """Else the second answer contradicts the first."""
    message = error_of(one(f"kind: job, job: {{deadline: {value}}}"))

    assert f"'{value}' is not a duration. Give one such as 90s, 30m or 2h" in message
