"""The fields of `job`: how a job runs, or each job that a cron starts."""

from __future__ import annotations

from sidecar.spec import field_types as types
from sidecar.spec.scalars import Choice, Integer
from sidecar.spec.sections import Field, Section
from sidecar.spec.service_records import CONCURRENCY, JobSettings

JOB = Section(
    JobSettings,
    (
        Field(
            "schedule",
            types.SCHEDULE,
            "when a cron starts a job: minute, hour, day, month, weekday; required for a cron",
            None,
            "30 4 * * *",
        ),
        Field(
            "time_zone",
            types.TIME_ZONE,
            "time zone of the schedule; the cluster's if not given; cron only",
            None,
            "Asia/Shanghai",
        ),
        Field(
            "concurrency",
            Choice(CONCURRENCY),
            "what happens while the previous job still runs; cron only",
            JobSettings.concurrency,
            "replace",
        ),
        Field(
            "starting_deadline",
            types.DURATION,
            "how late a job may start, else it is skipped; any time if not given; cron only",
            None,
            "10m",
            attribute="starting_deadline_s",
        ),
        Field(
            "history",
            Integer(0, 100, "a number of jobs"),
            "how many finished jobs are kept, successful and failed ones each; cron only",
            JobSettings.history,
            1,
        ),
        Field(
            "retries",
            Integer(0, 100, "a number of retries"),
            "how often it runs again after it has failed",
            JobSettings.retries,
            2,
        ),
        Field(
            "deadline",
            types.DURATION,
            "how long it may run before it is stopped; no limit if not given; in clusters",
            None,
            "1h",
            attribute="deadline_s",
        ),
        Field(
            "keep",
            types.DURATION,
            "how long a finished job is kept; for ever if not given; not for a cron; in clusters",
            None,
            "24h",
            attribute="keep_s",
        ),
    ),
)
