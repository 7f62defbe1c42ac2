"""Selectors of pods that are meant for a service's own, and match none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.findings import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Data = Mapping[str, Any]

MATCHES_NONE = Rule(
    "selector-without-own-pods",
    Severity.WARNING,
    "A constraint that spreads a service's pods selects none of them.",
    "The scheduler counts no pod, so that all may run on one node.",
    "Select them by app.kubernetes.io/component, the service's name",
    "topologySpreadConstraints: [{…, labelSelector: {matchLabels: {app: web}}}]",
)
_COMPONENT = "app.kubernetes.io/component"
_LATER = ("app.kubernetes.io/instance", "app.kubernetes.io/version", "pod-template-hash")
"""Labels whose value is known only when the release is installed."""
_SPREAD = "topologySpreadConstraints"


def own_pods(labels: Mapping[str, str], pod: Data) -> Iterator[Problem]:
    """Judge a pod template's constraints; affinity to pods of others is not among them."""
    for each in pod.get(_SPREAD) or ():
        yield from _judged(_SPREAD, each.get("labelSelector"), labels)
    component = labels.get(_COMPONENT, "")
    for term in _anti_affinity(pod):
        selector = term.get("labelSelector") or {}
        elsewhere = term.get("namespaces") or "namespaceSelector" in term
        if not elsewhere and component in _named(selector):
            yield from _judged("podAntiAffinity", selector, labels)


def _judged(where: str, selector: Data | None, labels: Mapping[str, str]) -> Iterator[Problem]:
    missed = [key for key, holds in _requirements(selector or {}, labels) if not holds]
    if missed:
        has = f"is {labels[missed[0]]}" if missed[0] in labels else "is missing"
        cause = f"{where} selects none of its own pods: their label {missed[0]} {has}"
        yield MATCHES_NONE.problem(cause)


def _anti_affinity(pod: Data) -> Iterator[Data]:
    given = (pod.get("affinity") or {}).get("podAntiAffinity") or {}
    yield from given.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
    for each in given.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
        yield each["podAffinityTerm"]


def _named(selector: Data) -> set[str]:
    """Return the values that a selector asks for."""
    values = set((selector.get("matchLabels") or {}).values())
    asked = [each for each in selector.get("matchExpressions") or () if each["operator"] == "In"]
    return values.union(*(each.get("values") or () for each in asked))


def _requirements(selector: Data, labels: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    """Yield each label that a selector asks for, and whether the pods meet it."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if key not in _LATER:
            yield key, labels.get(key) == value
    for each in selector.get("matchExpressions") or ():
        key, values = each["key"], each.get("values") or ()
        if key not in _LATER:
            exists, among = key in labels, labels.get(key) in values
            holds = {"In": among, "NotIn": not among, "Exists": exists, "DoesNotExist": not exists}
            yield key, holds[each["operator"]]
