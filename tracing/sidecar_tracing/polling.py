"""Asks the agent for the sampling rate and for credits of debug spans, in each process anew.

jaeger-client asks on a Tornado loop in a thread that a forked child does not have, and that
greenlets replace. Here a thread of the platform asks, from a process's first span on.
"""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import _socket
import os
from _queue import Empty, SimpleQueue
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from jaeger_client.sampler import RemoteControlledSampler
from jaeger_client.throttler import RemoteThrottler

from sidecar_tracing import chores, native
from sidecar_tracing.descriptors import Socket

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_SECONDS = 5.0
"""Time between two questions until the first answer, unless the interval is shorter."""

_TIMEOUT = 15.0
_MOST_BYTES = 4_000_000


class Answer:
    """The future that jaeger-client expects; it has ended."""

    def __init__(self, body: bytes = b"", error: Exception | None = None) -> None:
        self.body = body
        self._error = error

    def exception(self) -> Exception | None:
        """Return why there is no answer."""
        return self._error

    def result(self) -> Answer:
        """Return the response."""
        return self

    def add_done_callback(self, callback: Callable[[Answer], object]) -> None:
        """Hand the answer over, to a thread that may log and count."""
        chores.do(partial(callback, self))


class _NoLoop:
    """Stands for the loop on which jaeger-client would poll."""

    def add_callback(self, *_: Any) -> None:
        """Do nothing: a Poller polls."""


class Channel:
    """The agent's HTTP API as jaeger-client uses it; each request waits for its answer."""

    def __init__(self, sampling: tuple[str, int], throttling: tuple[str, int]) -> None:
        self.io_loop = _NoLoop()
        self._sampling, self._throttling = sampling, throttling
        self.has_answered = False

    def request_sampling_strategy(self, service_name: str) -> Answer:
        """Ask for a service's sampling strategy."""
        return self._ask(self._sampling, "/sampling", [("service", service_name)])

    def request_throttling_credits(
        self, service_name: str, client_id: int, operations: Any
    ) -> Answer:
        """Ask how many debug spans each operation may start."""
        pairs = [("operations", operation) for operation in operations]
        first = [("service", service_name), ("uuid", str(client_id))]
        return self._ask(self._throttling, "/credits", [*first, *pairs])

    def _ask(self, to: tuple[str, int], path: str, query: list[tuple[str, str]]) -> Answer:
        try:
            answer = Answer(fetch(*to, f"{path}?{urlencode(query)}"))
        except Exception as error:  # noqa: BLE001 - for jaeger-client to count
            return Answer(error=error)
        self.has_answered = True
        return answer


class Poller:
    """Calls a function at an interval, by one thread of each process that has spans."""

    def __init__(self, poll: Callable[[], object], interval: float, channel: Channel) -> None:
        self._poll, self._interval, self._channel = poll, interval, channel
        self._pid = 0
        self._closed: SimpleQueue[None] = SimpleQueue()

    def is_new_process(self) -> bool:
        """Whether no thread of this process polls yet."""
        return self._pid != os.getpid()

    def start(self) -> None:
        """Poll in this process, too."""
        self._pid = os.getpid()
        self._closed = SimpleQueue()
        try:
            native.start_thread(self._run, self._closed)
        except RuntimeError:
            self._pid = 0  # the next span tries again

    def close(self) -> None:
        """End the thread."""
        self._closed.put(None)

    def _run(self, closed: SimpleQueue[None]) -> None:
        while True:
            self._poll()
            often = min(FIRST_SECONDS, self._interval)
            try:
                closed.get(timeout=self._interval if self._channel.has_answered else often)
            except Empty:
                continue
            return


class RemoteSampler(RemoteControlledSampler):  # type: ignore[misc] # jaeger-client has no types
    """jaeger-client's sampler that asks the agent, for processes that fork or have greenlets."""

    def __init__(self, channel: Channel, service_name: str, **options: Any) -> None:
        super().__init__(channel, service_name, **options)
        self._poller = Poller(self._poll_sampling_manager, self.sampling_refresh_interval, channel)

    def is_sampled(self, trace_id: int, operation: str = "") -> Any:
        """Return whether a trace is sampled, and the tags that say why; without a lock."""
        if self._poller.is_new_process():
            self.lock = native.new_lock()
            self._poller.start()
        chores.catch_up()
        return self.sampler.is_sampled(trace_id, operation)

    def close(self) -> None:
        """Ask no more."""
        self._poller.close()


class Throttler(RemoteThrottler):  # type: ignore[misc] # jaeger-client publishes no types here
    """jaeger-client's throttler of debug spans, for processes that fork or have greenlets."""

    def __init__(self, channel: Channel, service_name: str, **options: Any) -> None:
        super().__init__(channel, service_name, **options)
        self._poller = Poller(self._poll, self.refresh_interval, channel)

    def _poll(self) -> None:
        self._fetch_credits(list(self.credits))

    def is_allowed(self, operation: str) -> bool:
        """Return whether a debug span may start."""
        if self._poller.is_new_process():
            self.lock = native.new_lock()
            self._poller.start()
        return bool(super().is_allowed(operation))

    def close(self) -> None:
        """Ask no more."""
        self._poller.close()


def fetch(host: str, port: int, path: str) -> bytes:
    """Return the body of an answer to GET. Raises OSError or ValueError."""
    request = f"GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()
    connection = _connected(host, port)
    try:
        connection.own().sendall(request)
        received = b""
        while len(received) < _MOST_BYTES and (piece := connection.own().recv(65_536)):
            received += piece
    finally:
        connection.close()
    return _body(received)


def _connected(host: str, port: int) -> Socket:
    """Return a connection to the first address of a name that takes one."""
    look_up = native.original("socket", "getaddrinfo")
    error: OSError | None = None
    for family, kind, protocol, _, address in look_up(host, port, type=_socket.SOCK_STREAM):
        connection = Socket(_socket.socket(family, kind, protocol))
        try:
            connection.own().settimeout(_TIMEOUT)
            connection.own().connect(address)
        except OSError as failed:
            connection.close()
            error = failed
        else:
            return connection
    raise error or OSError("no address")


def _body(response: bytes) -> bytes:
    head, _, body = response.partition(b"\r\n\r\n")
    status = head.partition(b"\r\n")[0].decode("ascii", "replace")
    if status.split(" ")[1:2] != ["200"]:
        raise ValueError(f"the agent answers {status[:80]!r}")
    return body
