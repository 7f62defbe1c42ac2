"""The probe: sends marked spans as a service does, and prints one JSON object about them."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from collections import Counter

import pytest
from sidecar_tracing import probe
from udp_agent import closed_port, tags


def address(port):
    return f"127.0.0.1:{port}"


def run(capsys, *arguments):
    code = probe.main(["--service", "web", "--marker", "m1", *arguments])
    return code, json.loads(capsys.readouterr().out)


def test_probe_sends_marked_spans(agent, capsys):
    """Each span carries the marker and one log; the result counts them."""
    code, result = run(capsys, "--spans", "7", "--agent", address(agent.port))

    spans = agent.wait_for(7)
    assert 0 == code
    assert {
        "service": "web",
        "marker": "m1",
        "started": 7,
        "sent": 7,
        "dropped": {},
        "packets": 1,
    }.items() <= result.items()
    assert ["m1"] * 7 == [tags(span.tags)["sidecar.marker"] for span in spans]
    assert [1] * 7 == [len(span.logs) for span in spans]
    assert [f"{spans[0].traceIdLow & (2**64 - 1):016x}"] == result["trace_ids"]
    assert "web" == agent.batches[0].process.serviceName


def test_probe_groups_its_spans(agent, capsys):
    """A hundred spans make a trace: a root and its children."""
    result = run(capsys, "--spans", "250", "--agent", address(agent.port))[1]

    spans = agent.wait_for(250)
    sizes = Counter(f"{span.traceIdLow & (2**64 - 1):016x}" for span in spans)
    assert [100, 100, 50] == [sizes[trace] for trace in result["trace_ids"]]
    assert 3 == sum(not span.parentSpanId for span in spans)


def test_probe_fails_when_spans_are_lost(capsys):
    """Without an agent, the probe exits 1 and reports how many spans were dropped."""
    code, result = run(capsys, "--spans", "3", "--agent", address(closed_port()), "--timeout", "1")

    assert 1 == code
    assert (0, {"close_timeout": 3}) == (result["sent"], result["dropped"])


def test_probe_counts_what_its_thread_drops_late(capsys):
    """A thread that is held up at the end of the close costs no count: sent + dropped = started."""
    slow = logging.Handler()
    slow.emit = lambda _: time.sleep(0.5)  # the reporter's thread logs the first refusal
    logger = logging.getLogger("sidecar_tracing")
    logger.addHandler(slow)
    try:
        without_agent = ("--agent", address(closed_port()), "--timeout", "0.2")
        result = run(capsys, "--spans", "3", *without_agent)[1]
    finally:
        logger.removeHandler(slow)

    assert (3, 0, {"close_timeout": 3}) == (result["started"], result["sent"], result["dropped"])


def test_probe_keeps_a_rate(agent, capsys):
    """--rate spreads the spans over time."""
    before = time.monotonic()
    run(capsys, "--spans", "5", "--rate", "20", "--agent", address(agent.port))

    assert time.monotonic() - before >= 0.2


def test_probe_takes_the_agent_from_the_environment(agent, capsys, monkeypatch):
    """Without --agent, the probe uses the service's environment variables."""
    monkeypatch.setenv("JAEGER_AGENT_HOST", "127.0.0.1")
    monkeypatch.setenv("JAEGER_AGENT_PORT", str(agent.port))

    assert 0 == run(capsys, "--spans", "1")[0]
    assert 1 == len(agent.wait_for(1))


def test_probe_ignores_a_sampler_variable(agent, capsys, monkeypatch):
    """The probe samples every span, even with JAEGER_SAMPLER_PARAM=0."""
    monkeypatch.setenv("JAEGER_SAMPLER_PARAM", "0")

    assert 2 == run(capsys, "--spans", "2", "--agent", address(agent.port))[1]["sent"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--spans", "0"],
        ["--spans", "many"],
        ["--rate", "-1"],
        ["--timeout", "inf"],
        ["--agent", "host"],
        ["--agent", "host:0"],
        ["--agent", ":6831"],
        ["--agent", "host:70000"],
    ],
)
def test_probe_refuses_bad_arguments(capsys, arguments):
    """A bad argument causes a usage error that names it."""
    with pytest.raises(SystemExit) as end:
        probe.main(["--service", "web", "--marker", "m1", *arguments])

    assert 2 == end.value.code
    assert arguments[0] in capsys.readouterr().err


def test_probe_takes_an_ipv6_address():
    """An IPv6 address is written in brackets."""
    assert ("::1", 6831) == probe._address("[::1]:6831")


def test_probe_is_a_module_to_run(agent):
    """`python -m sidecar_tracing.probe` prints only the JSON object."""
    command = [sys.executable, "-m", "sidecar_tracing.probe", "--service=web", "--spans=2"]
    done = subprocess.run(
        [*command, "--marker=x", f"--agent={address(agent.port)}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )

    assert 2 == json.loads(done.stdout)["sent"]
    assert "" == done.stderr
