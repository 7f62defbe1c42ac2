"""The open reporters of the process: they restart after a fork, and share the time of its end."""

from __future__ import annotations

import logging
import os
import sys
import threading
from contextlib import suppress
from typing import Protocol

from sidecar_tracing import environment, native, stats_socket

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
        _Clock.deadline = native.monotonic() + (EXIT_SECONDS if seconds is None else seconds)
    return _Clock.deadline


class _LastThread:
    """Ends a child with its only thread, which another than the main one forked.

    Such a thread ends without the interpreter's exit; ours would keep the process alive.
    """

    def __del__(self) -> None:
        with suppress(Exception):
            if not (sys.is_finalizing() or native.is_green() or _others()):
                os._exit(0)  # which sends the spans first


def _others() -> list[threading.Thread]:
    """Return the service's other threads; ours have no more than a name for the log."""
    threads = [one for one in threading.enumerate() if one.ident != threading.get_ident()]
    return [one for one in threads if not isinstance(one, threading._DummyThread)]  # noqa: SLF001


class _Fork:
    is_by_main_thread = True
    """Or by a greenlet, which does not end the process either."""
    local = threading.local()


def _before_fork() -> None:
    is_main = threading.get_ident() == threading.main_thread().ident
    _Fork.is_by_main_thread = is_main or native.is_green()


def _after_fork_in_child() -> None:
    if _open and not _Fork.is_by_main_thread:
        _Fork.local.last = _LastThread()
    stats_socket.after_fork_in_child()
    for reporter in list(_open.values()):
        reporter.after_fork_in_child()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
