"""The records of a spec's services, frozen, with the defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sidecar.rules.services import HealthTiming

if TYPE_CHECKING:
    from collections.abc import Mapping

HIGHEST_PORT = 65535
LOOPBACK = "127.0.0.1"
SERVICE, WORKER, JOB, CRON = "service", "worker", "job", "cron"
SERVICE_KINDS = (SERVICE, WORKER, JOB, CRON)
ENDING = (JOB, CRON)
"""Kinds that run to their end."""
CONCURRENCY = ("forbid", "allow", "replace")
"""Of a cron, the usual one first."""


@dataclass(frozen=True)
class Build:
    """How a service's image is built; paths are relative to the spec's folder."""

    context: str
    """A folder, or the address of a repository."""
    dockerfile: str | None = None
    target: str | None = None
    args: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_remote(self) -> bool:
        """Whether the context is a repository's address."""
        return "://" in self.context or self.context.startswith("git@")


@dataclass(frozen=True)
class Publish:
    """Where on the host a service's port is reached."""

    port: int
    """The first of as many ports as there are replicas."""
    host: str = LOOPBACK
    """An IPv4 address, or an IPv6 address without brackets."""

    def ports(self, replicas: int) -> range:
        """Return the host's ports that the replicas take."""
        return range(self.port, self.port + replicas)


@dataclass(frozen=True)
class Volume:
    """A folder or file of the host, or a named volume."""

    source: str
    """A path (absolute, or ./ and ../ from the spec's folder), or a volume's name."""
    target: str
    """Absolute, inside the container."""
    read_only: bool = False

    @property
    def named(self) -> bool:
        """Whether the source is the name of a volume, not a path."""
        return not self.source.startswith((".", "/"))


@dataclass(frozen=True)
class Resources:
    """Limits of one container."""

    memory_mib: int | None = None
    """None: the kit's own where it knows the image, else none."""
    cpus: float | None = None


NO_LIMITS = Resources()


@dataclass(frozen=True)
class HealthCheck(HealthTiming):
    """How to tell that a service is healthy: by a command in its container, or a path it serves."""

    command: tuple[str, ...] = ()
    http: str | None = None
    """A path such as /healthz; fetched on the service's port by the image's own `python`."""
    ready: str | None = None
    """The same of whether it takes requests now; None: whenever it is healthy."""


@dataclass(frozen=True)
class Sampling:
    """Which traces a service reports; the client reads JAEGER_SAMPLER_TYPE and …_PARAM."""

    type: str = "const"
    param: float = 1
    """const: 0 or 1; probabilistic: a share, 0-1; ratelimiting: traces per second.

    remote: the share that holds until the agent sends another.
    """


@dataclass(frozen=True)
class JobSettings:
    """How a job runs, or each job that a cron starts."""

    retries: int = 0
    """How often it runs again after it has failed."""
    deadline_s: int | None = None
    """When it is ended; None: never."""
    keep_s: int | None = None
    """When an ended one is removed, in a cluster; None: it stays."""
    schedule: str | None = None
    """When a cron starts one."""
    time_zone: str | None = None
    """Of the schedule; None: the cluster's."""
    concurrency: str = "forbid"
    """One of CONCURRENCY: what happens while the job before still runs."""
    starting_deadline_s: int | None = None
    """How late it may start; None: as late as it will."""
    history: int = 3
    """How many ended jobs stay, of those that succeeded and of those that failed."""


@dataclass(frozen=True)
class Service:
    """One traced service, which has an agent of its own as a sidecar."""

    name: str
    image: str | None = None
    build: Build | None = None
    """Exactly one of image and build is given; of a service that exists, neither."""
    port: int | None = None
    """The port that the service listens on inside its network; None for a worker."""
    publish: Publish | None = None
    """None leaves the service unpublished."""
    replicas: int | None = None
    """None: one, and in a cluster whatever an autoscaler or a user has set."""
    command: tuple[str, ...] = ()
    """Empty: the image's own."""
    environment: Mapping[str, str] = field(default_factory=dict)
    env_files: tuple[str, ...] = ()
    """Paths, relative to the spec's folder; later wins, `environment` wins over all."""
    volumes: tuple[Volume, ...] = ()
    resources: Resources = NO_LIMITS
    health: HealthCheck | None = None
    """None: the image's own."""
    sampling: Sampling | None = None
    """None: the client's own default, which in sidecar_tracing is every trace."""
    kind: str = SERVICE
    """One of SERVICE_KINDS."""
    job: JobSettings = JobSettings()
    """How it runs, if it is a job or a cron."""
    ignore: tuple[str, ...] = ()
    """Ids of rules whose warnings about this service are accepted."""
    stop_grace_s: int | None = None
    """How long it may take to stop; None: the target's own."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """Name → port that it listens on beside `port`."""
    read_only_root: bool = False
    """Whether it can write to /tmp and its volumes only."""
    kubernetes: Mapping[str, Any] = field(default_factory=dict)
    """What is for a cluster only, as Kubernetes names it."""

    @property
    def count(self) -> int:
        """How many run, as far as the spec says."""
        return self.replicas or 1
