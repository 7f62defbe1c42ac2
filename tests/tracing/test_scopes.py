"""The default scope manager serves tasks, threads and greenlets, and loses no span."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

import opentracing
import pytest
from opentracing.scope_managers import ThreadLocalScopeManager
from scripts import MAKE, run
from sidecar_tracing import Config, init_tracer

GREENLETS = {
    "gevent": "from gevent import monkey; monkey.patch_all(); from gevent import sleep, spawn\n",
    "eventlet": "import eventlet; eventlet.monkey_patch(); from eventlet import sleep, spawn\n",
}
REQUESTS = 20


def assert_trees(spans, count):
    """Each of `count` traces has a root `request`, and two `query` under it."""
    roots = {span.spanId: span for span in spans if not span.parentSpanId}
    children = [span for span in spans if span.parentSpanId]

    assert count == len({span.traceIdLow for span in spans}) == len(roots)
    assert 2 * count == len(children)
    assert {"request"} == {roots[child.parentSpanId].operationName for child in children}


def test_concurrent_tasks_have_traces_of_their_own(agent, make_tracer):
    """Every span of concurrent requests arrives, under the right parent."""
    tracer = make_tracer()

    async def query(seconds):
        with tracer.start_active_span("query"):
            await asyncio.sleep(seconds)

    async def request(number):
        with tracer.start_active_span("request"):
            await asyncio.gather(query(0.01 * (number % 3)), query(0.002))

    async def serve():
        await asyncio.gather(*map(request, range(REQUESTS)))

    asyncio.run(serve())

    assert tracer.close(5).complete
    assert_trees(agent.spans, REQUESTS)


def test_threads_have_traces_of_their_own(agent, make_tracer):
    """A thread does not inherit what is active in another."""
    tracer = make_tracer()
    barrier = threading.Barrier(4)

    def request(_):
        with tracer.start_active_span("request"):
            barrier.wait(5)
            for _ in range(2):
                with tracer.start_active_span("query"):
                    barrier.wait(5)

    with tracer.start_active_span("main"), ThreadPoolExecutor(4) as pool:
        list(pool.map(request, range(4)))
    tracer.close(5)

    assert_trees([span for span in agent.spans if span.operationName != "main"], 4)


@pytest.mark.parametrize("name", sorted(GREENLETS))
def test_greenlets_have_traces_of_their_own(agent, name):
    """Without a setting, whether the library patches before the tracer or after it."""
    body = """
        def request(number):
            with tracer.start_active_span("request"):
                for _ in range(2):
                    with tracer.start_active_span("query"):
                        sleep(0.001 * (number % 4))
            done.append(number)
        done = []
        for number in range(20):
            spawn(request, number)
        while len(done) < 20:
            sleep(0.01)
        """
    run(agent, body, tracer=MAKE + GREENLETS[name])

    assert_trees(agent.spans, REQUESTS)


def test_scope_that_is_closed_elsewhere_finishes_its_span(agent, make_tracer):
    """A scope closed in another context, or in another order, is closed all the same."""
    tracer = make_tracer()
    elsewhere = contextvars.copy_context().run(tracer.start_active_span, "elsewhere")
    outer = tracer.start_active_span("outer")
    inner = tracer.start_active_span("inner")
    elsewhere.close()
    outer.close()
    assert "inner" == tracer.active_span.operation_name
    inner.close()
    inner.close()

    assert tracer.active_span is None
    assert 3 == tracer.close(5).sent
    assert 0 == tracer.stats().unfinished


def test_two_tracers_have_their_own_active_spans(make_tracer):
    """What is active in one is not in the other."""
    first, second = make_tracer(), make_tracer()
    with first.start_active_span("span"):
        assert second.active_span is None


def test_scope_manager_is_a_choice():
    """Config and init_tracer take another one, and init_tracer a metrics factory, too."""
    chosen = ThreadLocalScopeManager()
    tracers = [
        Config({}, service_name="test", scope_manager=chosen).new_tracer(),
        init_tracer("test", scope_manager=chosen, metrics_factory=None),
    ]
    for tracer in tracers:
        tracer.close(0)

    assert [chosen, chosen] == [tracer.scope_manager for tracer in tracers]
    assert opentracing.global_tracer() is tracers[1]
