"""Spans of a release whose pods come and go, and the token's secrecy, on one shared install."""

from __future__ import annotations

import json
import subprocess
import zlib

import pytest
from greetings import REQUESTS, answered
from helm_charts import CHART
from kubernetes_cluster import environment, find, namespace, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes")]

CANARY = "canary7@f00dfeedcafe_canary7@0ddba11b0b0b0b0"
FETCH = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=10).read().decode())"


@pytest.fixture(scope="module")
def release(cluster_images):
    """The chart with the sample and the stand-in; the token from a Secret that exists."""
    with namespace("sidecar-delivery", cluster_images) as space:
        content = f'agent:\n  tags: "Authentication={CANARY}"\n'
        metadata = {"name": "tracing"}
        space.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"agent.yaml": content}})
        space.helm("install", "demo", CHART, *options(space), "--wait", "--timeout", "120s")
        yield space


def options(space):
    """Return the flags of the shared install."""
    return ("--set", "existingSecret=tracing", *space.values())


def gateway(space, path: str):
    """Return JSON of the stand-in's API."""
    name = f"look-{zlib.crc32(path.encode())}"
    space.kubectl("delete", "pod", name, "--ignore-not-found", "--wait")
    return json.loads(space.python(name, FETCH, f"http://demo-gateway:16686{path}"))


@pytest.mark.parametrize("component", ["frontend", "backend"])
def test_spans_of_every_answered_request_arrive_while_a_pod_is_deleted(component: str, release) -> None:
    """200 requests, a pod deleted in their midst: each trace is whole, five spans over two services."""
    client = f"requests-{component}"
    release.python(client, REQUESTS, "http://demo-frontend:8080", "http://demo-gateway:16686", 200, wait=False)
    wait_until(lambda: answered(release, client) >= 60, 60, "60 requests are answered")
    release.kubectl("delete", "pod", release.pod_of(component)["metadata"]["name"], "--wait=false")

    report = json.loads(release.result(client).splitlines()[-1])
    assert {"answered": 200, "missing": 0} == {key: report[key] for key in ("answered", "missing")}


def test_a_job_completes_with_its_spans(release) -> None:
    """The agent ends after the work, so that the Job completes and its last spans are there.

    The stand-in is up before: an agent keeps nothing for a gateway that is not.
    """
    release.helm("upgrade", "demo", CHART, *options(release), "-f", CHART / "ci" / "jobs-values.yaml")
    release.kubectl("create", "job", "--from=cronjob/demo-nightly", "by-hand")
    for name in ("by-hand", *(one["metadata"]["name"] for one in release.get("jobs"))):
        release.kubectl("wait", "--for=condition=Complete", f"job/{name}", "--timeout=90s")

    traces = gateway(release, "/api/traces?service=sidecar-example")["data"]
    assert 2 == len(traces)
    assert [2, 2] == [len(trace["spans"]) for trace in traces]


def test_a_killed_agent_comes_back_and_its_service_stays(release) -> None:
    """No request of a service with two replicas fails; its container does not restart; traces resume.

    Two, because Kubernetes counts a pod as not ready while any container of it restarts.
    """
    two = ("--set", "services.frontend.replicas=2", "--wait", "--timeout", "120s")
    release.helm("upgrade", "demo", CHART, *options(release), *two)
    name = release.pod_of("frontend")["metadata"]["name"]
    client = "requests-kill"
    release.python(client, REQUESTS, "http://demo-frontend:8080", "http://demo-gateway:16686", 150, wait=False)
    wait_until(lambda: answered(release, client) >= 10, 60, "requests are answered")
    stop = ("--", "python", "-c", "import os; os.kill(1, 15)")
    image = ("--image", release.images["gateway"], "--profile=restricted", "--target=jaeger-agent")
    release.kubectl("debug", name, *image, "--container=killer", *stop)
    wait_until(lambda: agent_status(release, name)["restartCount"] == 1, 30, "the agent restarts")
    wait_until(lambda: agent_status(release, name)["ready"], 30, "the agent is back")

    service = json.loads(release.kubectl("get", "pod", name, "-o", "json"))["status"]["containerStatuses"][0]
    assert (0, True) == (service["restartCount"], service["ready"])
    release.python("after", REQUESTS, "http://demo-frontend:8080", "http://demo-gateway:16686", 20, wait=False)
    assert {"answered": 20, "failed": 0, "missing": 0} == json.loads(release.result("after").splitlines()[-1])
    # while its agent was away a pod's spans had nowhere to go: only the answers count here
    assert 0 == json.loads(release.result(client, 150).splitlines()[-1])["failed"]


def agent_status(space, pod: str):
    return json.loads(space.kubectl("get", "pod", pod, "-o", "json"))["status"]["initContainerStatuses"][0]


def test_the_token_shows_nowhere(release) -> None:
    """Not in what Helm keeps or prints, nor in what the API tells of pods, nor in their environments."""
    helm = [release.helm("get", what, "demo") for what in ("values", "manifest", "notes", "hooks", "all")]
    told = [release.kubectl("describe", "all"), release.kubectl("get", "all,jobs,cronjobs,events", "-o", "yaml")]
    pods = [release.pod_of(name)["metadata"]["name"] for name in ("frontend", "backend", "gateway")]
    inside = [
        release.kubectl("exec", pod, "--", "python", "-c", "print(open('/proc/1/environ').read())") for pod in pods
    ]
    logs = [release.kubectl("logs", pod, "--all-containers") for pod in pods]
    surfaces = [*helm, release.release_record("demo"), *told, *inside, *logs]

    assert "existingSecret: tracing" in helm[0]
    assert [] == [text[:200] for text in surfaces if CANARY in text or "f00dfeedcafe" in text]


def test_a_missing_secret_or_key_is_named(release) -> None:
    """Before anything is installed, with how to make it."""
    empty = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "empty"}, "stringData": {"other": "x"}}
    release.apply(empty)

    assert 'has no Secret "absent". Make it: sidecar token set --kubernetes-secret absent' in refused(release, "absent")
    assert 'Secret "empty" has no key agent.yaml, it has: other' in refused(release, "empty")


def refused(space, secret: str) -> str:
    command = [find("helm"), "install", "second", str(CHART), "-n", space.name, "--set", f"existingSecret={secret}"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=60)
    assert done.returncode == 1
    return done.stderr


def test_notes_warn_of_a_token_as_a_value(release) -> None:
    """Helm keeps it in its record; where an existing Secret is named, NOTES tell how pods follow it."""

    def notes(*sets: str) -> str:
        text = release.helm("install", "third", CHART, "--dry-run=server", "--set", ",".join(sets))
        return text.partition("NOTES:")[2]

    assert "WARNING: the token came as a value" in notes("token=a")
    told = notes("existingSecret=tracing")
    assert "WARNING" not in told
    assert "--set tokenRevision=" in told
    assert "curl http://127.0.0.1:8080/greet?name=you" in told
    assert f"helm test third -n {release.name}" in told
