"""The table of all fields of a spec: what is read, shown as JSON Schema, written by init, told in docs/spec.md.

Descriptions are one line each, for a user who has never seen the kit.
"""

from __future__ import annotations

from sidecar.regions import NETWORKS
from sidecar.spec import rules, terms
from sidecar.spec.kinds import Boolean, Choice, Integer, Number
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
    Resources,
    Sampling,
    Service,
    Spec,
    Volume,
)
from sidecar.spec.shapes import Either, Field, ListOf, MapOf, Record

_VARIABLES = MapOf(terms.VARIABLE, terms.ANY_TEXT, "Give VARIABLE: text below it")

RESOURCES = Record(
    Resources,
    (
        Field(
            "memory",
            terms.MEMORY,
            "most memory, as 256m or 1g; a number alone is MiB",
            None,
            "256m",
            attribute="memory_mib",
        ),
        Field("cpus", Number(0.01, 512, "a number of CPUs"), "most CPUs", None, 0.5),
    ),
)
BUILD = Record(
    Build,
    (
        Field(
            "context",
            terms.CONTEXT,
            "folder to build from, relative to the spec, or a repository's address",
            None,
            "./orders",
            required=True,
        ),
        Field(
            "dockerfile",
            terms.FILE_PATH,
            "Dockerfile, relative to the context; Dockerfile if not given",
            None,
            "deploy/Dockerfile",
        ),
        Field("target", terms.TARGET, "stage to build; the last if not given", None, "runtime"),
        Field(
            "args",
            _VARIABLES,
            "build arguments; they stay in the image's history, so no secrets",
            None,
            {"PYTHON": "3.12"},
        ),
    ),
)
VOLUME = Record(
    Volume,
    (
        Field(
            "source",
            terms.VOLUME_SOURCE,
            "host path (absolute, or ./ from the spec) or a volume's name",
            None,
            "./orders.conf",
            required=True,
        ),
        Field(
            "target",
            terms.VOLUME_TARGET,
            "absolute path in the container",
            None,
            "/etc/orders.conf",
            required=True,
        ),
        Field("read_only", Boolean(), "whether the container can only read it", False, True),
    ),
)
_SECONDS = Integer(1, 86_400, "a time in seconds")
HEALTH = Record(
    HealthCheck,
    (
        Field(
            "command",
            ListOf(terms.ANY_TEXT, 1),
            "program and arguments, run in the container",
            None,
            ["python", "-m", "orders.check"],
        ),
        Field(
            "http",
            terms.URL_PATH,
            "path that answers 2xx; asked on `port` with the image's own python",
            None,
            "/healthz",
        ),
        Field("interval_s", _SECONDS, "seconds between two checks", 5, 10),
        Field("timeout_s", _SECONDS, "seconds until a check has failed", 3, 2),
        Field(
            "retries",
            Integer(1, 1000, "a number of retries"),
            "failures in a row that make it unhealthy",
            5,
            3,
        ),
        Field(
            "start_period_s",
            Integer(0, 86_400, "a time in seconds"),
            "seconds at the start in which failures do not count",
            30,
            60,
        ),
    ),
    one_of=("command", "http"),
)
SAMPLING = Record(
    Sampling,
    (
        Field("type", Choice(SAMPLERS), "sampler of the client", "const", "probabilistic"),
        Field(
            "param",
            Number(0, 1e9, "a sampler's parameter"),
            "const: 0 or 1; probabilistic and remote: a share; ratelimiting: traces/s",
            1,
            0.1,
        ),
    ),
    rules=(rules.fits_sampler,),
)
SERVICE = Record(
    Service,
    (
        Field(
            "name",
            terms.NAME,
            "name, also as host; its agent is NAME-agent",
            None,
            "orders",
            required=True,
        ),
        Field(
            "image",
            terms.IMAGE,
            "image to run; either this or build",
            None,
            "registry.example.com/orders:1.4.2",
        ),
        Field("build", BUILD, "how to build the image; either this or image"),
        Field("port", terms.PORT, "port that it listens on; none for a worker", None, 8000),
        Field(
            "publish",
            terms.PUBLISH,
            'host port on 127.0.0.1, or "ADDRESS:PORT"; replicas take the next ones, too',
            None,
            8000,
        ),
        Field(
            "replicas",
            Integer(1, 1000, "a number of replicas"),
            "how many run; Compose puts one agent beside them all",
            1,
            3,
        ),
        Field(
            "command",
            ListOf(terms.ANY_TEXT, 1),
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
            ListOf(terms.FILE_PATH),
            "files of variables, relative to the spec; later wins",
            [],
            ["./orders.env"],
        ),
        Field(
            "volumes",
            ListOf(Either(terms.VOLUME, VOLUME), rules=(rules.own_targets,)),
            "what is mounted: SOURCE:TARGET[:ro], or a map",
            [],
            ["./orders.conf:/etc/orders.conf:ro"],
        ),
        Field("resources", RESOURCES, "limits of each replica"),
        Field("health", HEALTH, "how to tell that it answers; the image's own if not given"),
        Field(
            "sampling",
            SAMPLING,
            "which traces are reported; if not given the client's own, in sidecar_tracing every trace",
        ),
    ),
    one_of=("image", "build"),
    rules=(rules.needs_port,),
)
GATEWAY = Record(
    GatewayWish,
    (
        Field(
            "network",
            Choice(NETWORKS),
            "public: from anywhere; vpc: inside the region's VPC only",
            "public",
            "vpc",
            flag="--network",
        ),
        Field(
            "port", terms.PORT, "port for Jaeger's gRPC; the catalogue's if not given", None, 1883
        ),
        Field(
            "tls",
            Boolean(),
            "whether agents speak TLS to it; needs an agent from 1.18.0",
            False,
            True,
        ),
        Field(
            "host",
            terms.HOST,
            "host instead of the region's; outside the catalogue it must be in allow, too",
            None,
            "gateway.example.com",
        ),
        Field(
            "allow",
            ListOf(terms.HOST),
            "hosts outside the catalogue that a token may go to",
            [],
            ["gateway.example.com"],
        ),
    ),
)
AGENT = Record(
    Agent,
    (
        Field(
            "kind",
            Choice(AGENT_KINDS),
            "what runs beside a service",
            "jaeger-agent",
            "jaeger-agent",
        ),
        Field(
            "version",
            terms.VERSION,
            "version, 1.15.0 to 1.62.0; its flags follow",
            "1.62.0",
            "1.35.0",
        ),
        Field(
            "image",
            terms.IMAGE,
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
    ),
)
IMAGES = Record(
    Images,
    (
        Field(
            "prefix",
            terms.MIRROR,
            "mirror's name before the official names of base and agent",
            "",
            "mirror.example.com/dockerhub/",
        ),
        Field(
            "source",
            Choice(IMAGE_SOURCES),
            "what `sidecar images` does: pull, build from source, or whatever works",
            "auto",
            "build",
        ),
    ),
)
CAPACITY = Record(
    Capacity,
    (
        Field(
            "spans_per_second",
            Integer(1, 1_000_000, "a rate"),
            "spans/s of one replica at its peak",
            2000,
            5000,
        ),
        Field(
            "round_trip_ms",
            Integer(1, 60_000, "a round trip in ms"),
            "time of a call to the gateway, in ms",
            200,
            30,
        ),
    ),
)
SPEC = Record(
    Spec,
    (
        Field(
            "region",
            terms.REGION,
            "region id, see `sidecar regions`",
            None,
            "cn-shanghai",
            flag="--region",
        ),
        Field(
            "name",
            terms.PROJECT,
            "Compose project; services-REGION if not given, sidecar-REGION for the sample",
            None,
            "shop",
        ),
        Field("gateway", GATEWAY, "where spans go"),
        Field(
            "services",
            ListOf(SERVICE, 1, named=True, rules=(rules.own_names, rules.own_ports)),
            "services to trace; the sample's if not given",
        ),
        Field("agent", AGENT, "the agent beside each service"),
        Field("images", IMAGES, "where images come from"),
        Field("capacity", CAPACITY, "what one replica reports; agents are sized for it"),
    ),
)
