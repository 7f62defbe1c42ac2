"""The pod of `helm test`, with the agent as a native sidecar and as a plain container."""

from __future__ import annotations

import pytest
from helm_charts import CHART, one, template

from sidecar.verify.pod import proof

ONLY = ("--show-only", "templates/tests/delivery.yaml")


def delivery(*sets: str, kubernetes: str = "1.34.0"):
    """Return the pod's specification."""
    options = [word for each in sets for word in ("--set", each)]
    return one(
        template(CHART, *ONLY, *options, kubernetes=kubernetes), "Pod", "demo-delivery-test"
    )["spec"]


def test_a_native_agent_ends_by_itself() -> None:
    """Containers share no more than a service's pod does."""
    spec = delivery()

    assert ["jaeger-agent"] == [each["name"] for each in spec["initContainers"]]
    assert "jaeger-agent" not in [each["name"] for each in spec["containers"]]
    assert "shareProcessNamespace" not in spec
    assert "--end-agent" not in str(spec)


@pytest.mark.parametrize(
    ("sets", "kubernetes"), [((), "1.28.0"), (("agent.mode=container",), "1.34.0")]
)
def test_a_plain_agent_is_ended_by_the_proof(sets: tuple[str, ...], kubernetes: str) -> None:
    """It sees the agent's process, is the same user, and names the program of the image."""
    spec = delivery(*sets, kubernetes=kubernetes)
    agent, own = spec["containers"]

    assert spec["shareProcessNamespace"]
    assert agent["securityContext"]["runAsUser"] == own["securityContext"]["runAsUser"] == 10001
    assert f"--end-agent={agent['startupProbe']['exec']['command'][0]}" in own["args"]
    assert "lifecycle" not in agent


@pytest.mark.parametrize("values", ["values.yaml", "ci/collector-values.yaml"])
def test_a_plain_agent_may_take_as_long_to_start_as_a_native_one(values: str) -> None:
    """For a native one, the cluster waits by its probe before it starts the proof."""
    (pod,) = template(CHART, *ONLY, "-f", CHART / values)
    probe = pod["spec"]["initContainers"][0]["startupProbe"]
    patience = proof.parser().parse_args(["--service=delivery-test"]).start

    assert probe["periodSeconds"] * probe["failureThreshold"] == patience


def test_helm_prints_a_plain_agents_errors_only() -> None:
    """Its log level comes after the user's arguments, and the last one counts."""
    agent, _ = delivery("agent.mode=container", "agent.extraArgs={--log-level=debug}")["containers"]

    assert ["--log-level=debug", "--log-level=error"] == agent["args"][-2:]


@pytest.mark.parametrize("mode", ["native", "container"])
def test_the_admin_port_is_asked_where_it_is(mode: str) -> None:
    """On the pod's address with metrics.enabled, else on loopback, the program's default."""
    spec = delivery(f"agent.mode={mode}", "metrics.enabled=true")
    own = spec["containers"][-1]
    address = {each["name"]: each.get("valueFrom") for each in own["env"]}

    assert "--admin=http://$(POD_IP):14271" in own["args"]
    assert {"fieldRef": {"fieldPath": "status.podIP"}} == address["POD_IP"]
    assert "--admin" not in str(delivery(f"agent.mode={mode}")["containers"][-1]["args"])
