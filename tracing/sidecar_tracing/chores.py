"""Logs and metrics that a platform thread leaves to the service's own threads.

Both take locks. Under gevent and eventlet these are locks of greenlets, which no other thread may
wait for. There, a log record or a metric waits until the service next makes a span or asks.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from sidecar_tracing import native

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST = 1_000
due: deque[Callable[[], object]] = deque(maxlen=_MOST)


def do(work: Callable[[], object]) -> None:
    """Do this now, or where greenlets are, soon."""
    if native.is_green():
        due.append(work)
    else:
        work()


def catch_up() -> None:
    """Do what is due; called by the service's threads, and cheap if there is nothing."""
    while due:
        try:
            work = due.popleft()
        except IndexError:
            return
        work()
