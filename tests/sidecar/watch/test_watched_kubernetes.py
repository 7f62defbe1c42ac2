"""The agents of a release, through a kubectl with prepared answers and an agent over the wire."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cluster_pods import listed, owned, pod
from fake_kubectl import put_on_path

from sidecar.errors import SidecarError
from sidecar.findings import Severity
from sidecar.kubernetes.kubectl import Kubectl
from sidecar.tokens.check import fingerprint
from sidecar.watch.evidence import Evidence
from sidecar.watch.kubernetes import ReleaseAgents
from sidecar.watch.status import findings

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
METRICS = (
    'jaeger_agent_reporter_spans_submitted_total{format="jaeger",protocol="grpc"} 200\n'
    'jaeger_agent_thrift_udp_server_queue_size{model="jaeger",protocol="compact"} 7\n'
    "process_start_time_seconds 1.79565695097e+09\n"
)
TABLE = "  sl  local_address rem_address\n 1: 0100007F:1AAF 00000000:0000 07 00:00 00 0 1 2 0 12\n"
FIND = "get pods,deployments,statefulsets,daemonsets"
FORBIDDEN = (
    'Error from server (Forbidden): deployments.apps is forbidden: User "u" cannot list resource '
    '"deployments" in API group "apps" in the namespace "shop"'
)


class Agent(BaseHTTPRequestHandler):
    """The admin port of an agent."""

    def do_GET(self):
        """Answer with its counters."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(METRICS.encode())

    def log_message(self, *_):
        """Print nothing."""


@pytest.fixture
def kubectl(tmp_path, monkeypatch):
    """A kubectl that forwards to an agent of this test."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Agent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    fake = put_on_path(tmp_path, monkeypatch)
    port = server.server_address[1]
    fake.answer("port-forward", f"Forwarding from 127.0.0.1:{port} -> 14271\n")
    fake.answer("exec", TABLE)
    yield fake
    server.shutdown()


def mounting(**changes):
    """Return a pod that mounts the Secret `tracing`."""
    data = pod(**changes)
    items = [{"key": "agent.yaml", "path": "agent.yaml"}]
    data["spec"]["volumes"] = [{"secret": {"secretName": "tracing", "items": items}}]
    return data


def secret(written):
    """Return the Secret as it was written at a time."""
    config = f'agent:\n  tags: "Authentication={TOKEN}"\n'.encode()
    return {
        "metadata": {"managedFields": [{"time": written}]},
        "data": {"agent.yaml": base64.b64encode(config).decode()},
    }


def read(kubectl, *pods, written="2026-11-26T00:00:00Z"):
    """Return all that is known of a release's agents."""
    kubectl.answer(FIND, listed(*pods))
    kubectl.answer("get secret tracing", secret(written))
    return ReleaseAgents(Kubectl("shop"), "demo").read_all()


def errors(states):
    """Return what is wrong with agents, without warnings."""
    return [finding for finding in findings(states) if finding.severity is Severity.ERROR]


def test_an_agent_is_read_on_its_pods_loopback(kubectl):
    """Its counters by port-forward, the kernel's by `cat` in the service's container."""
    (agent,) = read(kubectl, pod())

    assert ("web", "demo-web-1", "running", True) == (
        agent.service,
        agent.name,
        agent.state,
        agent.per_replica,
    )
    assert (200, 7, 12, 1795656950) == (
        agent.counts.spans_submitted,
        agent.counts.queue,
        agent.counts.kernel_drops,
        agent.counts.started,
    )


def test_a_container_without_cat_leaves_only_the_kernels_drops_unknown(kubectl):
    """The rest is shown."""
    kubectl.answer("exec", err='error: exec: "cat": executable file not found in $PATH')
    read(kubectl, pod())  # takes the first answer of exec
    (agent,) = ReleaseAgents(Kubectl("shop"), "demo").read_all()

    assert (200, False) == (agent.counts.spans_submitted, agent.kernel_known)


def test_the_tokens_fingerprint_is_that_of_the_secret(kubectl):
    """The token itself is nowhere in what is known."""
    started = {"state": {"running": {"startedAt": "2026-11-26T01:00:00Z"}}}
    (agent,) = read(kubectl, mounting(agent=started))

    assert (fingerprint(TOKEN), "") == (agent.token.fingerprint, agent.token.stale)
    assert TOKEN not in repr(agent)


def test_a_secret_that_is_newer_than_the_agent_is_reported(kubectl):
    """The agent reads it only when it starts."""
    started = {"state": {"running": {"startedAt": "2026-11-26T01:00:00Z"}}}
    (agent,) = read(kubectl, mounting(agent=started), written="2026-11-26T01:00:05Z")

    assert "the Secret was changed after it started" == agent.token.stale


def test_an_agent_that_ended_for_its_memory_is_known(kubectl):
    """From its last state, although it runs again."""
    status = {
        "restartCount": 2,
        "state": {"running": {}},
        "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}},
    }
    (agent,) = read(kubectl, pod(agent=status))

    assert ("running", 2, True) == (agent.state, agent.restarts, agent.oom_killed)


def test_a_service_without_a_pod_is_a_line(kubectl):
    """A Deployment that is scaled to 0."""
    template = {
        "metadata": {"labels": {"app.kubernetes.io/component": "api"}},
        "spec": {"containers": [{"name": "api"}], "initContainers": [{"name": "jaeger-agent"}]},
    }
    idle = {
        "kind": "Deployment",
        "metadata": {"name": "demo-api"},
        "spec": {"template": template},
    }
    states = read(kubectl, pod(), idle)

    assert [("api", "without a pod"), ("web", "running")] == [
        (state.service, state.state) for state in states
    ]
    assert [("service-missing", "api")] == [(one.id, one.subject) for one in errors(states)]


def waiting(**service):
    """Return a pod that waits, because its service's container does."""
    data = pod(phase="Pending", ready=False)
    data["status"]["containerStatuses"] = [{"name": "web", **service}]
    return data


ABSENT = {"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "db" not found'}}


def test_a_pod_that_does_not_start_has_the_cause_that_a_proof_names(kubectl):
    """Its agent may run: what cannot be read is not the agent's fault."""
    ((one,),) = [errors(read(kubectl, waiting(state=ABSENT)))]

    assert ("secret-missing", "web") == (one.id, one.subject)
    assert one.cause.startswith("demo-web-1: container web waits: CreateContainerConfigError")
    assert [] == [words for words in kubectl.asked if "port-forward" in words]


def test_a_service_that_crashes_beside_its_agent_is_an_error(kubectl):
    """Its agent is read all the same."""
    data = pod(ready=False)
    ended = {"terminated": {"exitCode": 1, "reason": "Error"}}
    data["status"]["containerStatuses"] = [{"name": "web", "state": ended}]
    states = read(kubectl, data)

    assert [("running", 200)] == [(each.state, each.counts.spans_submitted) for each in states]
    assert ["part-crashing"] == [each.id for each in errors(states)]


def test_what_agents_need_is_a_line_where_it_does_not_run(kubectl):
    """Agents may look sound: their spans wait, or are lost."""
    forwarder = pod("demo-forwarder-1", "forwarder", image="", ready=False)
    forwarder["spec"] = {"containers": [{"name": "forwarder"}]}
    statuses = {"containerStatuses": [{"name": "forwarder", "state": ABSENT}]}
    forwarder["status"] |= {**statuses, "initContainerStatuses": []}
    states = read(kubectl, pod(), forwarder)

    assert [("forwarder", "not running"), ("web", "running")] == [
        (each.service, each.state) for each in states
    ]
    assert [("secret-missing", "forwarder")] == [(one.id, one.subject) for one in errors(states)]


def test_a_right_that_is_lacking_is_the_fix(kubectl):
    """An agent that may not be read is not ill."""
    data = pod(args=["--admin.http.host-port=$(POD_IP):14271"])
    kubectl.answer("get --raw", err=FORBIDDEN)
    ((one,),) = [errors(read(kubectl, data))]

    assert "agent-unreadable" == one.id
    assert one.cause.startswith("demo-web-1: cannot be read: user u may not list deployments")
    assert one.fix.startswith("Ask for a Role")


def test_a_fix_names_the_namespace(kubectl):
    """So that it can be run as it is written."""
    data = pod(ready=False)
    ended = {"terminated": {"exitCode": 1, "reason": "Error"}}
    data["status"]["containerStatuses"] = [{"name": "web", "state": ended}]
    ((one,),) = [errors(read(kubectl, data))]

    assert "`kubectl -n shop logs demo-web-1 -c web`" in one.fix


def of_chart(alias):
    """Return a pod of one of two charts that a parent chart has under aliases."""
    data = pod(f"demo-{alias}-web-5d9-x")
    labels = {"pod-template-hash": "5d9", "app.kubernetes.io/name": alias}
    return owned(data, "ReplicaSet", f"demo-{alias}-web-5d9", **labels)


def test_two_charts_of_one_release_are_two_services(kubectl):
    """As in a proof: their counters are apart."""
    states = read(kubectl, of_chart("one"), of_chart("two"))

    assert ["demo-one-web", "demo-two-web"] == [each.service for each in states]


def without_agent(name, **changes):
    """Return a pod of the chart's services whose agent was taken out."""
    data = mounting(name=name, **changes)
    data["spec"]["initContainers"] = data["status"]["initContainerStatuses"] = []
    return data


def test_a_pod_without_its_agent_is_a_line_and_an_error(kubectl):
    """Next to a sound one of the same service; it uses no token, whatever it mounts."""
    started = {"state": {"running": {"startedAt": "2026-11-26T01:00:00Z"}}}
    states = read(kubectl, mounting(agent=started), without_agent("demo-web-2"))

    assert [("demo-web-1", "running"), ("demo-web-2", "without an agent")] == [
        (state.name, state.state) for state in states
    ]
    (finding,) = errors(states)
    assert ("missing-part", "web") == (finding.id, finding.subject)
    assert finding.cause.startswith("demo-web-2 has no agent")
    assert [fingerprint(TOKEN), None] == [one.token and one.token.fingerprint for one in states]
    again = ReleaseAgents(Kubectl("shop"), "demo").read()
    assert [state.state for state in states] == [state.state for state in again]


def test_a_release_in_which_no_pod_has_an_agent_is_no_removed_one(kubectl):
    """Each pod of it is a line."""
    assert ["without an agent"] == [one.state for one in read(kubectl, without_agent("demo-web-2"))]


@pytest.mark.parametrize(
    "labels",
    [
        {"app": "web"},
        {"app.kubernetes.io/name": "shop", "app.kubernetes.io/instance": "demo"},
    ],
)
def test_a_workload_with_a_name_of_its_own_has_its_pods(kubectl, labels):
    """By their labels, as of a chart of one's own or of `helm create`."""
    made = pod()
    made["metadata"]["labels"] = labels
    template = {"metadata": {"labels": labels}, "spec": made["spec"]}
    owner = {
        "kind": "Deployment",
        "metadata": {"name": "demo-web-deploy"},
        "spec": {"template": template},
        "status": {"replicas": 1},
    }

    assert ["running"] == [state.state for state in read(kubectl, made, owner)]


def test_the_kernels_drops_are_those_of_the_agents_own_port(kubectl):
    """Whatever port the service's variables name."""
    (agent,) = read(kubectl, pod(env=[{"name": "JAEGER_AGENT_PORT", "value": "none"}]))

    assert 12 == agent.counts.kernel_drops


def test_a_user_who_may_read_pods_only_sees_the_pods(kubectl):
    """Deployments are asked for, too, but are not needed."""
    kubectl.answer(FIND, err=FORBIDDEN)
    kubectl.answer("get pods", listed(pod()))

    assert ["demo-web-1"] == [agent.name for agent in ReleaseAgents(Kubectl("shop"), "demo").read()]


def test_a_release_without_pods_is_named(kubectl):
    """As verify does; a watch, which saw it before, gets an empty list."""
    kubectl.answer("get namespace shop", {})
    kubectl.answer("get pods --output", listed(pod(release="other")))
    with pytest.raises(SidecarError, match="Releases with agents there: other"):
        read(kubectl)

    assert [] == ReleaseAgents(Kubectl("shop"), "demo").read()


def test_a_bundle_holds_the_plan_that_the_workloads_show(kubectl):
    """Without the chart's values, which are in a Secret."""
    made = pod(env=[{"name": "DATABASE", "value": "postgres://u:pw@db"}])
    deployment = {
        "kind": "Deployment",
        "metadata": {"name": "demo-web"},
        "spec": {"replicas": 2, "template": made},
    }
    kubectl.answer("get deployments,statefulsets,daemonsets", listed(deployment))
    kubectl.answer(FIND, listed(made))
    evidence = Evidence()
    ReleaseAgents(Kubectl("shop"), "demo").collect(evidence)

    (web,) = json.loads(evidence.files["plan.json"])["services"]
    assert ("web", 2, ["web:1"]) == (web["name"], web["replicas"], web["images"])
    assert {"DATABASE": None} == web["environment"]
    assert "--admin.http.host-port=127.0.0.1:14271" in web["agent"]["argv"]
