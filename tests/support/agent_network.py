"""A network beyond loopback, and names that a test moves or a resolver that hangs."""

from __future__ import annotations

import socket
import threading
import time
from types import SimpleNamespace

from sidecar_tracing import delivery as delivery_module
from sidecar_tracing import sender as sender_module
from sidecar_tracing.descriptors import Socket
from sidecar_tracing.line import Line
from udp_agent import decode


class RateLimitedLine:
    """A connection beyond loopback on which only some of the lost packets are refused."""

    def __init__(self, monkeypatch):
        self.refuse_next = self.away = False
        self.left = ""
        """An address that a host had which left the network."""
        self.arrived = []
        self.swallowed = 0
        monkeypatch.setattr(sender_module, "connect", self._connect)
        monkeypatch.setattr(delivery_module, "PROBE_SECONDS", 0.02)
        monkeypatch.setattr(delivery_module, "QUIET_SECONDS", 0.2)

    def _connect(self, address):
        wire = SimpleNamespace(
            send=lambda data: self._send(data, address[1][0]),
            close=lambda: None,
            fileno=lambda: -1,
        )
        line = Line(Socket(wire), address, is_exact=False)
        line._quotes = self._quotes
        return line

    def _send(self, data, host):
        if self.away or host == self.left:
            self.swallowed += 1
        else:
            self.arrived += [span.operationName for span in decode(data).spans]

    def _quotes(self):
        refuse, self.refuse_next = self.refuse_next, False
        return (b"some packet",) if refuse else ()


class Name:
    """A name that leads to other addresses, or gets no answer, when a test says so."""

    def __init__(self, monkeypatch, *addresses, took=0.0):
        self.addresses = addresses
        self.took = took
        self.asked = 0
        self.answers = threading.Event()
        self.answers.set()
        monkeypatch.setattr(socket, "getaddrinfo", self._resolve)

    def _resolve(self, _, port, **__):
        self.asked += 1
        time.sleep(self.took)
        self.answers.wait(20)
        if not self.addresses:
            raise socket.gaierror(-3, "Temporary failure in name resolution")
        kind = (socket.AF_INET, socket.SOCK_DGRAM, 17, "")
        return [(*kind, (address, port)) for address in self.addresses]
