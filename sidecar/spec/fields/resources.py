"""The fields of a container's limits, a service's or an agent's."""

from __future__ import annotations

from sidecar.spec import field_types as types
from sidecar.spec.scalars import Number
from sidecar.spec.sections import Field, Section
from sidecar.spec.service_records import Resources

_OF_CLUSTERS = "Give it in kubernetes.resources, which stands beside resources"
RESOURCES = Section(
    Resources,
    (
        Field(
            "memory",
            types.MEMORY,
            "memory limit, such as 256m or 1g; a number without a unit is MiB",
            None,
            "256m",
            attribute="memory_mib",
        ),
        Field("cpus", Number(0.01, 512, "a number of CPUs"), "CPU limit", None, 0.5),
    ),
    fixes=tuple((key, _OF_CLUSTERS) for key in ("requests", "limits")),
)
