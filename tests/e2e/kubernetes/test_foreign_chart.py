"""The example chart with the library's agent, installed next to the shared release's stand-in."""

from __future__ import annotations

import json
import shutil

import pytest
from canary_release import WAIT
from helm_charts import CHART
from kubernetes_cluster import run
from programs import find_program

from sidecar.image_names import built_agent

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
while time.monotonic() < deadline:
    found = get("http://demo-gateway:16686/api/traces?service=shop")["data"]
    if found:
        break
print(json.dumps(found[0]["processes"]))
"""


def test_a_foreign_charts_service_is_traced(release, tmp_path) -> None:
    """Its spans arrive at the gateway that it names, with the token of the Secret that it names."""
    copy = tmp_path / "docs" / "examples" / "foreign-chart"
    shutil.copytree(CHART.parent / "docs" / "examples" / "foreign-chart", copy)
    shutil.copytree(CHART, tmp_path / "helm")
    run(find_program("helm"), "dependency", "build", copy)

    agent = built_agent().partition(":")[0]
    values = f"sidecar-agent.images.agent={agent},sidecar-agent.gateway.host=demo-gateway"
    release.helm("install", "own", copy, "--set", values, *WAIT)
    release.kubectl("expose", "deployment", "own-shop", "--name=shop", "--port=8081")
    processes = json.loads(release.python("ask", ASK).splitlines()[-1])

    assert {"shop"} == {each["serviceName"] for each in processes.values()}
    assert all(
        "Authentication" in {tag["key"] for tag in each["tags"]} for each in processes.values()
    )
    release.kubectl("delete", "service", "shop")
    release.helm("uninstall", "own")
