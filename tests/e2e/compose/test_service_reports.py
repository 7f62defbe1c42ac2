"""Services that do not report, though their path is sound: none is proven, each by its own id."""

from __future__ import annotations

import pytest
import yaml
from compose_deployment import DeployedFolder, deployed, local_copy, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(400)]

URL = "http://localhost:8080/"
SERVER = """
import os, http.server, opentracing
from jaeger_client import Config as Stock
from sidecar_tracing import Config
options = {OPTIONS}
if options is not None:
    kind = Stock if {STOCK} else Config
    kind(options, service_name=os.environ["NAME"]).initialize_tracer()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        tracer = opentracing.global_tracer()
        parent = tracer.extract("http_headers", dict(self.headers)) if options is not None else None
        tracer.start_span("GET", child_of=parent).finish()
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 8080), Handler)
print("listens", flush=True)
server.serve_forever()
"""
ON = {"sampler": {"type": "const", "param": 1}}
OFF = {"sampler": {"type": "const", "param": 0}}
ELSEWHERE = {**ON, "local_agent": {"reporting_host": "127.0.0.1"}}
SERVICES = {
    "code-elsewhere": (ELSEWHERE, False, {}),
    "code-sampler": (OFF, False, {}),
    "env-elsewhere": (ON, False, {"JAEGER_AGENT_HOST": "localhost"}),
    "fine": (ON, False, {}),
    "silent": (None, False, {}),
    "spec-sampler": ({}, False, {"JAEGER_SAMPLER_TYPE": "const", "JAEGER_SAMPLER_PARAM": "0"}),
    "stock": (ON, True, {}),
    "stock-elsewhere": (ELSEWHERE, True, {}),
    "stock-sampler": (OFF, True, {}),
}
"""Service → its options in code, whether its client is jaeger-client itself, its variables."""
EXPECTED = {
    "code-elsewhere": "service-reports-elsewhere",
    "code-sampler": "service-sampler-off",
    "env-elsewhere": "service-reports-elsewhere",
    "fine": "",
    "silent": "service-silent",
    "spec-sampler": "service-sampler-off",
    "stock": "",
    "stock-elsewhere": "service-reports-elsewhere",
    "stock-sampler": "service-sampler-off",
}


def rendering(text: str) -> str:
    """Return the checkout's rendering with these services in place of its own."""
    data = yaml.safe_load(text)
    known = data["services"]
    data["services"] = {"gateway": known["gateway"]}
    for name, (options, stock, variables) in SERVICES.items():
        agent, network = f"{name}-agent", f"{name}-tracing"
        data["services"][agent] = {
            **known["frontend-agent"],
            "networks": ["gateway", network],
            "labels": {"sidecar-kit.role": "agent", "sidecar-kit.service": name},
        }
        program = SERVER.replace("{OPTIONS}", repr(options)).replace("{STOCK}", str(stock))
        service = {**known["frontend"], "depends_on": [agent], "networks": [network]}
        for unwanted in ("ports", "healthcheck", "build"):
            service.pop(unwanted, None)
        data["services"][name] = {
            **service,
            "command": ["python", "-c", program],
            "environment": {"NAME": name, "JAEGER_AGENT_HOST": agent, **variables},
            "labels": {"sidecar-kit.role": "service", "sidecar-kit.service": name},
        }
        data["networks"][network] = {"internal": True}
    data["services"]["never"] = {
        **data["services"]["fine"],
        "labels": {"sidecar-kit.role": "service", "sidecar-kit.service": "never"},
        "deploy": {"replicas": 0},
    }
    return yaml.safe_dump(data, sort_keys=False)


def starting(deployment):
    """Return the services that do not listen yet: none has a health check."""
    logs = deployment.engine.containers.logs
    return [name for name in SERVICES if "listens" not in logs(deployment.container(name).identity)]


@pytest.fixture(scope="module")
def hops(checkout, engine, compose, images, tmp_path_factory):
    """{service: its hops} of one verify that sends a request, and its outcome."""
    folder = local_copy(checkout, tmp_path_factory.mktemp("reports"))
    file = folder / "docker-compose.yml"
    file.write_text(rendering(file.read_text()))
    with deployed(DeployedFolder(folder, engine, compose, images)) as deployment:
        deployment.set()
        deployment.up()
        assert [] == wait_for(lambda: starting(deployment), lambda left: not left, 90)
        done = deployment.verify("--output", "json", "--request", URL, path_only=False)
    found = {}
    for hop in done.report["hops"]:
        found.setdefault(hop["service"], []).append(hop)
    return found, done


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_is_judged_by_what_it_reports(hops, service: str) -> None:
    """The path is proven; where the service's own spans are lost, the cause has an id."""
    (first, *path), done = hops[0][service], hops[1]

    assert 1 == done.code
    # the marked spans follow the variables of the service, not its code
    assert service == "env-elsewhere" or {True} == {hop["ok"] for hop in path}, path
    assert ("service reports", EXPECTED[service]) == (first["hop"], first["id"]), first


def test_a_service_that_is_scaled_to_zero_is_not_proven(hops) -> None:
    """It is in the Compose file, and has no container."""
    assert ["service-scaled-to-zero"] == [hop["id"] for hop in hops[0]["never"]]
