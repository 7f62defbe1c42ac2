"""A canary of real programs: one service's packets through a copier to agent and collector."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from contextlib import ExitStack

import grpc
import pytest
from agent_process import AgentProcess, StandInProcess, free_udp_port, write_token
from collector_process import CollectorProcess, grpc_exporter
from compose_deployment import free_port, wait_for
from otlp_spans import EXPORT, build_export
from thrift_spans import build_span, datagram
from traced_packets import traced

from sidecar.secrecy import child_environment
from sidecar.verify.network.compared import read

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
SPANS = 1000
SECONDS = 30.0
AT_ONCE = 1.0
"""For what is not equal, and never will be."""


class Canary:
    """A stand-in, an agent and a collector that report to it, and the copier before both."""

    def __init__(self, stack, agent, collector, folder):
        file = write_token(folder / "agent.yaml", TOKEN)
        bare = folder / "token"
        bare.write_text(TOKEN)
        self.stand_in = StandInProcess(stack, file)
        self.agent = AgentProcess(stack, agent, folder / "agent.log", file, self.stand_in.grpc)
        exporters = {"otlp_grpc": grpc_exporter(self.stand_in.grpc, bare)}
        self.collector = CollectorProcess(stack, collector, folder, exporters)
        self.port, self.state, self.sent = free_udp_port(), free_port(), 0
        argv = [f"--port={self.port}", f"--state-port={self.state}", "--host=127.0.0.1"]
        argv += [f"--to=127.0.0.1:{each.port}" for each in (self.agent, self.collector)]
        process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "sidecar.copier", *argv],
                env=child_environment(),
                stderr=subprocess.PIPE,
            )
        )
        stack.callback(process.kill)
        assert b"goes to" in process.stderr.readline()

    def send(self, packets, port=None):
        """Send packets to the copier, one after the other, or to another port."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for packet in packets:
                sender.sendto(packet, ("127.0.0.1", port or self.port))
                if port is None:
                    self.sent += 1
                    wait_for(self._copied, lambda copied: copied >= self.sent, SECONDS)

    def _copied(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.state}/", timeout=SECONDS) as answer:
            return json.load(answer)["packets"]

    def send_otlp(self):
        """Send a span of an OpenTelemetry SDK to the collector."""
        resource = {"telemetry.sdk.name": "opentelemetry"}
        request = build_export(service="web", resource=resource).SerializeToString()
        with grpc.insecure_channel(f"127.0.0.1:{self.collector.otlp}") as channel:
            channel.unary_unary(EXPORT)(request, timeout=10, wait_for_ready=True)

    def accepted(self, count):
        """Return how many spans the stand-in has, once it has so many."""

        def read_counters():
            with urllib.request.urlopen(f"{self.stand_in.page}/api/counters", timeout=5) as answer:
                return json.load(answer)["spans"]["accepted"]

        return wait_for(read_counters, lambda spans: spans >= count, SECONDS)


@pytest.fixture
def canary(agent_binary, collector_binary, tmp_path):
    """Make the canary; what it starts ends with the test."""
    with ExitStack() as stack:
        yield Canary(stack, agent_binary, collector_binary, tmp_path)


def test_a_thousand_spans_are_equal_and_what_one_lacks_is_named(canary):
    """Tags of every type, logs, references, status; then a span that only one of them has."""
    canary.send(traced(SPANS))
    assert 2 * SPANS == canary.accepted(2 * SPANS)
    found = read(canary.stand_in.page, SECONDS)

    assert (True, {}, 0) == (found.ok, found.known, found.by_otlp)
    assert SPANS == found.services["web"].equal

    for number, port in ((2, canary.agent.port), (3, canary.collector.port)):
        canary.send([datagram(build_span(number), service="shop")], port)
    assert 2 * SPANS + 2 == canary.accepted(2 * SPANS + 2)
    found = read(canary.stand_in.page, AT_ONCE)

    shop = found.services["shop"]
    assert (False, 0, 1, 1) == (found.ok, shop.equal, len(shop.missing), len(shop.surplus))
    assert shop.missing[0].endswith("0002")
    assert SPANS == found.services["web"].equal


def test_a_span_that_differs_is_named_and_one_by_otlp_is_not(canary):
    """The same span with another tag; an agent takes no OTLP, so nothing lacks there."""
    canary.send_otlp()
    for port, name in ((canary.agent.port, "before"), (canary.collector.port, "after")):
        canary.send([datagram(build_span(2, operationName=name), service="web")], port)
    assert 3 == canary.accepted(3)
    found = read(canary.stand_in.page, AT_ONCE)

    web = found.services["web"]
    assert (1, 0, 1) == (found.by_otlp, web.equal, len(web.changed))
    assert web.changed[0].endswith("0002 operation")
