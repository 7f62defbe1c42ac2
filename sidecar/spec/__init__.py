"""The spec: what a user asks for. `records` holds it, `fields` describes it, `load` reads it."""

from sidecar.spec.records import (
    AGENT_KINDS,
    IMAGE_SOURCES,
    SAMPLERS,
    Agent,
    Build,
    Capacity,
    GatewayWish,
    HealthCheck,
    Images,
    Publish,
    Resources,
    Sampling,
    Service,
    Spec,
    Volume,
    require_region,
)

__all__ = [
    "AGENT_KINDS",
    "IMAGE_SOURCES",
    "SAMPLERS",
    "Agent",
    "Build",
    "Capacity",
    "GatewayWish",
    "HealthCheck",
    "Images",
    "Publish",
    "Resources",
    "Sampling",
    "Service",
    "Spec",
    "Volume",
    "require_region",
]
