"""A canary and a service that speaks OTLP, as no agent does; `make stacks` runs it."""

from __future__ import annotations

import json
import secrets
import shutil
import sys
from pathlib import Path

import pytest
import requests
import yaml
from _require import only_stacks
from compose_deployment import DeployedFolder, deployed, free_port, sidecar, wait_for

from sidecar.image_names import official
from sidecar.rules.parity import compare, read_spans
from sidecar.rules.recognition import LOCAL_TOKEN

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("compose"),
    pytest.mark.timeout(300),
    only_stacks,
]

STACKS = Path(__file__).with_name("stacks")
sys.path.append(str(STACKS))
import otlp_service  # noqa: E402 - it is a service, and no module of the tests

SPEC = """
region: local
agent: {kind: jaeger-agent, canary: collector}
services:
  - name: shop
    image: IMAGE
    port: 8000
    publish: PORT
    volumes: [{source: ./shop, target: /shop, read_only: true}]
"""
RUNS = {
    "image": f"${{SIDECAR_GATEWAY_IMAGE:-{official().gateway.name}}}",
    "entrypoint": ["python", "-u", "/shop/otlp_service.py"],
    "command": [],
}
"""What the user's image would have: that of the kit has the programs to send OTLP with."""


@pytest.fixture
def shop(engine, compose, collector_images, tmp_path):
    """The service with its canary, and the URL where it answers."""
    port, image = free_port(), official().gateway.name
    (tmp_path / "sidecar.yaml").write_text(SPEC.replace("PORT", str(port)).replace("IMAGE", image))
    (tmp_path / "shop").mkdir()
    shutil.copy(STACKS / "otlp_service.py", tmp_path / "shop")
    done = sidecar("render", "--file", tmp_path / "sidecar.yaml", "--out", tmp_path)
    assert 0 == done.code, done.err
    file = tmp_path / "docker-compose.yml"
    stack = yaml.safe_load(file.read_text())
    stack["services"]["shop"] |= RUNS
    file.write_text(yaml.safe_dump(stack))
    with deployed(DeployedFolder(tmp_path, engine, compose, collector_images)) as deployment:
        deployment.set()
        yield deployment.up(), f"http://127.0.0.1:{port}/"


def test_otlp_passes_the_copier_unchanged_and_is_noted(shop) -> None:
    """By gRPC and by HTTP: each span is that which the stand-in gets without copier and collector.

    Packets of the same service are compared as ever, and the spans by OTLP make no difference.
    """
    deployment, url = shop
    made = wait_for(lambda: _answer(url), bool, 60)
    assert made, deployment.engine.containers.logs(deployment.container("shop").identity)
    through = [_spans(deployment, trace) for trace in made["traces"]]
    direct = _sent_directly(deployment, made)
    hops, done = deployment.hops("--request", "shop=http://localhost:8000/", path_only=False)

    assert [3, 3] == [len(each) for each in through]
    for each in through:
        found = compare(direct, each)
        assert (3, {}, True) == (found.equal, found.known, found.ok), found
    assert 0 == done.code, done.out + done.err
    agrees = hops["shop", "canary agrees"]
    assert (True, 200, 200) == (agrees["ok"], agrees["figure"], agrees["expected"])
    (note,) = [note for note in json.loads(done.out)["notes"] if "OTLP" in note]
    assert int(note.split()[0]) >= 12, note
    copier = deployment.engine.containers.logs(deployment.container("shop-copier").identity)
    assert "Traceback" not in copier


def _answer(url):
    try:
        return requests.get(url, timeout=30).json()
    except requests.RequestException:
        return None


def _sent_directly(deployment, made):
    """Return the same spans as the stand-in shows them when it gets them by itself."""
    trace = secrets.token_hex(16)
    export = otlp_service.export_of(trace, made["start"], made["host"])
    otlp_service.by_http(f"{deployment.page}/adapt_{LOCAL_TOKEN}/api/otlp/traces", export)
    return _spans(deployment, trace)


def _spans(deployment, trace):
    """Return the spans of a trace by their own ids, as if all traces had one id."""
    found = deployment.trace(trace, spans=otlp_service.SPANS)
    return read_spans([json.loads(json.dumps(found).replace(trace.lstrip("0"), "a"))])
