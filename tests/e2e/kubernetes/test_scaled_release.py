"""An upgrade without `replicas` of a release that had them: who has set the number keeps it."""

from __future__ import annotations

import pytest
from _require import lack, only_stacks
from helm_charts import CHART
from kubernetes_cluster import namespace, wait_until
from programs import find_program

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("kubernetes"),
    pytest.mark.timeout(180),
    only_stacks,
]

BARE = "standIn.enabled=false,gateway.host=gateway.example.com,token=canary"
ONE = f"{BARE},services.backend.enabled=false,services.frontend.peers=null"
HAD = "services.frontend.replicas=2"
NAME = "demo-frontend"


@pytest.fixture(params=["helm", "helm4"])
def space(request, cluster):
    """A namespace with a release of one service and 2 replicas, by each Helm."""
    for program in ("helm", "helm4"):
        if not find_program(program):
            lack("kubernetes", f"{program} is not on PATH")
    with namespace("sidecar-scaled") as space:
        space.helm("install", "demo", CHART, "--set", f"{ONE},{HAD}", program=request.param)
        yield space


def by_hand(space) -> None:
    """Scale to 3."""
    space.kubectl("scale", "deployment", NAME, "--replicas=3")


def by_autoscaler(space) -> None:
    """Let an autoscaler that is not the release's do so."""
    space.kubectl("autoscale", "deployment", NAME, "--min=3", "--max=5")
    wait_until(lambda: replicas(space) == "3", 60, "the autoscaler has scaled")
    space.kubectl("delete", "hpa", NAME)


def replicas(space) -> str:
    """Return how many the cluster is told to run."""
    return space.kubectl("get", "deployment", NAME, "-o", "jsonpath={.spec.replicas}")


@pytest.mark.parametrize("scale", [by_hand, by_autoscaler])
def test_helm_4_on_the_server_leaves_what_else_has_set(space, scale) -> None:
    """Whichever Helm installed the release; Helm 3 may go on afterwards."""
    scale(space)
    upgrade = ("upgrade", "demo", CHART, "--set", ONE)
    space.helm(*upgrade, "--server-side=true", program="helm4")
    by_helm_4 = replicas(space)
    space.helm(*upgrade)

    assert ("3", "3") == (by_helm_4, replicas(space))


def test_helm_3_sets_1(space) -> None:
    """As the page says: once, when the value is taken out."""
    by_hand(space)
    upgrade = ("upgrade", "demo", CHART, "--set", ONE)
    space.helm(*upgrade)
    once = replicas(space)
    by_hand(space)
    space.helm(*upgrade)

    assert ("1", "3") == (once, replicas(space))
