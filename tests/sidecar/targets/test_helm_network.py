"""NetworkPolicies as data: which flows they let through, computed as a cluster's network would."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

import pytest
from helm_charts import CHART, template

NAMESPACES = {"shop": {"kubernetes.io/metadata.name": "shop"}}
NAMESPACES |= {
    name: {"kubernetes.io/metadata.name": name} for name in ("monitoring", "ingress", "kube-system")
}


@dataclass(frozen=True)
class End:
    """A pod, or an address outside the cluster."""

    labels: dict = field(default_factory=dict)
    namespace: str = "shop"
    address: str | None = None


def component(name: str, release: str = "demo", application: str = "sidecar-kit") -> End:
    """Return a pod of the chart."""
    labels = {"name": application, "instance": release, "component": name}
    return End({f"app.kubernetes.io/{key}": value for key, value in labels.items()})


OUTSIDE = End(address="203.0.113.7", namespace="")
DNS = End({"k8s-app": "kube-dns"}, "kube-system")
OTHER = End({"app": "other"})


def selects(selector, labels) -> bool:
    """Tell whether a label selector without expressions takes labels."""
    return all(
        labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items()
    )


def is_peer(peer, end: End) -> bool:
    """Tell whether a rule's peer is this end."""
    if "ipBlock" in peer:
        return end.address is not None and ipaddress.ip_address(
            end.address
        ) in ipaddress.ip_network(peer["ipBlock"]["cidr"])
    if end.address is not None:
        return False
    if "namespaceSelector" in peer:
        inside = selects(peer["namespaceSelector"], NAMESPACES[end.namespace])
    else:
        inside = end.namespace == "shop"
    return inside and selects(peer.get("podSelector", {}), end.labels)


def let_through(policies, direction: str, own: End, other: End, service: tuple[int, str]) -> bool:
    """Tell whether the policies of one end allow the flow; a pod that none selects is open."""
    mine = [
        each["spec"]
        for each in policies
        if own.address is None
        and own.namespace == "shop"
        and selects(each["spec"]["podSelector"], own.labels)
    ]
    key = {"Egress": ("egress", "to"), "Ingress": ("ingress", "from")}[direction]
    rules = [
        rule for spec in mine if direction in spec["policyTypes"] for rule in spec.get(key[0], [])
    ]
    if not mine:
        return True
    return any(
        {"port": service[0], "protocol": service[1]} in rule["ports"]
        and (key[1] not in rule or any(is_peer(peer, other) for peer in rule[key[1]]))
        for rule in rules
    )


def flows(policies, source: End, target: End, port: int, protocol: str = "TCP") -> bool:
    """Tell whether a connection is possible: let out at its source and in at its target."""
    return let_through(policies, "Egress", source, target, (port, protocol)) and let_through(
        policies, "Ingress", target, source, (port, protocol)
    )


def policies_of(*options):
    """Return the chart's policies in the namespace shop."""
    objects = template(CHART, "-n", "shop", *options)
    return [each for each in objects if each["kind"] == "NetworkPolicy"]


@pytest.mark.parametrize(
    ("source", "target", "port", "protocol", "allowed"),
    [
        (component("frontend"), component("gateway"), 1883, "TCP", True),
        (component("backend"), component("gateway"), 1883, "TCP", True),
        (component("delivery-test"), component("gateway"), 1883, "TCP", True),
        (component("delivery-test"), component("gateway"), 16686, "TCP", True),
        (component("delivery-test"), component("frontend"), 8080, "TCP", True),
        (component("delivery-test"), component("backend"), 8081, "TCP", False),
        (component("delivery-test"), OUTSIDE, 1883, "TCP", False),
        (component("frontend"), component("backend"), 8081, "TCP", True),
        (component("frontend"), DNS, 53, "UDP", True),
        (component("frontend"), DNS, 53, "TCP", True),
        (OTHER, component("frontend"), 8080, "TCP", True),
        (OTHER, component("gateway"), 16686, "TCP", True),
        (component("backend"), component("frontend"), 8080, "TCP", False),
        (component("frontend"), OUTSIDE, 443, "TCP", False),
        (component("frontend"), OUTSIDE, 1883, "TCP", False),
        (component("backend"), OTHER, 5432, "TCP", False),
        (OTHER, component("gateway"), 1883, "TCP", False),
        (component("frontend", "another"), component("gateway"), 1883, "TCP", False),
        (OTHER, component("frontend"), 14271, "TCP", False),
        (OTHER, component("frontend"), 6831, "UDP", False),
        (component("gateway"), OUTSIDE, 443, "TCP", False),
        (component("gateway"), DNS, 53, "UDP", False),
        (End({}, "monitoring"), component("gateway"), 16686, "TCP", False),
    ],
)
def test_local_lets_through_what_it_needs_and_no_more(
    source, target, port, protocol, allowed
) -> None:
    """Services: in by their port; out to DNS, the stand-in and declared peers."""
    assert allowed is flows(policies_of(), source, target, port, protocol)


@pytest.mark.parametrize(
    ("source", "target", "port", "allowed"),
    [
        (component("web"), End(address="100.64.1.1", namespace=""), 1883, True),
        (component("web"), OUTSIDE, 1883, False),
        (component("web"), component("payments"), 9000, True),
        (component("worker"), component("payments"), 9000, False),
        (component("worker"), OTHER, 5432, True),
        (End({}, "ingress"), component("web"), 8000, True),
        (OTHER, component("web"), 8000, False),
        (OTHER, component("worker"), 8000, False),
    ],
)
def test_a_region_narrows_callers_and_the_gateways_addresses(source, target, port, allowed) -> None:
    """By ingressFrom and gatewayCidrs; extraEgress adds."""
    assert allowed is flows(
        policies_of("-f", CHART / "ci" / "region-values.yaml"), source, target, port
    )


@pytest.mark.parametrize(
    ("source", "target", "port", "allowed"),
    [
        ("frontend", "gateway", 1883, True),
        ("frontend", "backend", 8081, True),
        ("delivery-test", "frontend", 8080, True),
        ("backend", "frontend", 8080, False),
    ],
)
def test_policies_follow_a_name_override(source, target, port, allowed) -> None:
    """Both ends are selected by the application's name, whatever it is."""
    policies = policies_of("-f", CHART / "ci" / "names-values.yaml")
    own, other = component(source, application="greeter"), component(target, application="greeter")

    assert allowed is flows(policies, own, other, port)
    assert not flows(policies, component(source), other, 1883)


def test_metrics_are_for_the_monitoring_namespace() -> None:
    """And for no other."""
    policies = policies_of("--set", "metrics.enabled=true")

    assert flows(policies, End({}, "monitoring"), component("frontend"), 14271)
    assert not flows(policies, OTHER, component("frontend"), 14271)
    assert not flows(policies, End({}, "ingress"), component("frontend"), 14271)


def test_the_watch_reaches_the_agents_and_nothing_else() -> None:
    """And no other pod of the release reaches their admin ports."""
    policies = policies_of("--set", "metrics.enabled=true,watch.enabled=true")
    watch, frontend = component("sidecar-watch"), component("frontend")

    assert flows(policies, watch, frontend, 14271)
    assert not flows(policies, watch, frontend, 8080)
    assert not flows(policies, watch, component("gateway"), 1883)
    assert not flows(policies, component("backend"), frontend, 14271)


def test_every_pod_of_the_chart_has_a_policy() -> None:
    """Jobs too; none where it is switched off."""
    names = {
        each["metadata"]["name"] for each in policies_of("-f", CHART / "ci" / "jobs-values.yaml")
    }

    expected = ("frontend", "backend", "gateway", "example", "nightly", "delivery-test")
    assert {f"demo-{name}" for name in expected} == names
    assert [] == policies_of("--set", "networkPolicy.enabled=false")
