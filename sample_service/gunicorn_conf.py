"""gunicorn's settings for both services.

gunicorn --config python:sample_service.gunicorn_conf sample_service.frontend:app
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import opentracing
from sidecar_tracing import Tracer

from sample_service import jobs, logs, tracing

IS_BACKEND = any("sample_service.backend" in word for word in sys.argv)
"""The application's name is the last word of gunicorn's command line."""

os.environ.setdefault("JAEGER_SERVICE_NAME", "backend" if IS_BACKEND else "frontend")


def number(variable: str, default: int) -> int:
    """Return a variable as a positive number; ends the program if it is not one."""
    text = os.environ.get(variable, "").strip() or str(default)
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        sys.exit(f"{variable}={text} is not a positive number")
    return int(text)


bind = f"{os.environ.get('HOST') or '0.0.0.0'}:{number('PORT', 8081 if IS_BACKEND else 8080)}"
workers = number("WEB_CONCURRENCY", 2)
worker_class = "gthread"
threads = 4
graceful_timeout = 15
preload_app = True  # the workers start in half the time, as they import nothing
control_socket_disable = True  # it wants a writable home
# writable under a read-only root
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
logconfig_dict: dict[str, Any] = logs.CONFIG


def post_worker_init(_worker: object) -> None:
    """Create this worker's tracer: after the fork, although the application is loaded before."""
    tracing.start()


def worker_exit(_server: object, _worker: object) -> None:
    """Finish the jobs, and flush the tracer; gunicorn calls it after the last request."""
    jobs.stop()
    tracer = opentracing.global_tracer()
    if isinstance(tracer, Tracer):
        tracing.stop(tracer)
