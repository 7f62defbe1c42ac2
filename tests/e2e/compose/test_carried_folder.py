"""An image as it is, with the runtime in a folder: its spans arrive, or it runs untraced."""

from __future__ import annotations

import json
import secrets
import urllib.request
from contextlib import ExitStack

import pytest
import yaml
from agent_process import AgentProcess, StandInProcess, write_token
from carried import carry
from compose_deployment import wait_for
from copies import ROOT
from pages import blocks

from sidecar.image_names import OFFICIAL_BASE

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(120)]

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
TRACED = "import opentracing; opentracing.global_tracer().start_span('inside').finish()"
OLD = """
import os, site, sys
about = f"{site.getsitepackages()[0]}/thrift-0.13.0.dist-info"
os.makedirs(about)
open(f"{about}/METADATA", "w").write("Metadata-Version: 2.1\\nName: thrift\\nVersion: 0.13.0\\n")
os.execv(sys.executable, [sys.executable, "-c", "print('served')"])
"""


@pytest.fixture
def agent_and_gateway(agent_binary, tmp_path):
    token = write_token(tmp_path / "token.yaml", TOKEN)
    with ExitStack() as stack:
        gateway = StandInProcess(stack, token)
        log = tmp_path / "agent.log"
        yield AgentProcess(stack, agent_binary, log, token, gateway.grpc), gateway


def compose_file(agent):
    """Return the page's example with an image that has Python only, as two services."""
    page = (ROOT / "docs/tracing.md").read_text(encoding="utf-8")
    (service,) = yaml.safe_load(blocks("yaml", page)[0])["services"].values()
    image = f"${{SIDECAR_BASE_IMAGE:-{OFFICIAL_BASE}}}"
    shop = {**service, "image": image, "network_mode": "host"}
    shop["environment"] = {
        **service["environment"],
        "JAEGER_AGENT_HOST": "127.0.0.1",
        "JAEGER_AGENT_PORT": str(agent.port),
    }
    commands = {"shop": TRACED, "old": OLD}
    services = {
        name: {**shop, "command": ["python3", "-c", script.replace("$", "$$")]}
        for name, script in commands.items()
    }
    return yaml.safe_dump({"services": services})


def test_an_image_as_it_is(agent_and_gateway, engine, compose, images, tmp_path):
    """One without the package is traced by PYTHONPATH alone; one with another thrift is not."""
    agent, gateway = agent_and_gateway
    carry(tmp_path / "tracing-packages")
    project = f"COMPOSE_PROJECT_NAME=e2e-{secrets.token_hex(4)}\n"
    (tmp_path / ".env").write_text((images / ".env").read_text() + project)
    (tmp_path / "docker-compose.yml").write_text(compose_file(agent), encoding="utf-8")
    try:
        compose.run(tmp_path, "up", "--pull=never", "--no-color")
        said = compose.run(tmp_path, "logs", "--no-color", "--no-log-prefix", "old").stdout
    finally:
        compose.run(tmp_path, "down", "--timeout=0")

    def spans():
        with urllib.request.urlopen(f"{gateway.page}/api/traces?service=shop") as answer:
            found = json.load(answer)["data"]
        return [span["operationName"] for trace in found for span in trace["spans"]]

    assert ["inside"] == wait_for(spans, bool)
    assert "served" in said
    assert "not traced: RuntimeError: thrift is 0.13.0 here; " in said
