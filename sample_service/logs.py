"""Logs as JSON on standard output: one object per line, with the ID of its trace."""

from __future__ import annotations

import json
import logging
import os
from datetime import datetime, timezone
from typing import Any

import opentracing


class JsonFormatter(logging.Formatter):
    """Formats a record as a line of JSON: time, level, message, service, trace_id, exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        line = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "service": os.environ.get("JAEGER_SERVICE_NAME", ""),
            "trace_id": current_trace_id(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def current_trace_id() -> str | None:
    """Return the trace ID of this thread's active span, in hexadecimal."""
    span = opentracing.global_tracer().active_span
    trace_id = getattr(span, "trace_id", None)
    return None if trace_id is None else f"{trace_id:016x}"


CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonFormatter}},
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "stream": "ext://sys.stdout",
        }
    },
    "root": {"level": "INFO", "handlers": ["stdout"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
        "gunicorn.access": {"level": "WARNING", "handlers": [], "propagate": True},
    },
}
"""For `logging.config.dictConfig`."""
