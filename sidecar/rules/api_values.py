"""What the Kubernetes API refuses in an object that follows its schema: values and references."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sidecar.findings import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Data = Mapping[str, Any]
    Found = Iterator[tuple[str, str, str]]
    """Where in an object, what is wrong there, what to do."""

REFUSED = Rule(
    "api-value-refused",
    Severity.ERROR,
    "A value in an object of the chart is one that the Kubernetes API refuses.",
    "The object follows the schema, but `helm install` fails.",
    "Correct the spec, and render again",
    "kubernetes: {volumeMounts: [{name: data, mountPath: /data}]}, without a volume `data`",
)
_LABEL = r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?"
_NAME = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_SUBDOMAIN = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"
_UNITS = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    "k": Decimal(1000),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("MGTPE", 2)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)([A-Za-z]*)")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_UNSATISFIABLE = ("DoNotSchedule", "ScheduleAnyway")
_STRATEGIES = ("RollingUpdate", "Recreate")
_POD = {
    "Deployment": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}


def refused(each: Data) -> Iterator[Problem]:
    """Judge an object that the chart makes."""
    for judge in _JUDGES.get(each["kind"], ()):
        for where, cause, fix in judge(each):
            yield REFUSED.problem(f"{where}: {cause}", fix)


def template_of(each: Data) -> Data:
    """Return the pod template of an object that the chart makes; empty where it has none."""
    path = _POD.get(each["kind"])
    return _at(each, *path) if path else {}


def resources(given: Data) -> Iterator[tuple[str, Problem]]:
    """Judge the requests and limits of one container; yield what of them, and what is wrong."""
    for name, cause, fix in _resources(given):
        yield name, REFUSED.problem(cause, fix)


def _at(data: Any, *path: str) -> Any:  # noqa: ANN401 - an object of the API
    for key in path:
        data = (data or {}).get(key)
    return data or {}


# Pods -----------------------------------------------------------------------------------------


def _pod(each: Data) -> Found:
    template = template_of(each)
    pod = _at(template, "spec")
    yield from _labels(template)
    yield from _containers(pod)
    yield from _placement(pod)


def _labels(template: Data) -> Found:
    for name, value in _at(template, "metadata", "labels").items():
        if not re.fullmatch(_LABEL, value):
            fix = "Use at most 63 letters, digits, -, _ and ."
            yield f"labels.{name}", f"{value!r} is no label's value", fix


def _containers(pod: Data) -> Found:
    volumes = [volume["name"] for volume in pod.get("volumes") or ()]
    for name in _doubled(volumes):
        yield "volumes", f"two are called {name}", "Rename one"
    for name in (*volumes, *(each["name"] for each in _all(pod))):
        if not re.fullmatch(_NAME, name):
            fix = "Use at most 63 small letters, digits and -"
            yield "names", f"{name!r} is no name of a volume or container", fix
    for container in _all(pod):
        for where, cause, fix in _container(container, volumes):
            yield f"{container['name']}.{where}", cause, fix


def _all(pod: Data) -> list[Data]:
    return [*(pod.get("initContainers") or ()), *(pod.get("containers") or ())]


def _container(container: Data, volumes: Iterable[str]) -> Found:
    if not container.get("image"):
        yield "image", "is missing", "Give one"
    mounts = container.get("volumeMounts") or ()
    for mount in mounts:
        if mount["name"] not in volumes:
            cause = f"there is no volume {mount['name']}"
            yield "volumeMounts", cause, "Add it to volumes, or correct the name"
    for path in _doubled(mount.get("mountPath") for mount in mounts):
        yield "volumeMounts", f"{path} is mounted twice", "Remove one"
    for name, cause, fix in _resources(container.get("resources") or {}):
        yield "resources.requests", f"{name}: {cause}", fix


def _resources(given: Data) -> Found:
    limits = given.get("limits") or {}
    for name, request in (given.get("requests") or {}).items():
        least, most = number(request), number(limits.get(name))
        if least is not None and most is not None and least > most:
            cause = f"{request} is more than the limit, {limits[name]}"
            yield name, cause, "Use less, or a higher limit"


def _doubled(names: Iterable[Any]) -> list[Any]:
    return [name for name, count in Counter(names).items() if count > 1]


def number(quantity: object) -> Decimal | None:
    """Return a quantity as a number; None for a form that is rare, or none at all."""
    found = _QUANTITY.fullmatch(str(quantity))
    if not found or found[2] not in _UNITS:
        return None
    return Decimal(found[1]) * _UNITS[found[2]]


def _placement(pod: Data) -> Found:
    for key in ("serviceAccountName", "priorityClassName"):
        if pod.get(key) and not re.fullmatch(_SUBDOMAIN, pod[key]):
            yield key, f"{pod[key]!r} is no object's name", "Use small letters, digits, - and ."
    for one in pod.get("tolerations") or ():
        yield from _toleration(one)
    for one in pod.get("topologySpreadConstraints") or ():
        if one.get("maxSkew", 0) < 1:
            yield "topologySpreadConstraints", "maxSkew is below 1", "Give at least 1"
        where = "topologySpreadConstraints.whenUnsatisfiable"
        yield from _one_of(where, one.get("whenUnsatisfiable"), _UNSATISFIABLE)


def _toleration(one: Data) -> Found:
    operator = one.get("operator") or "Equal"
    yield from _one_of("tolerations.operator", operator, ("Exists", "Equal"))
    yield from _one_of("tolerations.effect", one.get("effect") or _EFFECTS[0], _EFFECTS)
    if operator == "Exists" and one.get("value"):
        yield "tolerations", "a value excludes the operator Exists", "Remove one of them"
    if operator == "Equal" and not one.get("key"):
        yield "tolerations", "has no key", "Give one, or the operator Exists for every taint"


def _one_of(where: str, value: object, known: tuple[str, ...]) -> Found:
    if value not in known:
        yield where, f"{value!r} is not known", f"Use {', '.join(known[:-1])} or {known[-1]}"


# What is around them --------------------------------------------------------------------------


def _strategy(each: Data) -> Found:
    strategy = _at(each, "spec", "strategy")
    rolling = strategy.get("rollingUpdate")
    kind = strategy.get("type") or _STRATEGIES[0]
    yield from _one_of("strategy.type", kind, _STRATEGIES)
    if kind == "Recreate" and rolling:
        yield "strategy", "rollingUpdate excludes the type Recreate", "Remove one of them"
    zero = (0, "0", "0%")
    if rolling and all(rolling.get(key) in zero for key in ("maxSurge", "maxUnavailable")):
        cause = "maxSurge and maxUnavailable are both 0, so no pod can be replaced"
        yield "strategy", cause, "Set one of them to 1"


def _autoscaler(each: Data) -> Found:
    spec = each["spec"]
    kinds = {metric.get("type") for metric in spec.get("metrics") or ()}
    if spec.get("minReplicas") == 0 and not kinds & {"Object", "External"}:
        cause = "0 needs a metric of the type Object or External, and HPAScaleToZero"
        yield "minReplicas", cause, "Give at least 1"


def _policy(each: Data) -> Found:
    spec = each["spec"]
    rules = (*(spec.get("ingress") or ()), *(spec.get("egress") or ()))
    peers = [peer for rule in rules for key in ("from", "to") for peer in rule.get(key) or ()]
    for block in filter(None, (peer.get("ipBlock") for peer in peers)):
        for cidr in (block.get("cidr"), *(block.get("except") or ())):
            if not _is_cidr(cidr):
                yield "ipBlock", f"{cidr!r} is no network", "Give one such as 10.0.0.0/8"


def _is_cidr(text: object) -> bool:
    try:
        ipaddress.ip_network(str(text), strict=False)
    except ValueError:
        return False
    return "/" in str(text)


_JUDGES: dict[str, tuple[Callable[[Data], Found], ...]] = {
    "Deployment": (_pod, _strategy),
    "Job": (_pod,),
    "CronJob": (_pod,),
    "HorizontalPodAutoscaler": (_autoscaler,),
    "NetworkPolicy": (_policy,),
}
