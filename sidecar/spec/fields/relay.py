"""The fields of `relay`: collectors between those of the pods and the gateway."""

from __future__ import annotations

from sidecar.spec import field_types as types
from sidecar.spec.fields.agent_pods import OF_RELAYS
from sidecar.spec.records import RelaySettings
from sidecar.spec.scalars import Integer
from sidecar.spec.sections import Field, Section

RELAY = Section(
    RelaySettings,
    (
        Field(
            "replicas",
            Integer(1, 100, "a number of relays"),
            f"how many share what all services send; {RelaySettings.replicas} if not given",
            None,
            3,
            from_environment=False,
        ),
        Field(
            "buffer",
            types.DURATION,
            "longest outage of the gateway that they bridge; agent.buffer if not given",
            None,
            "2h",
            attribute="buffer_s",
            from_environment=False,
        ),
        Field(
            "storage",
            types.MEMORY,
            "size of each relay's volume, such as 20g; follows from the capacity if not given",
            None,
            "20g",
            attribute="storage_mib",
            from_environment=False,
        ),
        Field("kubernetes", OF_RELAYS, "settings of the relays, as Kubernetes names them"),
    ),
)
