"""The cluster's checks, against a kubectl with prepared answers."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from cluster_pods import listed, pod
from fake_kubectl import put_on_path
from helm_charts import plan_of

from sidecar.errors import SidecarError
from sidecar.kubernetes.kubectl import Kubectl
from sidecar.kubernetes.short_lived import pod_of, run_pod
from sidecar.plan.agents import config_text
from sidecar.preflight import cluster
from sidecar.preflight.candidates import of_plan, of_release
from sidecar.preflight.gateway import check_region
from sidecar.preflight.records import AgentFacts, Candidate
from sidecar.regions import load_regions
from sidecar.spec import AgentSettings, Spec
from sidecar.stand_in.sockets import Address

KUBECTL = Kubectl("shop")
CANDIDATE = Candidate(
    "kubernetes", "cn-shanghai", AgentFacts(Address("h", 1883), False, 64, 0), kubectl=KUBECTL
)


@pytest.fixture
def kubectl(tmp_path, monkeypatch):
    """The only kubectl, and no helm."""
    fake = put_on_path(tmp_path, monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    return fake


def found(results):
    """Return severity and id of each result."""
    return [(result.severity, result.id) for result in results]


@pytest.mark.parametrize(
    ("version", "expected"),
    [("v1.34.3", ("ok", "")), ("v1.26.0", ("error", "cluster-unusable"))],
)
def test_the_cluster_is_judged_by_its_version(kubectl, version, expected):
    """The chart supports Kubernetes from 1.27 on."""
    kubectl.answer("version", {"serverVersion": {"gitVersion": version}})

    assert [expected] == found(cluster.check_cluster(CANDIDATE))


def test_a_cluster_out_of_reach_is_an_error(kubectl):
    """With kubectl's own words."""
    kubectl.answer("version", err="Unable to connect to the server: dial tcp: i/o timeout\n")
    (result,) = cluster.check_cluster(CANDIDATE)

    assert "cluster-unusable" == result.id
    assert "out of reach" in result.cause


def test_helm_is_needed(kubectl):
    """There is none on PATH."""
    assert [("error", "helm-unusable")] == found(cluster.check_helm(CANDIDATE))


def test_all_rights_pass(kubectl):
    """One request asks for all, in the namespace."""
    count = len(cluster.INSTALL) + len(cluster.VERIFY)
    kubectl.answer("create", "true " * count)

    assert [("ok", ""), ("ok", "")] == found(cluster.check_rights(CANDIDATE))
    asked = kubectl.read[0]["items"]
    assert {"shop"} == {one["spec"]["resourceAttributes"]["namespace"] for one in asked}


def test_missing_rights_are_named_by_what_they_are_for(kubectl):
    """An error for the installation, a warning for verify."""
    rights = (*cluster.INSTALL, *cluster.VERIFY)
    lacking = {"create services", "update pods/ephemeralcontainers"}
    answers = ("false" if str(right) in lacking else "true" for right in rights)
    kubectl.answer("create", " ".join(answers))
    results = list(cluster.check_rights(CANDIDATE))

    assert [("error", "install-right-missing"), ("warning", "verify-right-missing")] == found(
        results
    )
    assert ["may not create services", "may not update pods/ephemeralcontainers"] == [
        result.cause for result in results
    ]


def test_rights_that_cannot_be_asked_are_skipped(kubectl):
    """Not green."""
    kubectl.answer("create", err="error: unauthorized\n")

    assert [("skipped", "")] == found(cluster.check_rights(CANDIDATE))


def test_a_short_lived_pod_is_removed_and_returns_its_output(kubectl):
    """It was created, read once it had ended, and deleted."""
    state = {"terminated": {"exitCode": 0}}
    pod = {"status": {"containerStatuses": [{"name": "look", "state": state}]}}
    kubectl.answer("create")
    kubectl.answer("get pod", pod)
    kubectl.answer("logs", "seen\n")
    kubectl.answer("delete")

    assert "seen\n" == run_pod(KUBECTL, pod_of("kit/gateway:1", ["python3"]), 5)
    assert ["create", "get", "logs", "delete"] == [words[1] for words in kubectl.asked]


def test_a_pod_whose_image_cannot_be_pulled_is_removed_at_once(kubectl):
    """The image is named."""
    state = {"waiting": {"reason": "ErrImagePull"}}
    kubectl.answer("create")
    kubectl.answer("get pod", {"status": {"containerStatuses": [{"name": "look", "state": state}]}})
    kubectl.answer("delete")

    with pytest.raises(SidecarError, match="cannot run kit/gateway:1: ErrImagePull"):
        run_pod(KUBECTL, pod_of("kit/gateway:1", ["python3"]), 5)
    assert "delete" == kubectl.asked[-1][1]


def test_a_pod_that_is_too_slow_is_unfinished(kubectl):
    """As a slow container is: --wait looks again."""
    state = {"waiting": {"reason": "ContainerCreating"}}
    kubectl.answer("create")
    kubectl.answer("get pod", {"status": {"containerStatuses": [{"name": "look", "state": state}]}})
    kubectl.answer("delete")

    with pytest.raises(SidecarError) as raised:
        run_pod(KUBECTL, pod_of("kit/gateway:1", ["python3"]), 0.5)
    assert ("check-unfinished", "did not end within 0.5 s: it waits: ContainerCreating") == (
        raised.value.id,
        raised.value.cause,
    )


def test_the_pod_meets_pod_security_restricted():
    """No token of the API, no privilege, read-only."""
    spec = pod_of("kit/gateway:1", ["python3"])["spec"]
    security = spec["containers"][0]["securityContext"]

    assert spec["automountServiceAccountToken"] is False
    assert security["runAsNonRoot"]
    assert security["readOnlyRootFilesystem"]
    assert ["ALL"] == security["capabilities"]["drop"]


def test_the_pod_is_given_what_the_spec_gives_agents(tmp_path):
    """What a LimitRange admits for them; a spec that gives nothing leaves the pod small."""
    given = {"requests": {"memory": "200Mi"}, "limits": {"memory": "256Mi"}}
    agents = {"given": AgentSettings(kubernetes={"resources": given}), "none": AgentSettings()}
    plans = {name: plan_of(Spec("cn-shanghai", agent=agent)) for name, agent in agents.items()}
    found = {
        name: of_plan(plan, tmp_path, 1, load_regions(), "kubernetes").resources
        for name, plan in plans.items()
    }

    assert given["requests"]["memory"] == found["given"]["requests"]["memory"]
    assert {} == found["none"]
    containers = pod_of("kit/gateway:1", ["python3"], found["given"])["spec"]["containers"]
    assert found["given"] == containers[0]["resources"]


def test_a_release_is_read_from_its_pods(kubectl):
    """The agent's flags name the gateway, the catalogue its region."""
    host = "tracing-analysis-dc-sh.aliyuncs.com"
    mounts = [{"name": "token", "mountPath": "/run/secrets"}]
    args = [f"--reporter.grpc.host-port={host}:1883"]
    agent = {"name": "jaeger-agent", "args": args, "volumeMounts": mounts}
    volumes = [{"name": "token", "secret": {"secretName": "tracing"}}]
    web = {"name": "web", "image": "shop/web:1", "command": ["gunicorn"], "args": ["shop:app"]}
    pod = {
        "metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web"}},
        "spec": {"containers": [web], "initContainers": [agent], "volumes": volumes},
        "status": {"phase": "Running"},
    }
    kubectl.answer("get pods", {"items": [pod]})
    candidate = of_release(KUBECTL, "app=web", "", load_regions())

    assert ("cn-shanghai", "public", "tracing", host) == (
        candidate.region,
        candidate.network,
        candidate.secret,
        candidate.agent.gateway.host,
    )
    assert [("web", "shop/web:1", ("gunicorn", "shop:app"))] == [
        (each.name, each.image, each.command) for each in candidate.services
    ]


@pytest.mark.parametrize(
    ("names", "expected"),
    [(["jaeger-agent"], ("", "unknown-gateway")), (["jaeger-agent", "gateway"], ("local", ""))],
)
def test_a_gateway_outside_the_catalogue_is_the_releases_own_or_unknown(kubectl, names, expected):
    """A pod of the release with the stand-in tells them apart."""
    args = ["--reporter.grpc.host-port=demo-gateway:1883"]
    pod = {
        "metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": name, "image": "i", "args": args} for name in names]},
        "status": {"phase": "Running"},
    }
    kubectl.answer("get pods", {"items": [pod]})
    candidate = of_release(KUBECTL, "app=web", "", load_regions())
    (result,) = check_region(candidate)

    assert expected == (candidate.region, result.id)


def test_services_of_one_image_are_each_looked_at(kubectl):
    """Once each, whatever their replicas; the chart's test, which is finished, is none."""
    args = ["--reporter.grpc.host-port=tracing-analysis-dc-sh.aliyuncs.com:1883"]
    names = (("web-1", "web"), ("web-2", "web"), ("api-1", "api"))
    pods = [pod(name, component, args=args) for name, component in names]
    test = pod("a-test", "delivery-test", args=args, phase="Succeeded")
    kubectl.answer("get pods", listed(*pods, test))
    candidate = of_release(KUBECTL, "app=web", "", load_regions())

    assert [("api", "web:1"), ("web", "web:1")] == [
        (each.name, each.image) for each in candidate.services
    ]


def with_secret():
    """Return a release whose agents mount a Secret."""
    return replace(CANDIDATE, secret="tracing")


def test_the_secret_of_a_release_is_judged(kubectl):
    """As `sidecar token check` judges it; the token is not shown."""
    token = "shop7@0a1b2c3d4e5f6a7b8c9d_shop7@5e6f7a8b9c0d1e2f"
    config = base64.b64encode(config_text(token, "agent.tags").encode()).decode()
    kubectl.answer("get secret", {"data": {"agent.yaml": config}})
    (result,) = cluster.check_token(with_secret())

    assert ("ok", "secret tracing in namespace shop") == (result.severity, result.subject)
    assert token not in str(result)


def test_a_secret_that_is_missing_is_an_error(kubectl):
    """The agents would not start."""
    kubectl.answer("get secret", err='Error from server (NotFound): secrets "tracing" not found\n')

    assert [("error", "missing-token-file")] == found(cluster.check_token(with_secret()))


def test_a_secret_that_this_user_may_not_read_is_skipped(kubectl):
    """The right is not needed to install."""
    kubectl.answer("get secret", err="Error from server (Forbidden): secrets is forbidden\n")

    assert [("skipped", "")] == found(cluster.check_token(with_secret()))


def test_a_release_that_is_not_installed_has_a_fix(kubectl):
    """Give its region instead."""
    kubectl.answer("get pods", {"items": []})

    with pytest.raises(SidecarError, match="Give --region ID"):
        of_release(KUBECTL, "app=web", "", json.loads("{}"))
