"""The chart's values, one row per key: the source of values.yaml, its schema and the README."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.spec import COLLECTOR, JAEGER_AGENT
from sidecar.targets.helm import collector, placement
from sidecar.targets.helm.records import Key
from sidecar.targets.helm.value_types import (
    AUTOSCALING,
    BUDGET,
    CIDRS,
    ENVIRONMENT,
    EXTRA_PORTS,
    FLAG,
    HEALTH,
    HOST,
    IMAGE,
    LABEL,
    NAMED,
    OBJECT,
    OBJECT_NAME,
    OBJECTS,
    PEERS,
    PORT,
    REGISTRY,
    RESOURCES,
    REVISION,
    SECRET,
    TEXT,
    TEXTS,
    VERSION,
    WATCH_SECONDS,
    WORD,
    WORDS,
    choice,
    positive,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


_POD = (
    Key("enabled", FLAG, "Default true; false leaves it out, e.g. one of the sample's."),
    Key("image", IMAGE, "Image; empty: images.sample."),
    Key("command", WORDS, "Replaces the image's entry point."),
    Key("args", WORDS, "Replaces the image's command."),
    Key("env", ENVIRONMENT, "Environment, as a map; `$(NAME)` refers to another variable."),
    Key("extraEnv", NAMED, "Environment in Kubernetes' own form, e.g. valueFrom; wins over env."),
    Key("envFrom", OBJECTS, "ConfigMaps and Secrets whose keys become variables."),
    Key(
        "peers",
        PEERS,
        "Variable → {service, scheme, path}: the address of another service of this release.",
    ),
    Key("resources", RESOURCES, "Requests and limits; replaces the top-level resources."),
    Key(
        "runAsUser",
        positive(2**31 - 1),
        "User id; absent: the image's, which must not be root.",
    ),
    Key("readOnlyRootFilesystem", FLAG, "Default true; /tmp is always writable."),
    Key("extraVolumes", NAMED, "Volumes of the pod."),
    Key("extraVolumeMounts", NAMED, "Mounts of the container."),
    Key(
        "lifecycle",
        OBJECT,
        "Hooks of the container, e.g. a preStop that sleeps until no new requests come.",
    ),
    Key(
        "initContainers",
        NAMED,
        "Your own, in Kubernetes' form, after a native agent, whose address they have; absent "
        "image, resources and securityContext are the workload's.",
    ),
    Key("podLabels", TEXTS, "Labels of this pod; override the top-level ones."),
    Key("podAnnotations", TEXTS, "Annotations of this pod; override the top-level ones."),
    *placement.OF_WORKLOAD,
)
SERVICE = (
    *_POD,
    Key(
        "port",
        PORT,
        "Where it listens; absent: a worker without a Service. Not a port of the agent.",
    ),
    Key(
        "extraPorts",
        EXTRA_PORTS,
        "More ports: name, port, protocol, appProtocol; of the container, the Service and the "
        "NetworkPolicy.",
    ),
    Key(
        "replicas",
        positive(1000, 0),
        "Pods, each with its own agent; absent: Kubernetes or an autoscaler decides.",
    ),
    Key(
        "autoscaling",
        AUTOSCALING,
        "A HorizontalPodAutoscaler: minReplicas, maxReplicas, metrics, behavior; replicas is then "
        "not written.",
    ),
    Key("strategy", OBJECT, "The Deployment's; absent: a new pod is ready before an old one ends."),
    Key(
        "example",
        {"type": "string", "pattern": "^/"},
        "A path that NOTES shows and `helm test` requests.",
    ),
    Key(
        "podDisruptionBudget",
        BUDGET,
        "minAvailable or maxUnavailable, a number or a percentage; absent: no budget.",
    ),
    Key(
        "health",
        HEALTH,
        "path or command, intervalSeconds 5, timeoutSeconds 3, retries 5, startSeconds 30; ready: "
        "{path or command} for readiness alone; absent: no probes.",
    ),
)
JOB = (
    *_POD,
    Key("backoffLimit", positive(100, 0), "Retries of a failed pod; default 3."),
    Key("activeDeadlineSeconds", positive(10**7), "The longest that it may run."),
    Key(
        "ttlSecondsAfterFinished",
        positive(10**7, 0),
        "When a finished Job is removed; absent: never. A removed one runs again at the next "
        "upgrade.",
    ),
)
CRON_JOB = (
    *JOB,
    Key(
        "schedule",
        {"type": "string", "pattern": r"^(@\w+|(\S+\s+){4}\S+)$"},
        "As cron has it. Required.",
        is_required=True,
    ),
    Key("timeZone", WORD, "e.g. Asia/Shanghai; absent: the cluster's."),
    Key("concurrencyPolicy", choice("Allow", "Forbid", "Replace"), "Default Forbid."),
    Key(
        "startingDeadlineSeconds",
        positive(10**7),
        "How late a job may start, else it is left out; absent: any time.",
    ),
    Key("successfulJobsHistoryLimit", positive(100, 0), "Jobs that stay; default 3."),
    Key("failedJobsHistoryLimit", positive(100, 0), "The same of those that failed; default 3."),
    Key("suspend", FLAG, "Default false."),
)
MAPS: Mapping[str, tuple[Key, ...]] = {"services": SERVICE, "jobs": JOB, "cronJobs": CRON_JOB}
"""Maps of named workloads → the keys of each."""

KEYS = (
    Key("region", LABEL, "The region's id, as a label; spans go to the gateway below."),
    Key("gateway.host", HOST, "The region's gateway; empty: the stand-in."),
    Key("gateway.port", PORT, "Its gRPC port."),
    Key("gateway.tls", FLAG, "Whether that port expects TLS; needs agent 1.18.0 or later."),
    Key(
        "gateway.waitSeconds",
        positive(3600, 0),
        "How long a pod waits for it, in images.gateway, before its jaeger-agent starts; 0: not.",
        0,
    ),
    Key(
        "existingSecret",
        SECRET,
        "A Secret that `sidecar token set` wrote. Preferred.",
    ),
    Key(
        "existingSecretCheck",
        FLAG,
        "Refuse to install while that Secret or its key is missing.",
        True,
    ),
    Key(
        "token",
        TEXT,
        "The token itself: Helm keeps it in the release's record. Prefer existingSecret.",
        "",
    ),
    Key(
        "tokenRevision",
        REVISION,
        "Any text. Change it after the Secret has changed, to roll the pods.",
        "",
    ),
    Key(
        "images.agent",
        WORD,
        "The agent; without a tag: agent.version. For the stand-in, `make images` builds it.",
    ),
    Key("images.canary", WORD, "A canary's collector; without a tag: canary.version."),
    Key("images.sample", WORD, "For workloads without an image of their own."),
    Key("images.gateway", WORD, "The stand-in, and what `helm test` runs."),
    Key(
        "images.pullPolicy",
        choice("IfNotPresent", "Always", "Never"),
        "For every container.",
        "IfNotPresent",
    ),
    Key("global.imageRegistry", REGISTRY, "Prefix of every image whose name has no registry.", ""),
    Key("global.imagePullSecrets", WORDS, "Names of Secrets.", []),
    Key(
        "agent.kind",
        choice(JAEGER_AGENT, COLLECTOR),
        "jaeger-agent or collector, which keeps spans on disk; `sidecar render` sets all for it.",
    ),
    Key(
        collector.CANARY,
        choice("", COLLECTOR),
        "collector: one next to each agent gets the same packets; for the stand-in only.",
        "",
    ),
    Key(
        "agent.version",
        VERSION,
        "jaeger-agent 1.15.0 to 1.62.0, or a collector from 0.155.0; decides its flags.",
    ),
    Key(
        "agent.mode",
        choice("auto", "native", "container"),
        "auto, native or container; auto is native from Kubernetes 1.29.",
        "auto",
    ),
    Key(
        "agent.stopDelaySeconds",
        positive(300),
        "How long a plain container runs after SIGTERM; less than terminationGracePeriodSeconds.",
        20,
    ),
    Key("agent.tuning.workers", positive(10000), "Concurrent calls to the gateway."),
    Key("agent.tuning.queuePackets", positive(10**6), "Packets that wait for a worker."),
    Key("agent.tuning.maxPacketBytes", positive(65535), "The longest packet."),
    Key(
        "agent.tuning.socketBufferBytes",
        positive(2**31 - 1),
        "Requested from the kernel, which may cap it.",
    ),
    *collector.KEYS,
    Key("agent.extraArgs", WORDS, "More flags of the agent.", []),
    Key("agent.resources", RESOURCES, "Requests and limits of each agent."),
    *collector.CANARY_KEYS,
    *collector.RELAY_KEYS,
    *placement.of_charts_own("relay"),
    *collector.FORWARDER_KEYS,
    *placement.of_charts_own("forwarder"),
    Key(
        "services",
        OBJECT,
        "Name → a Deployment and its Service; enabled: false leaves out one of the sample's.",
    ),
    Key("jobs", OBJECT, "Name → a Job. Needs a native agent.", {}),
    Key("cronJobs", OBJECT, "Name → a CronJob. Needs a native agent.", {}),
    Key("env", ENVIRONMENT, "Environment of every workload.", {}),
    Key("extraEnv", NAMED, "The same in Kubernetes' own form.", []),
    Key("resources", RESOURCES, "Requests and limits of workloads without their own."),
    Key(
        "standIn.enabled",
        FLAG,
        "Run the stand-in gateway, which keeps traces in memory and shows them.",
    ),
    Key(
        "standIn.waitSeconds",
        positive(3600, 0),
        "How long a pod waits for it before its jaeger-agent starts; 0: not at all.",
        60,
    ),
    Key("standIn.resources", RESOURCES, "Its requests and limits."),
    *placement.of_charts_own("standIn"),
    Key(
        "nameOverride",
        OBJECT_NAME,
        "Replaces sidecar-kit in app.kubernetes.io/name; in names, it follows the release's.",
        "",
    ),
    Key(
        "fullnameOverride",
        OBJECT_NAME,
        "Replaces the release's name, with which all names begin.",
        "",
    ),
    Key(
        "terminationGracePeriodSeconds",
        positive(3600),
        "Time until SIGKILL of a pod without its own; a native agent stops after its service.",
        60,
    ),
    Key(
        "serviceAccountName",
        TEXT,
        "For every pod without its own; pods do not mount its token; empty: default.",
        "",
    ),
    Key("priorityClassName", TEXT, "For every pod without its own.", ""),
    Key("nodeSelector", TEXTS, "For every pod without its own.", {}),
    Key("affinity", OBJECT, "For services and jobs without their own.", {}),
    Key("tolerations", OBJECTS, "For every pod without its own.", []),
    Key("topologySpreadConstraints", OBJECTS, "For services and jobs without their own.", []),
    Key("commonLabels", TEXTS, "On every object and pod.", {}),
    Key("commonAnnotations", TEXTS, "On every object.", {}),
    Key("podLabels", TEXTS, "On every pod.", {}),
    Key("podAnnotations", TEXTS, "On every pod.", {}),
    Key(
        "networkPolicy.enabled",
        FLAG,
        "Allow ingress to the service's port, and egress to DNS, the gateway's port and peers.",
        True,
    ),
    Key("networkPolicy.ingressFrom", OBJECTS, "Who may call services; empty: everyone.", []),
    Key("networkPolicy.gatewayCidrs", CIDRS, "The gateway's addresses; empty: any.", []),
    Key("networkPolicy.extraEgress", OBJECTS, "Egress rules for what else the services call.", []),
    Key(
        "metrics.enabled",
        FLAG,
        "Bind agents' admin ports to the pod's address, and open them to monitoring.",
        False,
    ),
    Key(
        "metrics.namespaceLabels",
        TEXTS,
        "Labels of the namespace that may scrape.",
        {"kubernetes.io/metadata.name": "monitoring"},
    ),
    Key("metrics.serviceMonitor.enabled", FLAG, "Needs the Prometheus operator's CRDs.", False),
    Key("metrics.serviceMonitor.interval", TEXT, "How often Prometheus scrapes.", "30s"),
    Key("metrics.serviceMonitor.labels", TEXTS, "Labels that your Prometheus selects by.", {}),
    Key(
        "metrics.rules.enabled",
        FLAG,
        "Alerts: spans failed, packets dropped, silence, a full queue, agents that are away.",
        False,
    ),
    Key("metrics.rules.labels", TEXTS, "Labels that your Prometheus selects by.", {}),
    Key("metrics.dashboard.enabled", FLAG, "A Grafana dashboard, as a ConfigMap.", False),
    Key(
        "metrics.dashboard.labels",
        TEXTS,
        "Labels that your Grafana selects by.",
        {"grafana_dashboard": "1"},
    ),
    Key(
        "watch.enabled",
        FLAG,
        "A CronJob that watches the agents' counters, and fails at a loss; needs metrics.enabled.",
        False,
    ),
    Key("watch.schedule", WORD, "When it starts, as cron writes it.", "*/5 * * * *"),
    Key("watch.seconds", WATCH_SECONDS, "How long it watches each time.", 240),
)

SECTIONS: Mapping[str, str] = {
    "region": "Where spans go",
    "existingSecret": "The token: existingSecret, or token, or the stand-in's public constant",
    "images": "Images",
    "agent": "The agent of each workload",
    "canary": "The collector of a canary; agent.queue, drain and collector are its, too",
    "relay": "Collectors on persistent volumes between those of the pods and the forwarder",
    "forwarder": "Between collectors and the gateway; it has the token",
    "services": "What runs",
    "standIn": "The stand-in gateway",
    "nameOverride": "Names: set them at the first install; pods are selected by them",
    "terminationGracePeriodSeconds": "Pods",
    "networkPolicy": "Network",
    "metrics": "Metrics",
    "watch": "The watch",
}
"""First key of a section → its title."""
