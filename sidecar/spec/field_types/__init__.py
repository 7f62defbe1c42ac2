"""The types of a spec's own fields: names, images, hosts, ports, sizes, volumes and paths.

Each has words for the usual mistakes.
"""

from __future__ import annotations

from sidecar.spec.field_types.hosts import HOST, PORT, PUBLISH, URL_PATH
from sidecar.spec.field_types.image_names import IMAGE, MIRROR
from sidecar.spec.field_types.names import (
    ANY_NAME,
    LABEL,
    NAME,
    PORT_NAME,
    PROJECT,
    REGION,
    TARGET,
    VARIABLE,
)
from sidecar.spec.field_types.paths import CONTEXT, FILE_PATH, VOLUME, VOLUME_SOURCE, VOLUME_TARGET
from sidecar.spec.field_types.schedules import SCHEDULE, TIME_ZONE
from sidecar.spec.field_types.sizes import DURATION, MEMORY, QUANTITY
from sidecar.spec.field_types.texts import ANY_TEXT, RULE, VERSION

__all__ = [
    "ANY_NAME",
    "ANY_TEXT",
    "CONTEXT",
    "DURATION",
    "FILE_PATH",
    "HOST",
    "IMAGE",
    "LABEL",
    "MEMORY",
    "MIRROR",
    "NAME",
    "PORT",
    "PORT_NAME",
    "PROJECT",
    "PUBLISH",
    "QUANTITY",
    "REGION",
    "RULE",
    "SCHEDULE",
    "TARGET",
    "TIME_ZONE",
    "URL_PATH",
    "VARIABLE",
    "VERSION",
    "VOLUME",
    "VOLUME_SOURCE",
    "VOLUME_TARGET",
]
