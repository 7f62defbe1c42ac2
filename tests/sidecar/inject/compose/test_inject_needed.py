"""A hand-made agent that something else of the stack reports to goes on running."""

import json

import pytest

FILE = "docker-compose.yml"
STACK = """
services:
  shop:
    image: example.com/shop:1
    environment: {JAEGER_AGENT_HOST: spans}
  spans:
    image: jaegertracing/jaeger-agent:1.62.0
    command: --reporter.grpc.host-port=tracing-analysis-dc-hz.aliyuncs.com:1883
  edge:
"""


@pytest.fixture
def verdicts(run, tmp_path, monkeypatch):
    """Return a function that injects into the stack with an edge of these lines.

    It returns why the agent is not traced, and the causes of what is said about it.
    """
    monkeypatch.chdir(tmp_path)

    def call(edge):
        (tmp_path / FILE).write_text(STACK + "".join(f"    {line}\n" for line in edge))
        done = run("inject", FILE, "--region", "cn-hangzhou", "--dry-run", "--output", "json")
        report = json.loads(done.out)
        (why,) = (each["why"] for each in report["services"] if each["service"] == "spans")
        found = [each["cause"] for each in report["findings"] if each["id"] == "agent-stays"]
        return why, found

    return call


@pytest.mark.parametrize(
    "edge",
    [
        ("image: traefik:2.11", "command: --tracing.jaeger.localAgentHostPort=spans:6831"),
        ("image: grafana/grafana:10", "environment: {JAEGER_AGENT_HOST: spans}"),
        ("image: jaegertracing/jaeger-query:1.57", "environment: [JAEGER_AGENT_HOST=spans]"),
        ("image: kong:3", "environment: {KONG_TRACER: 'udp://spans:6831'}"),
        ("image: example.com/mesh:1", "entrypoint: [/mesh, --agent, 'spans:6832']"),
        ("image: nginx:1", "env_file: edge.env"),
    ],
)
def test_what_names_the_agent_keeps_it(verdicts, tmp_path, edge):
    """Also a proxy, a dashboard or a tracing backend, which no agent is added to."""
    (tmp_path / "edge.env").write_text("NGINX_TRACING_AGENT=spans\n")

    assert (
        "hand-made agent: stays",
        ["hand-made agent: it stays, since edge still needs it"],
    ) == verdicts(edge)


@pytest.mark.parametrize(
    "edge",
    [
        ("image: traefik:2.11", "command: --providers.docker --entrypoints.web.address=:6831"),
        ("image: nginx:1", "environment: {UPSTREAM: 'shop:8000', PAGE: spans}"),
        ("image: nginx:1", "depends_on: [spans]"),
        ("image: prom/prometheus:v2", "command: --web.external-url=http://spans:14271"),
    ],
)
def test_what_does_not_report_to_the_agent_lets_it_go(verdicts, edge):
    """Its name alone, or another of its ports, is no report of spans."""
    assert ("hand-made agent: replaced", []) == verdicts(edge)


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("OTEL_EXPORTER_JAEGER_AGENT_HOST: spans", False),
        ("JAEGER_SAMPLING_ENDPOINT: 'http://spans:5778/sampling'", False),
        ("TRACER_HOST: spans", True),
    ],
)
def test_only_what_leads_spans_past_the_agent_is_said(run, tmp_path, monkeypatch, variable, said):
    """Not what the overlay sets itself, nor where a client asks how to sample."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / FILE).write_text(
        "services:\n"
        f"  shop: {{image: 'example.com/shop:1', environment: {{{variable}}}}}\n"
        "  spans: {image: 'jaegertracing/all-in-one:1.57'}\n"
    )
    done = run("inject", FILE, "--region=cn-hangzhou", "--service=shop", "--output=json")

    found = {each["id"] for each in json.loads(done.out)["findings"]}
    assert said == ("host-names-a-tracer" in found)
