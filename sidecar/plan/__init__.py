"""The plan: all settings of a deployment. It is frozen, and the only input of a target."""

from sidecar.plan.decide import make_plan
from sidecar.plan.records import (
    BARE_FILE,
    DIRECT,
    SERVICE_USER,
    TOKEN_FILE,
    AgentPlan,
    ForwarderPlan,
    ImagePlan,
    Plan,
    ServicePlan,
    StandInPlan,
)
from sidecar.plan.relays import RelayPlan
from sidecar.plan.services import sample_services
from sidecar.rendering import LOCAL_BARE_FILE, LOCAL_TOKEN_FILE

__all__ = [
    "BARE_FILE",
    "DIRECT",
    "LOCAL_BARE_FILE",
    "LOCAL_TOKEN_FILE",
    "SERVICE_USER",
    "TOKEN_FILE",
    "AgentPlan",
    "ForwarderPlan",
    "ImagePlan",
    "Plan",
    "RelayPlan",
    "ServicePlan",
    "StandInPlan",
    "make_plan",
    "sample_services",
]
