"""What a spec gives in a cluster to the containers that the kit adds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helm_charts import plan_of

from sidecar.spec.load import load
from sidecar.targets.helm.values import values_of
from sidecar.targets.manifests import additions

PARTS = {
    "agent": "resources",
    "drain": "drainResources",
    "forwarder": "forwarderResources",
}
GIVEN = {
    name: {
        "requests": {"cpu": f"{number}m", "memory": f"{number}Mi", "ephemeral-storage": "1Gi"},
        "limits": {"cpu": number, "memory": "1000Mi"},
    }
    for number, name in enumerate(PARTS.values(), 101)
}
POD = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: web, image: "web:1"}]}
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def spec_of(agent, **more) -> Path:
    """Return the file of a spec."""
    path = Path("sidecar.yaml")
    path.write_text(json.dumps({"region": "cn-shanghai", "agent": agent, **more}))
    return path


def plan(agent, **more):
    """Return the plan of a spec."""
    return plan_of(load([spec_of(agent, **more)]).spec)


def injected(agent, **more) -> dict[str, dict]:
    """Return part → requests and limits of what inject adds."""
    added = additions(plan(agent, **more), "tracing", native=True)
    found = {each["name"]: each["resources"] for each in added.around(added.agent, 60)}
    if added.shared:
        found["forwarder"] = added.shared.resources
    return found


def wanted(name: str) -> dict:
    """Return what was given, as a manifest has it."""
    limits = {what: str(amount) for what, amount in GIVEN[name]["limits"].items()}
    return {**GIVEN[name], "limits": limits}


def test_each_part_of_the_chart_has_what_the_spec_gives_it() -> None:
    """And what it does not name, such as the stand-in, is as ever."""
    relay = {"kubernetes": {"resources": GIVEN["resources"]}}
    values = values_of(plan({"kind": "collector", "kubernetes": GIVEN}, relay=relay))
    plain = values_of(plan({"kind": "collector"}))

    assert wanted("resources") == values["agent"]["resources"] == values["relay"]["resources"]
    assert wanted("drainResources") == values["agent"]["drainResources"]
    assert wanted("forwarderResources") == values["forwarder"]["resources"]
    assert plain["canary"] == values["canary"]
    assert plain["standIn"] == values["standIn"]


def test_each_part_that_inject_adds_has_what_the_spec_gives_it() -> None:
    """What waits before a collector is given what the collector is."""
    found = injected({"kind": "collector", "kubernetes": GIVEN})

    assert {
        "sidecar-wait": wanted("resources"),
        "jaeger-agent": wanted("resources"),
        "sidecar-drain": wanted("drainResources"),
        "forwarder": wanted("forwarderResources"),
    } == found


def test_a_canarys_collector_and_its_agent_each_have_their_own() -> None:
    """The chart has one value for the collector and the copier."""
    given = {"resources": GIVEN["resources"], "canaryResources": GIVEN["drainResources"]}
    path = Path("sidecar.yaml")
    agent = {"canary": "collector", "kubernetes": given}
    path.write_text(json.dumps({"region": "local", "agent": agent}))
    values = values_of(plan_of(load([path]).spec))

    assert wanted("resources") == values["agent"]["resources"]
    assert wanted("drainResources") == values["canary"]["resources"]


def test_what_is_not_given_is_the_kits() -> None:
    """A part that is named gets only what is given beside it."""
    given = {"resources": {"limits": {"ephemeral-storage": "2Gi"}}}
    (own,) = injected({}).values()
    (found,) = injected({"kubernetes": given}).values()

    assert found == {**own, "limits": {**own["limits"], "ephemeral-storage": "2Gi"}}


def test_the_kits_requests_are_not_above_a_limit_that_is_given() -> None:
    """Else the API would refuse a pod for a number that nobody wrote."""
    given = {"resources": {"limits": {"cpu": "10m", "memory": "32Mi"}}}
    (found,) = injected({"kubernetes": given}).values()
    (small,) = injected({"resources": {"cpus": 0.01}}).values()

    assert {"cpu": "10m", "memory": "32Mi"} == found["requests"] == found["limits"]
    assert "10m" == small["requests"]["cpu"] == small["limits"]["cpu"]


def test_a_collector_knows_the_limit_that_it_is_given() -> None:
    """Go's collector and the memory limiter work below it."""
    given = {"resources": {"limits": {"memory": "1Gi"}}}
    added = additions(plan({"kind": "collector", "kubernetes": given}), "tracing", native=True)

    assert [{"name": "GOMEMLIMIT", "value": "819MiB"}] == added.agent["env"]
    assert "limit_mib: 972" in added.shared.configuration


REFUSED = [
    ("memory", "1Gi", ("1Gi is more than the limit, 192Mi", "api-value-refused")),
    ("cpu", 2, ("2 is more than the limit, 500m", "api-value-refused")),
    ("memory", 256, ("256 is in bytes. Add a unit, such as 256Mi", "invalid-value")),
]


@pytest.mark.usefixtures("helm_on_path")
@pytest.mark.parametrize(("name", "amount", "told"), REFUSED)
@pytest.mark.parametrize("words", [("validate", "--target", "helm"), ("inject", "pod.yaml")])
def test_what_a_cluster_would_refuse_is_refused_at_its_line(
    words, name: str, amount, told, run
) -> None:
    """By the chart's check and by inject, which then writes nothing."""
    cause, rule = told
    Path("pod.yaml").write_text(POD)
    path = spec_of({"kubernetes": {"resources": {"requests": {name: amount}}}})
    result = run(*words, "--file", path)
    shown = result.out if words[0] == "validate" else result.err

    assert 1 == result.code
    assert f"sidecar.yaml:1: agent.kubernetes.resources.requests.{name}: {cause}" in shown
    assert f"[{rule}]" in shown
    assert "sidecar-kit/injected" not in result.out


@pytest.mark.usefixtures("helm_on_path")
@pytest.mark.parametrize(("limit", "told"), [("1Gi", True), ("4Gi", False)])
def test_a_limit_that_does_not_hold_the_queue_is_a_warning(limit: str, told: bool, run) -> None:
    """The pod would be evicted with its spans."""
    given = {"resources": {"limits": {"ephemeral-storage": limit}}}
    path = spec_of({"kind": "collector", "kubernetes": given})
    result = run("validate", "--target", "helm", "--file", path)

    assert 0 == result.code
    assert told == ("[volumes-above-ephemeral-storage]" in result.out)


@pytest.mark.parametrize(
    "given", [{"reqests": {"cpu": 1}}, {"requests": {"cpu": "much"}}, {"limits": 1}]
)
def test_what_is_no_request_is_refused_when_the_spec_is_read(given, run) -> None:
    """A mistyped key would be left out in silence."""
    spec_of({"kubernetes": {"resources": given}})
    result = run("validate", "--file", "sidecar.yaml")

    assert 1 == result.code
    assert "sidecar.yaml:1: agent.kubernetes.resources" in result.out


@pytest.mark.parametrize("key", ["requests", "limits"])
def test_kubernetes_words_beside_the_specs_own_name_the_way(key: str, run) -> None:
    """`resources` is for both targets, and has other words."""
    spec_of({"resources": {key: {"memory": "1Gi"}}})
    result = run("validate", "--file", "sidecar.yaml")

    assert 1 == result.code
    assert f"agent.resources.{key}: is not a known key. Give it in kubernetes.reso" in result.out


def test_an_empty_map_is_not_told_to_be_left_out(run) -> None:
    """It gives nothing."""
    spec_of({"kubernetes": {"resources": {}}})

    assert "kubernetes-under" not in run("validate", "--file", "sidecar.yaml").out


@pytest.mark.parametrize(("own", "told"), [({}, True), ({"resources": {"memory": "256m"}}, False)])
def test_compose_says_that_it_leaves_them_out(own, told: bool, run) -> None:
    """Unless the agent has limits for Compose, too."""
    spec_of({**own, "kubernetes": {"resources": GIVEN["resources"]}})
    result = run("validate", "--file", "sidecar.yaml", "--target", "compose")

    assert told == ("[kubernetes-under-compose]" in result.out)


def test_a_later_file_adds_to_an_earlier_one() -> None:
    """By key, at every depth, as all maps of a spec are merged."""
    first, second = Path("a.yaml"), Path("b.yaml")
    first.write_text("agent: {kubernetes: {resources: {requests: {cpu: 50m, memory: 64Mi}}}}\n")
    second.write_text("agent: {kubernetes: {resources: {requests: {cpu: 70m}}}}\n")
    found = load([first, second]).spec.agent.kubernetes

    assert {"resources": {"requests": {"cpu": "70m", "memory": "64Mi"}}} == found
