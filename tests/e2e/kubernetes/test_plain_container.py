"""The agent as a plain container: on request, and in the manifests for clusters before 1.29."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from _require import lack, only_stacks
from canary_release import with_collectors
from greetings import REQUESTS, answered
from helm_charts import CHART, template
from kubernetes_cluster import environment, namespace, wait_until
from programs import find_program

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes"), pytest.mark.timeout(300)]

COLLECTED = pytest.param(
    "collected",
    marks=only_stacks,
)
"""An old cluster has no `sleep` for collectors, so that the last spans may be lost there."""
COMPONENTS = ("frontend", "backend")
PLAIN = ("--set", "agent.mode=container")
WAIT = ("--wait", "--timeout", "120s")
DELAY = 8
"""Seconds; the service itself needs about one to end."""
LAST_REQUEST = r"""
import json, socket, sys, time, urllib.request
pod, gateway = sys.argv[1], sys.argv[2]
def get(url):
    with urllib.request.urlopen(url, timeout=2) as answer:
        return json.load(answer)
last = socket.create_connection((pod, 8080), timeout=20)
last.sendall(b"GET /greet?name=last HTTP/1.0\r\n")
print("begun", flush=True)
try:
    while get(f"http://{pod}:8080/healthz"):
        time.sleep(0.05)
except OSError:
    pass  # the service stops and answers no new request; an agent that does not wait has ended
last.sendall(b"\r\n")
answer = b"".join(iter(lambda: last.recv(65536), b"")).partition(b"\r\n\r\n")[2]
trace = json.loads(answer)["trace_id"]
deadline, spans = time.monotonic() + 30, []
while len(spans) < 5 and time.monotonic() < deadline:
    time.sleep(0.1)
    try:
        spans = get(f"{gateway}/api/traces/{trace}")["data"][0]["spans"]
    except OSError:
        pass  # 404: none of them yet
print(len(spans))
"""
"""Program: POD GATEWAY; begins a request, ends it when the service stops, counts its spans."""


@pytest.fixture(scope="module")
def installed(cluster_images):
    """The sample with the stand-in, installed as `demo`."""
    with namespace("sidecar-plain") as space:
        space.helm("install", "demo", CHART, *PLAIN, *WAIT)
        yield space


@pytest.fixture(scope="module")
def collected(collector_image):
    """The same with collectors."""
    with namespace("sidecar-plain-collected") as space:
        values = with_collectors(collector_image)
        space.helm("install", "demo", CHART, *PLAIN, *values, *WAIT)
        yield space


@pytest.fixture(scope="module")
def applied(cluster_images):
    """The manifests for Kubernetes 1.28, without the test."""
    with namespace("sidecar-old") as space:
        space.apply(*manifests(space, "--no-hooks"))
        space.kubectl("wait", "--for=condition=Available", "deployment", "--all", "--timeout=120s")
        yield space


def manifests(space, *options: object):
    """Return the chart's objects as for an old cluster."""
    values = ("--set", f"agent.stopDelaySeconds={DELAY}", "--namespace", space.name)
    return template(CHART, *values, *options, kubernetes="1.28.0")


@pytest.mark.parametrize("release", ["installed", COLLECTED])
@pytest.mark.parametrize("program", ["helm", "helm4"])
def test_helm_test_proves_delivery(program: str, release: str, request) -> None:
    """Its pod ends although its agent is a plain container."""
    installed = request.getfixturevalue(release)
    if not find_program(program):
        lack("kubernetes", f"{program} is not on PATH")
    result = installed.helm("test", "demo", "--timeout", "120s", program=program)

    assert "Succeeded" in result
    assert [] == installed.get("pods", "-l", "app.kubernetes.io/component=delivery-test")
    assert f"helm test demo -n {installed.name}" in installed.helm(
        "get", "notes", "demo", program=program
    )


def test_what_is_not_proven_fails(installed) -> None:
    """A token that the gateway refuses: both containers of the test's pod end, and Helm tells."""
    data = {"agent.yaml": 'agent:\n  tags: "Authentication=wrong@token"\n'}
    installed.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "wrong"}, "stringData": data}
    )
    gateway = (
        "standIn.enabled=false,gateway.host=demo-gateway,existingSecret=wrong,"
        "services.frontend=null"
    )
    installed.helm("install", "other", CHART, *PLAIN, "--set", gateway, *WAIT)
    command = [find_program("helm"), "test", "other", "-n", installed.name, "--timeout", "120s"]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment(), timeout=150, check=False
    )

    assert 1 == done.returncode
    (pod,) = installed.get("pods", "-l", "app.kubernetes.io/component=delivery-test")
    ended = {
        each["name"]: each["state"]["terminated"]["exitCode"]
        for each in pod["status"]["containerStatuses"]
    }
    assert ("Failed", 1) == (pod["status"]["phase"], ended[proof(pod)])
    assert pod["status"].get("reason") != "DeadlineExceeded"
    assert "agent submitted" in installed.kubectl(
        "logs", pod["metadata"]["name"], "--container", proof(pod)
    )


def proof(pod) -> str:
    """Return the name of the service's container."""
    (name,) = [each["name"] for each in pod["spec"]["containers"] if each["name"] != "jaeger-agent"]
    return name


def test_its_admin_port_may_be_the_pods(fresh_namespace) -> None:
    """With metrics.enabled the agent does not answer on loopback; the proof asks where it does."""
    space = fresh_namespace
    space.helm("install", "demo", CHART, *PLAIN, "--set", "metrics.enabled=true", *WAIT)

    assert "Succeeded" in space.helm("test", "demo", "--timeout", "120s")


@pytest.mark.parametrize("release", ["installed", "applied", COLLECTED])
def test_spans_of_every_answered_request_arrive_while_a_pod_is_deleted(
    release: str, request
) -> None:
    """200 requests: the agent waits for its service's last spans; both get SIGTERM at once."""
    space = request.getfixturevalue(release)
    space.python(
        "requests",
        REQUESTS,
        "http://demo-frontend:8080",
        "http://demo-gateway:16686",
        200,
        wait=False,
    )
    wait_until(lambda: answered(space, "requests") >= 60, 60, "60 requests are answered")
    space.kubectl("delete", "pod", space.pod_of("frontend")["metadata"]["name"], "--wait=false")

    report = json.loads(space.result("requests").splitlines()[-1])
    assert {"answered": 200, "missing": 0} == {key: report[key] for key in ("answered", "missing")}


@pytest.mark.parametrize("release", ["installed", "applied", COLLECTED])
def test_a_request_that_is_answered_after_sigterm_is_traced(release: str, request) -> None:
    """All five spans, of which two leave by the agent of the pod that is stopping."""
    space = request.getfixturevalue(release)
    wait_until(lambda: ready(space.pod_of("frontend")), 60, "the frontend is ready")
    pod = space.pod_of("frontend")
    space.python(
        "last", LAST_REQUEST, pod["status"]["podIP"], "http://demo-gateway:16686", wait=False
    )
    wait_until(
        lambda: space.phase("last") == "Running" and "begun" in space.kubectl("logs", "last"),
        60,
        "it is begun",
    )
    space.kubectl("delete", "pod", pod["metadata"]["name"], "--wait=false")

    assert "5" == space.result("last").splitlines()[-1]


def test_an_old_clusters_delay_is_a_program_of_the_agents_image(applied) -> None:
    """It runs: a pod lasts that long, and the hook is not reported as failed."""
    pod = applied.pod_of("backend")
    (agent,) = [each for each in pod["spec"]["containers"] if each["name"] == "jaeger-agent"]
    assert {"exec": {"command": ["sleep", str(DELAY)]}} == agent["lifecycle"]["preStop"]
    began = time.monotonic()
    applied.kubectl("delete", "pod", pod["metadata"]["name"], "--wait")

    assert DELAY <= time.monotonic() - began
    assert [] == applied.get("events", "--field-selector=reason=FailedPreStopHook")


@pytest.mark.parametrize("release", ["installed", "applied", COLLECTED])
def test_the_pod_of_the_test_ends_with_the_proof(release: str, request) -> None:
    """Its agent, too: at once, long before the end of a stop delay."""
    space = request.getfixturevalue(release)
    await_ready(space)
    made = pod_of_test(space, helm=release != "applied")
    name = made["metadata"]["name"]
    space.apply(made)
    wait_until(lambda: space.phase(name) in ("Succeeded", "Failed"), 120, "the proof ends")
    log = space.kubectl("logs", name, "--container", proof(made))
    pod = json.loads(space.kubectl("get", "pod", name, "-o", "json"))
    space.kubectl("delete", "pod", name)

    assert ("Succeeded", True) == (pod["status"]["phase"], "every marked span arrived" in log), log
    ends = {each["name"]: ended(each) for each in pod["status"]["containerStatuses"]}
    assert (ends["jaeger-agent"] - ends[proof(made)]).total_seconds() < DELAY


def pod_of_test(space, *, helm: bool):
    """Return the pod that `helm test` makes: as Helm keeps it, or as for an old cluster."""
    if not helm:
        return manifests(space, "--show-only", "templates/tests/delivery.yaml")[0]
    hooks = yaml.safe_load_all(space.helm("get", "hooks", "demo"))
    (pod,) = [each for each in hooks if each["kind"] == "Pod"]
    return pod


def ended(status) -> datetime:
    """Return when a container ended."""
    return datetime.fromisoformat(status["state"]["terminated"]["finishedAt"].removesuffix("Z"))


@pytest.mark.parametrize("release", ["installed", "applied", COLLECTED])
def test_verify_looks_into_the_services_own_pods(release: str, request) -> None:
    """Each hop of each service is counted."""
    space = request.getfixturevalue(release)
    await_ready(space)
    settings = environment()
    settings["PATH"] = f"{Path(find_program('kubectl')).parent}{os.pathsep}{settings['PATH']}"
    words = [
        "verify",
        "--path-only",
        "--target",
        "kubernetes",
        "--release",
        "demo",
        "--namespace",
        space.name,
        "--output",
        "json",
    ]
    command = [sys.executable, "-m", "sidecar", *words, "--spans", "20"]
    done = subprocess.run(
        command, capture_output=True, text=True, env=settings, timeout=200, check=False
    )

    assert 0 == done.returncode, done.stdout + done.stderr
    hops = json.loads(done.stdout)["hops"]
    count = 5 if release == "collected" else 4
    services = ["backend"] * count + ["frontend"] * count
    assert services == [hop["service"] for hop in hops]
    assert all(hop["ok"] for hop in hops)


@pytest.mark.parametrize("release", ["installed", "applied"])
def test_probes_find_the_agent_well(release: str, request) -> None:
    """By its own `status`, in a container that nothing restarted; the pod is ready only with it."""
    space = request.getfixturevalue(release)
    await_ready(space)
    for component in COMPONENTS:
        pod = space.pod_of(component)
        (agent,) = [each for each in pod["spec"]["containers"] if each["name"] == "jaeger-agent"]
        (status,) = [
            each for each in pod["status"]["containerStatuses"] if each["name"] == "jaeger-agent"
        ]

        assert "status" in yaml.safe_dump(agent["startupProbe"]["exec"])
        assert (True, True, 0) == (status["started"], status["ready"], status["restartCount"])


def await_ready(space) -> None:
    """Wait for the pods that replace those that other tests have deleted."""
    for name in COMPONENTS:
        wait_until(lambda name=name: ready(space.pod_of(name)), 60, f"{name} is ready")


def ready(pod) -> bool:
    """Tell whether the cluster counts a pod as ready."""
    return {"Ready": "True"}.items() <= {
        one["type"]: one["status"] for one in pod["status"].get("conditions", [])
    }.items()
