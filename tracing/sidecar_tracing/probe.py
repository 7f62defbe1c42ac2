"""Send marked spans as a service does, and print the outcome as one JSON object."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from sidecar_tracing import environment, stats_socket
from sidecar_tracing.config import init_tracer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar_tracing.closing import CloseReport
    from sidecar_tracing.tracer import Tracer

MARKER_TAG = "sidecar.marker"
TRACE_SPANS = 100
SHOWN_TRACE_IDS = 5
_LAST_COUNT_SECONDS = 30.0
_UNTIL_CLOSED = 3600.0
"""Flush interval of spans that are sent at once: all but the last packet are full.

Only large packets show that a link drops them, and an early one would be small.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Send the spans; return 0 if all were sent, else 1."""
    args = parser().parse_args(argv)
    stats_socket.turn_off()
    tracer = new_tracer(args)
    started_at = time.monotonic()
    trace_ids = send(tracer, args.spans, args.marker, args.rate)
    report = _close(tracer, args.timeout)
    result = {
        "service": args.service,
        "marker": args.marker,
        "started": tracer.stats().started,
        "sent": report.sent,
        "dropped": report.dropped,
        "packets": tracer.stats().packets,
        "seconds": round(time.monotonic() - started_at, 3),
        "trace_ids": trace_ids,
    }
    print(json.dumps(result))
    return 0 if report.complete else 1


def new_tracer(args: argparse.Namespace) -> Tracer:
    """Return the tracer that reports as the arguments say."""
    return init_tracer(
        args.service,
        sampler={"type": "const", "param": 1},
        local_agent=_agent(args.agent),
        reporter_flush_interval=None if args.rate else _UNTIL_CLOSED,
    )


def send(tracer: Tracer, spans: int, marker: str, rate: float = 0.0) -> list[str]:
    """Finish `spans` marked spans, at `rate`/s if above 0; return the first trace IDs in hex.

    A trace has up to TRACE_SPANS of them, so that few traces appear among the service's own.
    """
    trace_ids = []
    started_at = time.monotonic()
    root: Any = None
    for number in range(spans):
        if rate > 0:
            time.sleep(max(0.0, started_at + number / rate - time.monotonic()))
        parent = root if number % TRACE_SPANS else None
        with tracer.start_span("sidecar-probe", child_of=parent, tags={MARKER_TAG: marker}) as span:
            span.log_kv({"event": "probe", "number": number})
        if parent is None:
            root = span
            trace_ids.append(f"{span.trace_id:016x}")
    return trace_ids[:SHOWN_TRACE_IDS]


def _close(tracer: Tracer, timeout: float) -> CloseReport:
    """Close within `timeout`, and return the last report: it counts each span as sent or dropped.

    On a busy machine the reporter's thread may end a moment later than the close does.
    """
    tracer.close(timeout)
    return tracer.close().result(_LAST_COUNT_SECONDS)


def _agent(address: tuple[str, int] | None) -> dict[str, Any]:
    host, port = address or (None, None)
    return {
        "reporting_host": host or environment.agent_host(),
        "reporting_port": port or environment.agent_port(),
    }


def parser() -> argparse.ArgumentParser:
    """Return the parser of the probe's arguments."""
    found = argparse.ArgumentParser(prog="python -m sidecar_tracing.probe", description=__doc__)
    found.add_argument("--service", required=True, help="name to report as")
    found.add_argument(
        "--spans", type=_count, default=10, metavar="N", help="how many (default: %(default)s)"
    )
    found.add_argument("--marker", required=True, help=f"value of each span's tag {MARKER_TAG}")
    found.add_argument(
        "--rate", type=_seconds, default=0.0, metavar="SPANS_PER_S", help="default: at once"
    )
    found.add_argument(
        "--agent",
        type=_address,
        metavar="HOST:PORT",
        help="default: JAEGER_AGENT_HOST and JAEGER_AGENT_PORT",
    )
    found.add_argument(
        "--timeout",
        type=_seconds,
        default=10.0,
        metavar="S",
        help="limit of the close (default: %(default)s)",
    )
    return found


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of spans")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is negative or infinite")
    return value


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    is_port = port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= environment.MAX_PORT
    if not (colon and host and is_port):
        raise argparse.ArgumentTypeError(f"{text} is not HOST:PORT")
    return host.removeprefix("[").removesuffix("]"), int(port)


if __name__ == "__main__":
    sys.exit(main())
