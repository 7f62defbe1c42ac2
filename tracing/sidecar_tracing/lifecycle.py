"""Forks and exits: live reporters restart in a child, and are closed before their process ends."""

from __future__ import annotations

import atexit
import os
import time
from multiprocessing import util as multiprocessing_util
from typing import Protocol


class _Reporter(Protocol):
    def after_fork_in_child(self) -> None: ...
    def close_and_wait(self, timeout: float) -> object: ...


EXIT_SECONDS = 5.0
"""How long the exit of a process may wait for all its tracers together."""

_live: dict[int, _Reporter] = {}
"""Reporters by id, held until they are closed: a dropped tracer's queued spans are still sent."""


def track(reporter: _Reporter) -> None:
    """Close this reporter when the process ends, unless somebody did before."""
    _live[id(reporter)] = reporter


def forget(reporter: _Reporter) -> None:
    """Stop tracking a reporter that is closed."""
    _live.pop(id(reporter), None)


def close_all() -> None:
    """Close every live reporter within the one bound."""
    deadline = time.monotonic() + EXIT_SECONDS
    for reporter in list(_live.values()):
        reporter.close_and_wait(max(0.0, deadline - time.monotonic()))


def _after_fork_in_child() -> None:
    for reporter in list(_live.values()):
        reporter.after_fork_in_child()


def _close_at_end_of_multiprocessing_child(_: object = None) -> None:
    # such a child ends by os._exit: no atexit, but these finalizers, which it clears when it starts
    multiprocessing_util.Finalize(None, close_all, exitpriority=100)


class _Anchor:
    """What multiprocessing holds its after-fork hook by; lives as long as the module."""


_anchor = _Anchor()
os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(close_all)
multiprocessing_util.register_after_fork(_anchor, _close_at_end_of_multiprocessing_child)
_close_at_end_of_multiprocessing_child()
