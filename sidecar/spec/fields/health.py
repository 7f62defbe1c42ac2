"""The fields of `health`: how to tell that a service is healthy."""

from __future__ import annotations

from sidecar.spec import field_types as types
from sidecar.spec.containers import ListOf
from sidecar.spec.scalars import Integer
from sidecar.spec.sections import Field, Section
from sidecar.spec.service_records import HealthCheck

_SECONDS = Integer(1, 86_400, "a time in seconds")
HEALTH = Section(
    HealthCheck,
    (
        Field(
            "command",
            ListOf(types.ANY_TEXT, 1),
            "program and arguments, run in the container",
            None,
            ["python", "-m", "orders.check"],
        ),
        Field(
            "http",
            types.URL_PATH,
            "path that answers 2xx; requested on `port` with the image's python",
            None,
            "/healthz",
        ),
        Field(
            "ready",
            types.URL_PATH,
            "path that answers 2xx while it takes requests; Compose, with one check, uses this",
            None,
            "/readyz",
        ),
        Field("interval_s", _SECONDS, "seconds between two checks", HealthCheck.interval_s, 10),
        Field("timeout_s", _SECONDS, "seconds after which a check fails", HealthCheck.timeout_s, 2),
        Field(
            "retries",
            Integer(1, 1000, "a number of retries"),
            "failures in a row that make it unhealthy",
            HealthCheck.retries,
            3,
        ),
        Field(
            "start_period_s",
            Integer(0, 86_400, "a time in seconds"),
            "seconds at the start in which failures do not count",
            HealthCheck.start_period_s,
            60,
        ),
    ),
    one_of=("command", "http"),
)
