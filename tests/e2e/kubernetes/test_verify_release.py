"""`sidecar verify` and `sidecar token` on a release, under Pod Security `restricted`."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from helm_charts import CHART
from kubernetes_cluster import environment, eventually, namespace, wait_until
from pod_states import agent_of

from sidecar.checkout import find_checkout
from sidecar.image_names import official

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes"), pytest.mark.timeout(300)]

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
WRONG = "wrong1@0123456789abcde_wrong1@53df7ad2afe8301"
WAIT = ("--wait", "--timeout", "120s")


@pytest.fixture(scope="module")
def release(cluster_images):
    """The sample with the stand-in, as `demo`; its token is a Secret that the kit applied."""
    with namespace("sidecar-verify") as space:
        space.set_token("tracing", TOKEN)
        space.helm("install", "demo", CHART, "--set", "existingSecret=tracing", *WAIT)
        yield space


@pytest.fixture(scope="module")
def region(release):
    """A release as for a region: one service, whose gateway is not its own, but demo's stand-in."""
    release.set_token("region", TOKEN)
    values = (
        "existingSecret=region,standIn.enabled=false,gateway.host=demo-gateway,"
        "services.frontend=null"
    )
    release.helm("install", "region", CHART, "--set", values, *WAIT)
    return release


def verify(space, name: str, *options: object, **settings):
    """Verify the path in a release; with --request, that its services report."""
    own = () if "--request" in options else ("--path-only",)
    words = ("verify", "--target", "kubernetes", "--release", name, "--spans", 20)
    return space.sidecar(*words, *own, *options, **settings)


def test_every_hop_of_a_release_is_counted(release) -> None:
    """From inside a pod of each service, which reports, to the stand-in."""
    request = "frontend=http://localhost:8080/greet"
    done = verify(release, "demo", "--output", "json", "--request", request)

    assert 0 == done.returncode, done.stdout + done.stderr
    hops = json.loads(done.stdout)["hops"]
    names = (
        *("service reports", "client sent", "agent received"),
        *("agent submitted", "gateway accepted"),
    )
    assert [(service, name) for service in ("backend", "frontend") for name in names] == [
        (hop["service"], hop["hop"]) for hop in hops
    ]
    assert all(hop["ok"] and hop["figure"] >= (hop["expected"] or 2) for hop in hops)


def test_services_that_do_not_report_are_not_proven(release) -> None:
    """One is told another address, one is scaled to 0: each has its own id."""
    release.helm("install", "silent", CHART, "--set", "existingSecret=tracing", *WAIT)
    backend = "deployment/silent-backend"
    release.kubectl("set", "env", backend, "--containers=backend", "JAEGER_AGENT_HOST=10.1.2.3")
    release.kubectl("scale", "deployment/silent-frontend", "--replicas=0")
    release.kubectl("rollout", "status", backend, "--timeout=90s")
    request = "backend=http://localhost:8081/greeting"
    done = verify(release, "silent", "--output", "json", "--seconds", 3, "--request", request)
    release.helm("uninstall", "silent", *WAIT)
    hops = json.loads(done.stdout)["hops"]

    assert 1 == done.returncode
    assert {
        ("frontend", "service-scaled-to-zero"),
        ("backend", "service-reports-elsewhere"),
    } <= {(hop["service"], hop["id"]) for hop in hops if hop["hop"] == "service reports"}


def test_preflight_looks_from_a_pod_of_a_release_that_runs(release) -> None:
    """The stand-in answers there; the token's Secret is judged, and not shown."""
    words = ("verify", "--pre", "--release", "demo", "--output", "json")
    done = release.sidecar(*words, "--only", "gateway", "--only", "token-file")
    found = {result["check"]: result for result in json.loads(done.stdout)["checks"]}
    names = ("agent-place", "gateway-name", "gateway-port", "gateway-protocol", "round-trip")

    assert 0 == done.returncode, done.stdout + done.stderr
    assert {"ok"} == {found[name]["severity"] for name in (*names, "token-file")}
    assert found["agent-place"]["subject"].startswith("pod demo-")
    assert TOKEN not in done.stdout


def test_a_release_with_names_of_its_own_is_proven(release) -> None:
    """`helm test` and verify find its pods; Kubernetes sees a budget that lets one pod go."""
    budget = "services.backend.podDisruptionBudget.maxUnavailable=1"
    names = "nameOverride=greeter,fullnameOverride=tracing"
    release.helm("install", "named", CHART, "--set", f"{names},{budget}", *WAIT)
    tested = release.helm("test", "named", "--timeout", "120s")
    done = verify(release, "named")
    may_go = eventually(lambda: only_budget(release)["status"].get("disruptionsAllowed"), 1, 60)
    name = only_budget(release)["metadata"]["name"]
    release.helm("uninstall", "named", *WAIT)

    assert "Succeeded" in tested
    assert 0 == done.returncode, done.stdout + done.stderr
    assert ("tracing-backend", 1) == (name, may_go)


def only_budget(space):
    """Return the only budget of the release with names of its own."""
    (found,) = space.get("poddisruptionbudgets", "-l", "app.kubernetes.io/name=greeter")
    return found


def test_the_documented_role_suffices(release, tmp_path) -> None:
    """Without it the missing right is named by its verb."""
    config = tmp_path / "kubeconfig"
    data = yaml.safe_load(Path(environment()["KUBECONFIG"]).read_text())
    data["users"][0]["user"]["as"] = "prover"
    config.write_text(yaml.safe_dump(data))
    refused = verify(release, "demo", kubeconfig=config)
    role = yaml.safe_load(re.search(r"```yaml\n(.*?kind: Role\n.*?)```", docs(), re.DOTALL)[1])
    release.apply(role)
    release.kubectl(
        "create", "rolebinding", "prover", f"--role={role['metadata']['name']}", "--user=prover"
    )
    wait_until(lambda: may_list_pods(release, "prover"), 30, "the cluster knows the role")

    assert 1 == refused.returncode
    assert f"user prover may not list pods in namespace {release.name}" in refused.stderr
    assert 0 == verify(release, "demo", kubeconfig=config).returncode


def may_list_pods(space, user: str) -> bool:
    """Tell whether a user may do so; for a "no", kubectl fails."""
    with suppress(AssertionError):
        return "yes" in space.kubectl("auth", "can-i", "list", "pods", f"--as={user}")
    return False


def docs() -> str:
    """Return the page that lists the rights."""
    return (find_checkout() / "docs" / "verify.md").read_text()


def test_a_region_is_proven_as_far_as_its_agents(region) -> None:
    """Its gateway shows no counts; a trace to look for is named."""
    done = verify(region, "region")

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "proven as far as the agents" in done.stdout


def test_pods_are_found_by_any_label(region) -> None:
    """As those of a foreign chart are."""
    labels = ("--selector", "app.kubernetes.io/instance=region", "--every-pod")
    done = region.sidecar("verify", *labels, "--path-only", "--spans", 20, "--output", "json")

    assert 0 == done.returncode, done.stdout + done.stderr
    (name,) = {hop["service"] for hop in json.loads(done.stdout)["hops"]}
    assert name.startswith("region-backend-")


def test_a_wrong_token_is_named_and_taken_back(region) -> None:
    """Rotation proves the new one: the agents' refusal ends it, and the old one is there again."""
    before = region.get("secret", "--field-selector=metadata.name=region")[0]["data"]
    done = region.sidecar(
        "token", "rotate", "--kubernetes-secret", "region", "--stdin", stdin=WRONG
    )

    assert 1 == done.returncode
    assert (
        "is not proven: backend, agent submitted: 20 spans failed: the gateway refused the token"
        in done.stderr
    )
    assert "The old token was restored" in done.stderr
    assert before == region.get("secret", "--field-selector=metadata.name=region")[0]["data"]
    assert WRONG not in done.stdout + done.stderr


def test_a_rotation_is_proven(release) -> None:
    """Every workload that mounts the Secret is rolled; the stand-in then takes the new token."""
    done = release.sidecar(
        "token", "rotate", "--kubernetes-secret", "tracing", "--stdin", stdin=WRONG
    )

    assert 0 == done.returncode, done.stderr
    assert (
        "Rolled: deployment/demo-backend, deployment/demo-frontend, deployment/demo-gateway"
        in done.stdout
    )
    assert "release demo: proven, 20 spans through each service's agent" in done.stderr
    everything = release.kubectl("get", "all,events", "-o", "yaml") + done.stdout + done.stderr
    assert WRONG not in everything


def test_an_agent_that_stays_down_is_named(release) -> None:
    """With its container's state; the other service's proof stands."""
    name = release.pod_of("frontend")["metadata"]["name"]
    # in another image, which has no program for its arguments, it never runs again
    release.kubectl("set", "image", f"pod/{name}", f"jaeger-agent={official().sample.name}")
    wait_until(lambda: is_down(release, name), 60, "the agent does not start")
    done = verify(release, "demo")

    assert 1 == done.returncode, done.stdout
    assert re.search(
        rf"not proven: frontend, agent received: {name}: the\s+agent\s+(waits|ended): ", done.stdout
    )
    assert 4 == len(re.findall(r"^backend .* ok$", done.stdout, re.MULTILINE))


def is_down(space, pod: str) -> bool:
    """Tell whether a pod's agent could not be started."""
    found = json.loads(space.kubectl("get", "pod", pod, "-o", "json"))
    status = agent_of(found["status"]["initContainerStatuses"])
    return "running" not in status["state"]
