"""How long spans wait for a full packet: short after idleness, and the interval under load."""

from __future__ import annotations

import itertools
import time

import pytest
from sidecar_tracing import probe
from sidecar_tracing.waits import EARLY_SHARE, Bucket, Patience

INTERVAL = 4.0
EARLY = INTERVAL / EARLY_SHARE


class Clock:
    """Moves only when a test says so."""

    now = 1000.0

    def __call__(self):
        return self.now


def finish(tracer, count=1):
    for _ in range(count):
        tracer.start_span("work").finish()


def leaving_times(seconds, every):
    """Return when packets leave while a span ends `every` so many seconds."""
    clock = Clock()
    patience, due, left = Patience(INTERVAL, clock), None, []
    for number in range(round(seconds / every)):
        clock.now = 1000.0 + number * every
        if due is not None and clock.now >= due:
            patience.end()
            left.append(due)
            due = None
        if due is None:
            due = clock.now + patience.begin()
    return left


def test_first_span_is_sent_early(agent, make_tracer):
    """The first span of a process does not wait for the flush interval."""
    tracer = make_tracer(reporter_flush_interval=60)
    finish(tracer)

    assert 1 == len(agent.wait_for(1, timeout=10))


def test_span_after_idleness_is_sent_early(agent, make_tracer):
    """A span that follows on nothing for a flush interval does not wait for that long."""
    tracer = make_tracer(reporter_flush_interval=INTERVAL)
    finish(tracer)
    agent.wait_for(1)
    time.sleep(INTERVAL)
    finish(tracer)

    assert 2 == len(agent.wait_for(2, timeout=INTERVAL / 2))


def test_spans_that_follow_wait_for_a_full_packet(agent, make_tracer):
    """Once some packets have left in a row, a span waits for others again."""
    tracer = make_tracer(reporter_flush_interval=INTERVAL)
    finish(tracer, 300)
    agent.wait_for(300)
    finish(tracer)

    assert 300 == len(agent.wait_for(301, timeout=INTERVAL / 4))
    assert 301 == len(agent.wait_for(301))


@pytest.mark.parametrize("every", [0.001, 0.05, 0.5, 3.0])
def test_steady_spans_cost_six_packets_more_at_most(every):
    """Six packets leave sooner than after the interval; then each waits for all of it."""
    seconds = 30 * INTERVAL

    left = leaving_times(seconds, every)

    assert len(left) <= seconds / INTERVAL + 6
    waited = [after - before for before, after in itertools.pairwise(left)]
    assert all(gap >= INTERVAL for gap in waited[6:])


def test_waits_double_from_early_to_the_interval():
    """Each packet doubles the wait of the next, until it is the interval."""
    clock = Clock()
    patience, waited = Patience(INTERVAL, clock), []
    for _ in range(8):
        waited.append(patience.begin())
        clock.now += waited[-1]
        patience.end()

    assert [EARLY * 2**n for n in range(6)] + [INTERVAL] * 2 == waited


def test_idleness_of_an_interval_makes_the_wait_short_again():
    """Nothing short of a whole interval without a packet counts as idle."""
    clock = Clock()
    patience = Patience(INTERVAL, clock)
    for _ in range(8):
        patience.end()

    clock.now += 0.99 * INTERVAL
    busy = patience.begin()
    clock.now += 0.02 * INTERVAL

    assert (INTERVAL, EARLY) == (busy, patience.begin())


def test_bucket_is_so_many_at_once_and_so_many_a_second():
    """What is left over is kept up to the burst."""
    now = [0.0]
    bucket = Bucket(3, 2, clock=lambda: now[0])

    def taken(seconds):
        now[0] += seconds
        return sum(bucket.take() for _ in range(9))

    assert [3, 0, 1, 2, 3] == [taken(seconds) for seconds in (0, 0, 0.5, 1, 60)]


def test_bucket_tells_how_long_a_charge_waits_for_what_is_not_there():
    """A look takes nothing; a charge takes what is not there yet, too."""
    bucket = Bucket(3, 2, clock=lambda: 7.0)

    assert [0, 0.5, 0.5] == [bucket.wait(3), bucket.wait(4), bucket.charge(4)]
    assert [0.5, 2] == [bucket.wait(0), bucket.charge(3)]
    assert 2.5 == bucket.wait(1)


def test_bucket_without_a_limit_never_waits():
    """`reporter_bytes_per_second` may be infinite."""
    bucket = Bucket(3, float("inf"))

    assert [0, 0, 0] == [bucket.charge(9), bucket.charge(9), bucket.wait(3)]


def test_probe_fills_its_packets(agent):
    """A slow machine makes no small packet of the probe's burst: a large one is to be tried."""
    arguments = ["--service=web", "--marker=m", f"--agent=127.0.0.1:{agent.port}"]
    tracer = probe.new_tracer(probe.parser().parse_args(arguments))
    probe.send(tracer, 5, "m")
    time.sleep(0.3)
    probe.send(tracer, 60, "m")
    tracer.close(10)

    assert [50, 15] == [len(batch.spans) for batch in agent.batches]
