"""The table of all fields of a spec, from which a spec is read.

The JSON Schema, the comments of `sidecar init` and the table of docs/spec.md are made from it.
Descriptions are one line each, for a user who has never seen the kit.
"""

from __future__ import annotations

from sidecar.regions import NETWORKS
from sidecar.rules.clients import SAMPLERS
from sidecar.rules.gateways import GRPC_PORT
from sidecar.spec import constraints, stacks
from sidecar.spec import field_types as types
from sidecar.spec.containers import Data, Either, ListOf, MapOf
from sidecar.spec.records import (
    AGENT_KINDS,
    COLLECTOR,
    IMAGE_SOURCES,
    JAEGER_AGENT,
    OTLP_HTTP,
    OTLP_PROTOCOLS,
    VERSIONS,
    AgentSettings,
    Build,
    Capacity,
    GatewaySettings,
    HealthCheck,
    ImageSettings,
    RelaySettings,
    Resources,
    Sampling,
    Service,
    Spec,
    Volume,
)
from sidecar.spec.scalars import Boolean, Choice, Integer, Number
from sidecar.spec.sections import Field, Section

_VARIABLES = MapOf(types.VARIABLE, types.ANY_TEXT, "Give VARIABLE: text below it")

RESOURCES = Section(
    Resources,
    (
        Field(
            "memory",
            types.MEMORY,
            "most memory, as 256m or 1g; a number without a unit is MiB",
            None,
            "256m",
            attribute="memory_mib",
        ),
        Field("cpus", Number(0.01, 512, "a number of CPUs"), "most CPUs", None, 0.5),
    ),
)
BUILD = Section(
    Build,
    (
        Field(
            "context",
            types.CONTEXT,
            "folder to build from, relative to the spec, or a repository's address",
            None,
            "./orders",
            required=True,
        ),
        Field(
            "dockerfile",
            types.FILE_PATH,
            "Dockerfile, relative to the context; Dockerfile if not given",
            None,
            "deploy/Dockerfile",
        ),
        Field("target", types.TARGET, "stage to build; the last if not given", None, "runtime"),
        Field(
            "args",
            _VARIABLES,
            "build arguments; they stay in the image's history, so no secrets",
            None,
            {"PYTHON": "3.12"},
        ),
    ),
)
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
_SECONDS = Integer(1, 86_400, "a time in seconds")
HEALTH = Section(
    HealthCheck,
    (
        Field(
            "command",
            ListOf(types.ANY_TEXT, 1),
            "program and arguments, run in the container",
            None,
            ["python", "-m", "orders.check"],
        ),
        Field(
            "http",
            types.URL_PATH,
            "path that answers 2xx; requested on `port` with the image's python",
            None,
            "/healthz",
        ),
        Field("interval_s", _SECONDS, "seconds between two checks", HealthCheck.interval_s, 10),
        Field("timeout_s", _SECONDS, "seconds after which a check fails", HealthCheck.timeout_s, 2),
        Field(
            "retries",
            Integer(1, 1000, "a number of retries"),
            "failures in a row that make it unhealthy",
            HealthCheck.retries,
            3,
        ),
        Field(
            "start_period_s",
            Integer(0, 86_400, "a time in seconds"),
            "seconds at the start in which failures do not count",
            HealthCheck.start_period_s,
            60,
        ),
    ),
    one_of=("command", "http"),
)
SAMPLING = Section(
    Sampling,
    (
        Field("type", Choice(SAMPLERS), "sampler of the client", Sampling.type, "probabilistic"),
        Field(
            "param",
            Number(0, 1e9, "a sampler's parameter"),
            "const: 0 or 1; probabilistic and remote: a share; ratelimiting: traces/s",
            Sampling.param,
            0.1,
        ),
    ),
    constraints=(constraints.fits_sampler,),
)
SERVICE = Section(
    Service,
    (
        Field(
            "name",
            types.ANY_NAME,
            "name, also as host; its agent is NAME-agent",
            None,
            "orders",
            required=True,
        ),
        Field(
            "image",
            types.IMAGE,
            "image to run; either this or build",
            None,
            "registry.example.com/orders:1.4.2",
        ),
        Field("build", BUILD, "how to build the image; either this or image"),
        Field("port", types.PORT, "port that it listens on; none for a worker", None, 8000),
        Field(
            "publish",
            types.PUBLISH,
            'host port on 127.0.0.1, or "ADDRESS:PORT"; replicas take the next ones, too',
            None,
            8000,
        ),
        Field(
            "replicas",
            Integer(1, 1000, "a number of replicas"),
            "how many run; in Compose they share one agent",
            Service.replicas,
            3,
        ),
        Field(
            "command",
            ListOf(types.ANY_TEXT, 1),
            "program and arguments; the image's own if not given",
            None,
            ["gunicorn", "orders:app"],
        ),
        Field(
            "environment",
            _VARIABLES,
            "variables; they win over the kit's own",
            None,
            {"LOG_LEVEL": "info"},
        ),
        Field(
            "env_files",
            ListOf(types.FILE_PATH),
            "files of variables, relative to the spec; later wins",
            [],
            ["./orders.env"],
        ),
        Field(
            "volumes",
            ListOf(Either(types.VOLUME, VOLUME), constraints=(constraints.own_targets,)),
            "what is mounted: SOURCE:TARGET[:ro], or a map",
            [],
            ["./orders.conf:/etc/orders.conf:ro"],
        ),
        Field("resources", RESOURCES, "limits of each replica"),
        Field("health", HEALTH, "how to tell that it is healthy; the image's own if not given"),
        Field(
            "sampling",
            SAMPLING,
            (
                "which traces are reported; if not given the client's own, in sidecar_tracing "
                "every trace"
            ),
        ),
        Field(
            "ignore",
            ListOf(types.RULE),
            "ids of warnings about this service that validate does not show",
            [],
            ["replicas-publish-ports"],
        ),
    ),
    one_of=stacks.IMAGE_OR_BUILD,
    one_needed=False,
    constraints=(constraints.needs_port,),
)
GATEWAY = Section(
    GatewaySettings,
    (
        Field(
            "network",
            Choice(NETWORKS),
            "public: from anywhere; vpc: inside the region's VPC only",
            GatewaySettings.network,
            "vpc",
            flag="--network",
        ),
        Field(
            "port",
            types.PORT,
            "port for Jaeger's gRPC; the catalogue's if not given",
            None,
            GRPC_PORT,
        ),
        Field(
            "tls",
            Boolean(),
            "whether agents use TLS; needs agent 1.18.0 or later",
            GatewaySettings.tls,
            True,
        ),
        Field(
            "protocol",
            Choice(OTLP_PROTOCOLS),
            "how collectors' spans go; otlp-http: port 80, with tls 443; otlp-grpc if not given",
            None,
            OTLP_HTTP,
        ),
        Field(
            "host",
            types.HOST,
            "host instead of the region's; outside the catalogue it must be in allow, too",
            None,
            "gateway.example.com",
        ),
        Field(
            "allow",
            ListOf(types.HOST),
            "hosts outside the catalogue that a token may go to",
            [],
            ["gateway.example.com"],
        ),
    ),
)
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
            "how long an outage of the gateway a collector holds on disk; 30m if not given",
            None,
            "2h",
            attribute="buffer_s",
            from_environment=False,
        ),
        Field(
            "disk",
            types.MEMORY,
            "most space of a collector's queue, as 512m or 2g; follows from the capacity",
            None,
            "2g",
            attribute="disk_mib",
            from_environment=False,
        ),
        Field(
            "collector",
            Data(),
            "what is laid over a collector's configuration: maps by key, all else replaced",
            None,
            {"exporters": {"otlp_grpc": {"compression": "none"}}},
            from_environment=False,
        ),
        Field(
            "canary",
            Choice((COLLECTOR,)),
            "what gets a copy of each packet, for `sidecar verify` to compare, in the region local",
            None,
            COLLECTOR,
            from_environment=False,
        ),
    ),
    constraints=(constraints.fits_kind,),
)
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
            "how long an outage of the gateway they hold; agent.buffer if not given",
            None,
            "2h",
            attribute="buffer_s",
            from_environment=False,
        ),
        Field(
            "storage",
            types.MEMORY,
            "size of each one's volume, as 20g; follows from the capacity if not given",
            None,
            "20g",
            attribute="storage_mib",
            from_environment=False,
        ),
    ),
)
IMAGES = Section(
    ImageSettings,
    (
        Field(
            "prefix",
            types.MIRROR,
            "mirror's name, put before the official names of base and agent",
            ImageSettings.prefix,
            "mirror.example.com/dockerhub/",
        ),
        Field(
            "source",
            Choice(IMAGE_SOURCES),
            "what `sidecar images` does: pull, build from source, or whatever works",
            ImageSettings.source,
            "build",
        ),
    ),
)
CAPACITY = Section(
    Capacity,
    (
        Field(
            "spans_per_second",
            Integer(1, 1_000_000, "a rate"),
            "spans/s of one replica at its peak",
            Capacity.spans_per_second,
            5000,
        ),
        Field(
            "round_trip_ms",
            Integer(1, 60_000, "a round trip in ms"),
            "time of a call to the gateway, in ms",
            Capacity.round_trip_ms,
            30,
        ),
    ),
)
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
            "services to trace; the sample's if not given; of compose, those that show it",
        ),
        Field("agent", AGENT, "the agent of each service"),
        Field("relay", RELAY, "collectors on volumes of their own before the gateway; Helm only"),
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
