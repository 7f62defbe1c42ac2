"""What a proof says in each state of a cluster that keeps spans from coming."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from cluster_pods import listed, owned, pod, stand_in
from fake_kubectl import put_on_path

from sidecar.kubernetes.kubectl import Kubectl
from sidecar.verify.hops import Hop, Proof
from sidecar.verify.kubernetes.release import ReleaseDeployment
from sidecar.verify.look import Task
from sidecar.verify.report import as_text

REFUSED = 'create Pod x in StatefulSet y failed error: pods "x" is forbidden: exceeded quota: team'
QUEUED = {"state": {"waiting": {"reason": "PodInitializing"}}}
WELL = {"exitCode": 0, "reason": "Completed"}
KILLING = "Container web failed startup probe, will be restarted"
STARTUP = 'Startup probe failed: Get "http://10.0.0.7:9/": connect: connection refused'
NO_SECRET = (
    "Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not"
    " succeed."
)


@pytest.fixture
def kubectl(tmp_path, monkeypatch):
    """A kubectl that knows no workload and no event, until a test prepares another answer."""
    return put_on_path(tmp_path, monkeypatch)


def release(kubectl, *pods, events=(), workloads=()) -> ReleaseDeployment:
    """Return a release of some pods, of which the cluster says this."""
    kubectl.answer("get pods", listed(*pods))
    kubectl.answer("get events", listed(*events))
    kubectl.answer("get deployments", listed(*workloads))
    kubectl.answer("get", listed())
    return ReleaseDeployment(Kubectl("shop"), "demo")


def since(seconds: float):
    """Return the state of a container that runs for so long now."""
    began = datetime.now(timezone.utc) - timedelta(seconds=seconds)
    return {"running": {"startedAt": began.strftime("%Y-%m-%dT%H:%M:%SZ")}}


def pending(metadata=(), spec=(), status=(), agent=None):
    """Return a pod of the service web that is not ready, with this in place of its own."""
    data = pod(phase="Pending", ready=False, **({"agent": agent} if agent else {}))
    parts = (("metadata", metadata), ("spec", spec), ("status", status))
    return {**data, **{name: {**data[name], **dict(more)} for name, more in parts}}


def unplaced(reason: str, message: str):
    """Return the condition of a pod without a node."""
    placed = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
    return {"conditions": [placed]}


def nodes(why: str):
    """Return a pod that no node takes."""
    return pending(status=unplaced("Unschedulable", f"0/1 nodes are available: 1 {why}"))


def of_web(**status):
    """Return the status of the service's container."""
    return {"containerStatuses": [{"name": "web", **status}]}


def crashing(last):
    """Return a pod whose service waits for its next start."""
    state = {"waiting": {"reason": "CrashLoopBackOff"}}
    return pending(status=of_web(state=state, lastState={"terminated": last}))


def unpulled(message: str):
    """Return a pod whose service's image is not pulled."""
    waits = {"waiting": {"reason": "ErrImagePull", "message": message}}
    return pending(status=of_web(state=waits))


def event(message: str, kind: str = "Warning", reason: str = "", container: str = ""):
    """Return an event of a pod, or of a container."""
    path = {"fieldPath": f"spec.containers{{{container}}}"} if container else {}
    return {"type": kind, "reason": reason, "message": message, "involvedObject": path}


def with_init(seconds: float):
    """Return a pod whose init container, after the agent, runs for so long now."""
    agent, status = pod()["spec"]["initContainers"][0], pod()["status"]["initContainerStatuses"][0]
    migrate = {"name": "migrate", "state": since(seconds)}
    statuses = [status, migrate]
    return pending(
        spec={"initContainers": [agent, {"name": "migrate"}]},
        status={"initContainerStatuses": statuses, **of_web(**QUEUED)},
    )


GATES = {"schedulingGates": [{"name": "example.com/wait"}]}
MOUNT = 'MountVolume.SetUp failed for volume "cfg" : references non-existent secret key: url'
VOLUME = [{"name": "cfg", "secret": {"secretName": "db"}}]
TOKENS = [{"name": "token", "secret": {"secretName": "tracing"}}]
MOUNTS = [{"name": "jaeger-agent", "volumeMounts": [{"name": "token"}], "restartPolicy": "Always"}]


@pytest.mark.parametrize(
    ("data", "events", "rule", "cause", "fix"),
    [
        (
            pending(spec=GATES, status=unplaced("SchedulingGated", "gated")),
            [],
            "pod-without-node",
            "waits for its scheduling gates: example.com/wait",
            "Let the controller",
        ),
        (nodes("node(s) had untolerated taint {a: b}"), [], "pod-without-node", "taint", "Add a t"),
        (
            nodes("node(s) had untolerated taint {node.kubernetes.io/not-ready: }"),
            [],
            "pod-without-node",
            "not-ready",
            "Repair the node",
        ),
        (nodes("node(s) were unschedulable"), [], "pod-without-node", "unsch", "Run `kubectl unc"),
        (nodes("node(s) didn't match pod affinity rules"), [], "pod-without-node", "", "Relax its"),
        (nodes("node(s) had volume node affinity conflict"), [], "pod-without-node", "", "Let it"),
        (
            pending(status=unplaced("Unschedulable", 'persistentvolumeclaim "data" not found')),
            [],
            "claim-without-volume",
            'persistentvolumeclaim "data" not found',
            "Create the claim",
        ),
        (
            nodes("pod has unbound immediate PersistentVolumeClaims. not found"),
            [],
            "claim-without-volume",
            "unbound immediate",
            "See `kubectl describe pvc`",
        ),
        (nodes("Too many pods"), [], "pod-without-node", "Too many", "Lower the requests"),
        (
            pending({"deletionTimestamp": "2026-11-27T05:00:00Z"}),
            [],
            "pod-terminating",
            "is being deleted",
            "Wait until",
        ),
        (
            pending({"deletionTimestamp": "x", "finalizers": ["example.com/hold"]}),
            [],
            "pod-terminating",
            "kept by its finalizers: example.com/hold",
            "Find out why",
        ),
        (
            with_init(90),
            [],
            "init-container-runs",
            "waits for its init container migrate",
            "See its log: `kubectl logs demo-web-1 -c migrate`",
        ),
        (crashing(WELL), [], "service-ends", "last ended: Completed", "Let it keep running"),
        (
            pending(status=of_web(state={"terminated": WELL})),
            [],
            "service-ends",
            "ended: Completed",
            "Let it keep running",
        ),
        (
            crashing(WELL),
            [event(STARTUP, container="web"), event(KILLING, "Normal", "Killing", "web")],
            "part-fails-its-probe",
            STARTUP,
            "Give it more time",
        ),
        (
            crashing(WELL),
            [event(STARTUP, container="web"), event(KILLING, "Normal", "Started", "web")],
            "service-ends",
            "last ended: Completed",
            "Let it keep running",
        ),
        (
            pending(spec={"volumes": VOLUME + TOKENS, "initContainers": MOUNTS}, agent=QUEUED),
            [event(MOUNT)],
            "secret-missing",
            "Secret db has no key url",
            "Add the key to Secret db",
        ),
        (
            unpulled("401 Unauthorized"),
            [event(NO_SECRET)],
            "part-without-image",
            "pull secret regcred does not exist",
            "Create it in the pod's namespace: `kubectl create secret docker-registry regcred",
        ),
        (
            unpulled("Back-off pulling image"),
            [event("Failed to pull image: dial tcp: lookup hub.example.com: no such host")],
            "part-without-image",
            "the node does not reach the registry",
            "Check the registry's address",
        ),
        (
            unpulled("shop/web:9: not found"),
            [event("Failed to pull image: 401 Unauthorized")],
            "part-without-image",
            "no such image",
            "Check its name",
        ),
        (
            unpulled("shop/web:9: not found"),
            [event(NO_SECRET)],
            "part-without-image",
            "no such image",
            "Check its name",
        ),
        (
            pod(ready=False),
            [event("Node is not ready", reason="NodeNotReady")],
            "node-not-ready",
            "its node is not ready",
            "See `kubectl get nodes`",
        ),
    ],
)
def test_a_pod_that_cannot_be_looked_into_has_the_id_and_the_fix_of_its_state(  # noqa: PLR0917
    kubectl, data, events, rule, cause, fix
) -> None:
    """Nothing is added to such a pod."""
    look = release(kubectl, data, events=events).look(Task("web", "m", 5, 1))

    assert (rule, []) == (look.broken.id, kubectl.read)
    assert cause in look.broken.cause
    assert look.broken.fix.startswith(fix)


def test_a_pod_that_is_being_deleted_stands_for_no_service_that_has_another(kubectl) -> None:
    """A rollout that recreates pods has both for a while."""
    old = pending({"deletionTimestamp": "2026-11-27T05:00:00Z"})
    new = crashing({"exitCode": 1, "reason": "Error"})
    both = [owned(one, "ReplicaSet", "demo-web") for one in (old, new)]
    both[1]["metadata"]["name"] = "demo-web-2"
    look = release(kubectl, *both).look(Task("web", "m", 5, 1))

    assert "part-crashing" == look.broken.id


def lacking(kubectl, *pods, events=(), workloads=()):
    """Return what a proof says beside the paths, as id, cause and fix."""
    found = release(kubectl, *pods, events=events, workloads=workloads).absent()
    return [(lack.problem.rule.id, lack.problem.cause, lack.problem.fix) for lack in found]


def unready(spec=(), **status):
    """Return a pod that runs for long, and is not ready."""
    data = pod(ready=False)
    containers = of_web(state=since(90), **status)
    return {
        **data,
        "spec": {**data["spec"], **dict(spec)},
        "status": {**data["status"], **containers},
    }


@pytest.mark.parametrize(
    ("got", "shown"),
    [
        ("HTTP probe failed with statuscode: 404", "404"),
        ("HTTP probe failed with statuscode: 503", "503"),
        (
            'Get "https://10.0.0.7/": http: server gave HTTP response to HTTPS client',
            "HTTPS client",
        ),
        ('command timed out: "sleep 10" timed out after 1s', "timed out after 1s"),
    ],
)
def test_a_service_that_is_not_ready_has_what_its_probe_got(kubectl, got, shown) -> None:
    """Not that it refused a connection while it started, which is an older event."""
    closed = event("Readiness probe failed: dial tcp: connection refused", container="web")
    events = [event(f"Readiness probe failed: {got}", container="web"), closed]
    ((rule, cause, _),) = lacking(kubectl, unready(ready=False), events=events)

    assert "service-not-ready" == rule
    assert shown in cause


def test_a_pod_waits_for_its_readiness_gates(kubectl) -> None:
    """Its containers are ready; a controller sets the condition."""
    spec = {"readinessGates": [{"conditionType": "example.com/lb"}]}
    ((rule, cause, fix),) = lacking(kubectl, unready(spec, ready=True))

    assert "service-not-ready" == rule
    assert cause.endswith("example.com/lb")
    assert "kubectl get pod demo-web-1 --output yaml" in fix


def of_pods(data, kind: str, **more):
    """Return a workload of such pods, which has none."""
    spec = {"template": {"metadata": data["metadata"], "spec": data["spec"]}, **more}
    return {"kind": kind, "metadata": {"name": "demo-x"}, "spec": spec, "status": {}}


@pytest.mark.parametrize(
    ("workload", "events", "rule", "fix"),
    [
        (
            of_pods(pod(), "Deployment", paused=True),
            [],
            "rollout-paused",
            "Run `kubectl rollout resume deployment demo-x`",
        ),
        (of_pods(pod(), "StatefulSet"), [event(REFUSED)], "pod-over-quota", "Raise the quota"),
        (of_pods(pod(), "StatefulSet"), [], "service-missing", "See `kubectl desc"),
    ],
)
def test_a_workload_without_a_pod_has_the_id_of_the_cause(
    kubectl, workload, events, rule, fix
) -> None:
    """Of a StatefulSet, only its events say that a pod was refused."""
    other = owned(pod("demo-api-1", "api"), "ReplicaSet", "demo-api")
    ((found, cause, shown),) = lacking(kubectl, other, events=events, workloads=[workload])

    assert rule == found
    assert "create Pod" not in cause
    assert shown.startswith(fix)


def part(name: str, **container):
    """Return a pod of a part that all agents need."""
    data = pod(f"demo-{name}-1", name, image="", ready=False)
    data["spec"] = {"containers": [{"name": name}]}
    statuses = {"containerStatuses": [{"name": name, **container}], "initContainerStatuses": []}
    return {**data, "status": {**data["status"], **statuses}}


UNPULLED = {"state": {"waiting": {"reason": "ErrImagePull", "message": "no such host"}}}


@pytest.mark.parametrize(
    ("pods", "workloads", "rule", "begins"),
    [
        ([part("forwarder", **UNPULLED)], [], "part-without-image", "the forwarder does not run"),
        ([part("relay", **UNPULLED)], [], "part-without-image", "the relay does not run"),
        ([part("gateway", **UNPULLED)], [], "part-without-image", "the stand-in does not run"),
        (
            [],
            [of_pods(stand_in(), "Deployment", replicas=0)],
            "service-scaled-to-zero",
            "the stand",
        ),
        ([stand_in()], [], "", ""),
        ([part("forwarder", **UNPULLED), stand_in()], [], "part-without-image", "the forwarder"),
    ],
)
def test_what_all_agents_need_is_named_where_it_does_not_run(
    kubectl, pods, workloads, rule, begins
) -> None:
    """Rather than that its name does not resolve, or refuses a connection."""
    data = {**pod(), "spec": pod()["spec"]}
    problem = release(kubectl, data, *pods, workloads=workloads).gateway_trouble("web")

    assert rule == (problem.rule.id if problem else "")
    assert (problem.cause if problem else "").startswith(begins)


def test_services_with_one_cause_are_all_named() -> None:
    """A verdict that names one of them alone would hide the others."""
    hops = [
        Hop("service reports", name, False, None, None, cause="a pod is refused", id="x")
        for name in ("web", "api")
    ]
    text = as_text(Proof("m", tuple(hops)), 200)

    assert ["not proven: web, api, service reports: a pod is refused [x]"] == [
        line for line in text.splitlines() if line.startswith("not proven")
    ]
