"""The remote sampler and the throttler ask the agent in every process, whatever is patched."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from scripts import run
from sidecar_tracing import polling
from waiting import wait_until

RATE = {"strategyType": "PROBABILISTIC", "probabilisticSampling": {"samplingRate": 0.001}}
REMOTE = """
tracer = Config({'sampler': {'type': 'remote'}, %s}, service_name='script').new_tracer()
"""
ASK = "'local_agent': {'sampling_port': int(os.environ['SAMPLING_PORT'])}"
ALONE = "from sidecar_tracing import stats_socket; stats_socket.turn_off()\n"
"""No other thread: one that waits for the interpreter during uWSGI's fork would hold its lock for
ever in the child."""
WAIT = """
def rate():
    until = time.monotonic() + 5
    while "0.001" not in str(tracer.sampler.sampler) and time.monotonic() < until:
        finish("span")
        time.sleep(0.02)
    return str(tracer.sampler.sampler)
"""


@contextmanager
def sampling_server(answer=RATE, status=200):
    """Answer as the agent's port 5778; yields the server and the queries that it gets."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            asked.append((parts.path, parse_qs(parts.query)))
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def in_script(agent, body, tracer=REMOTE % ASK):
    with sampling_server() as (port, asked):
        done = run(agent, body, tracer=WAIT + tracer, SAMPLING_PORT=str(port))
    return done.stdout, asked


def test_sampler_asks_from_the_first_span_on(agent):
    """The agent's rate is used within moments, not after a minute."""
    printed, asked = in_script(agent, "print(rate())")

    assert "ProbabilisticSampler(0.001)\n" == printed
    assert [("/sampling", {"service": ["script"]})] == asked


@pytest.mark.parametrize(
    "fork", ["os.fork()", "ctypes.PyDLL(None).fork()"], ids=["python", "uwsgi"]
)
def test_sampler_asks_in_a_forked_child(agent, fork):
    """A child of a process that never had a span learns the rate, and asks itself."""
    body = f"""
        child = {fork}
        if not child:
            os._exit(0 if "0.001" in rate() else 9)
        wait(child)
        """
    _, asked = in_script(agent, body, tracer=ALONE + REMOTE % ASK)

    assert 1 == len(asked)


@pytest.mark.parametrize("name", ["gevent", "eventlet"])
@pytest.mark.parametrize("order", ["before", "after"])
def test_sampler_asks_beside_greenlets(agent, name, order):
    """Whether the library patches before the tracer or after it."""
    patch = {
        "gevent": "from gevent import monkey; monkey.patch_all()\n",
        "eventlet": "import eventlet; eventlet.monkey_patch()\n",
    }[name]
    tracer = REMOTE % ASK
    both = patch + tracer if order == "before" else tracer + patch
    printed, _ = in_script(agent, "print(rate())", both)

    assert "ProbabilisticSampler(0.001)\n" == printed


def test_endpoint_from_the_environment(agent):
    """JAEGER_SAMPLING_ENDPOINT names another port."""
    endpoint = """
port = os.environ["SAMPLING_PORT"]
os.environ["JAEGER_SAMPLING_ENDPOINT"] = f"http://127.0.0.1:{port}/sampling"
"""
    printed, _ = in_script(agent, "print(rate())", endpoint + REMOTE % "")

    assert "ProbabilisticSampler(0.001)\n" == printed


def test_no_answer_keeps_the_rate_and_is_asked_again(make_tracer, monkeypatch):
    """An agent without a strategy, or none at all, changes nothing until it has one."""
    monkeypatch.setattr(polling, "FIRST_SECONDS", 0.05)
    with sampling_server(status=503) as (port, asked):
        monkeypatch.setenv("JAEGER_SAMPLING_ENDPOINT", f"http://127.0.0.1:{port}")
        tracer = make_tracer(sampler={"type": "remote"})
        tracer.start_span("span").finish()
        wait_until(lambda: len(asked) > 2)

        assert 1 == tracer.stats().started
        tracer.close(5)


def test_throttler_gets_credits(make_tracer):
    """A debug span starts once the agent gave credits for its operation."""
    answer = {"balances": [{"operation": "debugged", "balance": 2.0}]}
    with sampling_server(answer) as (port, _):
        tracer = make_tracer(throttler={"port": port, "refresh_interval": 0.05})
        wait_until(lambda: tracer.throttler.is_allowed("debugged"))
        tracer.throttler.close()
