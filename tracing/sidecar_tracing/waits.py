"""How long a span may wait for its packet to fill, and the limit of every wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar_tracing import native

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_SECONDS = 86_400.0
"""Less than the limit of any clock or lock of the platform."""

EARLY_SHARE = 50
"""After idleness, spans wait for this part of the flush interval: by default for 20 ms."""


def bounded(seconds: float) -> float:
    """Return a number of seconds that every wait accepts: at most a day, and 0 for NaN."""
    return min(_LONGEST_SECONDS, max(0.0, seconds))


class Bucket:
    """A token bucket: so many at once, and so many a second.

    All it keeps is when it is full again, so it can be read without a lock.
    """

    def __init__(
        self, burst: float, per_second: float, clock: Callable[[], float] = native.monotonic
    ) -> None:
        self._burst, self._per_second, self._clock = burst, per_second, clock
        self._full_at = clock()

    def wait(self, count: float) -> float:
        """Return the seconds until so many are there."""
        full_in = max(0.0, self._full_at - self._clock())
        return max(0.0, full_in - (self._burst - count) / self._per_second)

    def charge(self, count: float) -> float:
        """Take so many, there or not, and return the seconds until they are."""
        seconds = self.wait(count)
        self._full_at = max(self._full_at, self._clock()) + count / self._per_second
        return seconds

    def take(self) -> bool:
        """Take one, if there is one."""
        return not self.wait(1) and not self.charge(1)


class Patience:
    """The wait for more spans: short after idleness, and twice as long after each packet.

    A first span is sent early. While spans keep coming, six packets later they wait for the whole
    interval again, so that packets under load are as large as without early ones.
    """

    def __init__(self, interval: float, clock: Callable[[], float] = native.monotonic) -> None:
        self._interval = interval
        self._clock = clock
        self._seconds = interval
        self._taken_at = -float("inf")

    def begin(self) -> float:
        """Return how long a span waits that is the first of its packet."""
        if self._clock() - self._taken_at >= self._interval:
            self._seconds = self._interval / EARLY_SHARE
        return self._seconds

    def end(self) -> None:
        """Note that spans are taken for a packet, full or not."""
        self._seconds = min(2 * self._seconds, self._interval)
        self._taken_at = self._clock()
