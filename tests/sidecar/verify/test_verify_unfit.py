"""What keeps a pod from being proven, by what the cluster says of it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from cluster_pods import listed, pod

from sidecar.kubernetes.pods import pods_of
from sidecar.verify.kubernetes.unfit import lacks_agent, problem_of, state_of

FAILED = {"terminated": {"exitCode": 1, "reason": "Error"}}
KILLED = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
TO_LOOPBACK = [{"name": "JAEGER_AGENT_HOST", "value": "localhost"}]


def waits(reason, **status):
    """Return the status of a container that waits."""
    return {"state": {"waiting": {"reason": reason}}, **status}


def runs(seconds, last, **status):
    """Return the status of a container that started again so many seconds before the test."""
    return {"started": seconds, "lastState": last, **status}


def timed(status):
    """Return a container's status with the time of its start."""
    if not status or "started" not in status:
        return status
    started = datetime.now(timezone.utc) - timedelta(seconds=status["started"])
    text = started.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"state": {"running": {"startedAt": text}}, **status}


def found(service=None, agent=None, **changes):
    """Return the id and cause that a pod has, or None, by the status of its containers."""
    data = pod(agent=timed(agent), **changes) if agent else pod(**changes)
    if service:
        data["status"]["containerStatuses"] = [{"name": "web", **timed(service)}]
    (one,) = pods_of(listed(data))
    problem = problem_of(one, state_of(one))
    return problem and (problem.rule.id, problem.cause)


@pytest.mark.parametrize(
    ("service", "changes", "expected"),
    [
        (
            waits("ImagePullBackOff"),
            {"phase": "Pending", "ready": False},
            ("part-without-image", "container web waits: ImagePullBackOff"),
        ),
        (
            waits("ErrImagePull"),
            {"phase": "Pending", "ready": False},
            ("part-without-image", "container web waits: ErrImagePull"),
        ),
        (
            waits("CrashLoopBackOff", lastState=FAILED),
            {"ready": False},
            (
                "part-crashing",
                "container web waits: CrashLoopBackOff, last ended: Error, exit code 1",
            ),
        ),
        (
            {"state": FAILED},
            {"ready": False},
            ("part-crashing", "container web ended: Error, exit code 1"),
        ),
        (
            runs(2, FAILED, ready=False),
            {"ready": False},
            ("part-crashing", "container web started again, last ended: Error"),
        ),
        (
            waits("CrashLoopBackOff", lastState=KILLED),
            {"ready": False},
            (
                "part-out-of-memory",
                "container web waits: CrashLoopBackOff, last ended: OOMKilled, exit code 137",
            ),
        ),
    ],
    ids=["no image", "no image yet", "waits", "ended", "runs again", "memory"],
)
def test_a_service_that_does_not_run_has_the_id_of_its_cause(service, changes, expected) -> None:
    """Its container's state counts, also where the agent runs and the pod is alive."""
    assert expected == found(service, **changes)


@pytest.mark.parametrize(
    "service",
    [runs(2, FAILED, ready=True), runs(300, FAILED, ready=False), runs(300, KILLED), runs(2, {})],
    ids=["is ready", "runs for long", "was killed long ago", "first start"],
)
def test_a_service_that_runs_on_is_no_alarm(service) -> None:
    """One end may have many causes, and is over once the container is ready."""
    assert found(service) is None


@pytest.mark.parametrize(
    "agent",
    [
        runs(3, KILLED, ready=True),
        waits("CrashLoopBackOff", lastState=KILLED),
        {
            "state": {
                "waiting": {
                    "reason": "RunContainerError",
                    "message": "container init was OOM-killed (memory limit too low?)",
                }
            }
        },
    ],
    ids=["between two ends", "waits", "cannot start"],
)
def test_an_agent_that_is_killed_again_and_again_is_out_of_memory(agent) -> None:
    """It may run at the moment; its memory is the cause all the same."""
    assert found(agent=agent)[0] == "part-out-of-memory"


def test_the_container_that_says_why_comes_before_one_that_only_waits() -> None:
    """An agent waits for a container that is initialized before it."""
    data = pod(agent=waits("PodInitializing"), phase="Pending", ready=False)
    data["spec"]["initContainers"].insert(0, {"name": "migrate"})
    data["status"]["initContainerStatuses"].append({"name": "migrate", **waits("ErrImagePull")})
    (one,) = pods_of(listed(data))

    assert "container migrate waits: ErrImagePull" == state_of(one).trouble


def bare(**changes):
    """Return a pod of another chart without an agent."""
    data = pod(image="", env=changes.get("env", TO_LOOPBACK))
    data["spec"]["initContainers"] = changes.get("others", [])
    data["spec"]["hostNetwork"] = changes.get("host", False)
    return data


def test_a_pod_of_the_chart_without_its_agent_lacks_it() -> None:
    """The chart's annotation tells its services, whatever their variables are."""
    data = pod()
    whole = lacks_agent(data)
    data["spec"]["initContainers"] = []

    assert (False, True) == (whole, lacks_agent(data))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (bare(), True),
        (bare(env=[]), False),
        (bare(env=[{"name": "JAEGER_AGENT_HOST", "value": "10.0.0.9"}]), False),
        (bare(env=[{"name": "JAEGER_AGENT_HOST", "valueFrom": {}}]), False),
        (bare(host=True), False),
        (bare(others=[{"name": "tracing", "image": "jaegertracing/all-in-one:1"}]), False),
        (bare(others=[{"name": "db", "image": "migrate:1"}]), True),
    ],
    ids=["loopback", "not traced", "elsewhere", "node", "node's network", "receiver", "other"],
)
def test_another_charts_pod_lacks_an_agent_where_its_service_reports_to_loopback(
    data, expected
) -> None:
    """Nothing else can receive there."""
    assert expected == lacks_agent(data)


@pytest.mark.parametrize(
    ("lack", "more", "fix"),
    [
        ("1 Insufficient cpu, 1 Insufficient memory", ". no new claims", "Lower the requests"),
        ("1 node(s) didn't match Pod's node affinity/selector", ". no new", "Change its node"),
        ("1 node(s) didn't have free ports", "", "Remove its hostPort"),
        ("1 node(s) had untolerated taint {a: b}", "", "Add a toleration"),
        ("2 reasons of a later version", "", "Change what the pod asks for"),
    ],
)
def test_a_pod_without_a_node_has_the_schedulers_words(lack, more, fix) -> None:
    """What to do is of what the nodes lack."""
    said = f"0/1 nodes are available: {lack}"
    data = pod(phase="Pending", ready=False)
    placed = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    data["status"]["conditions"] = [{**placed, "message": said + more}]
    (one,) = pods_of(listed(data))
    problem = problem_of(one, state_of(one))

    assert ("pod-without-node", f"has no node: {said}") == (problem.rule.id, problem.cause)
    assert problem.fix.startswith(fix)


def test_a_collector_that_cannot_open_its_queue_has_the_id_of_that() -> None:
    """The cluster keeps the last words of a container that ended."""
    ended = {"exitCode": 1, "reason": "Error", "message": "exporter: invalid database"}

    rule, cause = found(agent=waits("CrashLoopBackOff", lastState={"terminated": ended}))

    assert "collector-queue-damaged" == rule
    assert cause.endswith("the file of its queue is damaged")


def waiting(reason, message, **status):
    """Return what a container's state says, as id, cause and fix."""
    service = {"state": {"waiting": {"reason": reason, "message": message}}, **status}
    data = pod(ready=False)
    data["spec"]["volumes"] = [{"name": "token", "secret": {"secretName": "tracing"}}]
    data["spec"]["initContainers"][0]["volumeMounts"] = [{"name": "token"}]
    data["status"]["containerStatuses"] = [{"name": "web", **service}]
    (one,) = pods_of(listed(data))
    problem = problem_of(one, state_of(one))
    return (
        problem.rule.id,
        problem.cause.removeprefix(f"container web waits: {reason}"),
        problem.fix,
    )


CONFIG = "CreateContainerConfigError"
RUNC = "runc create failed: unable to start container process: "
EXEC = 'exec: "/srv/run": stat /srv/run: no such file or directory'


@pytest.mark.parametrize(
    ("reason", "message", "rule", "cause", "fix"),
    [
        (CONFIG, 'secret "tracing" not found', "secret-missing", "Secret tracing", "Run `sidecar"),
        (CONFIG, 'secret "db" not found', "secret-missing", "Secret db", "Create Secret db"),
        (
            CONFIG,
            "couldn't find key url in Secret shop/db",
            "secret-missing",
            "Secret db has no key url",
            "Add the key to Secret db",
        ),
        (CONFIG, 'configmap "a" not found', "config-map-missing", "ConfigMap a", "Create Con"),
        (
            CONFIG,
            "container has runAsNonRoot and image will run as root (pod: x)",
            "container-as-root",
            "image will run as root",
            "Set `runAsUser`",
        ),
        (
            CONFIG,
            "container has runAsNonRoot and image has non-numeric user (app), cannot verify",
            "container-as-root",
            "non-numeric user",
            "Set `runAsUser`",
        ),
        (CONFIG, "runAsUser breaks non-root policy", "container-as-root", "non-root", "Set `run"),
        (CONFIG, "failed to prepare subPath", "container-not-created", "subPath", "Change what"),
        ("RunContainerError", RUNC + EXEC, "part-cannot-start", EXEC, "Compare `command`"),
        (
            "ErrImagePull",
            "no match for platform in manifest: not found",
            "image-of-other-machine",
            "no match for platform",
            "Build it",
        ),
        (
            "ErrImagePull",
            "pull access denied, repository does not exist",
            "part-without-image",
            "the registry refuses it",
            "Name a Secret",
        ),
        (
            "ErrImagePull",
            "dial tcp: lookup hub.example.com: no such host",
            "part-without-image",
            "does not reach the registry",
            "Check the registry's address",
        ),
        ("ErrImagePull", "shop/web:9: not found", "part-without-image", "no such image", "Check"),
        ("ErrImageNeverPull", "", "part-without-image", "pullPolicy is Never", "Load it"),
    ],
)
def test_what_keeps_a_container_from_starting_has_its_own_fix(
    reason, message, rule, cause, fix
) -> None:
    """A Secret of the service's own is not to be written by the kit."""
    found = waiting(reason, message)

    assert rule == found[0]
    assert cause in found[1]
    assert found[2].startswith(fix)


def test_a_programs_own_last_words_name_no_object() -> None:
    """It may look for a Secret itself."""
    ended = {"exitCode": 1, "reason": "Error", "message": 'secret "db" not found'}

    found = waiting("CrashLoopBackOff", "back-off", lastState={"terminated": ended})

    assert "part-crashing" == found[0]


def test_logs_before_the_last_start_are_named_only_where_there_are_some() -> None:
    """A container that never ran has none."""
    first = waiting("CreateContainerConfigError", "")
    ended = {"terminated": {"exitCode": 1, "reason": "Error"}}
    again = waiting("CrashLoopBackOff", "", lastState=ended)

    assert "See `kubectl describe pod demo-web-1`" == first[2]
    assert "`kubectl logs demo-web-1 -c web --previous`" in again[2]
