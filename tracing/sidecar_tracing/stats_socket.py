r"""Tells `sidecar verify` what this process reports, on an abstract Unix socket of Linux.

The socket `\0sidecar-tracing/<pid>` belongs to the network namespace: no port, and no file. Each
connection gets one JSON object. It holds counts and addresses, and neither tags nor spans.

Thread and socket begin with a process's first span: a server may load the tracer and then fork by C
code, which copies whatever lock a thread holds at that moment.

Both are the platform's own even where gevent or eventlet replace both, and the
thread takes no lock of the service. Whatever fails here stays here: the service has no socket then.
"""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import _socket
import json
import os
import sys
import time
import weakref
from contextlib import suppress
from typing import Any, Protocol

from sidecar_tracing import native
from sidecar_tracing.descriptors import Socket
from sidecar_tracing.version import __version__

PREFIX = "sidecar-tracing/"
SWITCH = "SIDECAR_TRACING_SOCKET"
"""Environment variable: `off` turns the socket off."""
_NAMES = 8
"""Two containers of a pod can have the same pid: the later one adds a number."""
_ANSWER_SECONDS = 1.0


class _Tracer(Protocol):
    service_name: Any
    tags: Any
    sampler: Any
    reporter: Any
    created_at: float

    @property
    def ignored_headers(self) -> int: ...


class _Server:
    """The one socket of a process; there is none until its first span."""

    def __init__(self) -> None:
        self.tracers: weakref.WeakSet[_Tracer] = weakref.WeakSet()
        self.is_due = False
        """True from the first tracer, or the fork, to the first span."""
        self.is_off = sys.platform != "linux"
        self._listener: Socket | None = None
        self._pid = os.getpid()

    def open(self) -> None:
        """Open the socket if there is none. Never raises."""
        self.is_due = False
        if self.is_off or self._listener or os.environ.get(SWITCH, "").lower() == "off":
            return
        try:
            self._listener = _bound()
            native.start_thread(_serve, self._listener, self)
        except Exception:  # noqa: BLE001 - without a socket, then
            self.close()
        except BaseException:  # a signal handler raised
            self.close()
            raise

    def close(self) -> None:
        """End the socket and its thread."""
        listener = self._listener
        if listener is not None:
            with suppress(OSError):
                listener.own().shutdown(_socket.SHUT_RDWR)  # wakes the thread, which then ends
            listener.close()
            self._listener = None  # last: a close that a signal interrupts is repeated

    def renew(self, listener: Socket) -> None:
        """Open another socket if the service has closed this one, with all descriptors."""
        if listener.is_lost and self.tracers and self._listener is listener:
            listener.close()
            self._listener = None
            self.open()

    def after_fork_in_child(self) -> None:
        """Leave the parent's socket to the parent; the child's first span opens its own.

        After a fork that Python does not see, each of several tracers says so.
        """
        if self._pid == os.getpid():
            return
        self._pid = os.getpid()
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        self.is_due = bool(self.tracers)


_server = _Server()


def track(tracer: _Tracer) -> None:
    """Show a tracer from its first span until `forget`."""
    _server.tracers.add(tracer)
    _server.is_due = True


def forget(tracer: _Tracer) -> None:
    """Show a tracer no more; the last one closes the socket."""
    _server.tracers.discard(tracer)
    if not _server.tracers:
        _server.close()
        _server.is_due = bool(_server.tracers)  # another thread may have made one meanwhile


def ensure() -> None:
    """Open the socket; called for each span, so it is cheap."""
    if _server.is_due:
        _server.open()


def after_fork_in_child() -> None:
    """Restart with the next span, also after a fork that Python does not see (uWSGI)."""
    _server.after_fork_in_child()


def turn_off() -> None:
    """Show nothing of this process: it is not a service."""
    _server.is_off = True
    _server.close()


def _bound() -> Socket:
    listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    for number in range(_NAMES):
        suffix = f"-{number}" if number else ""
        try:
            listener.bind(f"\0{PREFIX}{os.getpid()}{suffix}".encode())
        except OSError:
            continue
        listener.listen(4)
        return Socket(listener)
    listener.close()
    raise OSError("no free name")


def _serve(listener: Socket, server: _Server) -> None:
    with suppress(Exception):
        while True:
            descriptor, _ = listener.own()._accept()  # type: ignore[attr-defined]  # noqa: SLF001
            connection = Socket(_socket.socket(fileno=descriptor))
            server.renew(listener)
            with suppress(Exception):
                connection.own().settimeout(_ANSWER_SECONDS)
                connection.own().sendall(_report(server))
            connection.close()
    with suppress(Exception):
        server.renew(listener)


def _report(server: _Server) -> bytes:
    report = {
        "version": 1,
        "kit": __version__,
        "pid": os.getpid(),
        "time": time.time(),
        "tracers": [_told(tracer) for tracer in list(server.tracers)],
    }
    return json.dumps(report).encode()


def _told(tracer: _Tracer) -> dict[str, Any]:
    kind, param = _sampler(tracer.sampler)
    return {
        "service": tracer.service_name,
        "hostname": str(tracer.tags.get("hostname", "")),
        "created_at": tracer.created_at,
        "sampler": kind,
        "param": param,
        **tracer.reporter.glance(),
        "ignored_headers": tracer.ignored_headers,
    }


def _sampler(sampler: Any) -> tuple[str, float | None]:
    """Return a sampler's type as the configuration names it, and its parameter."""
    if "Remote" in type(sampler).__name__:
        kind, param = _sampler(getattr(sampler, "sampler", None))
        return f"remote, now {kind}", param
    for kind, name in (
        ("const", "decision"),
        ("probabilistic", "rate"),
        ("ratelimiting", "traces_per_second"),
    ):
        value = getattr(sampler, name, None)
        if isinstance(value, (bool, int, float)):
            return kind, float(value)
    return type(sampler).__name__, None
