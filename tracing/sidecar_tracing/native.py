"""The platform's own threads and calls, also where gevent or eventlet has replaced them."""

# ruff: noqa: ANN401 - the platform's functions have many types

from __future__ import annotations

import importlib
import signal
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def original(module: str, name: str) -> Any:
    """Return a function of the standard library as it was before gevent or eventlet."""
    if gevent := sys.modules.get("gevent.monkey"):
        return gevent.get_original(module, name)
    if eventlet := sys.modules.get("eventlet.patcher"):
        return getattr(eventlet.original(module), name)
    return getattr(importlib.import_module(module), name)


def start_thread(work: Callable[..., None], *arguments: Any) -> None:
    """Start a thread that ends with the process at the latest, and gets no signals.

    Raises RuntimeError if none can start: at a limit, or at the interpreter's exit.
    """
    original("_thread", "start_new_thread")(_run, (work, *arguments))


def _run(work: Callable[..., None], *arguments: Any) -> None:
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    work(*arguments)
