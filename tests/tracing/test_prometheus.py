"""The counts in Prometheus: of one process, and of all processes of gunicorn."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from compose_deployment import free_port
from jaeger_client import ConstSampler, Tracer
from jaeger_client.reporter import NullReporter
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families
from servers.tracing import SHOPS, environment, serving, wait_for_server
from sidecar_tracing.prometheus import expose
from udp_agent import UdpAgent, closed_port

OUTCOMES = ("sent_spans", "dropped_spans", "queued_spans", "unfinished_spans")


def scraped(registry):
    """Return the numbers by metric, added up over their labels."""
    found = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            name = sample.name.removeprefix("sidecar_tracing_").removesuffix("_total")
            found[name] = found.get(name, 0) + sample.value
    return found


def added_up(folder):
    """Return the numbers of all processes, running and ended."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))
    return scraped(registry)


def assert_exact(found):
    assert found["started_spans"] == sum(found[name] for name in OUTCOMES)


def can_mount():
    return os.geteuid() == 0 and not subprocess.run(["unshare", "--mount", "true"]).returncode


def test_one_process(agent, make_tracer):
    """Each outcome of a span has its number, read at the moment of the scrape."""
    registry, tracer = CollectorRegistry(), make_tracer(reporter_queue_size=2)
    expose(tracer, registry)
    kept = tracer.start_span("unfinished")
    tracer.start_span("sent").finish()
    agent.wait_for(1)
    tracer.close(5)
    tracer.start_span("dropped").finish()
    found = scraped(registry)

    assert [3, 1, 1, 0, 1] == [found[name] for name in ("started_spans", *OUTCOMES)]
    assert kept.start_time is not None


def test_tracers_of_one_service_are_added_up(make_tracer):
    """A registry has each number once."""
    registry, tracers = CollectorRegistry(), [make_tracer(), make_tracer()]
    for tracer in tracers:
        expose(tracer, registry)
        tracer.start_span("span")
    text = generate_latest(registry).decode()

    assert 'sidecar_tracing_started_spans_total{service="test"} 2.0' in text
    assert 1 == text.count("\nsidecar_tracing_started_spans_total{")


def test_a_tracer_that_counts_nothing():
    """It is refused by name."""
    tracer = Tracer("test", NullReporter(), ConstSampler(True))

    with pytest.raises(TypeError, match="NullReporter does not count spans"):
        expose(tracer, CollectorRegistry())


@pytest.mark.parametrize("options", [("--preload",), ("-k", "gevent")], ids=str)
def test_gunicorn_with_workers_that_are_replaced(tmp_path, options):
    """Every request of every worker, ended ones included; the agent received as many."""
    port, log, shared = free_port(), tmp_path / "log", tmp_path / "shared"
    shared.mkdir()
    command = [sys.executable, "-m", "gunicorn", "--workers=2", "--max-requests=6"]
    command += [f"--bind=127.0.0.1:{port}", *options, "flask_shop:app"]
    with UdpAgent() as agent:
        variables = environment(
            agent.port, SIDECAR_TRACING_PROMETHEUS="true", PROMETHEUS_MULTIPROC_DIR=str(shared)
        )
        with serving(command, log, variables) as server:
            wait_for_server(server, f"http://127.0.0.1:{port}", log)
            script = ASK.format(port=port)
            subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
        found, received = added_up(shared), len(agent.spans)

    assert received >= 26
    assert [received, received, 0, 0, 0] == [found[n] for n in ("started_spans", *OUTCOMES)]
    # two greenlet workers are replaced only once they have a moment
    assert len(list(shared.glob("counter_*"))) >= (2 if "gevent" in options else 4)


ASK = """
import requests
session = requests.Session()
for _ in range(25):
    for _ in range(50):
        try:
            assert requests.get("http://127.0.0.1:{port}/items/7", timeout=10).ok
            break
        except requests.ConnectionError:  # of a worker that was just replaced
            pass
"""

ENDS = {
    "exit": "",
    "os._exit": "os._exit(0)",
    "SIGTERM": "os.kill(os.getpid(), 15)",
    "fork": "os.fork() or tracer.start_span('child').finish()",
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("listens", [True, False], ids=["agent", "no agent"])
def test_ends(tmp_path, end, listens):
    """What an ended process leaves is exact, also where its spans could not be sent."""
    script = f"""
import os
from sidecar_tracing import init_tracer
tracer = init_tracer("script")
unfinished = tracer.start_span("unfinished")
for _ in range(60):
    tracer.start_span("span").finish()
{ENDS[end]}
"""
    with UdpAgent() as agent:
        port = agent.port if listens else closed_port()
        variables = environment(
            port,
            SIDECAR_TRACING_PROMETHEUS="true",
            PROMETHEUS_MULTIPROC_DIR=str(tmp_path),
            JAEGER_EXIT_TIMEOUT="1",
        )
        command = [sys.executable, "-c", script]
        subprocess.run(command, cwd=SHOPS, env=variables, timeout=60, check=False)
        received = len(agent.spans)
    found, started = added_up(tmp_path), 62 if end == "fork" else 61

    assert started == found["started_spans"]
    assert_exact(found)
    assert received == found["sent_spans"]


@pytest.mark.skipif(not can_mount(), reason="needs root, for a disk that is full")
@pytest.mark.parametrize("size", ["4k", "68k"])
def test_a_full_disk_ends_no_process(tmp_path, size):
    """A write to a mapped file without room is SIGBUS; the log says that counts are not kept."""
    script = """
import logging
from sidecar_tracing import init_tracer
logging.basicConfig()
tracer = init_tracer("script")
for _ in range(60):
    tracer.start_span("span").finish()
"""
    with UdpAgent() as agent:
        variables = environment(
            agent.port, SIDECAR_TRACING_PROMETHEUS="true", PROMETHEUS_MULTIPROC_DIR=str(tmp_path)
        )
        mount = f'mount -t tmpfs -o size={size} disk {tmp_path} && exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", mount, "sh", sys.executable, "-c", script]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)

        assert (0, 60) == (done.returncode, len(agent.spans))
    assert "counts for Prometheus are not written any more: OSError: [Errno 28]" in done.stderr
