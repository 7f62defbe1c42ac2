"""A background queue inside one worker, as an example of a carrier that is not HTTP."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import opentracing
from opentracing.propagation import Format

logger = logging.getLogger(__name__)

# its thread starts with the first job, so after gunicorn's fork
_executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="jobs")


def submit(text: str, carrier: dict[str, str]) -> None:
    """Record a greeting later; the carrier holds the TEXT_MAP form of the span that it follows."""
    _executor.submit(record, text, carrier)


def record(text: str, carrier: dict[str, str]) -> None:
    """Log the greeting, in a span of the trace that asked for it."""
    tracer = opentracing.global_tracer()
    cause = opentracing.follows_from(tracer.extract(Format.TEXT_MAP, carrier))
    with tracer.start_active_span("record greeting", references=[cause]):
        logger.info("Recorded a greeting of %d characters", len(text))


def stop() -> None:
    """Finish the jobs that were submitted."""
    _executor.shutdown(wait=True)
