"""What inject adds to a pod is what the chart renders into one."""

from __future__ import annotations

import json

import pytest
from helm_charts import plan_of, template, written

from sidecar.spec.load import load
from sidecar.targets.manifests import additions
from sidecar.targets.manifests.text import Fixed, block, flow

SPECS = {
    "the default": {},
    "1.15": {"agent": {"version": "1.15.0"}},
    "1.20 over TLS": {"agent": {"version": "1.20.0"}, "gateway": {"tls": True}},
    "sizes": {
        "agent": {"resources": {"memory": "512m", "cpus": 2}},
        "capacity": {"spans_per_second": 9000, "round_trip_ms": 300},
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
    assert dict(added.volume) in pod["volumes"]
    assert added.environment.items() <= environment.items()


def test_the_text_of_fixed_data_is_that_of_the_data() -> None:
    """It is only made once."""
    data = {"name": "a", "args": ["b", "c"], "deep": {"x" * 60: {"y" * 30: [1, True, None]}}}

    assert flow(data) == flow(Fixed(data))
    assert json.dumps(data) == flow(Fixed(data), as_json=True)
    assert block([data], "  ", 2) == block([Fixed(data)], "  ", 2)
