"""The keys of each service, job and CronJob, which are maps of named workloads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.targets.helm import placement
from sidecar.targets.helm.keys.laid_over import LAID_OVER, OF_SERVICE
from sidecar.targets.helm.records import Key
from sidecar.targets.helm.value_types import (
    AUTOSCALING,
    BUDGET,
    ENVIRONMENT,
    EXTRA_PORTS,
    FLAG,
    HEALTH,
    IMAGE,
    NAMED,
    OBJECT,
    OBJECTS,
    PEERS,
    PORT,
    RESOURCES,
    TEXTS,
    WORD,
    WORDS,
    choice,
    positive,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_POD = (
    Key("enabled", FLAG, "Default true; false leaves it out, e.g. a service of the sample."),
    Key("image", IMAGE, "Image; empty: images.sample."),
    Key("command", WORDS, "Replaces the image's entry point."),
    Key("args", WORDS, "Replaces the image's command."),
    Key("env", ENVIRONMENT, "Environment, as a map; `$(NAME)` refers to another variable."),
    Key("extraEnv", NAMED, "Environment in Kubernetes' own form, e.g. valueFrom; wins over env."),
    Key("envFrom", OBJECTS, "ConfigMaps and Secrets whose keys become variables."),
    Key(
        "peers",
        PEERS,
        "Variable → {service, scheme, port, path}: the address of another service of this release; "
        'scheme: "" leaves it out, as for gRPC, and port is the name of one of its extraPorts.',
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
        "Your own, in Kubernetes' form; they start after a native agent and get its address. "
        "Image, service name, resources and securityContext default to the workload's.",
    ),
    Key(
        "extraContainers",
        NAMED,
        "More containers of the pod, with the same defaults as initContainers.",
    ),
    Key("podLabels", TEXTS, "Labels of this pod; override the top-level ones."),
    Key("podAnnotations", TEXTS, "Annotations of this pod; override the top-level ones."),
    *placement.OF_WORKLOAD,
    Key("annotations", TEXTS, "Of the Deployment, Job or CronJob itself, e.g. a hook of Argo CD."),
    *LAID_OVER,
    Key("extraEgress", OBJECTS, "Egress rules in addition to networkPolicy.extraEgress."),
)
SERVICE = (
    *_POD,
    Key(
        "port",
        PORT,
        "Its port; absent: a worker without a Service. Not a port of the agent.",
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
    OF_SERVICE,
    Key("ingressFrom", OBJECTS, "Who may call it; replaces that of networkPolicy."),
    Key("strategy", OBJECT, "The Deployment's; absent: an old pod stops once a new one is ready."),
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
    Key("activeDeadlineSeconds", positive(10**7), "The longest time that it may run, in seconds."),
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
        {"type": "string", "pattern": r"^(@\w+|@every \S+|(\S+\s+){4}\S+)$"},
        "In cron's format. Required.",
        is_required=True,
    ),
    Key("timeZone", WORD, "e.g. Asia/Shanghai; absent: the cluster's."),
    Key("concurrencyPolicy", choice("Allow", "Forbid", "Replace"), "Default Forbid."),
    Key(
        "startingDeadlineSeconds",
        positive(10**7),
        "How late a job may start, else it is skipped; absent: any time.",
    ),
    Key("successfulJobsHistoryLimit", positive(100, 0), "Successful Jobs that stay; default 3."),
    Key("failedJobsHistoryLimit", positive(100, 0), "Failed Jobs that stay; default 3."),
    Key("suspend", FLAG, "Default false."),
)
MAPS: Mapping[str, tuple[Key, ...]] = {"services": SERVICE, "jobs": JOB, "cronJobs": CRON_JOB}
"""Maps of named workloads → the keys of each."""
