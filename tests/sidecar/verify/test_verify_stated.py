"""Jobs that fail or get no pod, autoscalers without metrics, a stand-in that is refused."""

from __future__ import annotations

import pytest
from cluster_pods import listed, owned, pod, stand_in
from fake_kubectl import put_on_path

from sidecar.errors import SidecarError
from sidecar.kubernetes.kubectl import Kubectl
from sidecar.kubernetes.pods import EVERY_POD
from sidecar.verify.kubernetes.release import ReleaseDeployment
from sidecar.verify.kubernetes.stated import Stated
from sidecar.verify.look import Task

REFUSED = "exceeded quota: team, requested: pods=1, used: pods=1, limited: pods=1"
EVENT = {"message": f'Error creating: pods "demo-early-x" is forbidden: {REFUSED}'}
FAILED = {"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "too long"}
WAITS = {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"}
FORBIDDEN = "Error from server (Forbidden): jobs.batch is forbidden"


@pytest.fixture
def kubectl(tmp_path, monkeypatch):
    """A kubectl that knows no workload, until a test prepares another answer before."""
    return put_on_path(tmp_path, monkeypatch)


def job(name: str = "demo-early", created: str = "", suspend=False, cron: str = "", **status):
    """Return a Job, perhaps of a CronJob, of the service `early` whose pods have an agent."""
    data = pod(component="early")
    template = {"metadata": data["metadata"], "spec": data["spec"]}
    owners = [{"kind": "CronJob", "name": cron}] if cron else []
    return {
        "metadata": {"name": name, "creationTimestamp": created, "ownerReferences": owners},
        "spec": {"template": template, "suspend": suspend},
        "status": status,
    }


def cron(suspend=False, **status):
    """Return the CronJob `demo-early`."""
    spec = {"jobTemplate": {"spec": job()["spec"]}, "suspend": suspend}
    return {"metadata": {"name": "demo-early"}, "spec": spec, "status": status}


def lacks(kubectl, *jobs, events=(), crons=()) -> list[tuple[str, str]]:
    """Return service and id of what some Jobs and CronJobs lack."""
    kubectl.answer("get deployments", listed())
    kubectl.answer("get jobs", listed(*jobs))
    kubectl.answer("get cronjobs", listed(*crons))
    kubectl.answer("get events", listed(*events))
    found = Stated(Kubectl("shop"), "app=shop").lacks(lambda service, _: service)
    return [(lack.service, lack.problem.rule.id) for lack in found]


@pytest.mark.parametrize(
    ("data", "events", "expected"),
    [
        (job(), [EVENT], ["pod-over-quota"]),
        (job(), [], []),
        (job(active=1), [EVENT], []),
        (job(succeeded=1), [EVENT], []),
        (job(suspend=True), [EVENT], ["job-suspended"]),
        (job(failed=2), [], ["job-failed"]),
        (job(failed=1, active=1), [], []),
        (job(failed=1, conditions=[FAILED]), [], ["job-failed"]),
    ],
    ids=["refused", "starts", "runs", "done", "waits", "attempts", "tries again", "failed"],
)
def test_a_job_that_does_no_work_is_not_proven(kubectl, data, events, expected) -> None:
    """The cluster's events of a Job say why it gets no pod: it has no condition for that."""
    assert [("early", rule) for rule in expected] == lacks(kubectl, data, events=events)


def test_the_newest_run_of_a_schedule_counts(kubectl) -> None:
    """Whatever became of the runs before."""
    assert [] == lacks(kubectl, *runs("demo-early", "demo-early"), crons=[cron()])


def test_jobs_whose_names_differ_in_digits_are_no_runs_of_one(kubectl) -> None:
    """Only the owner tells; a date in a name is no schedule."""
    assert [("early", "job-failed")] == lacks(kubectl, *runs("", ""))


def runs(*crons):
    """Return two Jobs, newest first, of these CronJobs: the older one has failed."""
    new = job("demo-early-29000002", "2026-11-27T05:00:00Z", cron=crons[0], succeeded=1)
    failed = {"conditions": [FAILED]}
    return new, job("demo-early-29000001", "2026-11-27T04:00:00Z", cron=crons[1], **failed)


HELD = {
    "message": 'Error creating job: jobs.batch "demo-early-29" is forbidden: exceeded quota: team,'
    " requested: count/jobs.batch=1, used: count/jobs.batch=0, limited: count/jobs.batch=0",
    "lastTimestamp": "2026-11-27T06:00:00Z",
}
DONE = job("demo-early-29", "2026-11-27T05:00:00Z", cron="demo-early", succeeded=1)
LATER = {**DONE, "metadata": {**DONE["metadata"], "creationTimestamp": "2026-11-27T07:00:00Z"}}


@pytest.mark.parametrize(
    ("schedule", "jobs", "events", "expected"),
    [
        (cron(), [], [], ["job-not-run"]),
        (cron(suspend=True), [], [HELD], ["job-suspended"]),
        (cron(suspend=True), [DONE], [], []),
        (cron(), [], [HELD], ["pod-over-quota"]),
        (cron(), [DONE], [HELD], ["pod-over-quota"]),
        (cron(), [LATER], [HELD], []),
        (cron(lastScheduleTime="2026-11-27T05:00:00Z"), [], [], ["job-ended"]),
        (cron(), [DONE], [], []),
    ],
    ids=["new", "waits", "rests", "refused", "refused now", "was refused", "no history", "ran"],
)
def test_a_cron_job_without_a_run_is_not_proven(kubectl, schedule, jobs, events, expected) -> None:
    """A suspended one that ran before only rests; what was refused since then is not hidden."""
    found = lacks(kubectl, *jobs, events=events, crons=[schedule])

    assert [("early", rule) for rule in expected] == found


def test_the_fix_of_a_cron_job_names_what_to_run(kubectl) -> None:
    """As it can be copied."""
    kubectl.answer("get cronjobs", listed(cron()))
    kubectl.answer("get", listed())
    (lack,) = Stated(Kubectl("shop"), "app=shop").lacks(lambda service, _: service)

    assert "`kubectl create job --from=cronjob/demo-early demo-early-now`" in lack.problem.fix


def test_the_newest_event_is_the_cause(kubectl) -> None:
    """What was raised or lowered since then is no cause any more."""
    old = {"message": "maximum memory usage per Container", "lastTimestamp": "2026-11-27T04:00:00Z"}
    new = {**EVENT, "lastTimestamp": "2026-11-27T05:00:00Z"}

    assert [("early", "pod-over-quota")] == lacks(kubectl, job(), events=[new, old])


@pytest.mark.parametrize(
    ("phase", "expected"), [("Active", "service-missing"), ("Terminating", "namespace-terminating")]
)
def test_a_namespace_that_is_being_deleted_is_the_cause(kubectl, phase, expected) -> None:
    """Nothing in it is made anew."""
    kubectl.answer("get namespace shop", {"status": {"phase": phase}})
    kubectl.answer("get deployments", listed({**job(), "status": {"replicas": 0}}))
    kubectl.answer("get", listed())
    (lack,) = Stated(Kubectl("shop"), "app=shop").lacks(lambda service, _: service)

    assert expected == lack.problem.rule.id


def test_only_what_inject_changed_is_meant_with_it(kubectl) -> None:
    """A Job beside it is nobody's."""
    kubectl.answer("get deployments", listed())
    kubectl.answer("get jobs", listed(job(conditions=[FAILED])))
    kubectl.answer("get cronjobs", listed(cron()))

    assert [] == list(Stated(Kubectl("shop"), EVERY_POD).lacks(lambda service, _: service))


def test_a_user_who_may_not_list_jobs_learns_of_the_others(kubectl) -> None:
    """Each right is asked for by itself."""
    data = job()
    kubectl.answer("get deployments", listed({**data, "status": {"replicas": 0}}))
    kubectl.answer("get jobs", err=FORBIDDEN)
    found = Stated(Kubectl("shop"), "app=shop").lacks(lambda service, _: service)

    assert ["service-missing"] == [lack.problem.rule.id for lack in found]


def test_a_release_of_a_refused_job_alone_is_no_absent_one(kubectl) -> None:
    """It has no pod yet."""
    kubectl.answer("get pods", listed())
    kubectl.answer("get deployments", listed())
    kubectl.answer("get jobs", listed(job()))
    kubectl.answer("get events", listed(EVENT))
    with pytest.raises(SidecarError, match=r"^release demo, early: a pod is refused") as found:
        ReleaseDeployment(Kubectl("shop"), "demo")

    assert "pod-over-quota" == found.value.id


def scaled(kubectl, **condition) -> ReleaseDeployment:
    """Return a release whose service has an autoscaler in this state."""
    web = owned(pod(), "ReplicaSet", "demo-web-5d9", **{"pod-template-hash": "5d9"})
    kubectl.answer("get pods", listed(web))
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "demo-web"}}
    scaler = {"spec": spec, "status": {"conditions": [{**WAITS, **condition}]}}
    kubectl.answer("get horizontalpodautoscalers", listed(scaler))
    return ReleaseDeployment(Kubectl("shop"), "demo")


def test_an_autoscaler_without_metrics_is_a_doubt(kubectl) -> None:
    """The spans arrive; the service does not scale."""
    problem = scaled(kubectl, message="no metrics returned").doubt("web")

    assert problem
    assert "autoscaler-without-metrics" == problem.rule.id
    assert "its autoscaler does not scale: no metrics returned" == problem.cause


@pytest.mark.parametrize("state", [{"status": "True"}, {"reason": "ScalingDisabled"}])
def test_an_autoscaler_that_scales_or_rests_is_none(kubectl, state) -> None:
    """At 0 replicas, it rests."""
    assert scaled(kubectl, **state).doubt("web") is None


@pytest.fixture
def without_stand_in(kubectl):
    """Return a function that makes the release of a pod, whose stand-in is refused."""
    condition = {"type": "ReplicaFailure", "message": EVENT["message"]}
    template = {"metadata": stand_in()["metadata"], "spec": stand_in()["spec"]}
    deployment = {
        "metadata": {"name": "demo-gateway"},
        "spec": {"template": template},
        "status": {"conditions": [condition]},
    }

    def call(data) -> ReleaseDeployment:
        kubectl.answer("get pods", listed(data))
        kubectl.answer("get deployments", listed(deployment))
        return ReleaseDeployment(Kubectl("shop"), "demo")

    return call


def test_a_stand_in_that_is_refused_is_the_gateways_trouble(without_stand_in) -> None:
    """So agents that cannot reach it are not the cause."""
    problem = without_stand_in(pod()).gateway_trouble("web")

    assert problem
    assert "pod-over-quota" == problem.rule.id
    assert problem.cause.startswith("the stand-in does not run: a pod is refused")


def test_an_agent_that_waits_for_a_refused_stand_in_has_that_cause(without_stand_in) -> None:
    """An init container of the chart lets agents wait for it."""
    waits = {"state": {"waiting": {"reason": "PodInitializing"}}}
    look = without_stand_in(pod(agent=waits, ready=False)).look(Task("web", "m", 5, 1))

    assert look.broken
    assert "pod-over-quota" == look.broken.id
