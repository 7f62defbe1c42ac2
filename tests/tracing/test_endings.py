"""Every end of a process short of SIGKILL sends its spans, and ends as it would without us."""

from __future__ import annotations

import signal
import textwrap
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from scripts import MAKE, run
from udp_agent import UdpAgent, closed_port
from waiting import wait_until

SUPPORT = Path(__file__).parent.with_name("support")
ITSELF = "os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"])
def test_signal_with_its_default_action(agent, name):
    """The spans arrive, and the status says which signal ended the process."""
    body = f"""
        finish("late", 130)
        kill = ["kill", "-{name[3:]}", str(os.getpid())]
        threading.Timer(0.2, lambda: subprocess.run(kill)).start()
        time.sleep(9)
        """
    # what runs the tests in the background may have it ignored, which a child inherits
    default = f"signal.signal(signal.{name}, signal.SIG_DFL)\n"
    done = run(agent, body, tracer=default + MAKE, check=False)

    assert -getattr(signal, name) == done.returncode
    assert ["late"] * 130 == agent.names


AGAIN = {
    "by the service": "signal.signal(signal.SIGTERM, signal.SIG_DFL)",
    "by its handler, for a second SIGTERM": """
        def stop(*_):
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.system(f"kill {os.getpid()}")
            time.sleep(9)
        signal.signal(signal.SIGTERM, stop)
        """,
}


@pytest.mark.parametrize("how", AGAIN)
def test_default_action_that_is_set_again(agent, how):
    """A supervisor of a process group, or Celery's own, may send a second SIGTERM at once."""
    body = """
        kill = ["kill", str(os.getpid())]
        threading.Timer(0.2, lambda: subprocess.run(kill)).start()
        finish("late", 3)
        time.sleep(9)
        """
    again = 'finish("first")\n' + textwrap.dedent(AGAIN[how]) + "\n"
    done = run(agent, body, tracer=MAKE + again, check=False)

    assert -signal.SIGTERM == done.returncode
    assert ["first", *["late"] * 3] == agent.names


def test_default_action_in_a_child_that_has_no_span(agent):
    """What a process sets in a child, as before it starts a program, stays."""
    body = """
        finish("first")
        if child := os.fork():
            wait(child)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        os._exit(0)
        """
    run(agent, body)

    assert ["first"] == agent.names


def test_sigint_with_its_default_action(agent):
    """A command that does not want KeyboardInterrupt ends by the signal, with its spans."""
    body = """
        finish("late")
        kill = ["kill", "-INT", str(os.getpid())]
        threading.Timer(0.2, lambda: subprocess.run(kill)).start()
        time.sleep(9)
        """
    default = "signal.signal(signal.SIGINT, signal.SIG_DFL)\n"
    done = run(agent, body, tracer=default + MAKE, check=False)

    assert (-signal.SIGINT, "") == (done.returncode, done.stderr)
    assert ["late"] == agent.names


def test_timers_keep_their_default_action(agent):
    """They end a process that hangs where no handler of Python's could run."""
    body = """
        finish("first")
        for name in ("SIGALRM", "SIGVTALRM", "SIGPROF", "SIGXCPU", "SIGABRT"):
            assert signal.getsignal(getattr(signal, name)) is signal.SIG_DFL, name
        """
    run(agent, body)

    assert ["first"] == agent.names


def test_signal_that_does_not_interrupt_the_main_thread(agent):
    """A handler cannot run while the main thread waits in C code: the wait is interrupted.

    Another thread takes the signal here; one that comes just before the wait has the same effect.
    """
    body = """
        finish("late")
        take = lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        threading.Timer(0.2, take).start()
        os.read(os.pipe()[0], 1)
        """
    done = run(agent, body, check=False)

    assert -signal.SIGTERM == done.returncode
    assert ["late"] == agent.names


def test_the_wake_up_descriptor_of_the_service_stays(agent):
    """A descriptor that is in use is not replaced, and SIGURG keeps its default action."""
    body = """
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer)
        tracer = Config({}, service_name="script").new_tracer()
        finish("first")
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        assert signal.getsignal(signal.SIGURG) is signal.SIG_DFL
        assert signal.set_wakeup_fd(-1) == writer
        """
    run(agent, body, tracer="")

    assert ["first"] == agent.names


def test_a_child_does_not_write_its_signals_to_its_parents_descriptor(agent):
    """Its first span makes a descriptor of its own."""
    body = """
        finish("parent")
        pid = os.fork()
        if not pid:
            assert signal.set_wakeup_fd(-1) == -1
            finish("child")
            os._exit(0 if signal.set_wakeup_fd(-1) != -1 else 1)
        assert os.waitpid(pid, 0)[1] == 0
        """
    run(agent, body)

    assert {"parent", "child"} == set(agent.names)


def test_signal_while_the_agent_is_away_ends_the_process_in_time():
    """On loopback, an agent that was never there is not waited for."""
    patient = "from sidecar_tracing import lifecycle; lifecycle.EXIT_SECONDS = 25\n"
    began = time.monotonic()
    agent = SimpleNamespace(port=closed_port())
    done = run(agent, f"finish('lost'); {ITSELF}", tracer=patient + MAKE, check=False)

    assert -signal.SIGTERM == done.returncode
    assert time.monotonic() - began < 20


def test_handlers_of_the_service_stay(agent):
    """What the service set before or after the tracer is neither called more often nor replaced."""
    body = """
        seen = []
        signal.signal(signal.SIGTERM, handler := lambda *_: seen.append(1))
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        tracer = Config({}, service_name="script").new_tracer()
        finish("first")
        assert signal.getsignal(signal.SIGTERM) is handler
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGHUP)
        assert seen == [1]
        finish("second")
        """
    run(agent, body, tracer="")

    assert ["first", "second"] == agent.names


def test_handler_that_calls_the_one_before_it_decides_itself(agent):
    """A handler that chains to the earlier one goes on after it."""
    body = """
        before = signal.getsignal(signal.SIGTERM)
        signal.signal(signal.SIGTERM, lambda *arguments: before(*arguments))
        finish("first")
        os.kill(os.getpid(), signal.SIGTERM)
        finish("second")
        """
    run(agent, body)

    assert ["first", "second"] == agent.names


def test_signal_that_a_server_raises_again(agent):
    """A server that was loaded first, and raises SIGTERM again with the default action at its end.

    As uvicorn does since 0.29.
    """
    body = """
        seen = []
        before = signal.signal(signal.SIGTERM, lambda number, _: seen.append(number))
        tracer = Config({}, service_name="script").new_tracer()
        os.kill(os.getpid(), signal.SIGTERM)
        finish("last", 7)
        signal.signal(signal.SIGTERM, before)
        signal.raise_signal(seen[0])
        """
    done = run(agent, body, tracer="", check=False)

    assert (-signal.SIGTERM, ["last"] * 7) == (done.returncode, agent.names)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("os._exit(3)", 3),
        ("os.abort()", -signal.SIGABRT),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("os.execv(sys.executable, [sys.executable, '-c', 'raise SystemExit(4)'])", 4),
        ("os.execlp(sys.executable, sys.executable, '-c', 'raise SystemExit(5)')", 5),
        ("signal.signal(signal.SIGTERM, lambda *_: sys.exit(6)); " + ITSELF, 6),
    ],
    ids=["_exit", "abort", "kill", "execv", "execlp", "sys.exit in a handler"],
)
def test_end_that_the_process_chooses_itself(agent, end, code):
    """An end without the interpreter's exit hooks sends the spans."""
    done = run(agent, f"finish('late', 60); {end}", check=False)

    assert (code, 60) == (done.returncode, len(agent.names))


def test_exec_that_fails_changes_nothing(agent):
    """The process goes on, and so does its tracer."""
    body = """
        finish("first")
        try:
            os.execv("/nowhere", ["nowhere"])
        except OSError:
            finish("second")
        """
    run(agent, body)

    assert ["first", "second"] == agent.names


def test_a_forked_child_ends_by_default_until_its_first_span(agent):
    """A handler of Python waits for the main thread, which may wait in C code for ever."""
    body = """
        def shown():
            return signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        parent, child = shown(), os.fork()
        if not child:
            before, _ = shown(), finish("child")
            print(before, shown(), flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        print(parent, shown())
        """
    done = run(agent, body)

    assert ["True False", "False False"] == done.stdout.splitlines()
    assert ["child"] == agent.names


@pytest.mark.parametrize("tracer_first", [True, False], ids=["before", "in the child"])
def test_pool_that_ends_its_workers(agent, tmp_path, tracer_first):
    """`with multiprocessing.Pool()` ends its workers by SIGTERM."""
    script = tmp_path / "pool.py"
    script.write_text(
        "import multiprocessing\n"
        "from sidecar_tracing import Config\n"
        "def make():\n"
        "    global tracer\n"
        "    tracer = Config({}, service_name='script').new_tracer()\n"
        "def work(number):\n"
        "    tracer.start_span('pooled').finish()\n"
        "if __name__ == '__main__':\n"
        f"    {'make()' if tracer_first else ''}\n"
        f"    with multiprocessing.Pool(2, None if {tracer_first} else make) as pool:\n"
        "        pool.map(work, range(20))\n"
    )
    run(agent, f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')", tracer="")

    assert ["pooled"] * 20 == agent.names


def test_the_switch_leaves_everything_alone(agent):
    """SIDECAR_TRACING_ENDINGS=off: no handler, no wrapped function."""
    body = """
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert type(os._exit).__name__ == "builtin_function_or_method"
        """
    run(agent, body, SIDECAR_TRACING_ENDINGS="off")


def test_import_changes_nothing(agent):
    """Only a tracer covers the process's ends."""
    body = """
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert type(os._exit).__name__ == "builtin_function_or_method"
        """
    run(agent, body, tracer="")


TIMED = """
import atexit
began = time.monotonic()
atexit._run_exitfuncs()
print(time.monotonic() - began)
"""
"""Prints how long the exit of a script takes, which may take long to start."""


def exit_seconds(port, **variables):
    """Return how long the exit of a script takes."""
    agent = SimpleNamespace(port=port)
    return float(run(agent, "finish('late')" + TIMED, **variables).stdout)


def test_exit_where_nobody_ever_listened():
    """On loopback, refusals are certain: the exit does not wait."""
    assert exit_seconds(closed_port()) < 3


def test_exit_waits_as_long_as_it_is_told():
    """JAEGER_EXIT_TIMEOUT is the limit, and says that waiting is wanted."""
    assert 0.7 < exit_seconds(closed_port(), JAEGER_EXIT_TIMEOUT="0.8") < 3


def test_exit_waits_for_an_agent_that_is_about_to_come():
    """With JAEGER_EXIT_TIMEOUT, an agent that starts within it gets the spans."""
    port, started = closed_port(), []
    timer = threading.Timer(1.5, lambda: started.append(UdpAgent(port)))
    timer.start()
    run(SimpleNamespace(port=port), "finish('late', 3)", JAEGER_EXIT_TIMEOUT="20")
    timer.join()
    started[0].stop()

    assert ["late"] * 3 == started[0].names


def test_exit_waits_for_an_agent_that_was_there(tmp_path):
    """An agent that took a span and is away gets the usual time to come back."""
    port, away = closed_port(), tmp_path / "away"
    body = f"""
        sys.path.insert(0, {str(SUPPORT)!r})
        from udp_agent import UdpAgent
        agent = UdpAgent({port}); finish("first"); tracer.flush(5); agent.stop(); finish("late", 2)
        open({str(away)!r}, "w").close()
        """
    started = []

    def come_back():
        wait_until(away.exists, 25)
        time.sleep(0.5)  # so that the exit meets a refusal
        started.append(UdpAgent(port))

    returning = threading.Thread(target=come_back)
    returning.start()
    run(SimpleNamespace(port=port), body)
    returning.join()
    started[0].stop()

    assert ["late"] * 2 == started[0].names


def test_resolver_that_hangs_shares_the_time_of_all_ends():
    """Close, exit hook and os._exit together wait once."""
    body = """
        import atexit, socket
        os.environ["JAEGER_AGENT_HOST"] = "agent"
        socket.getaddrinfo = lambda *_, **__: time.sleep(60)
        tracer = Config({}, service_name="script").new_tracer()
        other = Config({}, service_name="other").new_tracer()
        finish("lost", 60)
        other.start_span("lost").finish()
        began = time.monotonic()
        atexit._run_exitfuncs()
        print(time.monotonic() - began, flush=True)
        os._exit(0)
        """
    began = time.monotonic()
    done = run(SimpleNamespace(port=1), body, tracer="")

    assert float(done.stdout) < 6
    assert time.monotonic() - began < 9


LATER = """
import atexit
from sidecar_tracing import lifecycle
def at_last(work):
    '''Have this done after the exit hook of the package.'''
    atexit.register(work)
    atexit.unregister(lifecycle.close_all)
    atexit.register(lifecycle.close_all)
"""


def test_span_of_another_thread_while_the_interpreter_ends(agent):
    """A daemon thread may run after the exit hook, as uWSGI's do: what it finishes is sent."""
    body = """
        begin, done = threading.Event(), threading.Event()
        def serve():
            begin.wait()
            finish("late", 3)
            done.set()
        threading.Thread(target=serve, daemon=True).start()
        at_last(lambda: (begin.set(), done.wait(5), print(tracer.stats().dropped)))
        finish("first")
        """
    done = run(agent, body, tracer=LATER + MAKE)

    assert ("{}\n", "") == (done.stdout, done.stderr)
    assert ["first", "late", "late", "late"] == agent.names


def test_span_after_a_close_is_refused_at_the_end_too(agent):
    """The exit hook opens no tracer that the service has closed."""
    body = """
        finish("first")
        closing = tracer.close()
        at_last(lambda: (finish("late"), print(tracer.stats().dropped)))
        """
    done = run(agent, body, tracer=LATER + MAKE)

    assert "{'closed': 1}\n" == done.stdout
    assert ["first"] == agent.names


def test_span_of_a_finalizer_of_the_last_objects(agent):
    """It comes too late, and nothing is raised or logged."""
    body = """
        class Last:
            def __del__(self): finish("lost")
        last = Last()
        finish("first")
        """
    done = run(agent, body)

    assert ("", "") == (done.stdout, done.stderr)
    assert "first" == agent.names[0]


def test_all_descriptors_are_closed(agent):
    """A service that becomes a daemon closes them: spans go on, and its end takes no time."""
    body = """
        finish("first"); tracer.flush(5)
        os.closerange(3, 256)
        finish("late", 2)
        """
    done = run(agent, textwrap.dedent(body) + TIMED)

    assert "Traceback" not in done.stderr
    assert ["first", "late", "late"] == agent.names
    assert float(done.stdout) < 3


CLOSED = {
    "at once": "os.closerange(3, 4096)",
    "one by one": """
        for number in range(3, 2048):
            with contextlib.suppress(OSError): os.close(number)
        """,
}


@pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_DGRAM"])
@pytest.mark.parametrize("how", CLOSED)
def test_the_numbers_of_closed_descriptors_are_the_services(agent, how, kind):
    """What it opens under them gets nothing of ours, loses nothing of its own, and stays open."""
    body = f"""
        import contextlib, socket
        finish("first"); tracer.flush(5)
        {textwrap.indent(textwrap.dedent(CLOSED[how]), " " * 8).strip()}
        pairs = [socket.socketpair(type=socket.{kind}) for _ in range(8)]
        time.sleep(0.5)
        signal.signal(signal.SIGUSR1, lambda *_: None)
        os.kill(os.getpid(), signal.SIGUSR1)
        finish("late", 2); tracer.flush(5); tracer.close(5)
        for one, other in pairs:
            one.send(b"to the other"), other.send(b"to the one")
            assert (b"to the one", b"to the other") == (one.recv(99), other.recv(99))
        """
    done = run(agent, body)

    assert ["first", "late", "late"] == agent.names
    assert "" == done.stderr


def test_signals_after_all_descriptors_were_closed(agent):
    """Their descriptor has its number again: nothing is printed, and a wait is interrupted."""
    body = """
        finish("first"); tracer.flush(5)
        writer = signal.set_wakeup_fd(-1); signal.set_wakeup_fd(writer)
        os.closerange(3, 4096)
        time.sleep(0.5)
        assert os.fstat(writer)
        finish("late")
        take = lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        threading.Timer(0.2, take).start()
        os.read(os.pipe()[0], 1)
        """
    done = run(agent, body, check=False)

    assert (-signal.SIGTERM, "") == (done.returncode, done.stderr)
    assert ["first", "late"] == agent.names


def test_a_child_leaves_what_its_parent_opened_after_it_closed_all(agent):
    """A fork closes the parent's descriptors in the child, as far as they still are ours."""
    body = """
        import socket
        finish("first"); tracer.flush(5)
        os.closerange(3, 4096)
        pairs = [socket.socketpair() for _ in range(8)]
        if not (child := os.fork()):
            finish("child")
            os._exit(0 if all(os.fstat(one.fileno()) for pair in pairs for one in pair) else 1)
        wait(child)
        """
    run(agent, body)

    assert {"first", "child"} == set(agent.names)


FROZEN = """
real, now = time.monotonic, time.monotonic()
time.monotonic = lambda: now
for module in list(sys.modules.values()):
    names = [name for name, value in vars(module).items() if value is real]
    for name in names: setattr(module, name, time.monotonic)
time.time = lambda: 1_600_000_000.0
"""
"""Stops the time as freezegun does: in `time`, and in each module that imported the function."""


def test_spans_while_the_time_stands_still(agent):
    """They leave without a flush, at a pace, and the exit does not wait for ever."""
    body = """
        for _ in range(4):
            finish("frozen", 20)
            subprocess.run(["sleep", "1.5"])
        assert not tracer.stats().queued, tracer.stats()
        finish("last", 3)
        """
    done = run(agent, body, tracer=MAKE + FROZEN)

    assert "" == done.stderr
    assert ["frozen"] * 80 + ["last"] * 3 == agent.names


def test_exit_without_an_agent_while_the_time_stands_still():
    """JAEGER_EXIT_TIMEOUT is the limit, as otherwise, also of what exit hooks finish."""
    began = time.monotonic()
    body = "at_last(lambda: finish('lost')); finish('lost', 3)"
    agent = SimpleNamespace(port=closed_port())
    run(agent, body, tracer=LATER + MAKE + FROZEN, JAEGER_EXIT_TIMEOUT="1")

    assert time.monotonic() - began < 10
