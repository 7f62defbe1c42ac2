"""The documented example: a span, a log, a child span (`python -m sample_service.example`)."""

from __future__ import annotations

import json
import logging
import sys

from sidecar_tracing import Config


def main() -> int:
    """Send two spans and print their trace; return 0."""
    logging.basicConfig(level=logging.WARNING)
    config = Config(
        config={"sampler": {"type": "const", "param": 1}, "logging": True},
        service_name="sidecar-example",
        validate=True,
    )
    tracer = config.initialize_tracer()

    with tracer.start_span("TestSpan") as span:
        span.log_kv({"event": "test message", "life": 42})
        with tracer.start_span("ChildSpan", child_of=span) as child_span:
            child_span.log_kv({"event": "down below"})

    tracer.close(timeout=5)
    print(json.dumps({"trace_id": f"{span.trace_id:016x}", "spans": tracer.stats().as_dict()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
