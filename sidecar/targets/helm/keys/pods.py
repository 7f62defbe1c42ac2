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
)
