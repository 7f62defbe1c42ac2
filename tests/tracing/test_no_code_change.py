"""Services without a line of tracing code, started by `sidecar-trace`: their spans and logs."""

from __future__ import annotations

import subprocess
import sys

import pytest
from compose_deployment import free_port
from servers.tracing import (
    CELERY,
    GUNICORN,
    SEND,
    SHOPS,
    TRACE,
    UVICORN,
    Seen,
    answers_of,
    broker_in,
    environment,
    ids_in,
    serving,
)
from udp_agent import UdpAgent
from waiting import wait_until

PYTHON = sys.executable
UWSGI = (
    PYTHON, "-c", "import sys, pyuwsgi; pyuwsgi.run(sys.argv[1:])",
    "--http-socket=127.0.0.1:{port}", "--master", "--die-on-term", "--need-app",
    "--enable-threads", "--processes=2", "--threads=2",
)  # fmt: skip
SERVICES = {
    "gunicorn, Flask": (*GUNICORN, "--threads=4", "flask_shop:app"),
    "gunicorn --preload, Flask": (*GUNICORN, "--preload", "--threads=4", "flask_shop:app"),
    "gunicorn gevent, Flask": (*GUNICORN, "-k", "gevent", "flask_shop:app"),
    "uWSGI, Flask": (*UWSGI, "--module=flask_shop:app"),
    "uvicorn, FastAPI": (*UVICORN, "fastapi_shop:app"),
    "uvicorn --workers 2, FastAPI": (*UVICORN, "--workers=2", "fastapi_shop:app"),
    "gunicorn, Django": (*GUNICORN, "--threads=4", "django_shop:wsgi"),
    "uvicorn, Django": (*UVICORN, "django_shop:asgi"),
}
PATHS = ("/items/7", "/call/{port}", "/bad", "/stream")


def is_items(name):
    return name.startswith("GET /items/") and name.endswith(("number}", "number>"))


@pytest.mark.parametrize("name", SERVICES)
def test_web_service_is_traced(name, tmp_path):
    """One span per request, named after its route; clients' spans between; trace IDs in the log."""
    log = tmp_path / "log"
    calls = 2 if "FastAPI" in name else 1
    answers, spans = answers_of(SERVICES[name], PATHS, log, len(PATHS) + 2 * calls)
    servers = [span for span in spans if span.kind == "server"]
    clients = [span for span in spans if span.kind == "client"]

    assert [200, 200, 500, 200] == [answer.status_code for answer in answers.values()]
    assert "012" == answers["/stream"].text
    assert [200] * (3 + calls) + [500] == sorted(span.tags["http.status_code"] for span in servers)
    assert calls == len(clients)
    assert 1 + calls == sum(is_items(span.name) for span in servers)
    (call,) = [span for span in servers if span.name.startswith("GET /call/")]
    assert {call.span_id} == {client.parent_id for client in clients}
    assert {call.trace_id} == {client.trace_id for client in clients}
    assert {client.span_id for client in clients} == {
        span.parent_id for span in servers if span.parent_id
    }
    assert all(client.tags["http.url"].endswith("/items/1?token=*") for client in clients)
    assert "secret" not in "".join(str(span.tags) for span in spans)
    (bad,) = [span for span in servers if span.name == "GET /bad"]
    assert [("ValueError", "bad")] == [(one["error.kind"], one["message"]) for one in bad.logs]
    (stream,) = [span for span in servers if span.name == "GET /stream"]
    text = log.read_text("utf-8")
    assert [(stream.trace_id, stream.span_id % 2**64)] * 3 == ids_in(text, "INFO:shop:part")
    assert set(ids_in(text, "INFO:shop:item")) == {
        (span.trace_id, span.span_id % 2**64) for span in servers if is_items(span.name)
    }


def test_celery_is_traced(tmp_path):
    """The sender, the tasks and a task that a task sends are one trace."""
    log, results = tmp_path / "log", tmp_path / "results"
    with UdpAgent() as agent:
        variables = environment(agent.port, JAEGER_PROPAGATION="w3c,jaeger", **broker_in(tmp_path))
        # before the worker is there: this broker reads a message that is half written
        subprocess.run([*TRACE, *SEND], cwd=SHOPS, env=variables, check=True)
        with serving(CELERY, log, variables):
            wait_until(lambda: len(list(results.iterdir())) >= 2, 60)
        agent.wait_for(4)
    by_name = {span.operationName: Seen(span) for span in agent.spans}
    chain = [
        by_name[f"{word} celery_shop.{task}"] for task in ("bad", "add") for word in ("send", "run")
    ]

    assert 4 == len(agent.spans)
    assert 1 == len({span.trace_id for span in chain})
    assert [0, *(span.span_id for span in chain[:-1])] == [span.parent_id for span in chain]
    assert ["producer", "consumer"] * 2 == [span.kind for span in chain]
    assert ["ValueError"] == [one["error.kind"] for one in chain[1].logs]
    assert [(chain[3].trace_id, chain[3].span_id % 2**64)] == ids_in(
        log.read_text("utf-8"), ": adding"
    )


CALLS = {
    "requests": "requests.get(url)",
    "httpx": "httpx.get(url)",
    "aiohttp": "asyncio.run(call())",
}
SCRIPT = """
import asyncio, sys
import {library}
async def call():
    async with aiohttp.ClientSession() as session:
        await session.get(url)
url = "http://user:secret@127.0.0.1:{port}/path?token=secret"
try:
    {call}
except Exception as error:
    print(type(error).__name__)
"""


@pytest.mark.parametrize("library", CALLS)
def test_call_that_fails_is_an_error(library):
    """The exception reaches the service; the span has its kind, and no secret of the URL."""
    refused = free_port()
    script = SCRIPT.format(library=library, call=CALLS[library], port=refused)
    with UdpAgent() as agent:
        command = [*TRACE, PYTHON, "-c", script]
        done = subprocess.run(
            command, env=environment(agent.port), capture_output=True, text=True, check=True
        )
        (span,) = map(Seen, agent.wait_for(1))

    assert ("client", library, True) == tuple(
        span.tags[key] for key in ("span.kind", "component", "error")
    )
    assert f"http://127.0.0.1:{refused}/path?token=*" == span.tags["http.url"]
    assert [done.stdout.strip()] == [log["error.kind"] for log in span.logs]
