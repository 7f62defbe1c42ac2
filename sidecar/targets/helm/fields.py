"""The chart's values, one row per key: the source of values.yaml, its schema and the README."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Schema = dict[str, Any]

NAME = r"^[a-z0-9]([a-z0-9-]{0,55}[a-z0-9])?$"
"""A service, job or cron job, as in a spec; with the release's name at most 63 characters."""
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_.-]*$"

TEXT: Schema = {"type": "string"}
WORD: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": "boolean"}
PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
WORDS: Schema = {"type": "array", "items": {"type": "string"}}
OBJECTS: Schema = {"type": "array", "items": {"type": "object"}}
OBJECT: Schema = {"type": "object"}
NAMED: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string", "minLength": 1}},
    },
}
"""Kubernetes' own lists of named things: variables, volumes, mounts."""
LABEL: Schema = {"type": "string", "pattern": r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$"}
REGISTRY: Schema = {
    "type": "string",
    "pattern": r"^([A-Za-z0-9._-]+(:[0-9]+)?(/[A-Za-z0-9._-]+)*/?)?$",
}
CIDRS: Schema = {
    "type": "array",
    "items": {"type": "string", "pattern": r"^[0-9A-Fa-f.:]+/[0-9]{1,3}$"},
}
REVISION: Schema = {"type": ["string", "number"]}
OBJECT_NAME: Schema = {
    "type": "string",
    "pattern": r"^([a-z]([a-z0-9-]*[a-z0-9])?)?$",
    "maxLength": 53,
}
"""As long as a release's name may be."""


def named(pattern: str, value: Schema) -> Schema:
    """Return the schema of a map whose keys have a pattern.

    For `propertyNames`, Helm's message would report a wrong path.
    """
    return {"type": "object", "additionalProperties": False, "patternProperties": {pattern: value}}


_SCALAR: Schema = {"type": ["string", "number", "boolean"]}
TEXTS: Schema = {"type": "object", "additionalProperties": _SCALAR}
ENVIRONMENT = named(VARIABLE, _SCALAR)
VERSION: Schema = {"type": "string", "pattern": r"^[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}$"}
HOST: Schema = {
    "type": "string",
    "pattern": r"^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.|$))*$",
    "maxLength": 253,
}
IMAGE: Schema = {"type": "string", "pattern": r"^[^\s]*$"}
SECRET: Schema = {
    "type": "string",
    "pattern": r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$",
    "maxLength": 253,
}
_QUANTITY = r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$"
_QUANTITIES: Schema = {
    "type": "object",
    "additionalProperties": {"type": ["string", "number"], "pattern": _QUANTITY, "minimum": 0},
}
RESOURCES: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"requests": _QUANTITIES, "limits": _QUANTITIES},
}


def positive(maximum: int, minimum: int = 1) -> Schema:
    """Return the schema of a whole number in a range."""
    return {"type": "integer", "minimum": minimum, "maximum": maximum}


def choice(*words: str) -> Schema:
    """Return the schema of one of some words."""
    return {"type": "string", "enum": list(words)}


@dataclass(frozen=True)
class Field:
    """One key of the values."""

    path: str
    """Dotted, from the top."""
    schema: Mapping[str, Any]
    doc: str
    """One or two sentences, for values.yaml, the schema and the README."""
    default: Any = None
    """In the chart; None where the plan decides."""


_POD = (
    Field("enabled", FLAG, "Default true; false leaves it out, e.g. one of the sample's."),
    Field("image", IMAGE, "Image; empty: images.sample."),
    Field("command", WORDS, "Replaces the image's entry point."),
    Field("args", WORDS, "Replaces the image's command."),
    Field("env", ENVIRONMENT, "Environment, as a map; `$(NAME)` refers to another variable."),
    Field("extraEnv", NAMED, "Environment in Kubernetes' own form, e.g. valueFrom; wins over env."),
    Field("envFrom", OBJECTS, "ConfigMaps and Secrets whose keys become variables."),
    Field(
        "peers",
        OBJECT,
        "Variable → {service, scheme, path}: the address of another service of this release.",
    ),
    Field("resources", RESOURCES, "Requests and limits; replaces the top-level resources."),
    Field(
        "runAsUser",
        positive(2**31 - 1),
        "User id; absent: the image's, which must not be root.",
    ),
    Field("readOnlyRootFilesystem", FLAG, "Default true; /tmp is always writable."),
    Field("extraVolumes", NAMED, "Volumes of the pod."),
    Field("extraVolumeMounts", NAMED, "Mounts of the container."),
    Field(
        "lifecycle",
        OBJECT,
        "Hooks of the container, e.g. a preStop that sleeps until no new requests come.",
    ),
    Field("podLabels", TEXTS, "Labels of this pod; override the top-level ones."),
    Field("podAnnotations", TEXTS, "Annotations of this pod; override the top-level ones."),
)
SERVICE = (
    *_POD,
    Field(
        "port",
        PORT,
        "Where it listens; absent: a worker without a Service. Not a port of the agent.",
    ),
    Field(
        "replicas",
        positive(1000),
        "Pods, each with its own agent; at least 1; absent: Kubernetes or an autoscaler decides.",
    ),
    Field(
        "example",
        {"type": "string", "pattern": "^/"},
        "A path that NOTES shows and `helm test` requests.",
    ),
    Field(
        "podDisruptionBudget",
        OBJECT,
        "minAvailable or maxUnavailable, a number or a percentage; absent: no budget.",
    ),
    Field(
        "health",
        OBJECT,
        "path or command, intervalSeconds 5, timeoutSeconds 3, retries 5, startSeconds 30; absent: "
        "no probes.",
    ),
)
JOB = (
    *_POD,
    Field("backoffLimit", positive(100, 0), "Retries of a failed pod; default 3."),
    Field("activeDeadlineSeconds", positive(10**7), "The longest that it may run."),
    Field(
        "ttlSecondsAfterFinished",
        positive(10**7, 0),
        "When a finished Job is removed; absent: never. A removed one runs again at the next "
        "upgrade.",
    ),
)
CRON_JOB = (
    *JOB,
    Field(
        "schedule",
        {"type": "string", "pattern": r"^(@\w+|(\S+\s+){4}\S+)$"},
        "As cron has it. Required.",
    ),
    Field("timeZone", WORD, "e.g. Asia/Shanghai; absent: the cluster's."),
    Field("concurrencyPolicy", choice("Allow", "Forbid", "Replace"), "Default Forbid."),
    Field("suspend", FLAG, "Default false."),
)
MAPS: Mapping[str, tuple[Field, ...]] = {"services": SERVICE, "jobs": JOB, "cronJobs": CRON_JOB}
"""Maps of named workloads → the keys of each."""
REQUIRED: Mapping[str, list[str]] = {"cronJobs": ["schedule"]}

FIELDS = (
    Field("region", LABEL, "The region's id, as a label; spans go to the gateway below."),
    Field("gateway.host", HOST, "The region's gateway; empty: the stand-in."),
    Field("gateway.port", PORT, "Its gRPC port."),
    Field("gateway.tls", FLAG, "Whether that port expects TLS; needs agent 1.18.0 or later."),
    Field(
        "existingSecret",
        SECRET,
        "A Secret whose key agent.yaml `sidecar token set` wrote. Preferred.",
    ),
    Field(
        "existingSecretCheck",
        FLAG,
        "Refuse to install while that Secret or its key is missing.",
        True,
    ),
    Field(
        "token",
        TEXT,
        "The token itself: Helm keeps it in the release's record. Prefer existingSecret.",
        "",
    ),
    Field(
        "tokenRevision",
        REVISION,
        "Any text. Change it when the existing Secret changed, to roll the pods.",
        "",
    ),
    Field(
        "images.agent",
        WORD,
        "The agent; without a tag: agent.version. For the stand-in, `make images` builds it.",
    ),
    Field("images.sample", WORD, "For workloads without an image of their own."),
    Field("images.gateway", WORD, "The stand-in, and what `helm test` runs."),
    Field(
        "images.pullPolicy",
        choice("IfNotPresent", "Always", "Never"),
        "For every container.",
        "IfNotPresent",
    ),
    Field(
        "global.imageRegistry", REGISTRY, "Prefix of every image whose name has no registry.", ""
    ),
    Field("global.imagePullSecrets", WORDS, "Names of Secrets.", []),
    Field("agent.version", VERSION, "jaeger-agent 1.15.0 to 1.62.0; decides its flags."),
    Field(
        "agent.mode",
        choice("auto", "native", "container"),
        "auto, native or container; auto is native from Kubernetes 1.29.",
        "auto",
    ),
    Field(
        "agent.stopDelaySeconds",
        positive(300),
        "How long a plain container runs after SIGTERM; less than terminationGracePeriodSeconds.",
        20,
    ),
    Field("agent.tuning.workers", positive(10000), "Concurrent calls to the gateway."),
    Field("agent.tuning.queuePackets", positive(10**6), "Packets that wait for a worker."),
    Field("agent.tuning.maxPacketBytes", positive(65535), "The longest packet."),
    Field(
        "agent.tuning.socketBufferBytes",
        positive(2**31 - 1),
        "Requested from the kernel, which may cap it.",
    ),
    Field("agent.extraArgs", WORDS, "More flags of the agent.", []),
    Field("agent.resources", RESOURCES, "Requests and limits of each agent."),
    Field(
        "services",
        OBJECT,
        "Name → a Deployment and its Service; enabled: false leaves out one of the sample's.",
    ),
    Field("jobs", OBJECT, "Name → a Job. Needs a native agent.", {}),
    Field("cronJobs", OBJECT, "Name → a CronJob. Needs a native agent.", {}),
    Field("env", ENVIRONMENT, "Environment of every workload.", {}),
    Field("extraEnv", NAMED, "The same in Kubernetes' own form.", []),
    Field("resources", RESOURCES, "Requests and limits of workloads without their own."),
    Field(
        "standIn.enabled",
        FLAG,
        "Run the stand-in gateway, which keeps traces in memory and shows them.",
    ),
    Field("standIn.resources", RESOURCES, "Its requests and limits."),
    Field(
        "nameOverride",
        OBJECT_NAME,
        "Replaces sidecar-kit in app.kubernetes.io/name; in names, it follows the release's.",
        "",
    ),
    Field(
        "fullnameOverride",
        OBJECT_NAME,
        "Replaces the release's name, with which all names begin.",
        "",
    ),
    Field(
        "terminationGracePeriodSeconds",
        positive(3600),
        "Time until SIGKILL; a native agent stops after its service.",
        60,
    ),
    Field(
        "serviceAccountName",
        TEXT,
        "For every pod, which does not mount its token; empty: default.",
        "",
    ),
    Field("priorityClassName", TEXT, "For every pod.", ""),
    Field("nodeSelector", TEXTS, "For every pod.", {}),
    Field("affinity", OBJECT, "For every pod.", {}),
    Field("tolerations", OBJECTS, "For every pod.", []),
    Field("topologySpreadConstraints", OBJECTS, "For every pod.", []),
    Field("commonLabels", TEXTS, "On every object and pod.", {}),
    Field("commonAnnotations", TEXTS, "On every object.", {}),
    Field("podLabels", TEXTS, "On every pod.", {}),
    Field("podAnnotations", TEXTS, "On every pod.", {}),
    Field(
        "networkPolicy.enabled",
        FLAG,
        "Allow ingress to the service's port, and egress to DNS, the gateway's port and peers.",
        True,
    ),
    Field("networkPolicy.ingressFrom", OBJECTS, "Who may call services; empty: everyone.", []),
    Field("networkPolicy.gatewayCidrs", CIDRS, "The gateway's addresses; empty: any.", []),
    Field(
        "networkPolicy.extraEgress", OBJECTS, "Egress rules for what else the services call.", []
    ),
    Field(
        "metrics.enabled",
        FLAG,
        "Bind agents' admin ports to the pod's address, and open them to monitoring.",
        False,
    ),
    Field(
        "metrics.namespaceLabels",
        TEXTS,
        "Labels of the namespace that may scrape.",
        {"kubernetes.io/metadata.name": "monitoring"},
    ),
    Field("metrics.serviceMonitor.enabled", FLAG, "Needs the Prometheus operator's CRDs.", False),
    Field("metrics.serviceMonitor.interval", TEXT, "How often Prometheus scrapes.", "30s"),
    Field("metrics.serviceMonitor.labels", TEXTS, "Labels that your Prometheus selects by.", {}),
    Field(
        "metrics.rules.enabled",
        FLAG,
        "Alerts: spans failed, packets dropped, not connected.",
        False,
    ),
    Field("metrics.rules.labels", TEXTS, "Labels that your Prometheus selects by.", {}),
)

SECTIONS: Mapping[str, str] = {
    "region": "Where spans go",
    "existingSecret": "The token: existingSecret, or token, or the stand-in's public constant",
    "images": "Images",
    "agent": "The agent of each workload",
    "services": "What runs",
    "standIn": "The stand-in gateway",
    "nameOverride": "Names: set them at the first install; pods are selected by them",
    "terminationGracePeriodSeconds": "Pods",
    "networkPolicy": "Network",
    "metrics": "Metrics",
}
"""First key of a section → its title."""
