"""Tracers of services that gevent or eventlet patches, before the tracer or after it."""

from __future__ import annotations

import pytest
from scripts import MAKE, run

GEVENT = "from gevent import monkey; monkey.patch_all(); from gevent import sleep, spawn\n"
EVENTLET = "import eventlet; eventlet.monkey_patch(); from eventlet import sleep, spawn\n"
SPAN = "finish('span')\n"

LIBRARIES = pytest.mark.parametrize(
    ("name", "patch"), [("gevent", GEVENT), ("eventlet", EVENTLET)], ids=["gevent", "eventlet"]
)


@LIBRARIES
@pytest.mark.parametrize("order", ["patched first", "tracer first", "span first"])
@pytest.mark.parametrize("listens", [True, False], ids=["agent", "no agent"])
def test_no_greenlet_waits_for_the_reporter(agent, name, patch, order, listens):
    """Whenever the patch comes, greenlets go on, and all spans arrive at the exit."""
    orders = {
        "patched first": patch + MAKE,
        "tracer first": MAKE + patch,
        "span first": MAKE + SPAN + "time.sleep(0.3)\n" + patch,
    }
    if not listens:
        agent.stop()
    body = """
        slow = 0.0
        for _ in range(6):
            finish("span", 60)
            began = time.monotonic()
            sleep(0.02)
            slow = max(slow, time.monotonic() - began)
        spawned = spawn(finish, "span", 10)
        sleep(0.1)
        print(slow)
        """
    done = run(agent, body, tracer=orders[order])

    assert float(done.stdout) < 1
    expected = 370 + (order == "span first")
    assert (expected if listens else 0) == len(agent.names)


@LIBRARIES
def test_greenlets_go_on_while_one_closes(agent, name, patch):
    """close(timeout) and flush(timeout) let others run while they wait."""
    agent.stop()
    body = """
        ticks = []
        def tick():
            while True:
                ticks.append(1); sleep(0.02)
        spawn(tick)
        finish("lost")
        assert not tracer.flush(0.5)
        print(len(ticks))
        report = tracer.close(0.5)
        print(len(ticks), report.unsent)
        assert tracer.close().result(5).unsent == 1
        """
    first, second, unsent = run(agent, body, tracer=patch + MAKE).stdout.split()

    assert int(first) > 5
    assert int(second) > int(first) + 5
    assert "1" == unsent


@LIBRARIES
def test_threads_of_the_platform_report_beside_greenlets(agent, name, patch):
    """Spans of a thread pool of the platform, and of a forked child, arrive."""
    body = """
        from sidecar_tracing import native
        done = []
        def work():
            finish("thread", 70)
            done.append(1)
        native.start_thread(work)
        while not done:
            sleep(0.01)
        child = os.fork()
        if not child:
            finish("child", 5)
            sys.exit(0)
        os.waitpid(child, 0)
        """
    run(agent, body, tracer=patch + MAKE)

    assert (70, 5) == (agent.names.count("thread"), agent.names.count("child"))


@LIBRARIES
def test_sigterm_by_default_action(agent, name, patch):
    """A patched script that SIGTERM ends sends its spans."""
    body = "finish('late', 7); os.kill(os.getpid(), signal.SIGTERM); sleep(9)"
    done = run(agent, body, tracer=MAKE + patch, check=False)

    assert (-15, ["late"] * 7) == (done.returncode, agent.names)


@LIBRARIES
def test_logs_and_metrics_are_the_business_of_greenlets(agent, name, patch):
    """The service's metrics are called by its own threads only, and in the end are right."""
    body = """
        from jaeger_client.metrics import MetricsFactory
        from sidecar_tracing import chores, native
        me, heard = native.original("_thread", "get_ident")(), []
        class Factory(MetricsFactory):
            def create_counter(self, name, tags=None):
                def count(value):
                    if (tags or {}).get("result") == "ok":
                        heard.append((native.original("_thread", "get_ident")() == me, value))
                return count
        tracer = Config({}, service_name="script", metrics_factory=Factory()).new_tracer()
        finish("span", 130)
        tracer.close(5)
        assert all(mine for mine, _ in heard)
        print(sum(value for _, value in heard))
        """
    assert "130\n" == run(agent, body, tracer=patch).stdout
