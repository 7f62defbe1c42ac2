"""The fields of an entry of `services`."""

from __future__ import annotations

from sidecar.spec import constraints, kinds, stacks
from sidecar.spec import field_types as types
from sidecar.spec.containers import Either, ListOf, MapOf
from sidecar.spec.fields.build import BUILD
from sidecar.spec.fields.health import HEALTH
from sidecar.spec.fields.job import JOB
from sidecar.spec.fields.kubernetes import KUBERNETES
from sidecar.spec.fields.resources import RESOURCES
from sidecar.spec.fields.sampling import SAMPLING
from sidecar.spec.fields.variables import VARIABLES
from sidecar.spec.fields.volume import VOLUME
from sidecar.spec.scalars import Boolean, Choice, Integer
from sidecar.spec.sections import Field, Section
from sidecar.spec.service_records import SERVICE_KINDS, Service

_OVERRIDE = "put it into a docker-compose.override.yml next to the rendering"
_OF_COMPOSE = (
    (
        "depends_on",
        f"Let it retry; for Compose, {_OVERRIDE}; for a cluster, use kubernetes.initContainers",
    ),
    ("entrypoint", f"`command` follows the image's own; for Compose alone, {_OVERRIDE}"),
    ("restart", "It follows from kind: service, worker, job or cron"),
    ("deploy", "Give replicas and resources"),
    *(
        (key, f"For Compose alone, {_OVERRIDE}")
        for key in ("networks", "labels", "secrets", "user")
    ),
)
"""Keys of a service in a Compose file → what a spec has instead."""

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
            "kind",
            Choice(SERVICE_KINDS),
            "service and worker run until they are stopped; job and cron run to their end",
            Service.kind,
            "job",
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
            "ports",
            MapOf(types.PORT_NAME, types.PORT, "Give NAME: PORT below it"),
            "more ports that it listens on, by name",
            None,
            {"metrics": 9000},
        ),
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
            "how many run; 1, or as an autoscaler decides, if not given; share an agent in Compose",
            None,
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
            VARIABLES,
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
        Field("job", JOB, "how a job runs, or each job that a cron starts"),
        Field("resources", RESOURCES, "limits of each replica"),
        Field(
            "stop_grace",
            types.DURATION,
            "how long it may take to stop; in Compose 30s and in a cluster 60s if not given",
            None,
            "2m",
            attribute="stop_grace_s",
        ),
        Field(
            "read_only_root",
            Boolean(),
            "whether it can write only to its volumes and to /tmp, which is in memory",
            Service.read_only_root,
            True,
        ),
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
            "kubernetes",
            KUBERNETES,
            "settings for a cluster only, as Kubernetes names them; Compose ignores them",
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
    replaced=kinds.SCALED,
    fixes=_OF_COMPOSE,
    constraints=(kinds.fits_kind, constraints.own_port_names),
    conditions=tuple(kinds.conditions()),
)
