"""`sidecar validate FILE`: hand-made agents, alike in Compose files and in manifests."""

from __future__ import annotations

import json

import pytest

GATEWAY = "--reporter.grpc.host-port=tracing-analysis-dc-sh.aliyuncs.com:1883"
CANARY = "canary0@0f0f0f0f_canary0@1e1e1e1e"
TOKEN = f"--agent.tags=Authentication={CANARY}"
ENOUGH = "--processor.jaeger-compact.workers=64"
FINE = {"image": "jaegertracing/jaeger-agent:1.62.0", "args": [GATEWAY, ENOUGH, "--config-file=/a"]}
FAULTS = {
    "none": FINE,
    "a token in the arguments": {**FINE, "args": [GATEWAY, ENOUGH, TOKEN]},
    "a flag of another version": {**FINE, "args": [*FINE["args"], "--jaeger.tags=a=b"]},
    "TChannel": {
        "image": "jaegertracing/jaeger-agent:1.15.0",
        "args": ["--reporter.tchannel.host-port=collector:14267", ENOUGH],
    },
    "tags without a value": {**FINE, "args": [GATEWAY, ENOUGH, "--agent.tags=team"]},
    "no token": {**FINE, "args": [GATEWAY, ENOUGH]},
    "an unknown gateway": {
        **FINE,
        "args": ["--reporter.grpc.host-port=gateway.example.com:1883", ENOUGH, "--config-file=/a"],
    },
    "stock sizes": {**FINE, "args": [GATEWAY, "--config-file=/a"]},
    "no tag": {**FINE, "image": "jaegertracing/jaeger-agent"},
    "a token in a variable": {**FINE, "env": {"JAEGER_TAGS": f"Authentication={CANARY}"}},
    "a shell": {
        "image": "shop/web:3",
        "command": ["sh", "-c", f"agent-linux {GATEWAY} & python app.py"],
        "args": [],
    },
}


def as_compose(agent: dict) -> str:
    service = {
        "image": agent["image"],
        "command": agent["args"],
        "environment": agent.get("env", {}),
        "restart": "always",
        "mem_limit": "192m",
        **({"entrypoint": agent["command"]} if "command" in agent else {}),
    }
    return json.dumps({"services": {"agent": service}})


def as_manifest(agent: dict) -> str:
    container = {
        "name": "agent",
        "image": agent["image"],
        "args": agent["args"],
        "env": [{"name": name, "value": value} for name, value in agent.get("env", {}).items()],
        "resources": {"limits": {"memory": "192Mi"}},
        **({"command": agent["command"]} if "command" in agent else {}),
    }
    spec = {"containers": [{"name": "web", "image": "shop/web:3"}, container]}
    return json.dumps(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": spec}, indent=1
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_both_have_the_same_faults(run, tmp_path, fault) -> None:
    """By the same rules, with the file and line, and without the token."""
    compose, manifest = tmp_path / "docker-compose.yml", tmp_path / "pod.yaml"
    compose.write_text(as_compose(FAULTS[fault]))
    manifest.write_text(as_manifest(FAULTS[fault]))
    found = {}
    for path in (compose, manifest):
        done = run("validate", path, "--output", "json")
        findings = [one for one in json.loads(done.out)["findings"] if one["id"]]
        assert CANARY not in done.out + done.err
        assert all(one["place"].startswith(f"{path}:") for one in findings)
        found[path] = sorted(one["id"] for one in findings)

    assert found[compose] == found[manifest]
    assert (fault == "none") == (found[compose] == [])


TCP = {"containerPort": 6831, "hostPort": 6831}
HOST_PORT = {**TCP, "protocol": "UDP"}
IN_PODS = {
    "agent-network-mode": ({"hostNetwork": True}, {}, "Remove `hostNetwork`"),
    "published-agent-ports": ({}, {"ports": [HOST_PORT]}, "Remove `hostPort`"),
    "agent-port-over-tcp": ({}, {"ports": [TCP]}, "Add `protocol: UDP`"),
    "agent-without-memory-limit": ({}, {"resources": {}}, "Set `resources.limits.memory`"),
}


@pytest.mark.parametrize("rule", IN_PODS)
def test_how_a_pod_runs_its_agent_is_said_in_a_manifests_words(run, tmp_path, rule) -> None:
    """The rule is that of Compose files, the fix is not."""
    pod, container, fix = IN_PODS[rule]
    data = json.loads(as_manifest(FINE))
    data["spec"].update(pod)
    data["spec"]["containers"][1].update(container)
    (tmp_path / "pod.json").write_text(json.dumps(data))
    done = run("validate", tmp_path, "--output", "json")
    findings = [one for one in json.loads(done.out)["findings"] if one["id"]]

    assert [rule] == [one["id"] for one in findings]
    assert findings[0]["fix"].startswith(fix)


def test_a_service_without_an_agent_in_its_pod_is_told(run, tmp_path) -> None:
    """With one, loopback is right; the kit's own agents are not judged."""
    data = json.loads(as_manifest(FINE))
    service, agent = data["spec"]["containers"]
    service["env"] = [{"name": "JAEGER_AGENT_HOST", "value": "localhost"}]
    paths = {}
    for name, containers in {"with": [service, agent], "without": [service]}.items():
        data["spec"]["containers"] = containers
        paths[name] = tmp_path / f"{name}.json"
        paths[name].write_text(json.dumps(data))
    run("inject", paths["without"], "--region", "cn-shanghai", "--out", tmp_path / "injected.json")

    assert "agent-host-loopback" in run("validate", paths["without"]).out
    assert "agent-host-loopback" not in run("validate", paths["with"]).out
    assert f"{tmp_path}/injected.json: valid\n" == run("validate", tmp_path / "injected.json").out


NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, annotations: {instrumentation.opentelemetry.io/inject-python: "true"}}
---
"""


def test_an_operator_that_traces_a_namespace_is_told(run, tmp_path) -> None:
    """Its pods have no annotation of their own."""
    found = {}
    for name, before in (("plain.yaml", ""), ("traced.yaml", NAMESPACE)):
        (tmp_path / name).write_text(before + REPORTING)
        done = run("validate", tmp_path / name, "--output", "json")
        found[name] = [each["id"] for each in json.loads(done.out)["findings"]]

    assert "instrumented-by-an-operator" not in found["plain.yaml"]
    assert "instrumented-by-an-operator" in found["traced.yaml"]


REPORTING = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
        - {name: web, image: shop:1, env: [{name: JAEGER_AGENT_HOST, value: localhost}]}
"""


def test_a_file_that_cannot_be_read_is_a_finding(run, tmp_path) -> None:
    """With its line and its rule."""
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: [Pod\n")
    done = run("validate", tmp_path / "a.yaml", "--output", "json")

    (finding,) = json.loads(done.out)["findings"]
    assert (1, "broken-manifest", f"{tmp_path}/a.yaml:3") == (
        done.code,
        finding["id"],
        finding["place"],
    )
    assert 2 == run("validate", tmp_path / "a.yaml", "--target", "helm").code
