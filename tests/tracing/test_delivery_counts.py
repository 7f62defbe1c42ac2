"""Sent and dropped spans: the counts are exact, and the packets fit."""

from __future__ import annotations

import pytest
from jaeger_client import ConstSampler
from jaeger_client.metrics import MetricsFactory
from jaeger_client.reporter import InMemoryReporter, ReporterMetrics
from scripts import run
from sidecar_tracing import Config
from sidecar_tracing.encoding import Encoder
from sidecar_tracing.ledger import Ledger
from udp_agent import closed_port, decode, tags
from waiting import wait_until

UNTIL_FULL = 1e10
"""A flush interval: by default, a slow machine sends what it has after 20 ms."""


def finish(tracer, count=1, **span_tags):
    for number in range(count):
        tracer.start_span(f"span {number}", tags=dict(span_tags)).finish()


def test_burst_of_20000_loses_nothing(agent):
    """A burst of 20,000 spans arrives completely through a default kernel buffer.

    The service has a process of its own: in this one, it would keep the agent from reading.
    """
    burst = """
        for number in range(20_000):
            with tracer.start_span("burst") as span:
                span.log_kv({"number": number})
        report = tracer.close(20)
        print(report.sent, report.unsent, report.dropped, report.complete)
        """

    assert "20000 0 {} True\n" == run(agent, burst).stdout
    spans = agent.wait_for(20_000, timeout=2)
    assert set(range(20_000)) == {tags(span.logs[0].fields)["number"] for span in spans}
    assert 20_000 == len(spans)


def test_batches_hold_50_spans(agent, make_tracer):
    """A packet holds up to 50 spans."""
    tracer = make_tracer(reporter_flush_interval=UNTIL_FULL)
    finish(tracer, 120)
    tracer.close(5)

    assert [50, 50, 20] == [len(batch.spans) for batch in agent.batches]


def test_packets_are_split_by_size(agent, make_tracer):
    """No packet is larger than 65,000 bytes."""
    tracer = make_tracer(max_tag_value_length=100_000, reporter_flush_interval=UNTIL_FULL)
    for size in (64_000, 20_000, 20_000, 20_000, 64_000, 10):
        finish(tracer, text="x" * size)
    report = tracer.close(5)

    assert 6 == report.sent == len(agent.wait_for(6))
    assert max(len(packet) for packet in agent.packets) <= 65_000
    assert [1, 3, 2] == [len(batch.spans) for batch in agent.batches]


def test_span_too_large_for_a_packet_is_dropped(agent, make_tracer, caplog):
    """A span above the limit is counted, and logged once; the other spans arrive."""
    tracer = make_tracer(max_tag_value_length=100_000)
    for size in (10, 65_000, 70_000, 10):
        finish(tracer, text="x" * size)
    report = tracer.close(5)

    assert (2, 2, {"too_large": 2}) == (report.sent, report.unsent, report.dropped)
    assert 2 == len(agent.wait_for(2))
    assert 1 == caplog.text.count("larger than one packet")


def test_largest_packet_is_exactly_within_the_limit(agent, make_tracer):
    """A span that just fits is sent: the estimated overhead is off by a few bytes at most."""
    tracer = make_tracer(max_tag_value_length=100_000)
    finish(tracer)
    tracer.reporter.close_and_wait(5)
    empty = len(agent.packets[0]) if agent.wait_for(1) else 0

    tracer = make_tracer(max_tag_value_length=100_000)
    finish(tracer, t="x" * (65_000 - empty - 30))

    assert tracer.close(5).complete


def test_span_that_cannot_be_encoded_is_dropped(agent, make_tracer):
    """A span without a time that exists costs only itself."""
    tracer = make_tracer()
    tracer.start_span("endless", start_time=float("inf")).finish()
    finish(tracer)
    report = tracer.close(5)

    assert (1, {"encode_error": 1}) == (report.sent, report.dropped)


def test_small_queue_drops_what_exceeds_it(make_tracer):
    """Spans beyond an explicitly small queue are dropped and counted."""
    tracer = make_tracer(port=closed_port(), reporter_queue_size=3)
    finish(tracer, 200)

    stats = tracer.stats()
    assert stats.dropped["queue_full"] >= 190
    assert stats.started == 200 == stats.sent + stats.dropped_total + stats.queued


def test_queue_holds_20000_by_default(make_tracer):
    """While the agent is away, 20,000 spans wait and none is dropped."""
    tracer = make_tracer(port=closed_port())
    finish(tracer, 20_000)

    stats = tracer.stats()
    assert (20_000, 20_000, 0, {}) == (stats.started, stats.queued, stats.sent, stats.dropped)


def test_sampled_out_spans_are_counted_apart(make_tracer):
    """Spans that the sampler excludes count as neither started nor dropped."""
    tracer = make_tracer(sampler={"type": "const", "param": 0})
    finish(tracer, 7)

    stats = tracer.stats()
    assert (0, 7, 0) == (stats.started, stats.sampled_out, stats.dropped_total)


def test_unfinished_spans_are_shown(make_tracer):
    """A span that is never finished counts as unfinished, and the sum still holds."""
    tracer = make_tracer()
    tracer.start_span("forgotten")
    finish(tracer, 2)
    tracer.close(5)

    stats = tracer.stats()
    assert (3, 1, 2) == (stats.started, stats.unfinished, stats.sent)


@pytest.mark.parametrize("priority", [0, 1])
def test_sum_holds_when_sampling_changes_midway(make_tracer, priority):
    """The sum holds if a span's sampling.priority changes after its start."""
    tracer = make_tracer(sampler={"type": "const", "param": 1 - priority})
    span = tracer.start_span("changes")
    span.set_tag("sampling.priority", priority)
    span.finish()
    tracer.close(5)

    stats = tracer.stats()
    assert stats.started == stats.sent + stats.dropped_total + stats.queued + stats.unfinished
    assert priority == stats.sent


def test_lone_span_leaves_without_a_close(agent, make_tracer):
    """A single span is sent although its packet is not full, and the tracer not closed."""
    tracer = make_tracer(reporter_flush_interval=0.2)
    finish(tracer)

    assert 1 == len(agent.wait_for(1))
    # the reporter counts a packet just after it sends it
    wait_until(lambda: tracer.stats().sent == 1)


def test_full_batch_leaves_at_once(agent, make_tracer):
    """Fifty spans do not wait for the flush interval."""
    tracer = make_tracer(reporter_flush_interval=60)
    finish(tracer, 1)
    finish(tracer, 49)

    assert 50 == len(agent.wait_for(50))
    wait_until(lambda: tracer.stats().queued == 0)


def test_process_carries_service_and_tags(agent, make_tracer):
    """Each packet holds the service's name and the process tags, as with jaeger-client."""
    tracer = make_tracer(tags={"zone": "a"})
    finish(tracer)
    tracer.close(5)

    process = agent.wait_for(1) and agent.batches[0].process
    assert "test" == process.serviceName
    assert {"zone": "a", "jaeger.version": "Python-4.8.0"}.items() <= tags(process.tags).items()


def test_defect_in_a_batch_is_counted_and_reporting_goes_on(
    agent, make_tracer, monkeypatch, caplog
):
    """An unexpected error while sending costs only the current batch, which is counted."""
    tracer = make_tracer(reporter_batch_size=1)
    sender = tracer.reporter._sender
    send, failures = sender.send, iter([ZeroDivisionError()])

    def failing(packet):
        for failure in failures:
            raise failure
        send(packet)

    monkeypatch.setattr(sender, "send", failing)
    finish(tracer, 3)
    report = tracer.close(5)

    assert (2, {"send_error": 1}) == (report.sent, report.dropped)
    assert "could not be delivered" in caplog.text


def test_span_without_a_name_does_not_spoil_its_packet(agent, make_tracer):
    """A span renamed to None gets an empty name: an agent refuses a packet that lacks one."""
    tracer = make_tracer()
    tracer.start_span("unnamed").set_operation_name(None).finish()
    finish(tracer)
    report = tracer.close(5)

    assert ["", "span 0"] == [span.operationName for span in agent.wait_for(2)]
    assert 2 == report.sent


@pytest.mark.parametrize("late", ["tags", "logs"])
def test_tags_and_logs_after_the_finish_do_not_corrupt_the_packet(late):
    """A tag or log added while its span is encoded does not corrupt the list's length."""
    tracer = Config({}, service_name="test").create_tracer(InMemoryReporter(), ConstSampler(True))
    span = tracer.start_span("span", tags={"first": 1})
    span.log_kv({"first": 1})
    span.finish()

    class Adding:
        def write(self, out):
            getattr(span, late).append(original)
            original.write(out)

        def __getattr__(self, name):
            getattr(span, late).append(original)
            return getattr(original, name)

    original = getattr(span, late).pop()
    getattr(span, late).append(Adding())
    finished = len(getattr(span, late))
    ledger = Ledger(ReporterMetrics(MetricsFactory()))
    (packet,) = Encoder.for_service("test", {}, 100, 50, ledger).packets([span])

    (decoded,) = decode(packet.data).spans
    assert finished == len(getattr(decoded, late))


def test_process_tags_that_cannot_be_encoded_are_text(agent, make_tracer, monkeypatch, caplog):
    """A process tag that cannot be encoded is sent as text, with one warning."""
    monkeypatch.setenv("JAEGER_TAGS", "bad=a\udce9,zone=a")
    tracer = make_tracer(tags={"huge": 2**70})
    finish(tracer, 2)

    assert tracer.close(5).complete
    sent = tags(agent.batches[0].process.tags)
    assert ("a", "a\\udce9", str(2**70)) == (sent["zone"], sent["bad"], sent["huge"])
    assert 1 == caplog.text.count("tags of the process cannot be encoded")


def test_service_name_that_is_not_utf8_is_written_readably(agent):
    """Bytes of JAEGER_SERVICE_NAME that are not UTF-8 are escaped."""
    local_agent = {"reporting_host": "127.0.0.1", "reporting_port": agent.port}
    tracer = Config({"local_agent": local_agent}, service_name="caf\udce9").new_tracer()
    finish(tracer)

    assert tracer.close(5).complete
    assert "caf\\udce9" == agent.batches[0].process.serviceName


def test_metrics_that_fail_cost_no_span(agent, caplog):
    """Metrics that raise harm neither service nor reporter; the error is logged once."""

    class BrokenMetrics(MetricsFactory):
        def create_gauge(self, name, tags=None):
            return lambda _: 1 / 0

        def create_counter(self, name, tags=None):
            return lambda _: 1 / 0 if name == "jaeger:reporter_spans" else None

    local_agent = {"reporting_host": "127.0.0.1", "reporting_port": agent.port}
    tracer = Config(
        {"local_agent": local_agent}, service_name="test", metrics_factory=BrokenMetrics()
    ).new_tracer()
    finish(tracer, 120)
    report = tracer.close(5)
    finish(tracer)

    assert 120 == report.sent == len(agent.wait_for(120))
    assert {"closed": 1} == tracer.stats().dropped
    assert 1 == caplog.text.count("metrics factory's counter failed")


def test_endless_flush_interval_waits_for_a_full_batch(agent, make_tracer):
    """An interval longer than a lock can wait neither ends the thread nor sends early."""
    tracer = make_tracer(reporter_flush_interval=UNTIL_FULL)
    finish(tracer)
    finish(tracer, 49)

    assert 50 == len(agent.wait_for(50))
