"""The agent's UDP port, if no agent runs: datagrams are read at once, then decoded in turn."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from sidecar.stand_in.receive.thrift import MalformedError, to_request
from sidecar.stand_in.sockets import kernel_drops

if TYPE_CHECKING:
    import socket

    from sidecar.stand_in.faults import FaultSwitch
    from sidecar.stand_in.keep.credentials import Token
    from sidecar.stand_in.keep.intake import Intake

RECEIVE_BUFFER = 4 * 1024 * 1024
QUEUE_BYTES = 64 * 1024 * 1024
_LARGEST = 65_535
_READS = 64
_HELD_SECONDS = 0.05


class UdpReceiver:
    """Acts as the agent: adds the token's tag to each batch, and hands it to the intake."""

    def __init__(
        self, listener: socket.socket, token: Token, intake: Intake, faults: FaultSwitch
    ) -> None:
        self._socket = listener
        self._token = token
        self._intake = intake
        self._faults = faults
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start to read, in the running loop."""
        self._socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self._socket, self._read)
        self._task = asyncio.create_task(self._work())

    async def stop(self, patience: float) -> None:
        """Decode what is queued, for at most `patience` seconds, then close the port."""
        task, self._task = self._task, None
        if task is None:
            return
        self._read()
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._idle.wait(), patience)
        asyncio.get_running_loop().remove_reader(self._socket)
        task.cancel()
        self._socket.close()

    def kernel_drops(self) -> int | None:
        """Return the number of datagrams that the kernel dropped here; None if unknown."""
        descriptor = self._socket.fileno()
        return kernel_drops(os.fstat(descriptor).st_ino) if descriptor >= 0 else None

    def _read(self) -> None:
        counters = self._intake.counters.udp
        for _ in range(_READS):
            try:
                datagram = self._socket.recv(_LARGEST)
            except OSError:
                break
            counters.packets += 1
            if self._queued + len(datagram) > QUEUE_BYTES:
                counters.overflow += 1
                continue
            self._queue.append(datagram)
            self._queued += len(datagram)
        if self._queue:
            self._idle.clear()
            self._wake.set()

    async def _work(self) -> None:
        while True:
            while self._queue:
                if self._faults.current.black_hole:  # the queue fills, as an agent's
                    await asyncio.sleep(_HELD_SECONDS)
                    continue
                self._take(self._queue.popleft())
                # between two datagrams the loop reads the socket and serves other clients
                await asyncio.sleep(0)
            self._idle.set()
            self._wake.clear()
            await self._wake.wait()

    def _take(self, datagram: bytes) -> None:
        self._queued -= len(datagram)
        try:
            request = to_request(datagram)
        except MalformedError:
            self._intake.counters.udp.malformed += 1
            self._intake.events.note("datagrams malformed")
            return
        if self._faults.take():
            self._intake.counters.batches.failed += 1
            self._intake.counters.spans.failed += len(request.batch.spans)
            return
        self._token.add_to(request.batch.process)
        self._intake.counters.udp.delivered += 1
        self._intake.accept(request.SerializeToString(), self._faults.current.bad_token)
