"""A pod's ephemeral-storage limits against what its volumes may hold."""

from __future__ import annotations

import pytest

from sidecar.rules.pod_storage import volumes

QUEUE = {"name": "queue", "emptyDir": {"sizeLimit": "3Gi"}}
TMP = {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi", "medium": "Memory"}}
CLAIM = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}


def container(limit: str = "", **more):
    """Return a container with a limit."""
    limits = {"ephemeral-storage": limit} if limit else {"memory": "64Mi"}
    return {"name": "a", "resources": {"limits": limits}, **more}


AGENT = container("2Gi", restartPolicy="Always")


@pytest.mark.parametrize(
    ("inits", "containers"),
    [([AGENT], [container()]), ([AGENT], [container("1000Mi")]), ([container("2Gi")], [AGENT])],
)
def test_volumes_above_the_limits_together_are_found(inits, containers) -> None:
    """A native agent counts as a container; one without a limit adds nothing."""
    pod = {"initContainers": inits, "containers": containers, "volumes": [QUEUE, TMP, CLAIM]}

    assert "its emptyDir volumes may hold 3,072 MiB" in volumes(pod).cause


@pytest.mark.parametrize(
    ("inits", "containers", "held"),
    [
        ([AGENT], [container("1Gi")], [QUEUE, TMP]),
        ([container("3Gi")], [container("1Gi")], [QUEUE]),
        ([], [container()], [QUEUE]),
        ([], [container("1Mi")], [TMP, CLAIM, {"name": "b", "emptyDir": {}}]),
        ([], [], []),
    ],
)
def test_what_fits_or_has_no_limit_is_not(inits, containers, held) -> None:
    """Nor memory, claims, and volumes without a bound."""
    assert volumes({"initContainers": inits, "containers": containers, "volumes": held}) is None
