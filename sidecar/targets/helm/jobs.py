"""How the chart runs a job, or the jobs of a cron."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sidecar.spec import JobSettings


def decided(job: JobSettings) -> dict[str, Any]:
    """Return the values of a job or cron job that its spec decides."""
    values: dict[str, Any] = {
        "backoffLimit": job.retries,
        "activeDeadlineSeconds": job.deadline_s,
        "ttlSecondsAfterFinished": job.keep_s,
    }
    if job.schedule:
        values |= {
            "schedule": job.schedule,
            "timeZone": job.time_zone,
            "concurrencyPolicy": job.concurrency.capitalize(),
            "startingDeadlineSeconds": job.starting_deadline_s,
            "successfulJobsHistoryLimit": job.history,
            "failedJobsHistoryLimit": job.history,
        }
    return {key: value for key, value in values.items() if value is not None}
