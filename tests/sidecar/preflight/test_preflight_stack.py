"""`sidecar verify --pre` of a user's stack: Compose's reading of their files and the overlay."""

import json

import pytest
from fake_engine import VERSION, serve

from sidecar.plan.agents import config_text

TOKEN = "shop7@0a1b2c3d4e5f6a7b8c9d_shop7@5e6f7a8b9c0d1e2f"
STACK = """\
name: shop
services:
  web:
    build: {context: .}
    ports: ["127.0.0.1:18081:80", "18082:53/udp"]
    environment: {JAEGER_AGENT_PORT: "6831"}
  db_1: {image: "postgres:16"}
"""
SPEC = """\
region: cn-beijing
compose: [docker-compose.yml]
services: [{name: web}]
capacity: {spans_per_second: 900}
"""
IMAGE = {"Id": "sha256:1", "Size": 1, "Architecture": "amd64", "Config": {}}
AGENT, PROBE = "jaegertracing/jaeger-agent:1.62.0", "sidecar-kit/gateway:0.1.0"


@pytest.fixture
def checks(run, compose, tmp_path, monkeypatch):
    """Render the spec of a stack; return a function: options → checks and exit code."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docker-compose.yml").write_text(STACK)
    (tmp_path / "sidecar.yaml").write_text(SPEC)
    assert 0 == run("render", "--file", "sidecar.yaml").code
    fake, server = serve(tmp_path)
    fake.answer("GET /version", {**VERSION, "Arch": "amd64"})
    fake.answer("GET /containers/json", [[]])
    for name in (AGENT, PROBE):
        fake.answer(f"GET /images/{name}/json", IMAGE)
    monkeypatch.setenv("DOCKER_HOST", fake.endpoint)

    def call(*options):
        done = run("verify", "--pre", "--output", "json", *options)
        assert "" == done.err
        return json.loads(done.out)["checks"], done.code

    yield call
    server.shutdown()


@pytest.mark.parametrize("named", [("--file", "sidecar.yaml"), ()])
def test_only_the_images_of_the_kit_are_asked_for(checks, named):
    """Compose builds and pulls those of the user's; a service may have no `image`."""
    found, code = checks(*named, "--only", "images")

    assert ([AGENT, PROBE], 0) == ([check["subject"] for check in found], code)


def test_the_ports_of_the_users_services_are_looked_at(checks):
    """Those for TCP, where Compose publishes them."""
    found, code = checks("--file", "sidecar.yaml", "--only", "host-ports")

    assert ([("web on 127.0.0.1:18081", "is free")], 0) == (
        [(check["subject"], check["cause"]) for check in found],
        code,
    )


def test_a_service_that_is_not_built_yet_is_not_looked_into(checks):
    """Its image has the name that Compose gives it."""
    found, code = checks("--file", "sidecar.yaml", "--only", "python-client")

    assert (["web: the engine does not have shop-web"], 0) == (
        [f"{check['subject']}: {check['cause']}" for check in found],
        code,
    )


def test_the_token_is_the_one_that_the_overlay_mounts(checks, tmp_path):
    """Next to the user's files, where it is no copy of itself."""
    missing, refused = checks("--file", "sidecar.yaml", "--only", "token-file")
    (tmp_path / "secrets").mkdir(mode=0o700)
    (tmp_path / "secrets/agent.yaml").write_text(config_text(TOKEN, "agent.tags"))
    there, code = checks("--only", "token-file", "--only", "token-in-files")

    assert ("missing-token-file", 1) == (missing[0]["id"], refused)
    assert (["ok", "ok"], 0) == ([check["severity"] for check in there], code)
