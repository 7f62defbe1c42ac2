"""A release with a canary: what agents and collectors deliver is compared from inside it."""

from __future__ import annotations

import json
import subprocess

import pytest
from _require import only_stacks
from canary_release import CANARY, FRONTEND, WAIT
from helm_charts import CHART
from kubernetes_cluster import environment
from programs import find_program

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes"), pytest.mark.timeout(300)]

VALUES = ("-f", CHART / "ci" / "canary-values.yaml")
AGREE = [("backend", "canary agrees"), ("frontend", "canary agrees")]
CHANGED = {
    "processors": {
        "resource": {
            "attributes": [
                {"key": "Authentication", "action": "delete"},
                {"key": "team", "value": "shop", "action": "insert"},
            ]
        }
    }
}
"""Collectors that add a tag, which the agents do not."""


def test_a_releases_agents_and_collectors_deliver_the_same(
    fresh_namespace, collector_image
) -> None:
    """Under Pod Security `restricted`, with the token in a Secret of the user's."""
    space = fresh_namespace
    space.set_token("tracing", CANARY)
    sets = f"existingSecret=tracing,images.canary={collector_image}"
    space.helm("install", "demo", CHART, *VALUES, "--set", sets, *WAIT)
    verified = space.sidecar(
        *("verify", "--release", "demo", "--request", f"{FRONTEND}/greet", "--output=json")
    )

    report = json.loads(verified.stdout)
    hops = [hop for hop in report["hops"] if hop["hop"] == "canary agrees"]
    assert (0, AGREE) == (verified.returncode, [(hop["service"], hop["hop"]) for hop in hops])
    assert all(hop["figure"] == hop["expected"] > 200 for hop in hops)
    assert "http-code-name" in report["notes"][-1]


@only_stacks
@pytest.mark.parametrize("program", ["helm", "helm4"])
@pytest.mark.parametrize("mode", ["native", "container"])
def test_helm_test_compares(program: str, mode: str, fresh_namespace, collector_image) -> None:
    """Equal, with each Helm and kind of container; a tag that collectors add fails the test."""
    space = fresh_namespace
    sets = ("--set", f"agent.mode={mode},images.canary={collector_image}")
    space.helm("install", "demo", CHART, *VALUES, *sets, *WAIT, program=program)
    tested = space.helm("test", "demo", "--timeout", "120s", program=program)

    changed = ("--set-json", f"agent.collector={json.dumps(CHANGED)}")
    space.helm("upgrade", "demo", CHART, *VALUES, *sets, *changed, *WAIT, program=program)
    command = [find_program(program), "test", "demo", "-n", space.name, "--timeout", "120s"]
    failed = subprocess.run(
        command, capture_output=True, text=True, env=environment(), timeout=150, check=False
    )
    log = space.kubectl("logs", "demo-delivery-test", "--container", "delivery-test")

    assert "Succeeded" in tested
    assert (1, True) == (failed.returncode, "[canary-spans-differ]" in log), log
    assert "process" in log
