"""What is wrong with the Python of a service's image: its tracing client, and when it forks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CLIENT, RUNTIME = "jaeger-client", "sidecar-tracing"
OTLP_CLIENT = "opentelemetry-sdk"

CLIENT_BROKEN = Rule(
    "client-import-fails",
    Severity.ERROR,
    "A service's image has jaeger-client, and Python cannot import it.",
    "The service exits when it imports the client, or reports no span.",
    "Install what is missing; `pip install six` for jaeger-client 4.8.0 with thrift 0.25",
    "pip install jaeger-client==4.8.0, without six",
)
NO_CLIENT = Rule(
    "no-tracing-client",
    Severity.WARNING,
    "A service's image has no tracing client for Python that reports to a jaeger-agent.",
    "The service reports no span.",
    "Install sidecar-tracing, and use it as README shows",
    "image: python:3.12-slim",
)
OTLP_ONLY = Rule(
    "client-speaks-otlp",
    Severity.WARNING,
    "The only tracing client of a service's image is OpenTelemetry's.",
    "It exports OTLP, which a jaeger-agent does not take: no span arrives.",
    "Send OTLP to the gateway directly, or use a client that reports to the agent",
    "pip install opentelemetry-sdk opentelemetry-exporter-otlp",
)
BEFORE_FORK = Rule(
    "tracer-before-fork",
    Severity.WARNING,
    "A server loads the application before it forks, and jaeger-client does not survive a fork.",
    "The reporter's thread is missing in each worker: every span stays in its queue.",
    "Create the tracer in each worker (post_fork), or use sidecar-tracing, which survives a fork",
    "gunicorn --preload shop:app",
)


def client(versions: Mapping[str, str], import_error: str, missing: str = "") -> Problem | None:
    """Judge the clients of an image: package → version, and why jaeger_client is not imported.

    `missing` is the module that the import did not find.
    """
    if CLIENT in versions:
        if not import_error:
            return None
        fix = f"Install `{missing}` in the image" if missing else None
        cause = f"{CLIENT} {versions[CLIENT]} cannot be imported: {import_error}"
        return CLIENT_BROKEN.problem(cause, fix)
    if OTLP_CLIENT in versions:
        cause = f"has {OTLP_CLIENT} {versions[OTLP_CLIENT]} and no {CLIENT}"
        return OTLP_ONLY.problem(cause)
    return NO_CLIENT.problem(f"has neither {CLIENT} nor {RUNTIME}")


def fork(
    command: Sequence[str], environment: Mapping[str, str], versions: Mapping[str, str]
) -> Problem | None:
    """Judge whether a service's command makes its tracer before it forks."""
    if CLIENT not in versions or RUNTIME in versions:
        return None
    server = loads_before_fork(command, environment)
    if not server:
        return None
    return BEFORE_FORK.problem(f"{server}, and {CLIENT}'s thread is missing in the workers")


def loads_before_fork(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return how a command loads the application before it forks; empty where it does not."""
    words = " ".join(command)
    if _names(words, "gunicorn"):
        given = f"{words} {environment.get('GUNICORN_CMD_ARGS', '')}"
        return "gunicorn preloads the application" if re.search(r"--preload\b", given) else ""
    if _names(words, "uwsgi"):
        lazy = re.search(r"--lazy(-apps)?\b", words) or environment.get("UWSGI_LAZY_APPS")
        return "" if lazy else "uWSGI forks after it has loaded the application"
    return ""


def _names(words: str, program: str) -> bool:
    return bool(re.search(rf"(^|[/\s]){program}(\s|$)", words))
