"""Looks a name up in a thread of its own: a resolver that hangs delays no span and no close.

The thread and its queues are the platform's own even where gevent or eventlet replace both, because
the service's greenlets must not wait for a resolver either.
"""

from __future__ import annotations

import ipaddress
import socket
from _queue import Empty, SimpleQueue
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sidecar_tracing import native

if TYPE_CHECKING:
    from collections.abc import Callable

Address = tuple[int, tuple[object, ...]]


@dataclass(frozen=True)
class Answer:
    """The outcome of a lookup: addresses, or an error."""

    addresses: tuple[Address, ...]
    error: Exception | None
    began: float
    took: float


class Lookups:
    """Lookups of one name, one at a time; the methods are called by one thread at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._is_numeric = _is_numeric(host)
        self._look_up = partial(_look_up, host, port)
        self._forget()

    def _forget(self) -> None:
        self.asked_at: float | None = None
        """When the lookup that is under way was asked for."""
        self._questions: SimpleQueue[bool] | None = None
        self._answers: SimpleQueue[Answer] = SimpleQueue()

    def start(self) -> None:
        """Start the thread, so that it is there at the interpreter's exit. Not needed by `ask`."""
        if self._questions is not None or self._is_numeric:
            return
        questions: SimpleQueue[bool] = SimpleQueue()
        try:
            native.start_thread(_serve, questions, self._answers, self._look_up)
        except RuntimeError:
            return
        self._questions = questions

    def ask(self) -> None:
        """Start a lookup unless one is under way.

        Waits for it only where no thread can start. A numeric address needs no resolver.
        """
        if self.asked_at is not None:
            return
        self.asked_at = native.monotonic()
        self.start()
        if self._questions is None:
            self._answers.put(self._look_up())
        else:
            self._questions.put(True)

    def answer(self) -> Answer | None:
        """Return the outcome of the lookup once it has ended, and only once."""
        try:
            answer = self._answers.get_nowait()
        except Empty:
            return None
        self.asked_at = None
        return answer

    def close(self) -> None:
        """Leave the thread, which ends by itself, and what it still answers. `ask` starts again."""
        if self._questions is not None:
            self._questions.put(False)
        self._forget()


def _serve(
    questions: SimpleQueue[bool], answers: SimpleQueue[Answer], look_up: Callable[[], Answer]
) -> None:
    while questions.get():
        answers.put(look_up())


def _look_up(host: str, port: int) -> Answer:
    began = native.monotonic()
    addresses: tuple[Address, ...] = ()
    error: Exception | None = None
    try:
        found = native.original("socket", "getaddrinfo")(host, port, type=socket.SOCK_DGRAM)
        addresses = tuple((family, tuple(address)) for family, _, _, _, address in found)
    except Exception as raised:  # noqa: BLE001 - for the thread that asked
        error = raised
    return Answer(addresses, error, began, native.monotonic() - began)


def _is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
