"""What a file does not show is not a fault, and what is not meant for a region needs no token."""

import json

import pytest

COMPOSE = """
services:
  spans:
    image: jaegertracing/jaeger-agent:1.62.0
    restart: always
    mem_limit: 200m
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {name: one}
spec:
  containers:
  - name: spans
    image: jaegertracing/jaeger-agent:1.62.0
    resources: {limits: {memory: 200Mi}}
"""
FLAG = "--reporter.grpc.host-port="
TOKENLESS, NOWHERE, UNKNOWN = "agent-without-token", "agent-without-gateway", "unknown-gateway"


@pytest.fixture
def ids(run, tmp_path):
    """Return a function that returns the ids of what is said about a file."""

    def call(text, name="docker-compose.yml"):
        (tmp_path / name).write_text(text)
        done = run("validate", tmp_path / name, "--output", "json")
        return {each["id"] for each in json.loads(done.out)["findings"]} - {"agent-sizes-too-small"}

    return call


def test_settings_in_an_env_file_may_hold_gateway_and_token(ids):
    """They are not read: nothing is said of what may stand there."""
    known = f"    command: {FLAG}tracing-analysis-dc-hz.aliyuncs.com:1883\n"

    assert NOWHERE in ids(COMPOSE)
    assert NOWHERE not in ids(COMPOSE + "    env_file: agent.env\n")
    assert TOKENLESS in ids(COMPOSE + known)
    assert TOKENLESS not in ids(COMPOSE + known + "    env_file: agent.env\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("env: [{name: REPORTER_GRPC_HOST_PORT, valueFrom: {configMapKeyRef: {name: a}}}]", False),
        ("env: [{name: COLLECTOR_HOST_PORT, valueFrom: {configMapKeyRef: {name: a}}}]", False),
        ("envFrom: [{configMapRef: {name: a}}]", False),
        ("env: [{name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]", True),
    ],
)
def test_settings_in_a_config_map_may_hold_the_gateway(ids, line, said):
    """Another variable that is taken from elsewhere says nothing of it."""
    assert said == (NOWHERE in ids(f"{POD}    {line}\n", "pod.yaml"))


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("jaeger-collector:14250", {UNKNOWN}),
        ("dns:///collector.tracing.svc:14250", {UNKNOWN}),
        ("tracing-analysis-dc-hx.aliyuncs.com:1883", {UNKNOWN, TOKENLESS}),
        ("dns:///tracing-analysis-dc-hz.aliyuncs.com:1883", {"", TOKENLESS}),
        ("${GATEWAY}", {NOWHERE, TOKENLESS}),
    ],
)
def test_a_collector_of_ones_own_needs_no_token(ids, address, found):
    """A region's host does, also one with a typing error."""
    assert found == ids(f"{COMPOSE}    command: '{FLAG}{address}'\n")


def test_a_parameter_of_a_template_may_be_any_gateway(ids):
    """OpenShift, or the tool that applies a manifest, puts a value there."""
    parameter, mistyped = (
        f"{POD}    args: ['{FLAG}{host}:1883']\n" for host in ("${GATEWAY}", "gateway")
    )

    assert UNKNOWN not in ids(parameter, "pod.yaml")
    assert UNKNOWN in ids(mistyped, "pod.yaml")


@pytest.mark.parametrize(("host", "said"), [("tasks.spans", False), ("tasks.other", True)])
def test_swarms_name_of_a_service_in_the_file(ids, host, said):
    """It is no agent elsewhere."""
    web = f"  web: {{image: shop, environment: {{JAEGER_AGENT_HOST: {host}}}}}\n"

    assert said == (
        "agent-host-outside" in ids(COMPOSE.replace("services:\n", f"services:\n{web}"))
    )


def test_an_all_in_one_has_no_gateway_that_may_hang(run, tmp_path):
    """Its memory goes to the traces that it holds."""
    path = tmp_path / "docker-compose.yml"
    path.write_text(COMPOSE.replace("jaeger-agent", "all-in-one").replace("mem_limit: 200m", ""))
    (finding,) = json.loads(run("validate", path, "--output", "json").out)["findings"]

    assert "agent-without-memory-limit" == finding["id"]
    assert "gateway" not in finding["cause"]
