"""`python -m sidecar.forwarder.drain`: returns once a collector holds nothing, or time is over.

A collector ends with what waits in its queue. This runs before it is told to: in a pod, a native
sidecar that was started after the collector is ended before it.
"""

from __future__ import annotations

import argparse
import http.client
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar import agent_metrics, udp_sockets
from sidecar.rules.agents import COMPACT_PORT
from sidecar.rules.collectors import METRICS_PORT

if TYPE_CHECKING:
    from collections.abc import Callable

_POLL_SECONDS = 0.25
_SAY_SECONDS = 5.0
"""Between two lines; whoever ends this first finds the last one."""
_EMPTY_READINGS = 3
"""In a row: a packet takes a moment from the socket to the queue."""
_MISSING_READINGS = 8
_UNREAD = "unread"


@dataclass
class Drain:
    """What was seen of a collector."""

    say: Callable[[str], None]
    waiting: int | None = None
    """Spans in its queue at the last reading; None where it never answered."""
    unread: int = 0
    """Bytes of packets that the collector has not taken yet: on a busy node it is slow."""
    _missing: int = 0
    _empty: int = 0
    _said: float = float("-inf")

    def is_over(self, counts: dict[str, int] | None, now: float) -> bool:
        """Take a reading; True where waiting on changes nothing."""
        if counts is None:
            self._missing += 1
            return self._missing >= _MISSING_READINGS
        self._missing, self.waiting = 0, counts.get("queue", 0)
        self.unread = counts[_UNREAD]
        self._empty = 0 if self.waiting or self.unread else self._empty + 1
        if self.waiting and now - self._said >= _SAY_SECONDS:
            self._said = now
            self.say(f"{self.waiting:,} spans wait in the collector's queue; it is drained")
        return self._empty >= _EMPTY_READINGS


def drained(
    read: Callable[[], dict[str, int] | None], seconds: float, say: Callable[[str], None]
) -> bool:
    """Wait until a collector holds nothing, and say what is left; False where something is."""
    drain, deadline = Drain(say), time.monotonic() + seconds
    while not drain.is_over(read(), now := time.monotonic()):
        if now >= deadline:
            break
        time.sleep(_POLL_SECONDS)
    if drain.waiting is None:
        say("the collector does not answer: what its queue holds is not known")
    elif drain.waiting:
        say(f"{drain.waiting:,} spans are left in the collector's queue, and are lost with it")
    else:
        say("0 spans are left in the collector's queue")
    if drain.unread:
        say(f"{drain.unread:,} bytes of packets are not read, and are lost with the collector")
    return drain.waiting == 0 and not drain.unread


def reading(port: int) -> dict[str, int] | None:
    """Return the totals of a collector on loopback, and what is unread; None where it is away."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/metrics")
        found = agent_metrics.totals(connection.getresponse().read().decode())
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return found | {_UNREAD: udp_sockets.unread(udp_sockets.tables(), COMPACT_PORT)}


def main(arguments: list[str] | None = None) -> int:
    """Wait; 0 where nothing is left."""
    parser = argparse.ArgumentParser(prog="python -m sidecar.forwarder.drain")
    parser.add_argument("--seconds", type=float, required=True, help="how long to wait at most")
    parser.add_argument("--port", type=int, default=METRICS_PORT, help="default: %(default)s")
    args = parser.parse_args(arguments)

    def say(text: str) -> None:
        print(text, flush=True)

    return 0 if drained(lambda: reading(args.port), args.seconds, say) else 1


if __name__ == "__main__":
    sys.exit(main())
