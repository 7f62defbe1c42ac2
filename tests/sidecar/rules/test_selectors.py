"""A selector that is meant for a service's own pods and matches none of them."""

from __future__ import annotations

import pytest

from sidecar.rules.selectors import own_pods

COMPONENT = "app.kubernetes.io/component"
LABELS = {COMPONENT: "web", "app.kubernetes.io/name": "sidecar-kit", "team": "shop"}
OTHERS = {"matchLabels": {"app": "database"}}
OWN = {"matchLabels": {COMPONENT: "web", "app.kubernetes.io/instance": "demo"}}
MISSED = {"matchLabels": {"app": "web"}}


def spread(selector):
    """Return a pod with a topology spread constraint."""
    return {"topologySpreadConstraints": [{"labelSelector": selector}]}


def apart(selector, kind: str = "podAntiAffinity", **more):
    """Return a pod with a required and a preferred affinity."""
    term = {"labelSelector": selector, "topologyKey": "zone", **more}
    return {
        "affinity": {
            kind: {
                "requiredDuringSchedulingIgnoredDuringExecution": [term],
                "preferredDuringSchedulingIgnoredDuringExecution": [{"podAffinityTerm": term}],
            }
        }
    }


def expression(key: str, operator: str, *values: str):
    """Return a selector of one expression."""
    given = {"values": list(values)} if values else {}
    return {"matchExpressions": [{"key": key, "operator": operator, **given}]}


@pytest.mark.parametrize(
    ("pod", "cause"),
    [
        (spread(MISSED), "selects none of its own pods: their label app is missing"),
        (spread(OTHERS), "their label app is missing"),
        (spread({"matchLabels": {"team": "web"}}), "their label team is shop"),
        (spread(expression("team", "NotIn", "shop")), "their label team is shop"),
        (spread(expression("tier", "Exists")), "their label tier is missing"),
        (spread(expression("team", "DoesNotExist")), "their label team is shop"),
        (apart(expression("app", "In", "web")), "podAntiAffinity selects none of its own pods"),
        (apart({"matchLabels": {"app.kubernetes.io/name": "web"}}), "name is sidecar-kit"),
    ],
)
def test_what_spreads_nothing_is_found(pod, cause: str) -> None:
    """In each constraint; what is wrong with the first label that differs."""
    found = [problem.cause for problem in own_pods(LABELS, pod)]

    assert found
    assert all(cause in each for each in found)


@pytest.mark.parametrize(
    "pod",
    [
        {},
        spread(None),
        spread({}),
        spread(OWN),
        spread(expression("team", "In", "shop", "web")),
        apart(OWN),
        apart(OTHERS),
        apart(MISSED, kind="podAffinity"),
        apart(MISSED, namespaces=["other"]),
        apart(MISSED, namespaceSelector={}),
    ],
)
def test_what_is_meant_for_other_pods_or_matches_is_not(pod) -> None:
    """Nor a label that is known only when the release is installed."""
    assert [] == list(own_pods(LABELS, pod))
