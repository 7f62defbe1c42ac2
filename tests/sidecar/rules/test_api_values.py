"""What the Kubernetes API refuses in an object that follows its schema."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.rules.api_values import refused

WEB = {"name": "web", "image": "web:1"}
DATA = {"name": "data", "mountPath": "/data"}


def deployment(strategy: dict[str, Any] | None = None, **pod: Any) -> dict[str, Any]:
    """Return a Deployment with a container, and more in its pod."""
    template = {"spec": {"containers": [WEB], **pod}}
    return {"kind": "Deployment", "spec": {"template": template, "strategy": strategy}}


def with_container(**more: Any) -> dict[str, Any]:
    """Return a Deployment with more in its container, and a volume."""
    return deployment(containers=[{**WEB, **more}], volumes=[{"name": "data", "emptyDir": {}}])


def sized(request: str, limit: str) -> dict[str, Any]:
    """Return a Deployment with a request and a limit."""
    return with_container(resources={"requests": {"memory": request}, "limits": {"memory": limit}})


def scaled(*metrics: str) -> dict[str, Any]:
    """Return an autoscaler from 0 pods on."""
    spec = {"minReplicas": 0, "metrics": [{"type": each} for each in metrics]}
    return {"kind": "HorizontalPodAutoscaler", "spec": spec}


def calling(cidr: str) -> dict[str, Any]:
    """Return a policy."""
    spec = {"egress": [{"to": [{"ipBlock": {"cidr": cidr}}]}, {}], "ingress": None}
    return {"kind": "NetworkPolicy", "spec": spec}


def labelled(value: str) -> dict[str, Any]:
    """Return a CronJob with a label on its pods."""
    template = {"metadata": {"labels": {"team": value}}, "spec": {"containers": [WEB]}}
    return {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": template}}}}


SPREAD = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
PAIRS = {
    "no volume": (with_container(volumeMounts=[{**DATA, "name": "dat"}]), "no volume dat"),
    "two mounts": (with_container(volumeMounts=[DATA, DATA]), "/data is mounted twice"),
    "two volumes": (deployment(volumes=[{"name": "a"}, {"name": "a"}]), "two are called a"),
    "no image": (deployment(initContainers=[{"name": "warm"}]), "warm.image: is missing"),
    "name": (deployment(initContainers=[{**WEB, "name": "Warm_up"}]), "'Warm_up'"),
    "request": (sized("1Gi", "1000M"), "1Gi is more than the limit, 1000M"),
    "no room": (sized("1", "0"), "1 is more than the limit, 0"),
    "label": (labelled("a b"), "'a b' is no label's value"),
    "account": (deployment(serviceAccountName="Web"), "'Web' is no object's name"),
    "skew": (deployment(topologySpreadConstraints=[{**SPREAD, "maxSkew": 0}]), "below 1"),
    "spread": (
        deployment(topologySpreadConstraints=[{**SPREAD, "whenUnsatisfiable": "Never"}]),
        "'Never' is not known",
    ),
    "effect": (deployment(tolerations=[{"key": "a", "effect": "No"}]), "'No' is not known"),
    "value": (
        deployment(tolerations=[{"key": "a", "operator": "Exists", "value": "b"}]),
        "excludes the operator Exists",
    ),
    "no key": (deployment(tolerations=[{"effect": "NoExecute"}]), "has no key"),
    "recreate": (deployment({"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}), "excludes"),
    "no pod": (deployment({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}), "both 0"),
    "zero": (scaled("Resource"), "0 needs a metric"),
    "network": (calling("10.0.0.0/33"), "'10.0.0.0/33' is no network"),
    "address": (calling("10.0.0.1"), "'10.0.0.1' is no network"),
}
FINE = {
    "mount": with_container(volumeMounts=[DATA, {**DATA, "mountPath": "/more"}]),
    "request": sized("500Mi", "1Gi"),
    "rare form": sized("100", "1e3"),
    "no limit": with_container(resources={"requests": {"cpu": "2"}}),
    "label": labelled(""),
    "spread": deployment(topologySpreadConstraints=[SPREAD]),
    "toleration": deployment(tolerations=[{"operator": "Exists"}, {"key": "a", "value": "b"}]),
    "recreate": deployment({"type": "Recreate", "rollingUpdate": None}),
    "rolling": deployment({"rollingUpdate": {"maxUnavailable": 0}}),
    "zero": scaled("External"),
    "network": calling("2001:db8::/32"),
    "other": {"kind": "ConfigMap", "data": {}},
}


@pytest.mark.parametrize("name", PAIRS)
def test_what_the_api_refuses_is_named(name: str) -> None:
    """One problem, with what to do."""
    each, cause = PAIRS[name]
    (problem,) = refused(each)

    assert cause in problem.cause
    assert problem.fix


@pytest.mark.parametrize("name", FINE)
def test_what_the_api_takes_is_not(name: str) -> None:
    """Values at the edges of what is refused."""
    assert not [*refused(FINE[name])]
