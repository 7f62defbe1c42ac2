"""Services without a line of tracing code, under `sidecar-trace`: their traces at the gateway."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from contextlib import ExitStack

import pytest
import requests
from agent_process import AgentProcess, StandInProcess, write_token
from compose_deployment import free_port, wait_for
from servers.tracing import (
    CELERY,
    GUNICORN,
    SEND,
    SHOPS,
    TRACE,
    UVICORN,
    broker_in,
    environment,
    ids_in,
    serving,
    wait_for_server,
)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
FASTAPI = (*UVICORN, "fastapi_shop:app")
DJANGO = (*GUNICORN, "--threads=2", "django_shop:wsgi")


@pytest.fixture
def gateway_and_port(agent_binary, tmp_path):
    """A stand-in, and the port of a real agent that reports to it."""
    token = write_token(tmp_path / "token.yaml", TOKEN)
    with ExitStack() as stack:
        gateway = StandInProcess(stack, token)
        log = tmp_path / "agent.log"
        yield gateway, AgentProcess(stack, agent_binary, log, token, gateway.grpc).port


def longest_trace(gateway, service, count):
    """Return a service's longest trace at the gateway, as soon as it has so many spans."""
    url = f"{gateway.page}/api/traces?service={service}"

    def read():
        with urllib.request.urlopen(url, timeout=5) as answer:
            return max(json.load(answer)["data"], key=size, default={"spans": []})

    def size(trace):
        return len(trace["spans"])

    return wait_for(read, lambda trace: size(trace) >= count, 60)


def summary(trace):
    """Return each span's service and name with those of its parent, by time."""
    services = {key: one["serviceName"] for key, one in trace["processes"].items()}
    spans = sorted(trace["spans"], key=lambda span: span["startTime"])
    names = {
        span["spanID"]: f"{services[span['processID']]}: {span['operationName']}" for span in spans
    }
    parents = [[one["spanID"] for one in span["references"]] for span in spans]
    return [
        (names[span["spanID"]], *(names[one] for one in parent))
        for span, parent in zip(spans, parents, strict=True)
    ]


def test_web_services_share_a_trace(gateway_and_port, tmp_path):
    """FastAPI asks Django by two clients: one trace, each span once, its ID in Django's log."""
    gateway, agent = gateway_and_port
    port, other = free_port(), free_port()
    logs = {"web": tmp_path / "web.log", "stock": tmp_path / "stock.log"}
    with ExitStack() as stack:
        for name, command, here in (("web", FASTAPI, port), ("stock", DJANGO, other)):
            words = [part.format(port=here) for part in command]
            variables = environment(agent, JAEGER_SERVICE_NAME=name)
            server = stack.enter_context(serving(words, logs[name], variables))
            wait_for_server(server, f"http://127.0.0.1:{here}", logs[name])
        answer = requests.get(f"http://127.0.0.1:{port}/call/{other}", timeout=30)
    trace = longest_trace(gateway, "web", 5)

    asked, called = "web: GET /call/{port}", "web: HTTP GET"
    call = [(called, asked), ("stock: GET /items/<int:number>", called)]
    assert {"number": 1} == answer.json()
    assert [(asked,), *call, *call] == summary(trace)
    ids = ids_in(logs["stock"].read_text("utf-8"), "INFO:shop:item")
    assert [int(trace["traceID"], 16)] * 2 == [trace_id for trace_id, _ in ids]


def test_tasks_share_a_trace(gateway_and_port, tmp_path):
    """A task that a script sends, and one that the task sends: one trace, its ID in the log."""
    gateway, agent = gateway_and_port
    log, results = tmp_path / "log", tmp_path / "results"
    variables = environment(agent, JAEGER_SERVICE_NAME="tasks", **broker_in(tmp_path))
    sender = {**variables, "JAEGER_SERVICE_NAME": "sender"}
    # before the worker is there: this broker reads a message that is half written
    subprocess.run([*TRACE, *SEND], cwd=SHOPS, env=sender, check=True)
    with serving(CELERY, log, variables):
        wait_for(lambda: list(results.iterdir()), lambda files: len(files) >= 2, 60)
    trace = longest_trace(gateway, "tasks", 4)

    sent, ran = "sender: send celery_shop.bad", "tasks: run celery_shop.bad"
    again, last = "tasks: send celery_shop.add", "tasks: run celery_shop.add"
    assert [(sent,), (ran, sent), (again, ran), (last, again)] == summary(trace)
    ids = ids_in(log.read_text("utf-8"), ": adding")
    assert [int(trace["traceID"], 16)] == [trace_id for trace_id, _ in ids]
