"""A background queue inside a worker, as an example of a carrier other than HTTP."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import opentracing
from opentracing.propagation import Format

logger = logging.getLogger(__name__)

# its thread starts with the first job, which is after gunicorn's fork
_executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="jobs")


def submit(text: str, carrier: dict[str, str]) -> None:
    """Record a greeting later; the carrier contains the span that it follows, as TEXT_MAP."""
    _executor.submit(record, text, carrier)


def record(text: str, carrier: dict[str, str]) -> None:
    """Log the greeting, in a span of the trace that requested it."""
    tracer = opentracing.global_tracer()
    cause = opentracing.follows_from(tracer.extract(Format.TEXT_MAP, carrier))
    with tracer.start_active_span("record greeting", references=[cause]):
        logger.info("Recorded a greeting of %d characters", len(text))


def stop() -> None:
    """Finish the jobs that were submitted."""
    _executor.shutdown(wait=True)
