"""The tracer's whole life in a service: started after the fork, flushed before the worker ends."""

from __future__ import annotations

import logging

from sidecar_tracing import CloseReport, Config, Tracer

logger = logging.getLogger(__name__)

STOP_SECONDS = 5.0


def start() -> Tracer | None:
    """Make the global tracer from JAEGER_SERVICE_NAME, JAEGER_AGENT_HOST and JAEGER_AGENT_PORT."""
    tracer: Tracer | None = Config({"sampler": {"type": "const", "param": 1}}).initialize_tracer()
    return tracer


def stop(tracer: Tracer) -> CloseReport:
    """Send what is queued, within a bound, and log what did not leave."""
    report = tracer.close(STOP_SECONDS)
    log = logger.info if report.complete else logger.warning
    log("Tracer closed: %d spans sent, %d not", report.sent, report.unsent)
    return report
