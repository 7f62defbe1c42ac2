"""What a stand-in's page says of a service: its last span."""

from __future__ import annotations

import json
from urllib.parse import quote

from sidecar.verify.network.loopback import fetch

_ANSWER_SECONDS = 1.0
_MICROSECONDS = 1_000_000


def last_span(page: str, service: str) -> float | None:
    """Return when a service's last span ended, in Unix seconds; None where it is not shown."""
    try:
        found = json.loads(
            fetch(f"{page}/api/traces?service={quote(service)}&limit=1", _ANSWER_SECONDS)
        )
        traces = found["data"]
        ends = [span["startTime"] + span["duration"] for span in traces[0]["spans"]]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return float(max(ends)) / _MICROSECONDS if ends else None
