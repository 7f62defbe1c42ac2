"""Counters as a real agent and a real kernel print them."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import pytest

from sidecar import udp_sockets
from sidecar.verify.counts import AgentCounts, GatewayCounts, agent_counts_of
from sidecar.verify.network.reader import (
    agent_counts,
    await_agent,
    main,
    read_agent,
    repeats,
    wait_for,
)

METRICS = Path(__file__).with_name("agent-1.62.0-metrics.txt").read_text()
"""Of jaeger-agent 1.62.0 after 120 spans in 3 packets, and 30 in one that the gateway failed."""

UDP = Path(__file__).with_name("proc-net-udp.txt").read_text()
UDP6 = Path(__file__).with_name("proc-net-udp6.txt").read_text()


def test_an_agents_metrics_become_counts():
    """Counters and start are found by their names in 1.62, summed over protocols."""
    expected = AgentCounts(
        packets_processed=4,
        spans_submitted=120,
        spans_failed=30,
        connected=1,
        handler_errors=1,
        batches_failed=1,
        batches_submitted=3,
        started=1795361786,
    )

    assert expected == agent_counts(METRICS, [])
    assert 0 == expected.undecoded


def test_older_names_without_total_are_read_as_well():
    """Before 1.30 counters had no `_total`; both count."""
    assert agent_counts(METRICS, []) == agent_counts(METRICS.replace("_total{", "{"), [])


def test_numbers_in_scientific_notation_are_whole_spans():
    """A counter above a million is printed as 1.5e+06."""
    line = 'jaeger_agent_reporter_spans_submitted_total{format="jaeger",protocol="grpc"} 1.5e+06'

    assert 1_500_000 == agent_counts(line, []).spans_submitted


def test_the_kernels_drops_are_those_of_the_port():
    """Rows of the port are summed over IPv4 and IPv6; other sockets' drops do not count."""
    assert 1985 == udp_sockets.drops([UDP], 6831)
    assert 1988 == agent_counts("", [UDP, UDP6]).kernel_drops
    assert 0 == udp_sockets.drops([UDP], 5775)


def test_an_empty_answer_counts_nothing():
    """Where the agent has counted nothing yet every count is zero."""
    assert AgentCounts() == agent_counts("", [])


def test_counts_since_are_differences():
    """Earlier counts are subtracted; the connection is a state, not a total."""
    before = AgentCounts(
        packets_processed=10, spans_submitted=100, spans_failed=5, kernel_drops=1, connected=1
    )
    after = AgentCounts(
        packets_processed=14, spans_submitted=280, spans_failed=25, kernel_drops=1, connected=1
    )

    assert AgentCounts(
        packets_processed=4, spans_submitted=180, spans_failed=20, connected=1
    ) == after.since(before)


def test_an_agent_that_was_restarted_counts_from_zero():
    """Totals that shrank belong to a new process."""
    after = AgentCounts(packets_processed=4, spans_submitted=200)

    assert replace(after, restarted=True) == after.since(AgentCounts(900, spans_submitted=45_000))


def test_an_agent_whose_process_is_newer_was_restarted():
    """Its totals may have overtaken the earlier ones by then."""
    after = AgentCounts(packets_processed=4, started=20)

    assert replace(after, restarted=True) == after.since(AgentCounts(started=10))
    assert not after.since(AgentCounts(packets_processed=1, started=20)).restarted


def test_counts_of_another_version_are_read():
    """What this version does not know is left out; what it lacks is zero."""
    assert AgentCounts(3) == agent_counts_of({"packets_processed": 3, "later": 1})


@pytest.fixture
def clock(monkeypatch):
    """A clock that moves only by waiting."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


@pytest.mark.parametrize(
    ("counts", "seconds", "stalled"),
    [
        (AgentCounts(4, connected=1), 0, 0),
        (AgentCounts(4, queue=4, connected=1), 4, 4),
        (AgentCounts(4, queue=4, connected=0), 8, 8),
        (AgentCounts(0, connected=1), 2, 0),
        (AgentCounts(0, unread=768, connected=1), 15, 0),
    ],
    ids=["all settled", "no call answered", "not connected", "nothing came", "nothing read"],
)
def test_an_agent_is_waited_for_as_long_as_something_may_change(clock, counts, seconds, stalled):
    """A gateway that answers nothing, or packets that do not come, are not waited for.

    Packets at its port are: a busy machine gives an agent no time to read them.
    """
    read = await_agent(lambda: counts, 4, 15)

    assert (seconds, stalled) == (round(clock[0], 0), round(read.stalled, 0))


def test_an_agent_whose_calls_are_answered_is_slow_not_stalled(clock):
    """It is waited for as long as the caller says."""
    readings = ({"batches_submitted": number, "queue": 9 - number % 5} for number in count())
    read = await_agent(lambda: AgentCounts(12, connected=1, **next(readings)), 12, 15)

    assert (15, 0) == (round(clock[0], 0), round(read.stalled, 0))
    assert 15 == round(read.waited, 0)


def test_packets_that_the_agent_dropped_are_not_waited_for(clock):
    """They came, and are gone."""
    before = AgentCounts(10, packets_dropped=3, kernel_drops=2)
    counts = AgentCounts(12, packets_dropped=4, kernel_drops=3, queue=0, connected=1)

    assert counts == await_agent(lambda: counts, before.came + 4, 15)
    assert clock[0] < 1


def test_waiting_ends_with_the_first_reading_that_is_done():
    """No further reading is taken."""
    readings = iter([1, 2, 3, 4])

    assert 3 == wait_for(lambda: next(readings), lambda reading: reading == 3, 10)
    assert 4 == next(readings)


def test_waiting_ends_with_time():
    """The last reading is the answer then."""
    assert "same" == wait_for(lambda: "same", lambda _: False, 0.05)


@pytest.fixture
def web():
    """Serve canned texts by path on loopback; returns the texts and the URL."""
    texts = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path in texts else 404)
            self.end_headers()
            self.wfile.write(texts.get(self.path, "").encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield texts, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_agents_counts_are_printed(web, capsys):
    """The program prints the counts of an admin port as JSON."""
    texts, url = web
    texts["/metrics"] = METRICS

    assert 0 == main(["agent", "--url", url, "--settled=150", "--seconds=5"])
    printed = json.loads(capsys.readouterr().out)
    assert (4, 120, 30) == (
        printed["packets_processed"],
        printed["spans_submitted"],
        printed["spans_failed"],
    )


def test_a_stand_ins_counts_are_printed(web, capsys):
    """The program prints a marker's counts as JSON."""
    texts, url = web
    texts["/api/markers/abc"] = json.dumps(
        {"accepted": 7, "refused": 1, "distinct": 6, "dropped": 2, "services": {}}
    )

    assert 0 == main(["gateway", "abc", "--url", url, "--settled=10"])
    assert GatewayCounts(7, 1, 6, 2) == GatewayCounts(**json.loads(capsys.readouterr().out))


@pytest.mark.parametrize("what", [["agent"], ["gateway", "abc"]])
def test_where_nothing_answers_the_cause_is_printed(what, capsys):
    """A closed port gives exit 1 and one line on standard error."""
    assert 1 == main([*what, "--url", "http://127.0.0.1:1"])
    shown = capsys.readouterr()
    assert "" == shown.out
    assert "URLError: <urlopen error [Errno 111] Connection refused>\n" == shown.err


def test_a_proxy_of_the_environment_is_not_asked(web, monkeypatch):
    """Loopback is asked directly, whatever the machine's proxy."""
    texts, url = web
    texts["/metrics"] = METRICS
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert 120 == read_agent(url).spans_submitted


def test_the_program_needs_the_standard_library_only():
    """A container without the kit's dependencies can run it."""
    code = "import sys, sidecar.verify.network.reader; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert set() == loaded & {"docker", "jinja2", "yaml", "psutil", "grpc", "aiohttp", "requests"}


_TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0200000A:8B0C 0300000A:075B 01 00000{queue}:00000000 {timer}:00000019 00000003  0  0 1 1 0
   1: 00000000:37BF 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 2 1 0
"""


@pytest.mark.parametrize(
    ("queue", "timer", "expected"),
    [("4E2", "01", True), ("4E2", "04", None), ("000", "02", False)],
    ids=["not acknowledged", "unsent", "idle"],
)
def test_what_the_kernel_repeats_is_read_from_its_connections(queue, timer, expected):
    """Its timer says what it waits for."""
    assert expected is repeats([_TCP.format(queue=queue, timer=timer)])


def test_a_sockets_drops_are_read_from_the_kernel(web):
    """Datagrams beyond a small buffer are counted for the port they were sent to; others wait."""
    texts, url = web
    texts["/metrics"] = METRICS
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as full,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out,
    ):
        full.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        full.bind(("127.0.0.1", 0))
        for _ in range(50):
            out.sendto(b"x" * 1000, full.getsockname())

        counts = read_agent(url, full.getsockname()[1])
        assert 0 < counts.kernel_drops < 50
        assert 0 < counts.unread
