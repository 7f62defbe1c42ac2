"""The clients that are compared, and for each a receiver that costs as little as possible."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

from bench import ddtrace_spans, gateways, opentelemetry_spans

if TYPE_CHECKING:
    from collections.abc import Iterator

STOCK = {"stock": "stock", "stock + our settings": "settings"}
KIT = {"sidecar_tracing": "kit"}
OPENTELEMETRY = {"OpenTelemetry SDK, batches, OTLP by gRPC": "otel"}
DDTRACE = {"ddtrace": "ddtrace"}


def others() -> dict[str, str]:
    """Return the other libraries that are installed, by name."""
    found = OPENTELEMETRY if opentelemetry_spans.is_installed() else {}
    return found | (DDTRACE if ddtrace_spans.is_installed() else {})


@contextlib.contextmanager
def receivers() -> Iterator[dict[str, str]]:
    """Run the receivers, and give HOST:PORT by the way that reports to it.

    Packets go to a socket that nothing reads; OpenTelemetry's and ddtrace's batches to servers
    that answer without a look at them.
    """
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink,
        gateways.bare() as server,
        ddtrace_spans.agent() as datadog,
    ):
        sink.bind(("127.0.0.1", 0))
        here = f"127.0.0.1:{sink.getsockname()[1]}"
        ways = dict.fromkeys(("off", "nothing", *STOCK.values(), *KIT.values()), here)
        yield ways | {"otel": server.grpc, "ddtrace": datadog}
