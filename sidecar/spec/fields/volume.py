"""The fields of an entry of `volumes`."""

from __future__ import annotations

from sidecar.spec import field_types as types
from sidecar.spec.scalars import Boolean
from sidecar.spec.sections import Field, Section
from sidecar.spec.service_records import Volume

VOLUME = Section(
    Volume,
    (
        Field(
            "source",
            types.VOLUME_SOURCE,
            "host path (absolute, or ./ from the spec) or a volume's name",
            None,
            "./orders.conf",
            required=True,
        ),
        Field(
            "target",
            types.VOLUME_TARGET,
            "absolute path in the container",
            None,
            "/etc/orders.conf",
            required=True,
        ),
        Field(
            "read_only", Boolean(), "whether the container can only read it", Volume.read_only, True
        ),
    ),
)
