"""A release with collectors: an outage of the gateway costs no span, and nothing is left."""

from __future__ import annotations

import json

import pytest
from _require import only_stacks
from canary_release import CANARY, FRONTEND, GATEWAY, WAIT
from greetings import REQUESTS, answered
from helm_charts import CHART
from kubernetes_cluster import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes"), pytest.mark.timeout(300)]

COUNT = 100
RECOVERY_SECONDS = 120
"""gRPC's own pauses between two attempts to connect grow with the outage."""
OWN = {"configmap/kube-root-ca.crt", "serviceaccount/default", "secret/tracing", "pod/client"}
"""What a namespace has by itself, the user's Secret, and the pod that sent the requests."""


def test_an_outage_costs_no_span_of_a_release_with_collectors(
    fresh_namespace, collector_image
) -> None:
    """Under Pod Security `restricted`: every trace is whole, each span there once; all is removed.

    A pod that is deleted in the outage ends only when its queue is empty. Then `helm test` proves
    each hop in spans, and `sidecar verify` from inside a service's pod.
    """
    space = fresh_namespace
    space.set_token("tracing", CANARY)
    sets = f"existingSecret=tracing,images.agent={collector_image}"
    values = ("-f", CHART / "ci" / "collector-values.yaml", "--set", sets)
    space.helm("install", "demo", CHART, *values, *WAIT)

    scale(space, 0)
    space.python("client", REQUESTS, FRONTEND, GATEWAY, COUNT, RECOVERY_SECONDS, wait=False)
    wait_until(lambda: answered(space, "client") == COUNT, 120, "every request is answered")
    deleted = space.pod_of("backend")["metadata"]["name"]
    space.kubectl("delete", "pod", deleted, "--wait=false")
    wait_until(lambda: "wait" in drained(space, deleted), 60, "the pod says what waits")
    scale(space, 1)
    report = json.loads(space.result("client", RECOVERY_SECONDS + 30).splitlines()[-1])
    tested = space.helm("test", "demo", "--timeout", "120s")
    verified = space.sidecar("verify", "--release", "demo", "--path-only", "--output=json")

    expected = {"answered": COUNT, "missing": 0, "whole": COUNT}
    assert expected == {key: report[key] for key in expected}, report
    assert "Succeeded" in tested
    hops = json.loads(verified.stdout)["hops"]
    assert (0, {"spans"}) == (verified.returncode, {hop["unit"] for hop in hops}), verified.stderr
    space.helm("uninstall", "demo", *WAIT)
    wait_until(lambda: space.objects() <= OWN, 90, "everything of the release is gone")


@only_stacks
def test_verify_names_the_refused_token_of_a_release_with_collectors(
    fresh_namespace, collector_image
) -> None:
    """The collectors do not know it; they log what the forwarder answers."""
    space = fresh_namespace
    space.set_token("tracing", CANARY)
    other = json.dumps({"stringData": {"token": "not-the-one-of-the-gateway"}})
    space.kubectl("patch", "secret", "tracing", "--patch", other)
    sets = f"existingSecret=tracing,images.agent={collector_image}"
    values = ("-f", CHART / "ci" / "collector-values.yaml", "--set", sets)
    space.helm("install", "demo", CHART, *values, *WAIT)
    done = space.sidecar("verify", "--release", "demo", "--path-only", "--output=json")

    hops = [hop for hop in json.loads(done.stdout)["hops"] if hop["hop"] == "collector sent"]
    assert (1, 2) == (done.returncode, len(hops))
    assert all("the gateway refused the token" in hop["cause"] for hop in hops), hops
    assert all("`sidecar token set`" in hop["fix"] for hop in hops), hops


def drained(space, pod: str) -> str:
    """Return what a pod said of its queue since it is being deleted."""
    return space.kubectl("logs", pod, "--container=sidecar-drain")


def scale(space, replicas: int) -> None:
    """Start or end the stand-in, and wait until it is so."""
    space.kubectl("scale", "deployment/demo-gateway", f"--replicas={replicas}")
    space.kubectl("rollout", "status", "deployment/demo-gateway", "--timeout=90s")
