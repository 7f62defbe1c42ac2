"""Forks and exits in real processes: the process that finishes a span sends it, once."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections import Counter

import pytest
import requests
import urllib3
from compose_deployment import free_port
from scripts import MAKE, environment, run

NAMED = "os.environ['JAEGER_AGENT_HOST'] = 'agent'\n"
"""Run before MAKE: the agent has a name, which a script resolves as it likes."""
BOTH_FORKS = pytest.mark.parametrize(
    "fork", ["os.fork()", "ctypes.PyDLL(None).fork()"], ids=["python", "uwsgi"]
)
SERVICE = f"""
    from sidecar_tracing import Config
    {MAKE.strip()}
    def app(environ, start_response):
        tracer.start_span("request").finish()
        start_response("200 OK", [])
        return [b"done"]
    """


def test_exit_without_close_sends_everything(agent):
    """A script that ends without a close loses no span."""
    run(agent, "finish('late', 130)")

    assert ["late"] * 130 == agent.names


def test_sys_exit_and_an_exception_send_everything(agent):
    """A script that ends by an exception loses no span."""
    done = run(agent, "finish('late', 3); 1 / 0", check=False)

    assert 1 == done.returncode
    assert ["late"] * 3 == agent.names


def test_exit_is_bounded_when_the_agent_is_away(agent):
    """Without an agent, the exit takes no longer than its limit."""
    agent.stop()
    body = """
        import atexit
        from sidecar_tracing import lifecycle
        lifecycle.EXIT_SECONDS = 0.3
        finish("lost")
        start = time.monotonic()
        atexit._run_exitfuncs()
        print(time.monotonic() - start, tracer.stats().dropped)
        """
    seconds, dropped = run(agent, body).stdout.split(maxsplit=1)

    assert float(seconds) < 2
    assert "{'close_timeout': 1}\n" == dropped


def test_close_and_exit_share_their_time_while_the_resolver_hangs(agent):
    """After a close that gave up, the exit does not wait for the same spans again."""
    body = """
        import atexit, socket
        socket.getaddrinfo = lambda *_, **__: time.sleep(60)
        finish("lost", 60)
        start = time.monotonic()
        tracer.close(0.5)
        atexit._run_exitfuncs()
        print(time.monotonic() - start, tracer.stats().dropped)
        """
    seconds, dropped = run(agent, body, tracer=NAMED + MAKE).stdout.split(maxsplit=1)

    assert float(seconds) < 4
    assert "{'close_timeout': 60}\n" == dropped


@BOTH_FORKS
def test_fork_during_a_lookup(agent, fork):
    """The child looks the name up itself; the parent still waits for its own resolver."""
    body = f"""
        import socket
        parent, resolve = os.getpid(), socket.getaddrinfo
        def getaddrinfo(_, *arguments, **options):
            time.sleep(60 if os.getpid() == parent else 0)
            return resolve("127.0.0.1", *arguments, **options)
        socket.getaddrinfo = getaddrinfo
        finish("parent", 60)
        time.sleep(0.2)
        child = {fork}
        if not child:
            finish("child", 5)
            os._exit(0 if tracer.close(5).sent == 5 else 9)
        os.waitpid(child, 0)
        print(tracer.close(0.2).dropped)
        """
    done = run(agent, body, tracer=NAMED + MAKE)

    assert ["child"] * 5 == agent.names
    assert "{'close_timeout': 60}\n" == done.stdout


@BOTH_FORKS
def test_tracer_made_before_the_fork_works_in_the_children(agent, fork):
    """Forked children report their own spans, even if Python does not see the fork (uWSGI)."""
    run(
        agent,
        f"""
        finish("parent, first", 60)
        time.sleep(0.1)
        finish("parent, queued", 10)
        time.sleep(0.2)  # a thread that waits for the interpreter would not survive uWSGI's fork
        children = []
        for number in range(2):
            children.append({fork})
            if not children[-1]:
                finish(f"child {{number}}", 75)
                report = tracer.close(5)
                os._exit(0 if (report.sent, tracer.stats().started) == (75, 75) else 9)
        finish("parent, after", 5)
        wait(*children)
        """,
        tracer=MAKE.replace("{}", "{'reporter_flush_interval': 60}"),
    )

    expected = {
        "parent, first": 60,
        "parent, queued": 10,
        "parent, after": 5,
        "child 0": 75,
        "child 1": 75,
    }
    assert expected == Counter(agent.names)
    assert 225 == len({span.traceIdLow for span in agent.spans})


def test_tracer_made_after_the_fork(agent):
    """A tracer created in the child works, and the child's normal exit flushes it."""
    run(
        agent,
        """
        child = os.fork()
        if not child:
            tracer = Config({}, service_name="forked").new_tracer()
            finish("child", 5)
            sys.exit(0)
        wait(child)
        """,
        tracer="",
    )

    assert ["child"] * 5 == agent.names


def test_counts_of_a_child_begin_at_zero(agent):
    """A forked child counts only its own spans; the parent's queue stays with the parent."""
    run(
        agent,
        """
        open_span = tracer.start_span("open at the fork")
        finish("parent", 3)
        child = os.fork()
        if not child:
            stats = tracer.stats()
            os._exit(0 if (stats.started, stats.queued) == (0, 0) else 9)
        wait(child)
        """,
    )

    assert ["parent"] * 3 == agent.names


def test_closed_tracer_stays_closed_in_a_child(agent):
    """A fork does not reopen a closed tracer."""
    run(
        agent,
        """
        closing = tracer.close()
        child = os.fork()
        if not child:
            finish("late")
            os._exit(0 if tracer.stats().dropped == {"closed": 1} else 9)
        wait(child)
        """,
    )

    assert [] == agent.names


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_children_flush_at_their_end(agent, tmp_path, method):
    """The spans of a multiprocessing child, which ends by os._exit, are still sent."""
    script = tmp_path / "work.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import multiprocessing
            from sidecar_tracing import Config
            {MAKE.strip()}
            def work(name):
                for _ in range(5):
                    tracer.start_span(name).finish()
            if __name__ == "__main__":
                context = multiprocessing.get_context("{method}")
                children = [context.Process(target=work, args=(f"child {{n}}",)) for n in range(2)]
                for child in children: child.start()
                for child in children: child.join()
                work("parent")
            """
        )
    )
    run(agent, f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')", tracer="")

    assert {"child 0": 5, "child 1": 5, "parent": 5} == Counter(agent.names)


def test_process_pool_flushes_at_its_end(agent, tmp_path):
    """Workers of a ProcessPoolExecutor send their spans when the pool shuts down."""
    script = tmp_path / "pool.py"
    script.write_text(
        textwrap.dedent(
            f"""
            from concurrent.futures import ProcessPoolExecutor
            from sidecar_tracing import Config
            {MAKE.strip()}
            def work(number):
                tracer.start_span("pooled").finish()
            if __name__ == "__main__":
                with ProcessPoolExecutor(2) as pool:
                    list(pool.map(work, range(20)))
            """
        )
    )
    run(agent, f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')", tracer="")

    assert ["pooled"] * 20 == agent.names


def start_gunicorn(agent, folder, port, options):
    """Start two workers of a service with a tracer made at import time."""
    (folder / "service.py").write_text(textwrap.dedent(SERVICE))
    command = [sys.executable, "-m", "gunicorn", "--workers=2", f"--bind=127.0.0.1:{port}"]
    return subprocess.Popen(
        [*command, *options, "service:app"],
        cwd=folder,
        env=environment(agent.port),
        stderr=subprocess.DEVNULL,
    )


def get_often(url, count):
    """Return the texts of `count` answers; retries until the server accepts connections."""
    retry = urllib3.Retry(connect=20, backoff_factor=0.05)
    with requests.Session() as session:
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retry))
        return [session.get(url).text for _ in range(count)]


@pytest.mark.parametrize("options", [[], ["--preload"]], ids=["stock", "preload"])
def test_gunicorn_worker_flushes_without_a_hook(agent, tmp_path, options):
    """A gunicorn worker sends its spans when it stops, without a server hook in the service."""
    port = free_port()
    server = start_gunicorn(agent, tmp_path, port, options)
    try:
        answered = get_often(f"http://127.0.0.1:{port}/", 20)
    finally:
        server.terminate()
        code = server.wait(20)

    assert (0, ["done"] * 20) == (code, answered)
    assert ["request"] * 20 == agent.names
    assert 20 == len({span.traceIdLow for span in agent.spans})


def test_signal_handler_that_makes_spans_does_not_deadlock(agent):
    """A signal handler may make a span while another span is being reported."""
    body = """
        import signal
        signal.signal(signal.SIGALRM, lambda *_: finish("handler"))
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        finish("main", 2000)
        signal.setitimer(signal.ITIMER_REAL, 0)
        report = tracer.close(5)
        sys.exit(0 if report.complete else 9)
        """
    run(agent, body)

    assert 2000 == Counter(agent.names)["main"]
    assert Counter(agent.names)["handler"] > 0


@pytest.mark.parametrize("last", ["pass", "sys.exit(0)", "raise ValueError"])
def test_child_of_a_fork_in_a_thread_ends_with_that_thread(agent, last):
    """As without a tracer: the process has no main thread that could exit."""
    body = f"""
        def work():
            child = os.fork()
            if child:
                wait(child)
            else:
                finish("child")
                {last}
        finish("parent")
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        """
    done = run(agent, body)

    assert 0 == done.returncode
    assert ["child", "parent"] == sorted(agent.names)


def test_child_of_a_fork_in_a_thread_lives_as_long_as_its_threads(agent):
    """A thread that the child has started goes on."""
    body = """
        def later():
            time.sleep(0.5)
            finish("later")
            os._exit(3)
        def work():
            if child := os.fork():
                print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            else:
                threading.Thread(target=later).start()
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        """
    assert "3\n" == run(agent, body).stdout
    assert ["later"] == agent.names
