"""The real collector behind the forwarder: a wrong token under load costs no span."""

from __future__ import annotations

import json
import re
import signal
import time
from contextlib import ExitStack

import grpc
import pytest
from agent_process import StandInProcess, write_token
from collector_process import CollectorProcess
from compose_deployment import wait_for
from forwarder_process import ForwarderProcess, fetch
from otlp_spans import EXPORT, build_export

from sidecar.agent_metrics import totals
from sidecar.plan.collector_configuration import configuration
from sidecar.plan.collector_sizes import Buffer, tune
from sidecar.spec import Capacity

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
SPANS, CALLS, SECONDS = 25, 200, 10.0
"""500 spans/s."""


@pytest.fixture
def started(collector_binary, tmp_path):
    """A stand-in, a forwarder to it, and a collector as rendered that sends to the forwarder."""
    with ExitStack() as stack:
        stand_in = StandInProcess(stack, write_token(tmp_path / "agent.yaml", TOKEN))
        forwarder = ForwarderProcess(stack, tmp_path, stand_in.grpc)
        sizes = Buffer(outage_s=60, queue_spans=100_000, disk_mib=64, consumers=2)
        made = configuration(f"127.0.0.1:{forwarder.port}", tune(Capacity()), sizes)
        collector = CollectorProcess(stack, collector_binary, tmp_path, {}, rendered=made)
        yield stand_in, forwarder, collector


def send(collector):
    """Send 500 spans/s to the collector, each with an id of its own."""
    began = time.monotonic()
    with grpc.insecure_channel(f"127.0.0.1:{collector.otlp}") as channel:
        for number in range(CALLS):
            trace = (number + 1).to_bytes(16, "big")
            raw = build_export(SPANS, marker="m", trace_id=trace).SerializeToString()
            channel.unary_unary(EXPORT)(raw, timeout=30)
            time.sleep(max(0.0, began + number * SECONDS / CALLS - time.monotonic()))


def test_a_wrong_token_under_load_costs_no_span(started):
    """All wait on disk until the right one is there; then each arrives once, and none failed."""
    stand_in, forwarder, collector = started
    forwarder.set(f"{TOKEN}-wrong")
    send(collector)
    waiting = totals(fetch(f"http://127.0.0.1:{collector.metrics}/metrics"))
    held = forwarder.state()

    forwarder.set(TOKEN)
    total = SPANS * CALLS
    counts = wait_for(
        lambda: json.loads(fetch(f"{stand_in.page}/api/markers/m")),
        lambda found: found["distinct"] >= total,
        60,
    )

    assert (total, 0) == (waiting["queue"], waiting.get("spans_failed", 0))
    assert "token-refused" == held["holding"]["rule"]
    assert (total, total) == (counts["accepted"], counts["distinct"])
    after = totals(fetch(f"http://127.0.0.1:{collector.metrics}/metrics"))
    assert 0 == after.get("spans_failed", 0)
    forwarder.process.send_signal(signal.SIGTERM)
    assert 0 == forwarder.process.wait(20)
    shown = forwarder.log.read_text() + collector.log
    assert re.search("gateway accepts spans again", shown)
    assert TOKEN not in shown
