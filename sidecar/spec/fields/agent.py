"""The fields of `agent`: what runs as a sidecar of each service."""

from __future__ import annotations

from sidecar.spec import constraints
from sidecar.spec import field_types as types
from sidecar.spec.containers import Data
from sidecar.spec.fields.agent_pods import OF_AGENTS
from sidecar.spec.fields.resources import RESOURCES
from sidecar.spec.records import AGENT_KINDS, COLLECTOR, JAEGER_AGENT, VERSIONS, AgentSettings
from sidecar.spec.scalars import Choice, Integer
from sidecar.spec.sections import Field, Section

AGENT = Section(
    AgentSettings,
    (
        Field(
            "kind",
            Choice(AGENT_KINDS),
            "what runs as a sidecar of each service",
            AgentSettings.kind,
            AGENT_KINDS[0],
        ),
        Field(
            "version",
            types.VERSION,
            (
                f"version; {VERSIONS[JAEGER_AGENT]} of the jaeger-agent, "
                f"{VERSIONS[COLLECTOR]} of the collector, if not given"
            ),
            None,
            "1.35.0",
        ),
        Field(
            "image",
            types.IMAGE,
            "image instead of the official one of the version",
            None,
            "registry.example.com/jaeger-agent:1.62.0",
            from_environment=False,
        ),
        Field(
            "resources",
            RESOURCES,
            "limits of each agent; memory follows from the capacity if not given",
        ),
        Field(
            "kubernetes",
            OF_AGENTS,
            "settings of what the kit adds in a cluster, as Kubernetes names them",
        ),
        Field(
            "tcp_retries",
            Integer(3, 15, "a number of TCP's retries"),
            "retries before a connection without an answer ends; the kernel's 15 if not given",
            None,
            5,
            from_environment=False,
        ),
        Field(
            "buffer",
            types.DURATION,
            "longest outage of the gateway that a collector bridges on disk; 30m if not given",
            None,
            "2h",
            attribute="buffer_s",
            from_environment=False,
        ),
        Field(
            "disk",
            types.MEMORY,
            "largest size of a collector's queue, such as 512m or 2g; follows from the capacity",
            None,
            "2g",
            attribute="disk_mib",
            from_environment=False,
        ),
        Field(
            "collector",
            Data(),
            "merged into a collector's configuration: maps by key, all else replaced",
            None,
            {"exporters": {"otlp_grpc": {"compression": "none"}}},
            from_environment=False,
        ),
        Field(
            "canary",
            Choice((COLLECTOR,)),
            "gets a copy of each packet, which `sidecar verify` compares; only in the region local",
            None,
            COLLECTOR,
            from_environment=False,
        ),
    ),
    constraints=(constraints.fits_kind,),
    conditions=constraints.kind_conditions(),
)
