"""Forks and exits: open reporters restart in a child, and close before their process ends."""

from __future__ import annotations

import atexit
import os
import time
from multiprocessing import util as multiprocessing_util
from typing import Protocol

from sidecar_tracing import stats_socket


class _Reporter(Protocol):
    def after_fork_in_child(self) -> None: ...
    def close_and_wait(self, timeout: float) -> object: ...


EXIT_SECONDS = 5.0
"""How long the exit of a process can wait for all its tracers together."""

_open: dict[int, _Reporter] = {}
"""Reporters by id, kept until they are closed, so that an unreferenced tracer sends its queue."""


def track(reporter: _Reporter) -> None:
    """Close this reporter when the process ends, unless it is closed before."""
    _open[id(reporter)] = reporter


def forget(reporter: _Reporter) -> None:
    """Stop tracking a closed reporter."""
    _open.pop(id(reporter), None)


def close_all() -> None:
    """Close all open reporters within EXIT_SECONDS."""
    deadline = time.monotonic() + EXIT_SECONDS
    for reporter in list(_open.values()):
        reporter.close_and_wait(max(0.0, deadline - time.monotonic()))


def _after_fork_in_child() -> None:
    stats_socket.after_fork_in_child()
    for reporter in list(_open.values()):
        reporter.after_fork_in_child()


def _close_at_end_of_multiprocessing_child(_: object = None) -> None:
    # such a child ends by os._exit: no atexit, but finalizers, which it clears at its start
    multiprocessing_util.Finalize(None, close_all, exitpriority=100)


class _Anchor:
    """The object of multiprocessing's after-fork hook; exists as long as the module."""


_anchor = _Anchor()
os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(close_all)
multiprocessing_util.register_after_fork(_anchor, _close_at_end_of_multiprocessing_child)
_close_at_end_of_multiprocessing_child()
