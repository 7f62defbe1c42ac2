"""Stacks of users in a cluster: inject, apply, verify, uninject, and all is as it was."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from _require import only_stacks
from canary_release import install
from kubernetes_cluster import namespace, wait_until
from trace_counts import EXPECTED, counting

from sidecar.image_names import built_agent, official

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes"), pytest.mark.timeout(300)]

STACKS = Path(__file__).with_name("stacks")
IMAGE = re.compile(r"""("?image"?: "?)(sample|jaeger-agent)\b""")
ROLLED_OUT = ("Deployment", "StatefulSet", "DaemonSet")
MADE_AGAIN = ("Job", "Pod", "ReplicaSet")
"""Kinds whose pods do not follow a change."""
TOKEN = ("canary3", "0123456789abcde", "53df7ad2afe8301")
"""Parts of the one in canary.yaml."""
GREETING = "http://localhost:8000/greeting?name=x"
FETCH = """
import sys, time, urllib.request
deadline = time.monotonic() + 60
def status(url):
    while True:  # a pod without a readiness probe is ready before it listens
        try:
            return urllib.request.urlopen(url, timeout=10).status
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)
print(status(sys.argv[1]))
"""
MANY = """
import sys, urllib.request
for _ in range(int(sys.argv[2])):
    urllib.request.urlopen(sys.argv[1], timeout=10).read()
"""
GREETED = """
import json, urllib.request
url = "http://localhost:16686/api/traces?limit=1000&service=hardened-api"
traces = json.load(urllib.request.urlopen(url, timeout=10))["data"]
names = [{span["operationName"] for span in trace["spans"]} for trace in traces]
print(sum("compose greeting" in each for each in names))
"""
SHOWN = """
import os, pathlib, urllib.request
texts = [path.read_text() for path in pathlib.Path("/proc").glob("[0-9]*/cmdline")]
texts += [path.read_text() for path in pathlib.Path("/proc").glob("[0-9]*/environ")]
for path in ("debug/pprof/cmdline", "debug/vars", "metrics"):
    url = f"http://127.0.0.1:14271/{path}"
    texts.append(urllib.request.urlopen(url, timeout=5).read().decode())
print("".join(texts).replace(chr(0), " "))
"""


@dataclass(frozen=True)
class Stack:
    """A user's stack, which gets agents and loses them again."""

    space: object
    path: Path
    execute: object

    def inject(self, *options):
        """Give it agents; return what was said."""
        folder = self.path.parent
        flags = ("--regions", folder / "regions.yaml", "--file", folder / "sidecar.yaml")
        done = self.execute("inject", self.path, *flags, "--in-place", *options)
        assert done.code == 0, done.err
        return done

    def apply(self):
        """Apply it, and wait until it runs, or ended well."""
        again = [one for one in self._names() if one.startswith(MADE_AGAIN)]
        if again:
            self.space.kubectl("delete", "--ignore-not-found", "--grace-period=1", *again)
        self.space.kubectl("apply", "-f", self.path)

    def wait(self):
        """Wait until it runs, or ended well."""
        for name in self._names():
            if name.startswith(ROLLED_OUT):
                self.space.kubectl("rollout", "status", name, "--timeout=120s")
            elif name.startswith("Job"):
                self.space.kubectl("wait", "--for=condition=complete", name, "--timeout=90s")
            elif name.startswith(("Pod", "ReplicaSet")):
                ready = {"P": "condition=ready", "R": "jsonpath={.status.readyReplicas}=1"}
                self.space.kubectl("wait", f"--for={ready[name[0]]}", name, "--timeout=90s")

    def state(self):
        """Return what of each object is the user's, as the cluster has it."""
        found = json.loads(self.space.kubectl("get", "-f", self.path, "-o", "json"))
        return {
            f"{one['kind']}/{one['metadata']['name']}": _theirs(one)
            for one in found.get("items", [found])
        }

    def verify(self, *requests):
        """Return which services are proven: all but jobs that ended without spans, which fail."""
        asks = [word for one in requests for word in ("--request", one)]
        options = ("--spans", "50", "--output", "json", *(asks or ["--path-only"]))
        done = self.space.sidecar("verify", "--injected", *options)
        hops = json.loads(done.stdout)["hops"]
        ended = {hop["service"] for hop in hops if hop["id"] in ("job-ended", "job-silent")}
        assert done.returncode == int(bool(ended)), done.stdout + done.stderr
        assert {True} == {hop["ok"] for hop in hops if hop["service"] not in ended}, done.stdout
        return {hop["service"] for hop in hops} - ended

    def waiting(self):
        """Return the hops before which spans wait, by `sidecar verify`; the others are well."""
        options = ("--injected", "--path-only", "--spans", "50", "--output", "json")
        done = self.space.sidecar("verify", *options)
        hops = json.loads(done.stdout)["hops"]
        assert {"spans-wait-in-queue", ""} == {hop["id"] for hop in hops}, done.stdout
        return {hop["hop"] for hop in hops if hop["id"]}

    def greeted(self):
        """Return how many traces of greetings the stand-in has."""
        return int(self.inside("deployment/demo-gateway", GREETED))

    def faults(self, faults):
        """Let the stand-in have faults."""
        words = ("sidecar", "gateway", "--http=127.0.0.1:16686")
        sets = f"--set-faults={json.dumps(faults)}"
        self.space.kubectl("exec", "deployment/demo-gateway", "--", *words, sets)

    def inside(self, pod, code, *arguments):
        """Return what Python prints in a pod."""
        return self.space.kubectl("exec", pod, "--", "python", "-c", code, *arguments).strip()

    def received(self, service):
        """Return how many traces of a service the stand-in has, as soon as there are 50."""
        program = counting("http://localhost:16686", service, 20)
        return int(self.inside("deployment/demo-gateway", program))

    def remove(self):
        """Remove it, and wait until no pod is left."""
        self.space.kubectl("delete", "-f", self.path, "--ignore-not-found", "--cascade=foreground")

    def _names(self):
        documents = list(yaml.safe_load_all(self.path.read_text()))
        objects = [one for each in documents for one in each.get("items", [each])]
        return [f"{one['kind']}/{one['metadata']['name']}" for one in objects]


def _with_image(found):
    """Return the name of an image that the kit builds."""
    images = {"sample": official().sample.name, "jaeger-agent": built_agent()}
    return f"{found[1]}{images[found[2]]}"


def _theirs(one):
    """Return what the cluster does not make up itself."""
    if one["kind"] == "Pod":
        spec = one["spec"]
        return [each["name"] for each in (*spec.get("initContainers", ()), *spec["containers"])]
    if one["kind"] == "Job":
        return one["spec"]["template"]["spec"]
    return one.get("spec"), one.get("data")


@pytest.fixture
def put(release, tmp_path, execute):
    """Put a copy of a stack into a namespace with a stand-in, and remove it after the block."""

    @contextmanager
    def start(file, space=release, spec="images: {source: build}\n"):
        (tmp_path / "regions.yaml").write_text(
            "regions:\n- {id: stand-in, name: Stand-in, public: demo-gateway, "
            "ports: {jaeger-grpc: 1883, otlp-grpc: 1883}}\n"
        )
        (tmp_path / "sidecar.yaml").write_text(f"region: stand-in\n{spec}")
        path = tmp_path / file
        path.write_text(IMAGE.sub(_with_image, (STACKS / file).read_text()))
        stack = Stack(space, path, execute)
        stack.apply()
        try:
            yield stack
        finally:
            stack.remove()

    return start


@contextmanager
def _injected(stack, *options):
    """Give a stack agents for a block, and see that it goes back."""
    before, original = stack.state(), stack.path.read_bytes()
    done = stack.inject(*options)
    stack.apply()
    stack.wait()
    yield done
    back = stack.execute("uninject", stack.path, "--in-place")
    assert back.code == 0, back.err
    stack.apply()
    stack.wait()

    assert original == stack.path.read_bytes()
    assert before == stack.state()


def test_a_shop_gets_an_agent_and_goes_back(put) -> None:
    """An agent that the code names gives way; proxy, store and job go on as they were."""
    with put("shop.yaml") as stack, _injected(stack, "--replace") as done:
        status = stack.inside("deployment/shop-front", FETCH, "http://localhost:8000/")
        proven = stack.verify("shop-stock=http://localhost:8000/")

    assert "container tracing-agent is replaced" in done.err
    assert "200" == status
    assert {"shop-stock"} == proven


def test_work_that_ends_is_traced(put) -> None:
    """Of a Job, its init container, and a CronJob's Job, every span arrives, and they end."""
    with put("jobs.yaml") as stack, _injected(stack):
        stack.space.kubectl("create", "job", "work-now", "--from=cronjob/work-nightly")
        stack.space.kubectl("wait", "--for=condition=complete", "job/work-now", "--timeout=60s")
        names = ("work-prepare", "work-once", "work-nightly")
        received = {name: stack.received(name) for name in names}
        proven = stack.verify(f"work-api={GREETING}")

    assert dict.fromkeys(names, 50) == received
    assert {"work-api", "work-once", "work-nightly"} == proven


def test_hardened_pods_are_traced(put) -> None:
    """Roots are read-only, Pod Security is restricted, a ConfigMap names another agent."""
    with put("hardened.yaml") as stack, _injected(stack) as done:
        proven = stack.verify(f"hardened-api={GREETING}")

    assert "takes JAEGER_AGENT_HOST, JAEGER_SERVICE_NAME from ConfigMap" in done.err
    assert {"hardened-api"} == proven


def test_the_token_of_an_old_agent_is_shown_nowhere(put) -> None:
    """Not by inject and uninject, nor in the pods that follow: objects, environments, arguments."""
    with put("canary.yaml") as stack:
        said = [stack.inject("--replace", "--report", stack.path.with_suffix(".json"))]
        stack.apply()
        stack.wait()
        pods = "deployments,pods", "--selector=app=canary-api"
        wait_until(lambda: len(stack.space.get("pods", pods[1])) == 1, 60, "the old pod ends")
        live = stack.space.kubectl("get", "deployment", "canary-api", "-o", "yaml")
        said += [live, stack.space.kubectl("describe", *pods)]
        said += [stack.space.kubectl("get", *pods, "-o", "yaml")]
        inside = stack.inside("deployment/canary-api", SHOWN)
        report = stack.path.with_suffix(".json").read_text()
        said += [inside, report, stack.path.read_text(), stack.execute("uninject", stack.path)]

    assert "jaeger-agent" in live
    assert "demo-gateway:1883" in inside  # the arguments of the agent that runs now
    assert "token-in-a-manifest" in report
    assert not [part for part in TOKEN for one in said if part in str(one)]


@only_stacks
def test_collectors_in_manifests_lose_nothing_in_an_outage(put, collector_image) -> None:
    """What waits is said while the gateway is away, and arrives when it is back.

    The pods' roots are read-only, and Pod Security is restricted.
    """
    spec = f"agent: {{kind: collector, image: {collector_image}}}\n"
    with put("hardened.yaml", spec=spec) as stack:
        stack.inject()
        stack.apply()
        stack.wait()
        before = stack.greeted()  # of other tests' pods: the stand-in is theirs, too
        stack.faults({"away": True})
        try:
            stack.inside("deployment/hardened-api", MANY, GREETING, str(EXPECTED))
            waits = stack.waiting()
        finally:
            stack.faults({})
        wait_until(lambda: stack.greeted() >= before + EXPECTED, 90, "what waited arrives")
        greeted = stack.greeted()

    assert EXPECTED == greeted - before
    assert {"collector sent", "gateway accepted"} == waits


@only_stacks
@pytest.mark.parametrize(
    ("file", "options", "services"),
    [
        ("init-containers.yaml", (), {"ready-web"}),
        ("list.json", (), {"list-set", "list-pod"}),
        ("mesh.yaml", (), {"mesh-web"}),
        ("plain.yaml", ("--kube-version", "1.28"), {"plain-api"}),
        ("quota.yaml", (), {"quota-api"}),
    ],
)
def test_a_further_stack_is_proven_and_goes_back(file, options, services, put) -> None:
    """Whatever its shape, each traced service is proven, and uninject brings the stack back."""
    with put(file) as stack, _injected(stack, *options):
        proven = stack.verify(*(f"{service}={GREETING}" for service in services))
        migrated = stack.received("ready-migrate") if "ready-web" in services else 50

    assert services == proven
    assert 50 == migrated


@only_stacks
def test_services_of_a_node_get_their_own_agents(cluster_images, put) -> None:
    """The agent of the node stays, what is on its network stays, and status.hostIP gives way."""
    with namespace("sidecar-node") as space:
        privileged = "pod-security.kubernetes.io/enforce=privileged"
        space.kubectl("label", "namespace", space.name, "--overwrite", privileged)
        install(space)
        with put("node-agents.yaml", space) as stack, _injected(stack) as done:
            proven = stack.verify(f"node-meter={GREETING}")

    assert "workload-is-an-agent" in done.err
    assert "pod-on-the-host-network" in done.err
    assert {"node-meter"} == proven
