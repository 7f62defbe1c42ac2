"""The example of docs/migrate.md: a trace through services of OpenTracing and OpenTelemetry."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from contextlib import ExitStack

import pytest
from agent_process import StandInProcess, write_token
from collector_process import CollectorProcess, grpc_exporter
from compose_deployment import free_port, wait_for

from sidecar.checkout import find_checkout
from sidecar.secrecy import child_environment

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
pytest.importorskip(
    "opentelemetry.exporter.otlp.proto.http", reason="requirements-dev.txt has the exporter"
)

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
EXAMPLE = find_checkout() / "docs" / "examples" / "one-trace"
PAGE = (find_checkout() / "docs" / "migrate.md").read_text("utf-8")
STARTS = re.compile(
    r"(?m)^(?P<settings>(?:[A-Z_]+=\S+ )+)flask --app (?P<app>\w+) run --port (\d+)"
)
SECONDS = 60
MOVES = [("before",) * 3, ("before", "after", "before"), ("after", "before", "after")]


class Shop:
    """Three services in a row, in front of a collector that sends to a stand-in."""

    def __init__(self, stack, collector, folder):
        self._stack = stack
        file = write_token(folder / "agent.yaml", TOKEN)
        bare = folder / "token"
        bare.write_text(TOKEN)
        self.stand_in = StandInProcess(stack, file)
        exporters = {"otlp_grpc": grpc_exporter(self.stand_in.grpc, bare)}
        self.collector = CollectorProcess(stack, collector, folder, exporters)

    def ask(self, apps):
        """Start a service by each of the files, and ask the first one."""
        url = ""
        for name, app in reversed(list(zip(("orders", "stock", "prices"), apps, strict=True))):
            url = self._start(name, app, url)
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            return json.load(answer)

    def _start(self, name, app, following):
        port = free_port()
        settings = {
            "JAEGER_SERVICE_NAME": name,
            "JAEGER_AGENT_HOST": "127.0.0.1",
            "JAEGER_AGENT_PORT": str(self.collector.port),
            "JAEGER_PROPAGATION": "w3c,jaeger",
            "OTEL_SERVICE_NAME": name,
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.collector.otlp_http}",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            **({"NEXT": following} if following else {}),
        }
        process = self._stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "flask", "--app", app, "run", "--port", str(port)],
                cwd=EXAMPLE,
                env={**child_environment(), **settings},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        self._stack.callback(process.kill)
        lines = iter(process.stdout.readline, "")
        assert any("Running on" in line for line in lines), "it ended"
        return f"http://127.0.0.1:{port}/"

    def trace(self):
        """Return the one trace, once it has its five spans."""

        def newest():
            with urllib.request.urlopen(
                f"{self.stand_in.page}/api/traces?service=prices", timeout=5
            ) as answer:
                return json.load(answer)["data"]

        found = wait_for(
            newest, lambda traces: [5] == [len(one["spans"]) for one in traces], SECONDS
        )
        assert 1 == len(found)
        return found[0]


@pytest.fixture
def shop(collector_binary, tmp_path):
    """Make the shop; what it starts ends with the test."""
    with ExitStack() as stack:
        yield Shop(stack, collector_binary, tmp_path)


def tree(trace):
    """Return each span's service and name below its parent's, with what the code says of it."""
    spans = {span["spanID"]: span for span in trace["spans"]}
    names = {
        key: (trace["processes"][span["processID"]]["serviceName"], span["operationName"])
        for key, span in spans.items()
    }
    found = {}
    for key, span in spans.items():
        parents = [names[one["spanID"]] for one in span["references"]]
        said = {tag["key"]: tag["value"] for tag in span["tags"]}
        events = [field["value"] for log in span["logs"] for field in log["fields"]]
        found[names[key]] = parents, said["span.kind"], said.get("items"), events
    return found


@pytest.mark.parametrize("apps", MOVES, ids="-".join)
def test_the_trace_is_the_same_whichever_service_has_moved(shop, apps):
    """Names, parents, kinds, tags and events, with headers and ids of both worlds."""
    assert {"items": 3} == shop.ask(apps)

    server, client = ("server", 1, ["counted"]), ("client", None, [])
    assert {
        ("orders", "answer"): ([], *server),
        ("orders", "ask"): ([("orders", "answer")], *client),
        ("stock", "answer"): ([("orders", "ask")], *server),
        ("stock", "ask"): ([("stock", "answer")], *client),
        ("prices", "answer"): ([("stock", "ask")], *server),
    } == tree(shop.trace())


def test_the_page_starts_the_second_of_them():
    """Its commands name the files, the services, and the order."""
    started = STARTS.findall(PAGE)

    assert ["before", "after", "before"] == [app for _, app, _ in started]
    assert ["prices", "stock", "orders"] == [
        re.findall(r"SERVICE_NAME=(\w+)", settings)[0] for settings, _, _ in started
    ]
    ports = [port for _, _, port in started]
    following = [re.findall(r"NEXT=http://127.0.0.1:(\d+)", settings) for settings, _, _ in started]
    assert [[], ports[:1], ports[1:2]] == following
    assert "JAEGER_PROPAGATION=w3c,jaeger" in PAGE
