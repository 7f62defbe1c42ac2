"""Pacing: no burst longer than the agent's kernel buffer can hold, whatever the service does."""

from __future__ import annotations

import time

BYTES_PER_SECOND = 2_500_000
"""At this rate an agent may pause for 60 ms before a default receive buffer (212,992 B) is full."""

BURST_BYTES = 65_536
"""What may leave at once after a pause."""

PACKET_OVERHEAD = 1_024
"""What the kernel charges for a packet beyond its bytes, roughly."""


class Pace:
    """A token bucket over bytes."""

    def __init__(self, bytes_per_second: float = BYTES_PER_SECOND) -> None:
        self._rate = max(1.0, bytes_per_second)
        self._tokens = float(BURST_BYTES)
        self._filled_at = time.monotonic()

    def delay(self, size: int) -> float:
        """Charge a packet of `size` bytes and return the seconds to wait before it may leave."""
        now = time.monotonic()
        self._tokens = min(BURST_BYTES, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        self._tokens -= size + PACKET_OVERHEAD
        return max(0.0, -self._tokens / self._rate)
