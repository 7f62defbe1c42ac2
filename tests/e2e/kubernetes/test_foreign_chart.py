"""The example chart with the library's agent, installed next to the shared release's stand-in."""

from __future__ import annotations

import json
import shutil

import pytest
from _require import only_stacks
from canary_release import WAIT
from helm_charts import CHART
from kubernetes_cluster import run
from programs import find_program

from sidecar.image_names import built_agent
from sidecar.rules.collectors import DEFAULT_VERSION

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes")]

ASK = """
import json, sys, time, urllib.request
def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)
deadline = time.monotonic() + 30
while True:  # a Service is reached some moments after it is made
    try:
        get("http://shop:8081/greeting?name=you")
        break
    except OSError:
        if time.monotonic() > deadline:
            raise
        time.sleep(0.2)
def hosts(process):  # another test's service may have the same name
    return [tag["value"] for tag in process["tags"] if tag["key"] == "hostname"]
def own(trace):
    return any(host.startswith("own-shop-") for each in trace.values() for host in hosts(each))
found = []
while not found and time.monotonic() < deadline:
    traces = get("http://demo-gateway:16686/api/traces?service=shop&limit=1000")["data"]
    found = [each["processes"] for each in traces if own(each["processes"])]
print(json.dumps(found[0]))
"""


COLLECTOR = (
    *("agent.kind=collector", f"agent.version={DEFAULT_VERSION}", "agent.tuning.workers=10"),
    "agent.resources.limits.memory=256Mi",
)


@pytest.mark.parametrize("kind", ["jaeger-agent", pytest.param("collector", marks=only_stacks)])
def test_a_foreign_charts_service_is_traced(kind: str, release, tmp_path, request) -> None:
    """Its spans arrive at the gateway that it names, with the token of the Secret that it names.

    An agent sends the token as a tag of each process, a collector as a header.
    """
    copy = tmp_path / "docs" / "examples" / "foreign-chart"
    shutil.copytree(CHART.parent / "docs" / "examples" / "foreign-chart", copy)
    shutil.copytree(CHART, tmp_path / "helm")
    run(find_program("helm"), "dependency", "build", copy)

    chosen = [f"images.agent={built_agent().partition(':')[0]}", "gateway.host=demo-gateway"]
    if kind == "collector":
        chosen += [*COLLECTOR, f"images.agent={request.getfixturevalue('collector_image')}"]
    values = ",".join(f"sidecar-agent.{each}" for each in chosen)
    release.helm("install", "own", copy, "--set", values, *WAIT)
    release.kubectl("expose", "deployment", "own-shop", "--name=shop", "--port=8081")
    processes = json.loads(release.python("ask", ASK).splitlines()[-1])

    assert {"shop"} == {each["serviceName"] for each in processes.values()}
    tagged = {
        "Authentication" in {tag["key"] for tag in each["tags"]} for each in processes.values()
    }
    assert {kind == "jaeger-agent"} == tagged
    release.kubectl("delete", "service", "shop")
    release.helm("uninstall", "own")
