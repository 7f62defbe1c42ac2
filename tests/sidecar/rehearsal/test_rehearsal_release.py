"""A stage of pods, through a kubectl with prepared answers."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from cluster_pods import AGENT_ARGS, ended, listed, pod, stand_in, with_canary
from fake_kubectl import put_on_path

from sidecar.errors import SidecarError, UsageError
from sidecar.kubernetes import ephemeral
from sidecar.kubernetes.kubectl import Kubectl
from sidecar.rehearsal import pods
from sidecar.rehearsal.release import ReleaseStage
from sidecar.rehearsal.stage import KILL, LEAVE, PAUSE
from sidecar.verify.counts import AgentCounts, ClientCounts
from sidecar.verify.hops import RECEIVED
from sidecar.verify.look import Broken, Look, Task, as_line
from sidecar.verify.network import reader

NAME = "sidecar-verify-0123abcd"
CLIENT = ClientCounts(5, 5, {}, 1, ("t1",))
PROBED = {"started": 5, "sent": 5, "dropped": {}, "packets": 1, "trace_ids": ["t1"]}


def web(host="demo-gateway:1883", **changes):
    """Return a pod of the service `web`, whose agent reports to a gateway."""
    return pod(args=[*AGENT_ARGS, f"--reporter.grpc.host-port={host}"], **changes)


@pytest.fixture
def kubectl(tmp_path, monkeypatch):
    """A kubectl with prepared answers, known names of containers, and short waits."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "0123abcd")
    monkeypatch.setattr(ephemeral, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(reader, "_POLL_SECONDS", 0.01)
    return put_on_path(tmp_path, monkeypatch)


@pytest.fixture
def stage(kubectl):
    """Return a function that makes the stage of some pods."""

    def call(*found):
        kubectl.answer("get pods --selector", listed(*(found or (web(), stand_in()))))
        return ReleaseStage(Kubectl("shop"), "demo")

    return call


def run_in_pod(kubectl, printed="", data=None):
    """Let containers start in the service's pod, and programs print this there."""
    kubectl.answer("get pod demo-web-1", ended(data or web(), NAME, running={}))
    kubectl.answer("replace")
    kubectl.answer("exec demo-web-1", printed)


def test_a_release_of_a_region_is_refused(stage):
    """By its label, and by its agents' gateway: faults for a real gateway are a usage error."""
    labelled = web()
    labelled["metadata"]["labels"]["sidecar-kit/region"] = "cn-shanghai"

    for found in (labelled, web("tracing.example.com:1883")):
        with pytest.raises(UsageError, match="release demo: reports to a real gateway"):
            stage(found, stand_in())


def test_a_release_with_a_canary_is_refused(stage):
    """As under Compose."""
    with pytest.raises(SidecarError) as refused:
        stage(with_canary(web(), "2026-11-26T10:00:00Z"), stand_in())

    assert "rehearsal-with-canary" == refused.value.id


def test_a_local_release_without_its_stand_in_is_not_taken_for_a_real_one(stage):
    """Scaled to 0, it cannot be rehearsed; the agents' gateway is named."""
    with pytest.raises(SidecarError, match=r"no stand-in runs .* \(demo-gateway:1883\)"):
        stage(web())


@pytest.mark.parametrize(
    ("gateway", "error"),
    [("tracing.example.com:8090", UsageError), ("other-gateway:8090", SidecarError), ("", None)],
)
def test_collectors_are_rehearsed_before_the_releases_own_stand_in(stage, kubectl, gateway, error):
    """Their forwarder says where they report to."""
    forwarder = pod(name="demo-forwarder-1", component="forwarder")
    words = [f"--gateway={gateway or 'demo-gateway:8090'}", "--protocol=grpc"]
    forwarder["spec"]["containers"] = [{"name": "forwarder", "args": words}]
    own = pod(args=["--config=/etc/otelcol/config.yaml"])
    answer = "get pods --selector=app.kubernetes.io/instance=demo,app.kubernetes.io/component"
    kubectl.answer(f"{answer}=forwarder", listed(forwarder))

    if error:
        with pytest.raises(error):
            stage(own, stand_in())
    else:
        assert ["web"] == stage(own, stand_in()).services()


def test_one_pod_of_a_service_is_rehearsed(stage):
    """A note says so, and names no flag that the command lacks."""
    found = stage(
        web(), web(name="demo-web-2"), web(name="demo-api-1", component="api"), stand_in()
    )

    assert ["api", "web"] == found.services()
    assert ("web: one of 2 pods is rehearsed",) == found.notes


def test_what_the_cluster_does_not_allow_is_left_out(stage, kubectl):
    """Each with its reason: the user's rights, the nodes' kernel."""
    kubectl.answer("auth can-i patch services", err="no")
    kubectl.answer("exec demo-gateway-1", {"scope": 1})
    lacks = stage().lacks

    assert {LEAVE: "this user may not patch services", PAUSE: pods_stay()} == lacks


def pods_stay():
    """Return why agents cannot be paused."""
    return "the nodes' kernel does not let one program stop another (kernel.yama.ptrace_scope)"


def test_agents_whose_processes_are_shared_are_not_touched(stage, kubectl):
    """Process 1 is not the agent there; all else is possible."""
    kubectl.answer("auth can-i patch services", "yes")
    kubectl.answer("exec demo-gateway-1", {"scope": 0})
    shared = web()
    shared["spec"]["shareProcessNamespace"] = True

    assert {KILL, PAUSE} == stage(shared, stand_in()).lacks.keys()


def test_faults_are_set_in_the_pod_of_the_stand_in(stage, kubectl):
    """By the kit's own command, one set after the other."""
    kubectl.answer("exec demo-gateway-1", {})
    stage().set_faults({"reset": True}, {})

    asked = kubectl.asked[-1]
    assert ["exec", "demo-gateway-1", "--container=gateway", "--", "sidecar"] == asked[1:6]
    assert ['--set-faults={"reset": true}', "--set-faults={}"] == asked[-2:]


def test_what_is_sent_is_recorded(stage, kubectl):
    """Alone, or by a look; a warning before the counts is not in the way."""
    run_in_pod(kubectl, f"a warning\n{json.dumps(PROBED)}\n")
    sender = stage()
    kubectl.answer("exec demo-web-1", as_line(Look(CLIENT, AgentCounts(), AgentCounts())))

    sender.send("web", "m1", 5)
    sender.look(Task("web", "m2", 5, 1, path_only=True))

    assert [("web", "m1", CLIENT), ("web", "m2", CLIENT)] == [
        (sent.service, sent.marker, sent.client) for sent in sender.sent
    ]


def test_a_program_that_prints_no_counts_is_named(stage, kubectl):
    """With the last line that it printed."""
    run_in_pod(kubectl, "Traceback\nConnectionRefusedError: refused\n")

    with pytest.raises(SidecarError, match="demo-web-1: cannot be counted: ConnectionRefusedError"):
        stage().agent("web")


def test_the_service_of_the_stand_in_selects_it_again(stage, kubectl):
    """Its selector is changed and restored, once; its name and address stay."""
    selector = {"app.kubernetes.io/component": "gateway", "app.kubernetes.io/instance": "demo"}
    service = {"metadata": {"name": "demo-gateway"}, "spec": {"selector": selector}}
    kubectl.answer("get services", {"items": [service]})
    kubectl.answer("patch service demo-gateway")
    disturbed = stage()

    disturbed.leave()
    disturbed.rejoin()
    disturbed.rejoin()

    patches = [argv[-1] for argv in kubectl.asked if "patch" in argv]
    assert [
        '--patch={"spec": {"selector": {"app.kubernetes.io/component": "gateway-away"}}}',
        '--patch={"spec": {"selector": {"app.kubernetes.io/component": "gateway"}}}',
    ] == patches


def states(kubectl, *agents):
    """Let the pod be seen with its agent in these states, one after the other."""
    for agent in agents:
        kubectl.answer("get pod demo-web-1", ended(web(agent=agent), NAME))


def runs(restarts):
    """Return the state of an agent that runs."""
    return {"state": {"running": {}}, "restartCount": restarts}


def ends(restarts):
    """Return the state of an agent that was killed, as its node reports it."""
    return {"state": {"terminated": {"exitCode": 2}}, "restartCount": restarts}


def ended_at(minutes):
    """Return what a node knows of an agent's end so many minutes ago."""
    when = datetime.now(timezone.utc) - timedelta(minutes=minutes)
    return {"lastState": {"terminated": {"exitCode": 2, "finishedAt": when.isoformat()}}}


WAITS = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 1}
LONG = 5
"""Readings of a node that is busy."""


@pytest.mark.parametrize(
    ("seen", "kills"),
    [
        # Each kill: read, add the container, see it end; then what the node says of the agent.
        ([*[runs(0)] * 3, *[runs(0)] * LONG, ends(0), *[ends(0)] * LONG, runs(1)], 2),
        ([*[runs(0) | ended_at(30)] * 3, ends(0), runs(1)], 2),
        ([*[runs(0)] * 3, WAITS], 1),
        ([*[runs(1) | ended_at(2)] * 3, *[runs(1)] * LONG, ends(1)], 1),
    ],
    ids=["busy", "forgotten", "waits", "remembered"],
)
def test_an_agent_that_its_node_starts_at_once_is_killed_again(stage, kubectl, seen, kills):
    """As soon as it is back, however late: then the node waits, because it ended lately."""
    kubectl.answer("replace")
    kubectl.answer("logs", "")
    again = [*[runs(1) | ended_at(0)] * 3, *[runs(1)] * LONG, ends(1)]
    states(kubectl, *seen, *(again if kills == 2 else ()))

    stage().kill_agents()

    made = [data["spec"]["ephemeralContainers"][0] for data in kubectl.read]
    assert ["jaeger-agent"] * kills == [one["targetContainerName"] for one in made]
    assert {"import os; os.kill(1, 3)"} == {one["command"][-1] for one in made}


def test_an_agent_that_cannot_be_killed_is_an_error(stage, kubectl):
    """With the kernel's reason."""
    kubectl.answer("replace")
    kubectl.answer("logs", "PermissionError: not permitted\n")
    states(kubectl, runs(0))

    with pytest.raises(
        SidecarError, match="demo-web-1: its agent cannot be killed: PermissionError"
    ):
        stage().kill_agents()


def test_an_agent_whose_end_is_not_reported_is_an_error(stage, kubectl, monkeypatch):
    """Its node may be away."""
    monkeypatch.setattr(pods, "_NODE_SECONDS", 0.3)
    kubectl.answer("replace")
    kubectl.answer("logs", "")
    states(kubectl, runs(0))

    with pytest.raises(SidecarError, match="cannot be killed: its node reports no end"):
        stage().kill_agents()


def test_a_held_agent_is_let_go(stage, kubectl):
    """By a signal to the program that holds it, once; it is held when that program says so."""
    run_in_pod(kubectl)
    for said in ("", "", "42\n"):
        kubectl.answer("logs", said)
    disturbed = stage()

    disturbed.pause_agents()
    disturbed.resume_agents()
    disturbed.resume_agents()

    (held,) = kubectl.read
    (holder,) = held["spec"]["ephemeralContainers"]
    told = [argv for argv in kubectl.asked if "exec" in argv]
    assert ("jaeger-agent", "50") == (holder["targetContainerName"], holder["command"][-2])
    assert [f"--container={NAME}"] == [argv[3] for argv in told]
    assert 3 == len([argv for argv in kubectl.asked if "logs" in argv])


def test_a_node_that_lets_no_program_be_held_is_named(stage, kubectl):
    """With the kernel's reason, and the way around."""
    run_in_pod(kubectl)
    kubectl.answer("logs", "Operation not permitted\n")

    with pytest.raises(SidecarError, match="its agent cannot be held: Operation not permitted"):
        stage().pause_agents()


def test_a_restart_before_the_fault_is_no_cause(kubectl):
    """Each fault begins with the pods as they are then; a restart meanwhile is one."""
    ended_before = {"terminated": {"exitCode": 2, "reason": "Error"}}
    restarted = web(agent={**runs(2), "lastState": ended_before})
    kubectl.answer("get pods --selector", listed(web(), stand_in()))
    kubectl.answer("get pods --selector", listed(restarted, stand_in()))
    silent = Look(broken=Broken(RECEIVED, "no answer", id="part-not-answering"))
    run_in_pod(kubectl, as_line(silent), restarted)
    disturbed = ReleaseStage(Kubectl("shop"), "demo")
    task = Task("web", "m", 5, 1, path_only=True)
    meanwhile = disturbed.look(task)

    disturbed.begin()
    later = disturbed.look(task)

    assert ("part-crashing", "part-not-answering") == (meanwhile.broken.id, later.broken.id)


def test_a_fault_begins_once_the_node_has_reported_the_restarts(kubectl):
    """A killed agent answers before its node says so: the report is not of the next fault."""
    crashed = {"terminated": {"exitCode": 2, "reason": "Error"}}
    waits = web(agent={**WAITS, "lastState": crashed})
    now = datetime.now(timezone.utc).isoformat()
    started = {**runs(2), "state": {"running": {"startedAt": now}}, "lastState": crashed}
    unready, restarted = web(agent={**started, "ready": False}), web(agent=started)
    for found in (web(), waits, unready, restarted):
        kubectl.answer("get pods --selector", listed(found, stand_in()))
    silent = Look(broken=Broken(RECEIVED, "no answer", id="part-not-answering"))
    run_in_pod(kubectl, as_line(silent), restarted)
    disturbed = ReleaseStage(Kubectl("shop"), "demo")

    disturbed.begin()

    found = disturbed.look(Task("web", "m", 5, 1, path_only=True))
    assert "part-not-answering" == found.broken.id
