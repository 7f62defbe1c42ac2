"""What a comparison of a stack before and after an overlay takes for a difference."""

from copy import deepcopy
from types import SimpleNamespace

import pytest

from sidecar.inject.compose.compare import differences
from sidecar.targets.compose import Names
from sidecar.targets.overlay import NEVER, Change, Overlay, Override

BEFORE = {
    "name": "shop",
    "services": {
        "web": {
            "image": "web:1",
            "environment": {"JAEGER_AGENT_HOST": "agent", "A": "1"},
            "depends_on": {"agent": {}, "db": {}},
            "networks": {"default": None},
        },
        "db": {"image": "postgres:16", "networks": {"default": None}},
        "agent": {"image": "agent:1", "networks": {"old": None}},
    },
    "networks": {"default": {"name": "shop_default"}, "old": {"name": "shop_old"}},
}
OVERLAY = Overlay(
    files=("docker-compose.yml",),
    changes=(
        Change(
            "web",
            {
                "environment": {"JAEGER_AGENT_HOST": "web-agent"},
                "depends_on": Override({"db": {}, "web-agent": {}}),
                "networks": {"default": None, "web-tracing": None},
                "labels": {"sidecar-kit.role": "service"},
            },
        ),
        Change("agent", {"profiles": Override([NEVER])}),
    ),
    agents=(SimpleNamespace(containers=("web-agent",), networks=("web-tracing",)),),
    names=Names("tracing-gateway", "tracing-page", "tracing-agent", "tracing-expected"),
)
AFTER = {
    "name": "shop",
    "services": {
        "web": {
            "image": "web:1",
            "environment": {"JAEGER_AGENT_HOST": "web-agent", "A": "1"},
            "depends_on": {"db": {}, "web-agent": {}},
            "networks": {"default": None, "web-tracing": None},
            "labels": {"sidecar-kit.role": "service"},
        },
        "db": {"image": "postgres:16", "networks": {"default": None}},
        "web-agent": {"image": "agent:2"},
    },
    "networks": {
        "default": {"name": "shop_default"},
        "web-tracing": {"internal": True},
        "tracing-gateway": {},
    },
    "secrets": {"tracing-agent": {"file": "x"}},
    "x-sidecar": {},
}


def test_what_the_overlay_adds_and_lets_go_is_no_difference():
    """Agents, their networks and variables, and the old agent with its network are expected."""
    assert [] == differences(BEFORE, AFTER, OVERLAY)


CHANGES = {
    "services.web.environment": lambda after: after["services"]["web"]["environment"].pop("A"),
    "services.web.image": lambda after: after["services"]["web"].update(image="web:2"),
    "services.web.depends_on": lambda after: after["services"]["web"]["depends_on"].pop("db"),
    "services.web.networks": lambda after: after["services"]["web"]["networks"].pop("default"),
    "services.db.labels": lambda after: after["services"]["db"].update(labels={"a": "b"}),
    "services.db": lambda after: after["services"].pop("db"),
    "services.more": lambda after: after["services"].update(more={}),
    "networks.default.name": lambda after: after["networks"]["default"].update(name="x"),
    "volumes": lambda after: after.update(volumes={"data": {}}),
    "name": lambda after: after.update(name="other"),
}


@pytest.mark.parametrize("path", CHANGES)
def test_a_further_difference_is_found(path):
    """Whatever else differs is named by its path, without values."""
    after = deepcopy(AFTER)
    CHANGES[path](after)

    assert [path] == differences(BEFORE, after, OVERLAY)
