"""The tracer of a service: created after the fork, flushed before the worker ends."""

from __future__ import annotations

import logging

from sidecar_tracing import CloseReport, Config, Tracer

logger = logging.getLogger(__name__)

STOP_SECONDS = 5.0


def start() -> Tracer | None:
    """Create the global tracer, which reads the JAEGER_ environment variables."""
    tracer: Tracer | None = Config({"sampler": {"type": "const", "param": 1}}).initialize_tracer()
    return tracer


def stop(tracer: Tracer) -> CloseReport:
    """Send the queued spans within a time limit, and log how many were not sent."""
    report = tracer.close(STOP_SECONDS)
    log = logger.info if report.complete else logger.warning
    log("Tracer closed: %d spans sent, %d not", report.sent, report.unsent)
    return report
