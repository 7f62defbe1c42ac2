"""Spans of a release whose pods come and go."""

from __future__ import annotations

import json

import pytest
from _require import only_stacks
from canary_release import FRONTEND, GATEWAY, upgrade
from greetings import REQUESTS, answered
from helm_charts import CHART
from kubernetes_cluster import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes")]

COUNT = """
import json, sys, urllib.request
def spans(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return len(json.load(answer)["data"][0]["spans"])
print([spans(url) for url in sys.argv[1:]])
"""


@pytest.fixture(
    params=["jaeger-agent", pytest.param("collector", marks=only_stacks)],
)
def kept(request):
    """A release with either kind of agent, and the options that keep it so at an upgrade."""
    if request.param == "collector":
        return request.getfixturevalue("collected")
    return request.getfixturevalue("release"), ()


@pytest.mark.parametrize("component", ["frontend", "backend"])
def test_spans_of_every_answered_request_arrive_while_a_pod_is_deleted(
    component: str, kept
) -> None:
    """200 requests while a pod is deleted: each trace is whole, five spans over two services."""
    release, _ = kept
    client = f"requests-{component}"
    release.python(client, REQUESTS, FRONTEND, GATEWAY, 200, wait=False)
    wait_until(lambda: answered(release, client) >= 60, 60, "60 requests are answered")
    release.kubectl("delete", "pod", release.pod_of(component)["metadata"]["name"], "--wait=false")

    report = json.loads(release.result(client).splitlines()[-1])
    assert {"answered": 200, "missing": 0} == {key: report[key] for key in ("answered", "missing")}


def test_spans_of_every_answered_request_arrive_while_a_node_is_drained(kept) -> None:
    """Its pods are evicted, one once the other has been replaced, as their budget asks for."""
    release, options = kept
    frontend = "services.frontend"
    budget = f"{frontend}.replicas=2,{frontend}.podDisruptionBudget.minAvailable=1"
    upgrade(release, *options, "--set", budget)
    pods = release.get("pods", "-l", "app.kubernetes.io/component=frontend")
    names = [pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    wait_until(lambda: may_go(release) == 1, 60, "the budget lets one pod go")
    release.python("drained", REQUESTS, FRONTEND, GATEWAY, 300, wait=False)
    wait_until(lambda: answered(release, "drained") >= 60, 60, "60 requests are answered")
    tries = [tries_to_evict(release, name) for name in names]

    report = json.loads(release.result("drained").splitlines()[-1])
    assert {"answered": 300, "missing": 0} == {key: report[key] for key in ("answered", "missing")}
    assert (2, 1) == (len(tries), tries[0])
    assert tries[1] > 1


def may_go(space) -> int:
    """Return how many pods the only budget lets go now."""
    (budget,) = space.get("poddisruptionbudgets")
    return budget.get("status", {}).get("disruptionsAllowed", 0)


def tries_to_evict(space, name: str) -> int:
    """Return how often the eviction of a pod had to be asked for, as `kubectl drain` does."""
    metadata = {"name": name, "namespace": space.name}
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
    path = f"/api/v1/namespaces/{space.name}/pods/{name}/eviction"
    refusals: list[str] = []

    def evicted() -> bool:
        try:
            space.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))
        except AssertionError as refusal:
            refusals.append(str(refusal))
            return False
        return True

    wait_until(evicted, 60, f"{name} is evicted")
    assert all("disruption budget" in each for each in refusals), refusals
    return len(refusals) + 1


def test_a_job_completes_with_its_spans(kept) -> None:
    """The agent ends after the work, so that the Job completes and its last spans are there.

    The stand-in is up before: an agent keeps nothing for a gateway that is not.
    """
    release, options = kept
    upgrade(release, *options, "-f", CHART / "ci" / "jobs-values.yaml")
    release.kubectl("create", "job", "--from=cronjob/demo-nightly", "by-hand")
    jobs = [one["metadata"]["name"] for one in release.get("jobs")]
    for name in jobs:
        release.kubectl("wait", "--for=condition=Complete", f"job/{name}", "--timeout=90s")

    reports = [json.loads(release.kubectl("logs", f"job/{name}").splitlines()[-1]) for name in jobs]
    traces = [f"{GATEWAY}/api/traces/{report['trace_id']}" for report in reports]
    assert [2, 2] == json.loads(release.python("look", COUNT, *traces))
