"""The real collector's queue at its limits: what is refused is counted, and what waits is kept."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack, suppress

import grpc
import pytest
from agent_process import StandInProcess, write_token
from collector_process import CollectorProcess
from compose_deployment import free_port, wait_for
from otlp_spans import EXPORT, build_export

from sidecar.plan.collector_configuration import configuration
from sidecar.plan.collector_sizes import Buffer, tune
from sidecar.rules import queue_files
from sidecar.rules.exporters import Exporter
from sidecar.rules.kinds import COLLECTOR
from sidecar.rules.queues import Queue
from sidecar.secrecy import child_environment
from sidecar.spec import Capacity
from sidecar.verify import hops
from sidecar.verify.counts import ClientCounts
from sidecar.verify.network.loopback import fetch
from sidecar.verify.network.reader import agent_counts

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
SIZES = Buffer(outage_s=60, queue_spans=10_000, disk_mib=12, consumers=4)
"""Its queue has 5 MB, less than half of its file's bound."""
SPANS = 500
"""Of a call."""
QUEUE = "exporter_otlp_grpc__traces"


@pytest.fixture
def start(collector_binary, tmp_path):
    """Start a collector as rendered, whose gateway is not there yet; again: with its queue."""
    token, port = tmp_path / "token", free_port()
    token.write_text(TOKEN)
    with ExitStack() as stack:

        def start(sizes=SIZES, **queue):
            made = configuration(f"127.0.0.1:{port}", tune(Capacity()), sizes)
            exporter = made["exporters"]["otlp_grpc"]
            exporter["headers"] = {"Authentication": f"${{file:{token}}}"}
            exporter["sending_queue"].update(queue)
            return CollectorProcess(stack, collector_binary, tmp_path, {}, rendered=made)

        def gateway():
            file = write_token(tmp_path / "agent.yaml", TOKEN)
            return StandInProcess(stack, file, f"--grpc=127.0.0.1:{port}")

        start.gateway = gateway
        yield start


def fill(collector):
    """Send calls until two are refused; return how many spans were sent, and taken."""
    sent = taken = 0
    with grpc.insecure_channel(f"127.0.0.1:{collector.otlp}") as channel:
        while sent < taken + 2 * SPANS:
            trace = (sent + 1).to_bytes(16, "big")
            raw = build_export(SPANS, marker="m", trace_id=trace).SerializeToString()
            sent += SPANS
            with suppress(grpc.RpcError):
                channel.unary_unary(EXPORT)(raw, timeout=30)
                taken += SPANS
    return sent, taken


def counts(collector):
    """Return what verify reads of a collector."""
    return agent_counts(fetch(f"http://127.0.0.1:{collector.metrics}/metrics"), ())


def distinct(gateway):
    """Return how many spans arrived; -1 where the stand-in is too busy to answer."""
    try:
        return gateway.marked("m").distinct
    except OSError:
        return -1


def judged(collector, sent):
    """Return the hop into the queue, as verify judges it by counters and log."""
    counted = counts(collector)
    disk = queue_files.written(collector.log.splitlines())
    exporter = Exporter(answered=False, kind=COLLECTOR, disk=disk)
    queue = Queue(counted.queue, 0, counted.capacity)
    return hops.queued_hop("web", ClientCounts(sent, sent), counted, queue, exporter)


def test_a_full_queue_loses_only_what_it_refuses_and_keeps_the_rest_through_a_kill(start):
    """The refused spans are counted, and the hop into the queue names the cause."""
    collector = start()
    sent, taken = fill(collector)
    hop = judged(collector, sent)
    collector.process.kill()
    collector.process.wait()

    again, gateway = start(), start.gateway()
    arrived = wait_for(lambda: distinct(gateway), lambda found: found >= taken, 120)

    assert 10 * SPANS < taken < sent
    assert ({"not queued": sent - taken}, "collector-queue-full") == (hop.counts, hop.id)
    assert taken == arrived
    assert queue_files.lost(again.log) is None


def test_a_file_that_has_reached_its_bound_is_named(start):
    """A queue that is larger than its file; the kit renders none, and refuses one."""
    collector = start(queue_size=200_000_000)
    sent, taken = fill(collector)

    hop = judged(collector, sent)

    assert ({"not queued": sent - taken}, "collector-queue-file-full") == (hop.counts, hop.id)


def test_a_damaged_file_stops_the_start_and_is_kept(start, collector_binary, tmp_path):
    """Nothing is set aside without a word: what can be repaired is still there."""
    collector = start()
    collector.process.terminate()
    collector.process.wait()
    (tmp_path / QUEUE).write_bytes(b"damaged" * 10_000)

    argv = [collector_binary, f"--config={tmp_path / 'collector.json'}"]
    ended = subprocess.run(
        argv, env=child_environment(), capture_output=True, text=True, timeout=60, check=False
    )

    assert 0 != ended.returncode
    assert "collector-queue-damaged" == queue_files.ended(ended.stderr).rule.id
    assert b"damaged" * 10_000 == (tmp_path / QUEUE).read_bytes()
