"""Which pods stand for a service: replicas together, workloads and Jobs' runs apart."""

from __future__ import annotations

import pytest
from cluster_pods import listed, of_job, owned, pod, stand_in
from fake_kubectl import put_on_path

from sidecar.errors import SidecarError
from sidecar.kubernetes.kubectl import Kubectl
from sidecar.kubernetes.pods import NAME, pods_of
from sidecar.rehearsal.release import ReleaseStage
from sidecar.verify.counts import GatewayCounts
from sidecar.verify.kubernetes.groups import Groups
from sidecar.verify.kubernetes.release import ReleaseDeployment
from sidecar.verify.look import Look, ReplicaLook, Task
from sidecar.verify.shared_names import shared_names

COUNTED = {"accepted": 5, "refused": 0, "distinct": 5, "dropped": 0}
OVER = {"phase": "Succeeded", "ready": False}


def aliased(chart: str, component: str = "web", hashed: str = "5d9"):
    """Return a pod of one of two charts that a parent chart has."""
    workload = f"demo-{chart}-{component}"
    labels = {"pod-template-hash": hashed, NAME: chart}
    data = pod(f"{workload}-{hashed}-x", component)
    return owned(data, "ReplicaSet", f"{workload}-{hashed}", **labels)


def stand_in_of(chart: str):
    """Return the stand-in of one of them."""
    data = stand_in(f"demo-{chart}")
    data["metadata"]["labels"] |= {"app.kubernetes.io/instance": "demo", NAME: chart}
    return data


@pytest.fixture
def kubectl(tmp_path, monkeypatch):
    """A kubectl with prepared answers."""
    return put_on_path(tmp_path, monkeypatch)


def release(kubectl, *pods, **options) -> ReleaseDeployment:
    """Return the deployment of some pods."""
    kubectl.answer("get pods --selector", listed(*pods))
    return ReleaseDeployment(Kubectl("shop"), "demo", **options)


def names(*pods) -> dict[str, list[str]]:
    """Return the pods that run, by the names of their groups."""
    groups = Groups(pods_of(listed(*pods))).running
    return {name: [each.name for each in group] for name, group in groups.items()}


def test_two_charts_of_one_release_are_looked_at_both() -> None:
    """A parent chart has them under aliases; what only one of them has keeps its short name."""
    found = names(aliased("one"), aliased("two"), aliased("two", "api"))

    assert ["api", "demo-one-web", "demo-two-web"] == sorted(found)


def test_replicas_of_all_revisions_are_one_service() -> None:
    """Of a Deployment by their ReplicaSets' names; of a StatefulSet by its own."""
    old, new = aliased("one", hashed="1a"), aliased("one", hashed="2b")
    sets = [owned(pod(f"db-{number}", "db"), "StatefulSet", "db") for number in (0, 1)]

    assert {"web": 2, "db": 2} == {name: len(pods) for name, pods in names(old, new, *sets).items()}


def test_pods_whose_labels_name_nothing_go_by_their_workload() -> None:
    """Replicas are one service, and a Job of a CronJob goes by that; a pod's own name changes."""
    made = [owned(pod(f"web-5d9-{end}"), "ReplicaSet", "web-5d9") for end in ("a", "b")]
    run = owned(pod("now-4zvc6"), "Job", "now")
    for each in (*made, run):
        each["metadata"]["labels"] = {"pod-template-hash": "5d9"}
    groups = Groups(pods_of(listed(*made, run)), runs={"now": "nightly"}).running

    assert {"web": 2, "nightly": 1} == {name: len(pods) for name, pods in groups.items()}


def test_a_workload_without_a_pod_has_the_name_that_it_would_have() -> None:
    """Its service, unless another workload goes by that."""
    groups = Groups(pods_of(listed(aliased("one"))))

    assert ["web", "demo-two-web", "api"] == [
        groups.name_of(*each)
        for each in (("web", "demo-one-web"), ("web", "demo-two-web"), ("api", "demo-two-api"))
    ]


def test_a_marker_is_counted_where_its_sender_reports_to(kubectl) -> None:
    """Each chart has its own stand-in."""
    both = stand_in_of("one"), stand_in_of("two")
    kubectl.answer("exec demo-two-gateway-1", COUNTED)
    found = release(kubectl, aliased("one"), aliased("two"), *both)

    assert GatewayCounts(**COUNTED) == found.stand_ins.counts("m", 5, 1, found.pods[1])
    assert "demo-two-gateway-1" == kubectl.asked[-1][2]


def test_own_spans_are_those_of_all_stand_ins(kubectl) -> None:
    """A trace may have spans of services of both charts."""
    both = stand_in_of("one"), stand_in_of("two")
    for chart, count in (("one", 2), ("two", 3)):
        shown = {"own": {f"web {chart}": count}, "traces": {"t": {"web one": count}}}
        kubectl.answer(f"exec demo-{chart}-gateway-1", shown)
    seen = release(kubectl, aliased("one"), aliased("two"), *both).seen(["t"], 1)

    assert (2, 3, 5) == (seen.own_of("one"), seen.own_of("two"), seen.traced_of("one"))


def test_a_rehearsal_needs_one_stand_in(kubectl) -> None:
    """Its faults are those of one gateway."""
    kubectl.answer("get pods", listed(aliased("one"), stand_in_of("one"), stand_in_of("two")))
    with pytest.raises(SidecarError) as refused:
        ReleaseStage(Kubectl("shop"), "demo")

    assert "rehearsal-of-two-gateways" == refused.value.id


def test_pods_of_one_service_may_share_its_name() -> None:
    """Those of two services may not, whatever they go by."""

    def look(service: str) -> Look:
        replica = ReplicaLook("x", service=service, variables={"JAEGER_SERVICE_NAME": "shop"})
        return Look(replicas=(replica,))

    assert {} == shared_names({"web-1": look("web"), "web-2": look("web")})
    assert {"web-1", "api"} == set(shared_names({"web-1": look("web"), "api": look("api")}))


def looked_at(kubectl, *pods, printed: Look | None = None):
    """Return the pods of a Job that are judged, and the notes."""
    found = release(kubectl, *pods)
    (service,) = found.services()
    found._look = lambda pod, _: printed or Look(replicas=(ReplicaLook(pod.name),))
    return [each.name for each in found.look(Task(service, "m", 5, 1)).replicas], found.notes


def test_every_completion_of_the_newest_run_is_judged(kubectl) -> None:
    """Of an Indexed Job, or one with several completions; an older run is history."""
    old = of_job("n-1", "demo-nightly-29000001", created="2026-11-27T04:00:00Z", **OVER)
    new = [
        of_job(f"n-{name}", "demo-nightly-29000002", created="2026-11-27T05:00:00Z", **OVER)
        for name in "ab"
    ]

    assert (["n-a", "n-b"], ()) == looked_at(kubectl, new[0], old, new[1], stand_in())


@pytest.mark.parametrize(
    ("stand_ins", "judged", "notes"),
    [
        ([stand_in()], ["n-b", "n-a"], ()),
        ([], ["n-b"], ("nightly: a pod of its job has ended, and nothing of that is proven",)),
    ],
    ids=["local", "region"],
)
def test_completions_of_a_job_that_still_runs(kubectl, stand_ins, judged, notes) -> None:
    """Are judged with it where a stand-in shows their spans; elsewhere nobody does."""
    done = of_job("n-a", "demo-nightly", created="2026-11-27T05:00:00Z", **OVER)
    runs = of_job("n-b", "demo-nightly", created="2026-11-27T05:00:01Z")

    assert (judged, notes) == looked_at(kubectl, done, runs, *stand_ins)


def test_an_attempt_that_failed_is_no_completion(kubectl) -> None:
    """The retry is judged; a note says that the others are not."""
    failed = [of_job(f"n-{name}", "demo-nightly", phase="Failed", ready=False) for name in "ab"]
    retry = of_job("n-c", "demo-nightly", **OVER)
    note = "nightly: 2 pods of its job have failed, and nothing of that is proven"

    assert (["n-c"], (note,)) == looked_at(kubectl, *failed, retry, stand_in())


def test_a_run_that_began_replaces_the_one_before(kubectl) -> None:
    """As of a CronJob: the older run's pods are history."""
    old = of_job("n-1", "demo-nightly-29000001", created="2026-11-27T04:00:00Z", **OVER)
    new = of_job("n-2", "demo-nightly-29000002", created="2026-11-27T05:00:00Z")

    assert (["n-2"], ()) == looked_at(kubectl, old, new, stand_in())


def test_jobs_that_share_a_label_are_judged_each(kubectl) -> None:
    """One that reported proves nothing of the other, which nobody would look at."""
    jobs = [
        of_job(f"n-{name}", f"demo-{name}", created=f"2026-11-27T0{hour}:00:00Z", **OVER)
        for hour, name in ((4, "load"), (5, "extract"))
    ]
    found = release(kubectl, *jobs, stand_in())

    assert ["demo-extract", "demo-load"] == sorted(found.services())
