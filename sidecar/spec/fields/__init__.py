"""The table of all fields of a spec, from which a spec is read. One module per section.

The JSON Schema, the comments of `sidecar init` and the table of docs/spec.md are made from it.
Descriptions are one line each, for a user who has never seen the kit.
"""

from __future__ import annotations

from sidecar.spec import constraints, stacks
from sidecar.spec import field_types as types
from sidecar.spec.containers import ListOf
from sidecar.spec.fields.agent import AGENT
from sidecar.spec.fields.capacity import CAPACITY
from sidecar.spec.fields.gateway import GATEWAY
from sidecar.spec.fields.images import IMAGES
from sidecar.spec.fields.relay import RELAY
from sidecar.spec.fields.service import SERVICE
from sidecar.spec.records import Spec
from sidecar.spec.scalars import Boolean
from sidecar.spec.sections import Field, Section

SPEC = Section(
    Spec,
    (
        Field(
            "region",
            types.REGION,
            "region id, see `sidecar regions`",
            None,
            "cn-shanghai",
            flag="--region",
        ),
        Field(
            "name",
            types.PROJECT,
            "Compose project; services-REGION if not given, sidecar-REGION for the sample",
            None,
            "shop",
        ),
        Field("gateway", GATEWAY, "where spans go"),
        Field(
            "compose",
            ListOf(types.FILE_PATH, 1),
            "your own Compose files, relative to the spec, which get an overlay with agents",
            None,
            ["docker-compose.yml"],
        ),
        Field(
            "services",
            ListOf(SERVICE, 1, named=True, constraints=(constraints.own_ports,)),
            "services to trace; the sample's if not given; with compose, those that show tracing",
        ),
        Field("agent", AGENT, "the agent of each service"),
        Field(
            "relay", RELAY, "collectors with persistent volumes between pods and gateway; Helm only"
        ),
        Field("images", IMAGES, "where images come from"),
        Field("capacity", CAPACITY, "what one replica reports; agents are sized for it"),
        Field(
            "ignore",
            ListOf(types.RULE),
            "ids of warnings that validate does not show, see docs/checks.md",
            [],
            ["floating-image-tag"],
        ),
        Field(
            "watch",
            Boolean(),
            "whether a container watches the agents' counters, and shows losses by its health",
            Spec.watch,
            True,
        ),
        Field(
            "monitoring",
            Boolean(),
            "whether to render files for Prometheus and Grafana, and a network to the agents",
            Spec.monitoring,
            True,
        ),
    ),
    constraints=(stacks.fits_stack,),
)
