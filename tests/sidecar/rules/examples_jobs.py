"""A bad and a good value for each rule about jobs."""

from __future__ import annotations

from rule_examples import Call, example

from sidecar.rules import jobs

EXAMPLES = {
    "unknown-time-zone": example(
        jobs.time_zone,
        Call("Asia/Beijing", {"Asia/Shanghai"}),
        Call("Asia/Shanghai", {"Asia/Shanghai"}),
    ),
    "cron-under-compose": example(
        jobs.under_compose, Call("cron", "report"), Call("job", "report")
    ),
    "deadline-under-compose": example(jobs.deadline, Call(600), Call(None)),
    "job-ended": example(jobs.ended, Call(None), Call(7)),
    "job-failed": example(jobs.failed, Call("demo-x", "DeadlineExceeded"), Call("demo-x", "")),
    "job-not-run": example(
        jobs.not_run,
        Call("demo-nightly", "nightly"),
        Call("demo-nightly", "nightly", "2026-11-27T03:00:00Z"),
    ),
    "job-suspended": example(
        jobs.suspended,
        Call("CronJob", "demo-nightly", "nightly"),
        Call("CronJob", "demo-nightly", "nightly", waits=False),
    ),
    "job-silent": example(jobs.ended, Call(0), Call(7)),
    "one-off-command": example(
        jobs.one_off, Call(["alembic", "upgrade", "head"]), Call(["gunicorn", "shop:app"])
    ),
}
