"""The open reporters of the process: they restart after a fork, and share the time of its end."""

from __future__ import annotations

import logging
import os
import time
from typing import Protocol

from sidecar_tracing import environment, stats_socket

logger = logging.getLogger("sidecar_tracing")


class _Reporter(Protocol):
    def after_fork_in_child(self) -> None: ...
    def flush_at_end(self, deadline: float) -> bool: ...
    def close_at_end(self, deadline: float) -> object: ...


EXIT_SECONDS = 5.0
"""How long the end of a process can wait for all its tracers together.

JAEGER_EXIT_TIMEOUT is another number of seconds.
"""

_open: dict[int, _Reporter] = {}
"""Reporters by id, kept until they are closed, so that an unreferenced tracer sends its queue."""


class _Clock:
    """The time that is left, however many steps the end has: exit hook, finalizers, os._exit."""

    deadline: float | None = None
    pid = 0


def track(reporter: _Reporter) -> None:
    """Close this reporter when the process ends, unless it is closed before."""
    _open[id(reporter)] = reporter


def forget(reporter: _Reporter) -> None:
    """Stop tracking a closed reporter."""
    _open.pop(id(reporter), None)


def is_impatient() -> bool:
    """Whether an agent that has never been there gets no time at the end."""
    return environment.exit_timeout() is None


def close_all() -> None:
    """Close all open reporters, for the end of the process."""
    deadline = _deadline()
    for reporter in list(_open.values()):
        reporter.close_at_end(deadline)


def flush_all() -> None:
    """Send what all open reporters hold, before an end without exit hooks."""
    deadline = _deadline()
    for reporter in list(_open.values()):
        reporter.flush_at_end(deadline)


def go_on() -> None:
    """Note that the process has not ended: the next end has its full time."""
    _Clock.deadline = None


def _deadline() -> float:
    if _Clock.deadline is None or _Clock.pid != os.getpid():
        _Clock.pid = os.getpid()
        seconds = environment.exit_timeout()
        _Clock.deadline = time.monotonic() + (EXIT_SECONDS if seconds is None else seconds)
    return _Clock.deadline


def _after_fork_in_child() -> None:
    stats_socket.after_fork_in_child()
    for reporter in list(_open.values()):
        reporter.after_fork_in_child()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_after_fork_in_child)
