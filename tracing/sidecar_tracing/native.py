"""The platform's own threads, locks and calls, also where gevent or eventlet has replaced them.

All that reports spans is of this one world. A tracer works, then, whether greenlets come before it,
after it or never: no greenlet waits for what only another greenlet could end, and none is needed.
"""

# ruff: noqa: ANN401 - the platform's functions have many types

from __future__ import annotations

import importlib
import signal
import sys
import threading
import time
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_TICK_SECONDS = 0.005


def original(module: str, name: str) -> Any:
    """Return a function of the standard library as it was before gevent or eventlet."""
    if gevent := sys.modules.get("gevent.monkey"):
        return gevent.get_original(module, name)
    eventlet = sys.modules.get("eventlet.patcher")
    if eventlet and eventlet.is_monkey_patched(module.removeprefix("_")):
        return getattr(eventlet.original(module), name)
    return getattr(importlib.import_module(module), name)


@cache
def _lock_factory() -> Callable[[], Any]:
    factory: Callable[[], Any] = original("_thread", "allocate_lock")
    return factory


def new_lock() -> Any:
    """Return a lock of the platform."""
    return _lock_factory()()


class _Clock:
    """Not a name of a module: freezegun replaces those, in a service that freezes its time."""

    read: Callable[[], float] = staticmethod(
        getattr(sys.modules.get("freezegun.api"), "real_monotonic", time.monotonic)
    )


def monotonic() -> float:
    """Return the seconds of a clock that goes on, also where the service's stands still."""
    return _Clock.read()


def sleep(seconds: float) -> None:
    """Wait in this thread, whatever greenlets it has."""
    if seconds > 0:
        lock = new_lock()
        lock.acquire()
        lock.acquire(timeout=seconds)


def is_green() -> bool:
    """Whether threads are greenlets now."""
    if (gevent := sys.modules.get("gevent.monkey")) and gevent.is_module_patched("threading"):
        return True
    eventlet = sys.modules.get("eventlet.patcher")
    return bool(eventlet and eventlet.is_monkey_patched("thread"))


class Latch:
    """Something that happens once, in any thread; waiting for it needs no greenlet."""

    def __init__(self) -> None:
        self.is_set = False
        self.value: Any = None
        self._lock = new_lock()
        self._lock.acquire()

    def set(self, value: Any = None) -> None:
        """Let all go on that wait; only the first call counts."""
        if not self.is_set:
            self.value, self.is_set = value, True
            self._lock.release()

    def wait(self, seconds: float) -> bool:
        """Wait for `set`, in this thread; False if it did not come in time."""
        if not self.is_set and self._lock.acquire(timeout=max(0.0, seconds)):
            self._lock.release()
        return self.is_set

    def wait_politely(self, seconds: float) -> bool:
        """Wait for `set`; other greenlets go on meanwhile, if there are any."""
        deadline = monotonic() + seconds
        with suppress(Exception):  # the greenlet of the loop itself cannot sleep so
            while is_green() and not self.is_set and monotonic() < deadline:
                time.sleep(_TICK_SECONDS)
        return self.wait(deadline - monotonic())


def start_thread(work: Callable[..., None], *arguments: Any) -> None:
    """Start a thread that ends with the process at the latest, and gets no signals.

    Raises RuntimeError if none can start: at a limit, or at the interpreter's exit.
    """
    original("_thread", "start_new_thread")(_run, (work, *arguments))


def _run(work: Callable[..., None], *arguments: Any) -> None:
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    if (trace := threading.gettrace()) and not is_green():
        sys.settrace(trace)  # as threading does, for debuggers and coverage
    work(*arguments)
