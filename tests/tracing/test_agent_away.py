"""The agent is away, restarts or moves: spans wait in the queue; the service never waits."""

from __future__ import annotations

import errno
import logging
import socket
import time

import pytest
from agent_network import RateLimitedLine
from sidecar_tracing import delivery as delivery_module
from sidecar_tracing import line as line_module
from sidecar_tracing import sender as sender_module
from sidecar_tracing.encoding import Packet
from sidecar_tracing.sender import UdpSender
from udp_agent import UdpAgent, closed_port
from waiting import wait_until


def ready_sender(host, port):
    """Return a sender to a numeric address, which needs no resolver."""
    sender = UdpSender(host, port)
    assert sender.ready()
    return sender


def finish(tracer, count=1, name="span"):
    for _ in range(count):
        tracer.start_span(name).finish()


def test_restart_on_the_same_port_loses_nothing(make_tracer):
    """If the agent restarts on its port, every span arrives exactly once."""
    first = UdpAgent()
    tracer = make_tracer(port=first.port, reporter_flush_interval=0.05)
    finish(tracer, 120, "before")
    wait_until(lambda: tracer.stats().queued == 0)
    first.stop()
    finish(tracer, 300, "during")
    wait_until(lambda: tracer.stats().sent == 120)

    with UdpAgent(first.port) as second:
        finish(tracer, 80, "after")
        report = tracer.close(10)

        assert ["before"] * 120 == first.names
        assert sorted(["during"] * 300 + ["after"] * 80) == sorted(second.names)
        assert (500, True) == (report.sent, report.complete)


def test_recovery_is_logged_once(make_tracer, caplog):
    """One warning is logged when the agent goes away, one message when it is back."""
    caplog.set_level(logging.INFO, "sidecar_tracing")
    port = closed_port()
    tracer = make_tracer(port=port)
    finish(tracer, 50)
    wait_until(lambda: "does not accept spans (refused)" in caplog.text)
    with UdpAgent(port):
        tracer.close(10)

    assert 1 == caplog.text.count("does not accept spans")
    assert 1 == caplog.text.count("accepts spans again")


def test_close_gives_up_at_its_deadline(make_tracer):
    """Without an agent, a close returns in time and reports how many spans are left."""
    tracer = make_tracer(port=closed_port())
    finish(tracer, 70)
    before = time.monotonic()
    report = tracer.close(0.5)

    assert time.monotonic() - before < 2
    assert (0, 70, {"close_timeout": 70}) == (report.sent, report.unsent, report.dropped)
    assert not report


def test_name_that_does_not_resolve_keeps_the_spans(make_tracer):
    """A host that does not resolve costs no span until the close gives up."""
    tracer = make_tracer(host="agent.invalid")
    finish(tracer, 10)
    tracer_stats = tracer.stats()
    report = tracer.close(0.3)

    assert (10, 10, {}) == (tracer_stats.started, tracer_stats.queued, tracer_stats.dropped)
    assert (0, 10) == (report.sent, report.unsent)


@pytest.mark.parametrize("host", ["agent..svc", "a" * 64, "agent\0"])
def test_host_that_is_none_keeps_the_spans(make_tracer, caplog, host):
    """A host that is not a valid name causes one warning, and no span is dropped."""
    tracer = make_tracer(host=host)
    finish(tracer, 60)
    wait_until(lambda: "does not accept spans" in caplog.text)

    assert (60, {}) == (tracer.stats().queued, tracer.stats().dropped)
    assert "Traceback" not in caplog.text


def test_localhost_without_ipv6_agent_works(agent, make_tracer, monkeypatch):
    """An agent on 127.0.0.1 is found, though `localhost` resolves to ::1 first."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda _, port, **options: (
            resolve("::1", port, **options) + resolve("127.0.0.1", port, **options)
        ),
    )
    tracer = make_tracer(host="localhost")
    finish(tracer, 5)

    assert tracer.close(5).complete
    assert 5 == len(agent.wait_for(5))


@pytest.mark.parametrize("error_queue", [True, False], ids=["error queue", "no error queue"])
def test_refused_packet_comes_back_once(monkeypatch, error_queue):
    """A packet to a closed port comes back unchanged, and only once."""
    if not error_queue:
        monkeypatch.setattr(line_module, "_ERROR_QUEUE", None)
    sender = ready_sender("127.0.0.1", closed_port())
    packet = Packet(b"\x01" * 3_000, 7)
    sender.send(packet)

    assert [packet] == sender.take_refused()
    assert [] == sender.take_refused()
    sender.close()


def test_only_refused_packets_come_back(agent):
    """Of several packets, only the refused ones come back."""
    sender = ready_sender("127.0.0.1", agent.port)
    packets = [Packet(bytes([number]) * 2_000, 1) for number in range(4)]
    for packet in packets[:2]:
        sender.send(packet)
    agent.stop()
    for packet in packets[2:]:
        sender.send(packet)

    assert packets[2:] == sender.take_refused()
    sender.close()


def test_packets_settle(agent, monkeypatch):
    """A packet that does not come back in time is forgotten."""
    monkeypatch.setattr(sender_module, "SETTLE_SECONDS", 0)
    sender = ready_sender("127.0.0.1", agent.port)
    sender.send(Packet(b"x", 1))
    assert sender.unsettled
    time.sleep(0.001)
    sender.take_refused()

    assert not sender.unsettled
    sender.close()


def test_idle_reporter_takes_a_late_refusal_back(agent, make_tracer, monkeypatch):
    """A refusal that arrives while the reporter is idle still brings its spans back."""
    monkeypatch.setattr("sidecar_tracing.courier.SETTLE_TICK_SECONDS", 0.05)
    tracer = make_tracer(reporter_flush_interval=0.05)
    late = []
    sender = tracer.reporter._sender
    take = sender.take_refused
    monkeypatch.setattr(sender, "take_refused", lambda: late.pop() if late else take())
    finish(tracer)
    agent.wait_for(1)
    wait_until(lambda: tracer.stats().sent == 1)
    late.append([Packet(agent.packets[0], 1)])
    wait_until(lambda: len(agent.packets) == 2)

    wait_until(lambda: (1, 0) == (tracer.stats().sent, tracer.stats().queued))


def test_socket_that_cannot_be_opened_is_closed(monkeypatch):
    """A failed connect leaves no socket open."""
    sender = ready_sender("255.255.255.255", 6831)

    with pytest.raises(PermissionError):
        sender.send(Packet(b"x", 1))
    assert sender._line is None


def test_packet_too_long_for_the_network_is_dropped(make_tracer, monkeypatch):
    """A packet that fails with EMSGSIZE is dropped and counted: a retry cannot help."""
    tracer = make_tracer()

    def refuse(_):
        raise OSError(errno.EMSGSIZE, "Message too long")

    monkeypatch.setattr(tracer.reporter._sender, "send", refuse)
    finish(tracer, 3)

    assert {"send_error": 3} == tracer.close(5).dropped


def test_one_refusal_beyond_loopback_brings_back_all_that_may_be_lost(make_tracer, monkeypatch):
    """Kernels limit their refusals, so one refusal brings back all recent packets."""
    network = RateLimitedLine(monkeypatch)
    tracer = make_tracer(reporter_batch_size=1, reporter_flush_interval=0)
    network.away = True
    finish(tracer, 20)
    wait_until(lambda: tracer.stats().sent == 20)
    network.refuse_next = True
    finish(tracer)
    wait_until(lambda: tracer.stats().queued == 21)
    network.away = False

    assert 21 == tracer.close(10).sent
    assert ["span"] * 21 == network.arrived


def test_silence_right_after_a_refusal_is_no_success(make_tracer, monkeypatch):
    """After a refusal only empty batches leave until it is certain that packets arrive."""
    network = RateLimitedLine(monkeypatch)
    monkeypatch.setattr(delivery_module, "QUIET_SECONDS", 60)
    tracer = make_tracer(reporter_batch_size=1)
    network.refuse_next = True
    finish(tracer, 5)
    wait_until(lambda: tracer.reporter._sender.doubtful and tracer.stats().queued == 5)
    report = tracer.close(0.3)

    assert (0, 5) == (report.sent, report.unsent)
    assert {"close_timeout": 4, "close_unconfirmed": 1} == report.dropped


def test_no_span_is_doubled_where_nothing_is_refused(make_tracer, monkeypatch):
    """A healthy agent receives each span once, beyond loopback, too."""
    network = RateLimitedLine(monkeypatch)
    tracer = make_tracer()
    finish(tracer, 500)

    assert 500 == tracer.close(10).sent == len(network.arrived)


def test_refusal_is_read_before_its_packet_is_forgotten(monkeypatch):
    """A sender that checks late still finds the refusal."""
    monkeypatch.setattr(sender_module, "SETTLE_SECONDS", -1)
    sender = ready_sender("127.0.0.1", closed_port())
    packet = Packet(b"\x01" * 3_000, 7)
    sender.send(packet)

    assert [packet] == sender.take_refused()
    sender.close()
