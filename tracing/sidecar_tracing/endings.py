"""Sends the spans before a process ends, however it ends, except by SIGKILL or a crash.

- the interpreter's exit: by `atexit`;
- an end without it, which Python code asks for: `os._exit`, `os.abort`, `os.exec*`, or a signal to
  itself with the default action, as uvicorn does. These functions are wrapped;
- a signal from outside, such as SIGTERM. Where the default action would end the process, a handler
  sends the spans and lets the default action follow, so that the exit status stays the same. A
  handler of the service, SIG_IGN, and what is not Python's own are left alone.

Nothing of this is done before the first tracer, nor where SIDECAR_TRACING_ENDINGS is `off`.
"""

# ruff: noqa: ANN401 - the platform's functions have many types

from __future__ import annotations

import atexit
import functools
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar_tracing import lifecycle, nudge

if TYPE_CHECKING:
    from collections.abc import Callable

SWITCH = "SIDECAR_TRACING_ENDINGS"
"""Environment variable: `off` leaves signals and the functions that end a process alone."""

_FROM_OUTSIDE = ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGPIPE")
"""Not those of timers, by which a process ends that hangs, nor those of faults."""

_HARMLESS = ("SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU")
"""Signals whose default action does not end the process."""

_RELOADED = ("WERKZEUG_RUN_MAIN", "RUN_MAIN")
"""Variables of a process that Werkzeug's or Django's reloader has started, and ends by SIGKILL."""

_ATTEMPTS = 50
"""Spans per process that look whether this is the main thread, which alone may set handlers."""


class _State:
    is_wrapped = False
    pid = 0
    attempts = 0
    is_armed = is_done = False
    begun = 0
    """How often the handler has begun."""


_raise_signal, _set_handler = signal.raise_signal, signal.signal


def arm() -> None:
    """Cover this process's ends, as far as this thread can. Never raises."""
    if _is_off():
        return
    if not _State.is_wrapped:
        _State.is_wrapped = True
        _wrap_functions()
    _State.pid, _State.attempts = os.getpid(), 0
    _cover_signals()


def arm_early() -> bool:
    """Cover signals at a process's first spans: their thread may be the main one.

    False once there is nothing left to try in this process.
    """
    if _State.pid != os.getpid():
        _State.pid, _State.attempts = os.getpid(), 0
        _State.is_armed = _State.is_done = False
    if not _State.is_done and _State.attempts < _ATTEMPTS:
        _State.attempts += 1
        if not _is_off():
            _cover_signals()
            _watch_signals()
    return not _State.is_done and _State.attempts < _ATTEMPTS


def _after_fork_in_child() -> None:
    """Give signals their default action until the child's first span: it has nothing to send.

    Python runs a handler once the main thread comes back to it. A signal that comes just before
    that thread waits in C code, as a worker of a new pool does, would end nothing until then.
    """
    for number in _from_outside():
        with suppress(Exception):
            if signal.getsignal(number) is _end:
                _set_handler(number, signal.SIG_DFL)


def are_unseen() -> bool:
    """Whether this process may end without Python: under uWSGI while busy, under a reloader."""
    is_reloaded = any(os.environ.get(name) == "true" for name in _RELOADED)
    return is_reloaded or hasattr(sys.modules.get("uwsgi"), "opt")


def _is_off() -> bool:
    return os.environ.get(SWITCH, "").strip().lower() == "off"


def _cover_signals() -> None:
    idle = [number for number in _from_outside() if signal.getsignal(number) is signal.SIG_DFL]
    used_in_c = _used_in_c() if idle else 0
    with suppress(Exception):  # ValueError: not in the main thread
        for number in idle:
            if not used_in_c >> (number - 1) & 1:
                _set_handler(number, _end)
    _State.is_armed = signal.getsignal(signal.SIGTERM) is _end


def _from_outside() -> list[int]:
    return [getattr(signal, name) for name in _FROM_OUTSIDE if hasattr(signal, name)]


def _watch_signals() -> None:
    """Start the thread that this takes: not before the first span, since a process may fork."""
    if not _State.is_armed:
        return
    with suppress(Exception):  # ValueError: not in the main thread
        nudge.arm(_from_outside(), lambda: _State.begun)
        _State.is_done = True


def _used_in_c() -> int:
    """Return, as bits, the signals that a server in C has a handler for, or ignores, and others."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    lines = dict(line.partition(":")[::2] for line in status.splitlines())
    caught, ignored = (int(lines.get(name, "").strip() or "0", 16) for name in ("SigCgt", "SigIgn"))
    return caught | ignored


def _end(number: int, _: object) -> None:
    """Send the spans, then have the default action: our only handler."""
    _State.begun += 1
    with suppress(Exception):
        lifecycle.flush_all()
    if signal.getsignal(number) is not _end:
        lifecycle.go_on()  # a later handler of the service's calls this one, and decides itself
        return
    _set_handler(number, signal.SIG_DFL)
    _raise_signal(number)
    # still here: the kernel spares the first process of a container
    _set_handler(number, _end)
    lifecycle.go_on()


def _wrap_functions() -> None:
    _before(os, "_exit", lambda *_: True)
    _before(os, "abort", lambda *_: True)
    for name in ("execv", "execve"):
        _before(os, name, lambda *_: True)
    _before(signal, "raise_signal", _ends)
    _before(os, "kill", lambda pid=0, number=0, *_: pid == os.getpid() and _ends(number))

    module: Any = signal
    module.signal = _signal


@functools.wraps(signal.signal)
def _signal(signalnum: int, handler: Any) -> Any:
    """Have our handler where a process with a tracer sets a default action again."""
    is_default = isinstance(handler, int) and handler == signal.SIG_DFL
    if is_default and _State.pid == os.getpid() and signalnum in _from_outside():
        handler = _end
    return _set_handler(signalnum, handler)


def _ends(number: int = 0, *_: object) -> bool:
    """Whether this signal ends this process by its default action."""
    names = [getattr(signal, name, None) for name in _HARMLESS]
    if number in (0, *names):
        return False
    killing = getattr(signal, "SIGKILL", None)
    return number == killing or signal.getsignal(number) is signal.SIG_DFL


def _before(module: Any, name: str, is_end: Callable[..., bool]) -> None:
    if (function := getattr(module, name, None)) is None:
        return

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with suppress(Exception):
            if is_end(*args):
                lifecycle.flush_all()
        try:
            return function(*args, **kwargs)
        finally:
            lifecycle.go_on()  # still here: an error, or a signal that is blocked

    setattr(module, name, wrapped)


atexit.register(lifecycle.close_all)
if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_after_fork_in_child)
