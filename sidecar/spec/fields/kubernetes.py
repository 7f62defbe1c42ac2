"""The fields of `kubernetes`: what of a service is for a cluster only, under Kubernetes' own names.

The chart's schema and the API judge what is in them.
"""

from __future__ import annotations

from typing import Any

from sidecar.spec import field_types as types
from sidecar.spec.containers import Data, DataList, MapOf
from sidecar.spec.sections import Field, Section

_TEXTS = MapOf(types.LABEL, types.ANY_TEXT, "Give NAME: text below it")


def settings(**given: Any) -> dict[str, Any]:  # noqa: ANN401 - of the fields below
    """Return what was given, by Kubernetes' names."""
    return given


KUBERNETES = Section(
    settings,
    (
        Field(
            "envFrom",
            DataList(),
            "ConfigMaps and Secrets whose keys become variables",
            None,
            [{"configMapRef": {"name": "shop"}}],
        ),
        Field(
            "volumes",
            DataList(),
            "volumes of the pod, such as claims and ConfigMaps that exist",
            None,
            [{"name": "data", "persistentVolumeClaim": {"claimName": "shop"}}],
        ),
        Field(
            "volumeMounts",
            DataList(),
            "where the service has them",
            None,
            [{"name": "data", "mountPath": "/data"}],
        ),
        Field(
            "lifecycle",
            Data(),
            "hooks of the service's container",
            None,
            {"preStop": {"exec": {"command": ["sleep", "5"]}}},
        ),
        Field("podLabels", _TEXTS, "labels of the pod", None, {"team": "shop"}),
        Field("podAnnotations", _TEXTS, "annotations of the pod", None, {"team": "shop"}),
        Field(
            "podDisruptionBudget",
            Data(),
            "minAvailable or maxUnavailable; not of jobs",
            None,
            {"maxUnavailable": 1},
        ),
        Field("strategy", Data(), "how pods are replaced; not of jobs", None, {"type": "Recreate"}),
        Field(
            "autoscaling",
            Data(),
            "minReplicas, maxReplicas, metrics, behavior of an autoscaler; not with replicas",
            None,
            {"minReplicas": 2, "maxReplicas": 9},
        ),
        Field(
            "initContainers",
            DataList(),
            "what runs first, after the agent, so that it can be traced",
            None,
            [{"name": "migrate", "command": ["alembic", "upgrade", "head"]}],
        ),
        Field("nodeSelector", _TEXTS, "labels of the nodes to run on", None, {"disk": "ssd"}),
        Field(
            "affinity",
            Data(),
            "near what, and far from what, its pods run",
            None,
            {"podAntiAffinity": {}},
        ),
        Field(
            "tolerations",
            DataList(),
            "taints of nodes that it bears",
            None,
            [{"key": "batch", "operator": "Exists"}],
        ),
        Field(
            "topologySpreadConstraints",
            DataList(),
            "how its pods spread",
            None,
            [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
        ),
        Field(
            "serviceAccountName",
            types.ANY_TEXT,
            "its service account, whose token is not mounted",
            None,
            "shop",
        ),
        Field("priorityClassName", types.ANY_TEXT, "its priority class", None, "high"),
        Field(
            "podSecurityContext",
            Data(),
            "laid over the pod's securityContext, such as fsGroup",
            None,
            {"fsGroup": 2000},
        ),
    ),
)
