"""An agent's UDP port that keeps the packets and decodes them by jaeger-client's classes."""

from __future__ import annotations

import select
import socket
import threading
import time
from contextlib import suppress

from jaeger_client.thrift_gen.agent.Agent import emitBatch_args
from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.transport.TTransport import TMemoryBuffer


class UdpAgent:
    """Listens on loopback with the kernel's default buffer until it is stopped."""

    def __init__(self, port=0):
        self._received = []
        self._turn = threading.Lock()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self.port = self._socket.getsockname()[1]
        self._socket.setblocking(False)
        self._stopped = False
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _read(self):
        while not self._stopped:
            select.select([self._socket], [], [], 0.05)
            self._take()
        self._take()
        with self._turn:
            self._socket.close()

    def _take(self):
        with self._turn, suppress(BlockingIOError):
            while self._socket.fileno() >= 0:
                self._received.append(self._socket.recv(65_536))

    def stop(self):
        """Close the port; what was received stays."""
        self._stopped = True
        self._thread.join()

    @property
    def packets(self):
        """All that was sent before, also while this machine lets no other thread run."""
        self._take()
        return list(self._received)

    @property
    def batches(self):
        """The decoded packets."""
        return [decode(packet) for packet in self.packets]

    @property
    def spans(self):
        """All spans, in the order of their arrival."""
        return [span for batch in self.batches for span in batch.spans]

    @property
    def names(self):
        """The operation names of all spans."""
        return [span.operationName for span in self.spans]

    def wait_for(self, count, timeout=15):
        """Return the spans once there are `count`, or those that came before the timeout."""
        deadline = time.monotonic() + timeout
        while len(self.spans) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.spans


def decode(packet):
    """Return the batch of an emitBatch call."""
    protocol = TCompactProtocol(TMemoryBuffer(packet))
    name, _, _ = protocol.readMessageBegin()
    assert name == "emitBatch"
    call = emitBatch_args()
    call.read(protocol)
    return call.batch


def tags(thrift_tags):
    """Return Thrift tags as a dictionary."""
    return {
        tag.key: next(
            value
            for value in (tag.vStr, tag.vBool, tag.vLong, tag.vDouble, tag.vBinary)
            if value is not None
        )
        for tag in thrift_tags or []
    }


def closed_port():
    """Return a UDP port of loopback on which nothing listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
