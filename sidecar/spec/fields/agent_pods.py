"""What a cluster gives to the containers that the kit adds, under Kubernetes' own names."""

from __future__ import annotations

from dataclasses import replace

from sidecar.spec import field_types as types
from sidecar.spec.containers import MapOf
from sidecar.spec.fields.kubernetes import settings
from sidecar.spec.scalars import PatternText
from sidecar.spec.sections import Field, Section

_KIND = PatternText("requests|limits", "requests or limits", "Give one or both of them")
_NAME = replace(types.LABEL, what="a resource", fix="Give cpu, memory or ephemeral-storage")
_AMOUNTS = MapOf(_NAME, types.QUANTITY, _NAME.fix)
_RESOURCES = MapOf(_KIND, _AMOUNTS, _KIND.fix)


def _resources(name: str, of: str, example: dict[str, dict[str, str]]) -> Field:
    return Field(
        name, _RESOURCES, f"requests and limits of {of}; the kit's if not given", None, example
    )


OF_AGENTS = Section(
    settings,
    (
        _resources(
            "resources",
            "each agent, and of what waits before it",
            {"requests": {"cpu": "50m", "memory": "128Mi"}},
        ),
        _resources(
            "drainResources",
            "what waits until a stopping collector's queue is empty",
            {"requests": {"memory": "16Mi"}},
        ),
        _resources("forwarderResources", "the forwarder", {"limits": {"cpu": "1"}}),
        _resources(
            "canaryResources",
            "a canary's collector, and of the copier",
            {"limits": {"memory": "512Mi"}},
        ),
    ),
)
OF_RELAYS = Section(settings, (_resources("resources", "each relay", {"limits": {"cpu": "2"}}),))
