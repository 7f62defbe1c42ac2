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
            "env",
            DataList(),
            "variables from elsewhere, such as the pod's name or a key of a Secret",
            None,
            [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        ),
        Field(
            "resources",
            Data(),
            "requests and limits instead of those that follow from `resources`",
            None,
            {"requests": {"cpu": "500m", "memory": "256Mi"}},
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
            "where they are mounted in the service's container",
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
            "minAvailable or maxUnavailable; not for jobs",
            None,
            {"maxUnavailable": 1},
        ),
        Field(
            "strategy", Data(), "how pods are replaced; not for jobs", None, {"type": "Recreate"}
        ),
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
        Field(
            "containers",
            DataList(),
            "more containers of the pod",
            None,
            [{"name": "proxy", "image": "registry.example.com/proxy:2.1"}],
        ),
        Field("nodeSelector", _TEXTS, "labels of the nodes to run on", None, {"disk": "ssd"}),
        Field(
            "affinity",
            Data(),
            "which pods and nodes its pods run near to, or away from",
            None,
            {"podAntiAffinity": {}},
        ),
        Field(
            "tolerations",
            DataList(),
            "taints of nodes that it tolerates",
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
            "merged into the pod's securityContext, such as fsGroup",
            None,
            {"fsGroup": 2000},
        ),
        Field(
            "annotations",
            _TEXTS,
            "annotations of the Deployment, Job or CronJob itself",
            None,
            {"example.com/reload": "true"},
        ),
        Field(
            "container",
            Data(),
            "more of its container, such as probes of any form and workingDir",
            None,
            {"workingDir": "/srv"},
        ),
        Field(
            "pod",
            Data(),
            "more of the pod's spec, such as dnsConfig and hostAliases",
            None,
            {"dnsPolicy": "Default"},
        ),
        Field(
            "workload",
            Data(),
            "more of the spec of the Deployment or Job, such as minReadySeconds",
            None,
            {"minReadySeconds": 10},
        ),
        Field(
            "service",
            Data(),
            "annotations of the Service, and more of its spec; not for jobs",
            None,
            {"spec": {"clusterIP": "None"}},
        ),
        Field(
            "extraEgress",
            DataList(),
            "rules of its NetworkPolicy for what it calls",
            None,
            [{"ports": [{"port": 5432}]}],
        ),
        Field(
            "ingressFrom",
            DataList(),
            "who may call it, in its NetworkPolicy; not for jobs",
            None,
            [{"namespaceSelector": {"matchLabels": {"team": "shop"}}}],
        ),
    ),
)
