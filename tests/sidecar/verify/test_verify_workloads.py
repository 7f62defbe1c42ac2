"""What a release should run, and what keeps some of it from running."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from cluster_pods import listed, pod

from sidecar.kubernetes.pods import pods_of
from sidecar.verify.kubernetes.unfit import problem_of, state_of
from sidecar.verify.kubernetes.workloads import broken, lacking, unready

CRASHING = {"waiting": {"reason": "CrashLoopBackOff"}}


def cause_of(one):
    """Return what a pod's own state says."""
    return problem_of(one, state_of(one))


def never(*_):
    """Say that nothing was refused."""
    return "", ""


def no_probe(*_):
    """Say nothing of a probe."""
    return ""


TO_LOOPBACK = [{"name": "JAEGER_AGENT_HOST", "value": "127.0.0.1"}]


def workload(wanted, found, agent="jaeger-agent", env=()):
    """Return a Deployment of the chart with so many replicas."""
    template = {
        "metadata": {"labels": {"app.kubernetes.io/component": "web"}},
        "spec": {"initContainers": [{"name": agent}], "containers": [{"name": "web", "env": env}]},
    }
    spec = {"template": template} if wanted is None else {"template": template, "replicas": wanted}
    return {"metadata": {"name": "demo-web"}, "spec": spec, "status": {"replicas": found}}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (workload(2, 2), []),
        (workload(None, 1), []),
        (workload(2, 3), []),
        (workload(0, 0), [("web", "service-scaled-to-zero")]),
        (workload(1, 0), [("web", "service-missing")]),
        (workload(3, 1), [("web", "replica-missing")]),
        (workload(0, 0, agent="other"), []),
        (workload(1, 0, agent="other", env=TO_LOOPBACK), [("web", "service-missing")]),
    ],
)
def test_a_workload_without_its_pods_is_not_proven(data, expected) -> None:
    """Only those that have an agent, or need one, count."""
    assert expected == [
        (lack.service, lack.problem.rule.id)
        for lack in lacking([data], lambda service, _: service, never)
    ]


@pytest.mark.parametrize(
    ("why", "rule"),
    [
        ("exceeded quota: team, requested: pods=1, used: pods=3, limited: pods=3", "over-quota"),
        ("failed quota: team: must specify requests.cpu for: web", "over-quota"),
        ('violates PodSecurity "restricted:latest": runAsNonRoot != true', "not-admitted"),
        ('admission webhook "policy.example.com" denied the request: no team', "not-admitted"),
        ("maximum cpu usage per Container is 1, but limit is 2", "over-limit-range"),
        ("no PriorityClass with name high was found", "names-nothing"),
        ("no matches for kind", "not-created"),
        ('error looking up service account shop/web: serviceaccount "web"', "names-nothing"),
    ],
)
@pytest.mark.parametrize("found", [0, 1])
def test_a_workload_whose_pods_are_refused_has_the_id_of_the_cause(why, rule, found) -> None:
    """As a Deployment's condition says it, also where the pods of before still run."""
    data = workload(1, found)
    data["status"]["conditions"] = [
        {"type": "Progressing", "message": "times out"},
        {"type": "ReplicaFailure", "message": f'pods "web-1" is forbidden: {why}'},
    ]
    (lack,) = lacking([data], lambda service, _: service, never)

    assert (f"pod-{rule}", f"a pod is refused: {why}") == (
        lack.problem.rule.id,
        lack.problem.cause,
    )


def state(name, revision, container_state=None):
    """Return a pod of a rollout, ready unless its container is in another state."""
    data = pod(name, ready=container_state is None)
    data["metadata"]["labels"]["pod-template-hash"] = revision
    if container_state:
        data["status"]["containerStatuses"][0]["state"] = container_state
    return data


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        ([state("a", "1"), state("b", "2")], []),
        ([state("a", "1"), state("b", "2", {"waiting": {"reason": "ContainerCreating"}})], []),
        ([state("a", "1"), state("b", "2", CRASHING)], ["rollout-stuck"]),
        ([state("a", "1"), state("b", "1", CRASHING)], ["replica-missing"]),
        ([state("a", "1", CRASHING)], []),
    ],
    ids=["two revisions", "starts", "stuck", "one crashes", "its own hops say it"],
)
def test_a_pod_that_cannot_become_ready_is_not_proven(pods, expected) -> None:
    """One that only needs time is no alarm."""
    groups = {"web": pods_of(listed(*pods))}

    assert expected == [lack.problem.rule.id for lack in broken(groups, cause_of)]


def test_a_pod_that_fits_on_no_node_is_stuck() -> None:
    """Its condition says so; it has no container yet."""
    pending = state("b", "2", {"waiting": {"reason": "ContainerCreating"}})
    pending["status"]["conditions"].append(
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    )
    (lack,) = broken({"web": pods_of(listed(state("a", "1"), pending))}, cause_of)

    assert "1 of 2 pods cannot become ready: b: has no node" == lack.problem.cause


def running(**status):
    """Return a pod that is not ready, whose service runs."""
    data = pod("a", ready=False)
    data["status"]["containerStatuses"] = [{"name": "web", **status}]
    return data


def since(seconds):
    """Return the state of a container that runs for so long now."""
    began = datetime.now(timezone.utc) - timedelta(seconds=seconds)
    return {"running": {"startedAt": began.strftime("%Y-%m-%dT%H:%M:%SZ")}}


@pytest.mark.parametrize(
    ("seconds", "pods", "expected"),
    [
        (90, [running(ready=False, started=True)], "readinessProbe"),
        (90, [running(ready=False, started=False)], "startupProbe"),
        (20, [running(ready=False)], ""),
        (90, [running(ready=True)], ""),
        (90, [running(ready=False), state("b", "1")], ""),
        (90, [state("a", "1", CRASHING)], ""),
    ],
    ids=["ready", "startup", "needs time", "all ready", "another takes them", "crashes"],
)
def test_a_service_without_a_ready_pod_is_not_proven(seconds, pods, expected) -> None:
    """Its path may be whole, and no request reaches it."""
    pods[0]["status"]["containerStatuses"][0].setdefault("state", since(seconds))
    found = list(unready({"web": pods_of(listed(*pods))}, no_probe))

    assert bool(expected) == bool(found)
    for lack in found:
        assert ("service-not-ready", True) == (
            lack.problem.rule.id,
            f"is not ready: its {expected} fails" in lack.problem.cause,
        )
