"""Jaeger's binary carrier, as jaeger-client has it, but with bounds.

jaeger-client believes the lengths that a carrier claims: 41 bytes from a stranger make a process
take all memory of its host.
"""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import struct
from typing import Any

from jaeger_client.codecs import BinaryCodec
from opentracing import SpanContextCorruptedException

MOST_BYTES = 64 * 1024
"""Of a carrier; HTTP servers take headers of 8 to 16 KiB."""


class Binary(BinaryCodec):  # type: ignore[misc] # jaeger-client publishes no types
    """Reads and writes a bytearray."""

    def extract(self, carrier: Any) -> Any:
        """Return the context in a carrier; raises for a malformed one."""
        if isinstance(carrier, bytearray) and len(carrier) > MOST_BYTES:
            raise SpanContextCorruptedException("the binary carrier is too long")
        return super().extract(carrier)

    def _read_kv(self, data: bytearray) -> tuple[str, int]:
        (length,) = struct.unpack(">i", data[:4])
        end = 4 + length
        if not 4 <= end <= len(data):
            raise SpanContextCorruptedException("the binary carrier ends within its baggage")
        return bytes(data[4:end]).decode("utf-8"), end
