"""A release with relays: pods come and go during an outage of the gateway, and no span is lost."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from _require import lack, only_stacks
from canary_release import CANARY, FRONTEND, GATEWAY, WAIT, shown
from cluster_volumes import volumes
from greetings import REQUESTS, answered
from helm_charts import CHART
from kubernetes_cluster import wait_until
from programs import find_program

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("kubernetes"),
    pytest.mark.timeout(400),
    only_stacks,
]

COUNT, RECOVERY_SECONDS = 100, 150
RELAYS = 2


@pytest.mark.parametrize("program", ["helm", "helm4"])
def test_pods_come_and_go_during_an_outage(
    fresh_namespace, collector_image, tmp_path_factory, program
) -> None:
    """With either Helm, under `restricted`: every trace is whole, each span there once.

    A service's pod and a relay are deleted while the gateway is away; `sidecar verify` says that
    spans wait in the relays, and proves the delivery afterwards.
    """
    space, folder = fresh_namespace, tmp_path_factory.mktemp("relays")
    with released(space, folder, program, collector_image):
        scale(space, 0)
        space.python("client", REQUESTS, FRONTEND, GATEWAY, COUNT, RECOVERY_SECONDS, wait=False)
        wait_until(lambda: answered(space, "client") == COUNT, 120, "every request is answered")
        end(space, space.pod_of("backend")["metadata"]["name"])
        waiting = verify(space)
        kept = [path.read_bytes().decode("latin-1") for path in folder.glob("*/exporter_*")]
        for number in range(RELAYS):  # without its grace: what it has is on its volume
            space.kubectl("delete", "pod", f"demo-relay-{number}", "--grace-period=1")
        scale(space, 1)
        report = json.loads(space.result("client", RECOVERY_SECONDS + 30).splitlines()[-1])
        verified = proven(space)
        tested = space.helm("test", "demo", "--timeout", "120s", program=program)
        surfaces = surfaces_of(space, program)

    expected = {"answered": COUNT, "missing": 0, "whole": COUNT}
    assert expected == {key: report[key] for key in expected}, report
    hops = {hop["hop"]: hop for hop in waiting["hops"]}
    assert ("waits", True) == (hops["relay sent"].get("state"), hops["collector sent"]["ok"])
    assert verified["ok"], json.dumps(verified)
    assert "Succeeded" in tested
    # few connections: one relay may have taken all; on volumes of the cluster, nobody looks
    assert not kept or any("GET /greet" in text for text in kept)
    assert [] == shown(*kept, *surfaces)


@contextmanager
def released(space, folder, program: str, image: str) -> Iterator[None]:
    """Install and upgrade the release with a Helm, and uninstall it at the end."""
    if not find_program(program):
        lack("kubernetes", f"{program} is not on PATH")
    space.set_token("tracing", CANARY)
    with volumes(space, folder, RELAYS) as storage_class:
        sets = f"existingSecret=tracing,images.agent={image},relay.storageClass={storage_class}"
        values = ("-f", CHART / "ci" / "relay-values.yaml", "--set", sets)
        for action in ("install", "upgrade"):
            space.helm(action, "demo", CHART, *values, *WAIT, program=program)
        yield
        space.helm("uninstall", "demo", *WAIT, program=program)


def surfaces_of(space, program: str) -> list[str]:
    """Return what Helm, the API, the logs and the collectors themselves show, but for Secrets."""
    whats = ("values", "manifest", "notes", "hooks", "all", "metadata")
    others = ",".join(kind for kind in space.kinds().split(",") if kind != "secrets")
    objects = [space.kubectl("get", others, "-o", "yaml"), space.kubectl("describe", others)]
    pods = [each["metadata"]["name"] for each in space.get("pods")]
    logs = [space.kubectl("logs", pod, "--all-containers") for pod in pods]
    backend = space.pod_of("backend")["metadata"]["name"]
    places = {"demo-relay-0": "relay", backend: "jaeger-agent"}
    printed = [print_config(space, pod, container) for pod, container in places.items()]
    helm = [space.helm("get", what, "demo", program=program) for what in whats]
    assert "demo-relay-0" in "".join(objects)
    assert all("sending_queue" in text for text in printed)
    return [*helm, space.release_record("demo"), *objects, *logs, *printed]


def print_config(space, pod: str, container: str) -> str:
    """Return what a running collector's own program prints of its configuration."""
    words = ("print-config", "--mode=unredacted", "--config=/etc/otelcol/config.yaml")
    return space.kubectl("exec", pod, f"--container={container}", "--", "/proc/1/exe", *words)


def verify(space):
    """Return what verify finds, as data."""
    done = space.sidecar("verify", "--release", "demo", "--path-only", "--output=json")
    return json.loads(done.stdout)


def proven(space):
    """Return what verify finds once the collectors have connected to the new relays again.

    Until then it says that spans wait, and for which part. gRPC's pauses grow to two minutes.
    """
    causes = set()
    for _ in range(12):
        found = verify(space)
        if found["ok"]:
            return found
        causes |= {hop["cause"] for hop in found["hops"] if hop["hop"] == "collector sent"}
        assert all("the relay" in cause for cause in causes if cause), causes
        time.sleep(5)
    return found


def end(space, pod: str) -> None:
    """Delete a pod; it ends once its collector has handed over, long before its grace is over."""
    space.kubectl("delete", "pod", pod, "--timeout=40s")


def scale(space, replicas: int) -> None:
    """Start or end the stand-in, and wait until it is so."""
    space.kubectl("scale", "deployment/demo-gateway", f"--replicas={replicas}")
    space.kubectl("rollout", "status", "deployment/demo-gateway", "--timeout=90s")
