"""What verify names while other spans pass through the same real agent, and its gateway fails."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from itertools import cycle

import pytest
from agent_process import AgentProcess, StandInProcess, write_token
from compose_deployment import wait_for
from udp_agent import UdpAgent

from sidecar.verify.local import send_marked
from sidecar.verify.pod.deployment import PodDeployment
from sidecar.verify.run import verify

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"


class Deployment(PodDeployment):
    """One real agent on loopback, whose log is a file."""

    def __init__(self, agent, gateway):
        self._process = agent
        admin = f"http://127.0.0.1:{agent.admin}"
        super().__init__("web", gateway.page, f"127.0.0.1:{agent.port}", admin)

    def agent_log(self, service):
        """Return all that the agent wrote: only the window's part counts."""
        return self._process.log


@pytest.fixture
def parts(agent_binary, tmp_path):
    """A stand-in and an agent that reports to it."""
    with ExitStack() as stack:
        file = write_token(tmp_path / "agent.yaml", TOKEN)
        gateway = StandInProcess(stack, file)
        yield (
            gateway,
            AgentProcess(stack, agent_binary, tmp_path / "agent.log", file, gateway.grpc),
        )


@pytest.fixture(scope="module")
def packets():
    """Packets of another service's spans, as a client sends them."""
    with UdpAgent() as receiver:
        send_marked("other", "other", 60, f"127.0.0.1:{receiver.port}")
        wait_for(lambda: receiver.packets, len)
        return list(receiver.packets)


@contextmanager
def traffic(agent, packets, pause=0.005):
    """Send packets to the agent until the block ends, one every `pause` seconds."""
    stop = threading.Event()

    def send():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for packet in cycle(packets):
                sender.sendto(packet, ("127.0.0.1", agent.port))
                if stop.wait(pause):
                    return

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    ("faults", "hop", "rule"),
    [
        ({}, None, None),
        ({"fail_with": "UNAVAILABLE", "share": 0.7}, "agent submitted", "gateway-unavailable"),
        ({"fail_with": "RESOURCE_EXHAUSTED"}, "agent submitted", "gateway-quota-exceeded"),
        ({"bad_token": "refuse"}, "agent submitted", "token-refused"),
        ({"away": True}, "agent submitted", "gateway-connection-refused"),
        ({"reset": True}, "agent submitted", "gateway-connection-broken"),
        ({"black_hole": True}, "agent received", "gateway-silent"),
        ({"latency_ms": 2000}, "agent received", "agent-queue-full"),
    ],
    ids=lambda value: "-".join(value) or "none" if isinstance(value, dict) else None,
)
def test_a_fault_under_traffic_has_its_own_cause(parts, packets, faults, hop, rule):
    """Other spans move every total meanwhile; each cause comes within the 15 seconds."""
    gateway, agent = parts
    queue_fills = hop == "agent received"
    with traffic(agent, packets):
        wait_for(agent.counts, lambda counts: counts.packets_processed > 100)
        gateway.set_faults(**faults)
        wait_for(agent.counts, lambda counts: counts.packets_dropped, 60 if queue_fills else 2)
        began = time.monotonic()
        proof = verify(Deployment(agent, gateway), 200, 10, path_only=True)

    failure = proof.first_failure
    assert (hop, rule) == (failure and failure.hop, failure and failure.id), proof
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("milliseconds", "warnings"),
    [(0, []), (2000, []), (30_000, ["gateway-answers-late"])],
)
def test_a_gateway_that_answers_late_is_a_warning(parts, packets, milliseconds, warnings):
    """Spans arrive at once, so that no hop fails; two seconds are what the workers make up for."""
    gateway, agent = parts
    with traffic(agent, packets, 0.05):
        gateway.set_faults(latency_ms=milliseconds)
        proof = verify(Deployment(agent, gateway), 200, 10, path_only=True)

    assert (True, warnings) == (proof.ok, [warning.id for warning in proof.warnings]), proof
    assert all("64 workers" in warning.cause for warning in proof.warnings)
