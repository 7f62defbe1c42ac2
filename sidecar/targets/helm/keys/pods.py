"""The keys of what runs: the workloads, the stand-in, and what holds for all pods."""

from __future__ import annotations

from sidecar.targets.helm import placement
from sidecar.targets.helm.records import Key
from sidecar.targets.helm.value_types import (
    ENVIRONMENT,
    FLAG,
    NAMED,
    OBJECT,
    OBJECT_NAME,
    OBJECTS,
    RESOURCES,
    TEXT,
    TEXTS,
    positive,
)

PODS = (
    Key(
        "services",
        OBJECT,
        "Name → a Deployment and its Service; enabled: false leaves out a service of the sample.",
    ),
    Key("jobs", OBJECT, "Name → a Job. Needs a native agent.", {}),
    Key("cronJobs", OBJECT, "Name → a CronJob. Needs a native agent.", {}),
    Key("env", ENVIRONMENT, "Environment of every workload.", {}),
    Key("extraEnv", NAMED, "As env, in Kubernetes' own form.", []),
    Key("resources", RESOURCES, "Requests and limits of workloads without their own."),
    Key(
        "standIn.enabled",
        FLAG,
        "Run the stand-in gateway, which keeps traces in memory and shows them.",
    ),
    Key(
        "standIn.waitSeconds",
        positive(3600, 0),
        "Seconds that a pod waits for it before its jaeger-agent starts; 0: none.",
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
        "Seconds until SIGKILL, for pods that set none; a native agent stops after its service.",
        60,
    ),
    Key(
        "serviceAccountName",
        TEXT,
        "For every pod that sets none; pods do not mount its token; empty: default.",
        "",
    ),
    Key("priorityClassName", TEXT, "For every pod that sets none.", ""),
    Key("nodeSelector", TEXTS, "For every pod that sets none.", {}),
    Key("affinity", OBJECT, "For services and jobs that set none.", {}),
    Key("tolerations", OBJECTS, "For every pod that sets none.", []),
    Key("topologySpreadConstraints", OBJECTS, "For services and jobs that set none.", []),
    Key("commonLabels", TEXTS, "On every object and pod.", {}),
    Key("commonAnnotations", TEXTS, "On every object.", {}),
    Key("podLabels", TEXTS, "On every pod.", {}),
    Key("podAnnotations", TEXTS, "On every pod.", {}),
)
