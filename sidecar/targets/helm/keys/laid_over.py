"""What is laid over a workload's objects, in Kubernetes' own form: keys that the chart has not."""

from __future__ import annotations

from sidecar.targets.helm.records import Key
from sidecar.targets.helm.value_types import OBJECT, TEXTS, Schema

LAID_OVER = (
    Key(
        "container",
        OBJECT,
        "More of its container: probes of any form, workingDir, imagePullPolicy; each replaces the "
        "chart's, except securityContext, which is merged.",
    ),
    Key("pod", OBJECT, "More of the pod's spec, e.g. dnsConfig, hostAliases, runtimeClassName."),
    Key(
        "workload",
        OBJECT,
        "More of the Deployment's spec, or of the Job's, e.g. minReadySeconds, podFailurePolicy.",
    ),
)
_SERVICE: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"annotations": TEXTS, "spec": OBJECT},
}
OF_SERVICE = Key(
    "service",
    _SERVICE,
    "Of the Service: annotations, and more of its spec, e.g. type or clusterIP: None.",
)
