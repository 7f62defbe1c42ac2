"""Tracers for Node.js send binary Thrift, which the kit's agents do not take."""

import json

import pytest

FILE = "docker-compose.yml"
AGENT = """
  spans:
    image: jaegertracing/jaeger-agent:1.62.0
    command: --reporter.grpc.host-port=tracing-analysis-dc-hz.aliyuncs.com:1883
"""
STAGES = "FROM {first} AS assets\nRUN make\nFROM {last}\nCOPY --from=assets /a /a\n"


@pytest.fixture
def report(run, tmp_path, monkeypatch):
    """Return a function that injects into a web of these lines, next to a shop and an agent."""
    monkeypatch.chdir(tmp_path)

    def call(web, dockerfile=""):
        (tmp_path / "Dockerfile").write_text(dockerfile)
        shop = "  shop: {image: 'example.com/shop:1', environment: {JAEGER_AGENT_HOST: spans}}\n"
        lines = "".join(
            f"    {line}\n" for line in (*web, "environment: [JAEGER_AGENT_HOST=spans]")
        )
        (tmp_path / FILE).write_text(f"services:\n{shop}  web:\n{lines}{AGENT}")
        done = run("inject", FILE, "--region=cn-hangzhou", "--dry-run", "--output=json")
        found = json.loads(done.out)
        return {each["service"]: each["traced"] for each in found["services"]}, {
            (each["subject"], each["id"], each["fix"]) for each in found["findings"]
        }

    return call


@pytest.mark.parametrize(
    ("web", "dockerfile"),
    [
        (["image: node:22-alpine"], ""),
        (["image: example.com/web:1", "command: npm run start"], ""),
        (["build: ."], "FROM node:22\nRUN apk add python3 make\nCMD npm start\n"),
        (["image: example.com/web:1", "command: ['sh', '-c', 'sleep 1; exec node app.js']"], ""),
        (["build: ."], STAGES.format(first="golang:1.23", last="node:22")),
        (
            ["build: ."],
            "FROM --platform=linux/amd64 docker.io/library/node:22 AS base\nFROM base\n",
        ),
    ],
)
def test_it_keeps_its_agent(report, web, dockerfile):
    """The agent stays, since it takes both; the others have their own."""
    traced, findings = report(web, dockerfile)

    assert {"shop": True, "web": False, "spans": False} == traced
    assert {("web", "spans-past-the-agent"), ("spans", "agent-stays")} <= {
        (subject, rule) for subject, rule, _ in findings
    }
    assert ("spans", "agent-stays", "Nothing to do, or give --replace spans") in findings


@pytest.mark.parametrize(
    ("web", "dockerfile"),
    [
        (["build: ."], STAGES.format(first="node:22", last="python:3.12")),
        (["build: ."], "FROM node:22\nRUN apt-get install python3\nCMD [gunicorn, 'app:app']\n"),
        (["image: example.com/web:1", "command: celery -A app worker -n one@node"], ""),
        (["image: example.com/node-exporter-of-ours:1"], ""),
    ],
)
def test_an_image_with_python_is_traced(report, web, dockerfile):
    """Also where a stage before it, or a word of its command, is Node's."""
    traced, findings = report(web, dockerfile)

    assert traced["web"]
    assert not {each for each in findings if "agent-stays" in each}
