"""What inject adds to a pod is what the chart renders into one."""

from __future__ import annotations

import json

import pytest
import yaml
from helm_charts import one, plan_of, template, written

from sidecar.image_names import built_collector
from sidecar.plan.forwarders import memory_mib
from sidecar.rules.collectors import DEFAULT_VERSION
from sidecar.spec.load import load
from sidecar.targets.manifests import additions, collectors
from sidecar.targets.manifests.shared import text_of
from sidecar.targets.manifests.text import Fixed, block, flow

SPECS = {
    "the default": {},
    "1.15": {"agent": {"version": "1.15.0"}},
    "1.20 over TLS": {"agent": {"version": "1.20.0"}, "gateway": {"tls": True}},
    "sizes": {
        "agent": {"resources": {"memory": "512m", "cpus": 2}},
        "capacity": {"spans_per_second": 9000, "round_trip_ms": 300},
    },
    "requests and limits": {
        "agent": {"kubernetes": {"resources": {"requests": {"cpu": "70m"}, "limits": {"cpu": 1}}}}
    },
    "an image": {"agent": {"image": "mirror.example.com/tracing/agent", "version": "1.60.0"}},
    "a mirror": {"images": {"prefix": "mirror.example.com/hub"}},
}


@pytest.mark.parametrize("kubernetes", ["1.34.0", "1.28.0"])
@pytest.mark.parametrize("spec", SPECS)
def test_it_is_what_the_chart_renders(spec, kubernetes, tmp_path) -> None:
    """For each version of the agent and of Kubernetes, byte for byte as data."""
    path = tmp_path / "sidecar.yaml"
    path.write_text(json.dumps({"region": "cn-shanghai", **SPECS[spec]}))
    plan = plan_of(load([path]).spec)
    native = kubernetes == "1.34.0"
    added = additions(plan, "tracing", native=native)
    objects = template(written(plan, tmp_path / "out"), kubernetes=kubernetes)
    pod = next(one for one in objects if one["kind"] == "Deployment")["spec"]["template"]["spec"]
    agent = next(
        one
        for one in pod["initContainers" if native else "containers"]
        if one["name"] == "jaeger-agent"
    )
    environment = {
        one["name"]: one.get("value") for each in pod["containers"] for one in each.get("env", [])
    }

    assert agent == dict(added.agent)
    assert all(dict(volume) in pod["volumes"] for volume in added.volumes)
    assert added.environment.items() <= environment.items()


COLLECTOR_SPECS = {
    "the default": {},
    "over TLS": {"gateway": {"tls": True}},
    "over HTTP": {"gateway": {"protocol": "otlp-http"}},
    "sizes": {
        "agent": {"resources": {"memory": "512m", "cpus": 2}, "buffer": "10m", "disk": "4g"},
        "capacity": {"spans_per_second": 3000, "round_trip_ms": 300},
    },
    "requests and limits": {
        "agent": {
            "kubernetes": {
                "resources": {"requests": {"memory": "300Mi"}, "limits": {"memory": "1Gi"}},
                "drainResources": {"requests": {"cpu": 0.1}},
                "forwarderResources": {"limits": {"cpu": 1}},
            }
        }
    },
    "an override": {
        "agent": {"collector": {"service": {"telemetry": {"logs": {"level": "warn"}}}}}
    },
    "an image": {"agent": {"image": "mirror.example.com/tracing/otelcol", "version": "0.160.0"}},
    "a mirror": {"images": {"prefix": "mirror.example.com/hub"}},
}
GRACE_SECONDS = 60
"""Of the chart's pods."""


@pytest.fixture
def both(spec, kubernetes, tmp_path):
    """What the chart renders for a spec with collectors, and what inject adds."""
    agent = {"kind": "collector", **COLLECTOR_SPECS[spec].get("agent", {})}
    path = tmp_path / "sidecar.yaml"
    path.write_text(json.dumps({"region": "cn-shanghai", **COLLECTOR_SPECS[spec], "agent": agent}))
    plan = plan_of(load([path]).spec)
    native = kubernetes == "1.34.0"
    return (
        template(written(plan, tmp_path / "out"), kubernetes=kubernetes),
        additions(plan, "tracing", native=native, name="demo"),
    )


@pytest.mark.parametrize("kubernetes", ["1.34.0", "1.28.0"])
@pytest.mark.parametrize("spec", COLLECTOR_SPECS)
def test_a_collector_is_what_the_chart_renders(both, kubernetes) -> None:
    """Container, drain, volumes and variables, and the configuration, as data."""
    objects, added = both
    pod = one(objects, "Deployment", "demo-backend")["spec"]["template"]["spec"]
    own = [
        each
        for each in (*pod.get("initContainers", ()), *pod["containers"])
        if each["name"] in ("jaeger-agent", "sidecar-drain")
        or (each["name"] == "sidecar-wait" and kubernetes == "1.34.0")
    ]
    environment = {
        one["name"]: one.get("value") for each in pod["containers"] for one in each.get("env", [])
    }
    rendered = one(objects, "ConfigMap", "demo-collector")["data"]["config.yaml"]
    shared = added.shared.objects("")[0]

    assert own == [dict(each) for each in added.around(added.agent, GRACE_SECONDS)]
    assert [True, True] == [dict(volume) in pod["volumes"] for volume in added.volumes]
    assert added.environment.items() <= environment.items()
    assert yaml.safe_load(rendered) == yaml.safe_load(shared["data"]["config.yaml"])
    assert (kubernetes == "1.34.0") == (3 == len(own))


@pytest.mark.parametrize("kubernetes", ["1.34.0"])
@pytest.mark.parametrize("spec", COLLECTOR_SPECS)
def test_the_forwarder_is_what_the_chart_renders(both) -> None:
    """But for labels, and how many calls: inject does not know how many pods there will be."""
    objects, added = both
    calls = f"--calls={added.shared.calls}"

    for wanted in added.shared.objects("default")[1:]:
        kind, name = wanted["kind"], wanted["metadata"]["name"]
        ours = yaml.safe_load(text_of(wanted))
        rendered = _bare(one(objects, kind, name))
        if kind == "Deployment":
            (theirs,) = rendered["spec"]["template"]["spec"]["containers"]
            theirs["args"][3] = calls
            theirs["resources"]["limits"]["memory"] = f"{memory_mib(added.shared.calls)}Mi"
        assert rendered == _bare(ours)


def _bare(value):
    """Return an object without labels, and what selects by them."""
    if isinstance(value, dict):
        names = {"labels", "matchLabels", "selector", "annotations", "podSelector"}
        return {key: _bare(each) for key, each in value.items() if key not in names}
    return [_bare(each) for each in value] if isinstance(value, list) else value


def test_a_collector_that_is_built_is_the_kits(tmp_path) -> None:
    """Where the spec asks for it."""
    path = tmp_path / "sidecar.yaml"
    path.write_text("region: cn-shanghai\nagent: {kind: collector}\nimages: {source: build}\n")
    added = additions(plan_of(load([path]).spec), "tracing", native=True)

    assert built_collector(DEFAULT_VERSION) == added.agent["image"]


def test_a_collectors_successor_listens_on_all_addresses(tmp_path) -> None:
    """The second source is laid over the file: it names every endpoint of a receiver."""
    source = collectors.ANYWHERE.removeprefix("--config=yaml:")

    assert {
        "receivers": {
            "jaeger": {"protocols": {"thrift_compact": {"endpoint": ":6831"}}},
            "otlp": {
                "protocols": {"grpc": {"endpoint": ":4317"}, "http": {"endpoint": ":4318"}},
            },
        }
    } == yaml.safe_load(source)


def test_the_text_of_fixed_data_is_that_of_the_data() -> None:
    """It is only made once."""
    data = {"name": "a", "args": ["b", "c"], "deep": {"x" * 60: {"y" * 30: [1, True, None]}}}

    assert flow(data) == flow(Fixed(data))
    assert json.dumps(data) == flow(Fixed(data), as_json=True)
    assert block([data], "  ", 2) == block([Fixed(data)], "  ", 2)
