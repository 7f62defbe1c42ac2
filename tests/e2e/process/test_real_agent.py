"""The real jaeger-agent without containers, started with the plan's own arguments."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import ExitStack

import pytest
from agent_process import AgentProcess, StandInProcess, write_token
from compose_deployment import wait_for
from hypothesis import given, settings
from hypothesis import strategies as st
from jaeger_client.metrics import MetricsFactory
from jaeger_client.reporter import ReporterMetrics
from sidecar_tracing import compact
from sidecar_tracing.encoding import Encoder
from sidecar_tracing.ledger import Ledger
from thrift_values import spans

from sidecar.rules.agent_logs import logged
from sidecar.stand_in.keep.senders import Senders
from sidecar.stand_in.show.agents import AgentReader

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"


@pytest.fixture
def stack():
    """What a test starts is stopped after it."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def pair(stack, agent_binary, tmp_path):
    """Make a stand-in and an agent that reports to it."""

    def make(*options, token=TOKEN):
        gateway = StandInProcess(stack, write_token(tmp_path / "gateway.yaml", TOKEN), *options)
        token_file = write_token(tmp_path / "agent.yaml", token)
        return gateway, AgentProcess(
            stack, agent_binary, tmp_path / "agent.log", token_file, gateway.grpc
        )

    return make


def test_spans_arrive_with_the_token(pair):
    """Every span arrives, and each process carries the token's tag, masked on the way out."""
    gateway, agent = pair()
    client = agent.send(100, "all")

    counted = wait_for(lambda: gateway.marked("all"), lambda counts: counts.distinct == 100)
    assert (100, 100, 0) == (client.sent, counted.distinct, counted.refused)
    with urllib.request.urlopen(
        f"{gateway.page}/api/traces/{client.trace_ids[0]}", timeout=5
    ) as answer:
        processes = json.load(answer)["data"][0]["processes"].values()
    assert [{"***"}] == [
        {tag["value"] for tag in each["tags"] if tag["key"] == "Authentication"}
        for each in processes
    ]


def test_the_agents_counters_are_read(pair):
    """Packets, spans and the connection are counted as they happened, the kernel's drops too."""
    gateway, agent = pair()
    before = agent.counts()
    client = agent.send(100, "counted")
    wait_for(lambda: gateway.marked("counted"), lambda counts: counts.distinct == 100)

    counted = wait_for(agent.counts, lambda counts: counts.spans_submitted >= 100).since(before)
    assert (client.packets, 100, 0) == (
        counted.packets_processed,
        counted.spans_submitted,
        counted.spans_failed,
    )
    assert (0, 0, 1) == (counted.kernel_drops, counted.packets_dropped, counted.connected)


def test_the_agent_decodes_whatever_the_encoder_writes(pair):
    """Spans of every kind, by thrift's own C code: each is forwarded, and no packet is refused."""
    _, agent = pair()
    made = collected(spans(times=st.integers(0, 2**50)), 100)
    encoder = Encoder.for_service(
        "web", {"a": 1}, 1024, 5, Ledger(ReporterMetrics(MetricsFactory()))
    )
    packets = [
        encoder._packet([compact.fast(span) for span in made[first : first + 5]])
        for first in range(0, len(made), 5)
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for packet in packets:
            sender.sendto(packet.data, ("127.0.0.1", agent.port))
            time.sleep(0.002)

    counted = wait_for(agent.counts, lambda counts: counts.settled >= len(made))
    assert (len(packets), len(made), 0) == (
        counted.packets_processed,
        counted.spans_submitted,
        counted.spans_failed,
    )
    assert (0, 0) == (counted.packets_dropped, counted.handler_errors)


def collected(strategy, count):
    """Return values that a strategy makes, the same ones each time."""
    found = []

    @settings(max_examples=count, derandomize=True, database=None, deadline=None)
    @given(strategy)
    def collect(value):
        found.append(value)

    collect()
    return found


@pytest.mark.parametrize(("answer", "failed"), [("refuse", 20), ("drop", 0)])
def test_a_wrong_token_is_counted(pair, answer, failed):
    """The agent counts refused spans; if they are dropped silently, only the stand-in does."""
    gateway, agent = pair(f"--on-bad-token={answer}", token="other@token_other@wrong")
    agent.send(20, "wrong")

    counted = wait_for(lambda: gateway.marked("wrong"), lambda counts: counts.settled == 20)
    assert (0, 20) == (counted.accepted, counted.refused if failed else counted.dropped)
    assert failed == wait_for(agent.counts, lambda counts: counts.settled >= 20).spans_failed
    cause = logged(agent.log)
    assert ("the gateway refused the token" if failed else None) == (cause.cause if cause else None)


def test_a_distant_gateway_loses_nothing(pair):
    """With the gateway 200 ms away, the plan's tuning forwards every span of a burst."""
    gateway, agent = pair("--latency=200")
    agent.send(2000, "distant")

    assert (
        2000
        == wait_for(
            lambda: gateway.marked("distant"), lambda counts: counts.distinct == 2000
        ).distinct
    )
    assert 0 == agent.counts().spans_failed


def test_the_last_spans_leave_at_sigterm(pair):
    """An agent that is asked to end first sends what it holds."""
    gateway, agent = pair("--latency=300")
    packets = agent.send(500, "last").packets
    held = wait_for(agent.counts, lambda counts: counts.packets_processed >= packets)
    assert packets == held.packets_processed  # not one is in the kernel's buffer still
    agent.process.send_signal(signal.SIGTERM)

    assert 0 == agent.process.wait(15)
    assert (
        500
        == wait_for(lambda: gateway.marked("last"), lambda counts: counts.distinct == 500).distinct
    )


def test_a_black_hole_holds_the_agent_not_the_service(pair):
    """A gateway that never answers delays the agent's end, but not the service's client."""
    _, agent = pair("--black-hole")
    began = time.monotonic()
    client = agent.send(50, "hole")
    took = time.monotonic() - began
    agent.process.send_signal(signal.SIGTERM)

    assert (50, True) == (client.sent, took < 10)
    with pytest.raises(subprocess.TimeoutExpired):
        agent.process.wait(3)


def test_a_gateway_that_is_not_there_is_named(stack, agent_binary, tmp_path):
    """Where nobody listens, the spans fail and the log's cause is put into the kit's words."""
    token = write_token(tmp_path / "agent.yaml", TOKEN)
    agent = AgentProcess(stack, agent_binary, tmp_path / "agent.log", token, "127.0.0.1:1")
    agent.send(20, "nowhere")

    assert 20 == wait_for(agent.counts, lambda counts: counts.settled >= 20).spans_failed
    assert "the gateway refused the connection" == logged(agent.log).cause


def test_the_page_reads_an_agents_counters(pair):
    """The counters that the stand-in's page shows are those of a real agent's admin port."""
    _, agent = pair()
    agent.send(100, "read")
    # it counts a batch once the gateway has answered
    wait_for(agent.counts, lambda counts: counts.spans_submitted >= 100)
    senders = Senders()
    senders.note("127.0.0.1", accepted=True)

    (view,) = asyncio.run(AgentReader(senders, agent.admin, patience=10).views())

    known = agent.counts()
    expected = (known.packets_processed, 0, 100, 0)
    counters = view.counters
    assert expected == (counters.packets, counters.dropped, counters.submitted, counters.failed)
    assert known.packets_processed > 0
