"""What preflight takes from a plan: agents send to the gateway, collectors to a forwarder."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.plan import make_plan
from sidecar.plan.collector_sizes import SPANS_PER_CALL
from sidecar.preflight.candidates import agent_facts, of_plan
from sidecar.regions import load_regions
from sidecar.rules.agents import STOCK_BATCH
from sidecar.spec import AgentSettings, GatewaySettings, Spec

REGIONS = load_regions()
HOST = "tracing-analysis-dc-sh.aliyuncs.com"


def candidate(kind, **gateway):
    spec = Spec(
        region="cn-shanghai", agent=AgentSettings(kind=kind), gateway=GatewaySettings(**gateway)
    )
    plan = make_plan(spec, REGIONS["cn-shanghai"])
    return plan, of_plan(plan, Path("build"), 2000, REGIONS, "compose")


@pytest.mark.parametrize(
    ("kind", "settings", "expected"),
    [
        ("jaeger-agent", {}, (1883, False, True, STOCK_BATCH)),
        ("collector", {}, (8090, False, True, SPANS_PER_CALL)),
        ("collector", {"protocol": "otlp-http"}, (80, False, False, SPANS_PER_CALL)),
        ("collector", {"protocol": "otlp-http", "tls": True}, (443, True, False, SPANS_PER_CALL)),
    ],
)
def test_the_gateway_is_that_of_the_kind(kind, settings, expected):
    """Its port, its protocol, and how many spans a call carries."""
    _, found = candidate(kind, **settings)
    agent = found.agent

    assert HOST == agent.gateway.host
    assert expected == (agent.gateway.port, agent.tls, agent.is_http2, agent.spans_per_call)


def test_every_image_of_collectors_is_looked_for():
    """The collector's own, and the kit's: forwarder, volumes, probe."""
    plan, found = candidate("collector")

    assert {plan.services[0].agent.image.name, plan.forwarder.image.name} <= set(found.images)


def test_a_forwarders_arguments_are_read():
    """As in a folder or a pod that runs already."""
    found = agent_facts(["--gateway=h.example:8090", "--protocol=grpcs", "--calls=8"])

    assert ("h.example:8090", True, 8) == (str(found.gateway), found.tls, found.workers)
