"""What is wrong with a service: its image, secrets, ports, capacity and paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules import recognition

if TYPE_CHECKING:
    from collections.abc import Sequence

FLOATING_TAGS = frozenset({"", "latest", "stable", "edge", "nightly", "main", "master"})
"""Tags that name another image tomorrow; without a tag, `latest` is meant."""


@dataclass(frozen=True)
class HealthTiming:
    """When a health check runs, and what its failures mean; the defaults of the kit."""

    interval_s: int = 5
    timeout_s: int = 3
    retries: int = 5
    start_period_s: int = 30


# Images ---------------------------------------------------------------------------------------

FLOATING_IMAGE_TAG = Rule(
    "floating-image-tag",
    Severity.WARNING,
    "An image has a floating tag, or none.",
    "Two machines may run different programs, and an agent's flags may change overnight.",
    "Name a version, or a digest",
    "image: registry.example.com/team/web:latest",
)


def floating_tag(image: str) -> str | None:
    """Return the moving tag of an image's name, "" where it has none; None for a fixed one."""
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return None if digest or tag not in FLOATING_TAGS else tag


def image_tag(image: str, fix: str | None = None) -> Problem | None:
    """Judge whether an image's name may stand for another image tomorrow."""
    tag = floating_tag(image)
    if tag is None:
        return None
    found = f"has the floating tag {tag}" if tag else "has no tag, which means latest"
    return FLOATING_IMAGE_TAG.problem(f"{found}: two machines may run different programs", fix)


# Secrets -------------------------------------------------------------------------------------

SECRET_IN_CLEAR = Rule(
    "secret-in-clear",
    Severity.WARNING,
    "A value that looks like a password is written in a spec.",
    "Specs are committed, and whoever reads the repository reads the secret.",
    "Move it into a file that is not committed: env_files of a spec, env_file of Compose",
    "environment: {DB_PASSWORD: hunter2}",
)


def secret_in_clear(name: str, value: str) -> Problem | None:
    """Judge one variable or build argument that is written into a spec."""
    return secrets_in_clear([name]) if recognition.is_secret(name, value) else None


def secrets_in_clear(names: Sequence[str]) -> Problem:
    """Return the problem of variables that are known to be secrets."""
    return SECRET_IN_CLEAR.problem(f"{', '.join(names)}: in clear text")


# Capacity and ports ---------------------------------------------------------------------------

CAPACITY_ABOVE_CEILING = Rule(
    "capacity-above-ceiling",
    Severity.WARNING,
    "A service sends more spans than its agent can forward.",
    "The agent's queue fills, and it drops the rest.",
    "Use sidecar_tracing's batches of 50, split the service, or use a nearer gateway",
    "capacity: {spans_per_second: 100000}",
)
REPLICAS_PUBLISH_PORTS = Rule(
    "replicas-publish-ports",
    Severity.WARNING,
    "Each replica of a published service takes a port of the host.",
    "Callers of the first port reach one replica only.",
    "Put a load balancer in front of them, or publish nothing",
    "services: [{name: web, image: web:1, publish: 8080, replicas: 3}]",
)


def capacity(rate: int, ceiling: int, round_trip_ms: int) -> Problem | None:
    """Judge the spans per second of all replicas against what their agent forwards."""
    if rate <= ceiling:
        return None
    cause = (
        f"{rate:,} spans/s is above the {ceiling:,} that its agent forwards at "
        f"{round_trip_ms} ms in stock batches; about {1 - ceiling / rate:.0%} would be lost"
    )
    return CAPACITY_ABOVE_CEILING.problem(cause)


def replica_ports(ports: Sequence[int]) -> Problem | None:
    """Judge the ports of the host that the replicas of a service take."""
    if len(ports) < 2:
        return None
    cause = f"its {len(ports)} replicas take the host's ports {ports[0]} to {ports[-1]}, one each"
    return REPLICAS_PUBLISH_PORTS.problem(cause)


# Paths ----------------------------------------------------------------------------------------

MISSING_CONTEXT = Rule(
    "missing-build-context",
    Severity.WARNING,
    "The folder of a build does not exist.",
    "`docker compose build` fails.",
    "Name a folder that exists",
    "build: {context: ./typo}",
)
MISSING_DOCKERFILE = Rule(
    "missing-dockerfile",
    Severity.WARNING,
    "A build's folder has no Dockerfile.",
    "`docker compose build` fails.",
    "Name the file with `dockerfile`, relative to the context",
    "build: {context: ./web, dockerfile: Dockerfile.typo}",
)
MISSING_ENV_FILE = Rule(
    "missing-env-file",
    Severity.WARNING,
    "A file of variables does not exist.",
    "`docker compose up` fails.",
    "Write the file, or remove it from the spec",
    "env_files: [./typo.env]",
)
MISSING_VOLUME_SOURCE = Rule(
    "missing-volume-source",
    Severity.WARNING,
    "The host's path of a volume does not exist.",
    "The engine creates an empty folder there that root owns, and the service reads nothing.",
    "Create the file or folder first",
    "volumes: [./typo.conf:/etc/web.conf]",
)


def build_context(context: str, *, exists: bool) -> Problem | None:
    """Judge whether the folder of a build exists."""
    cause = f"{context} does not exist; nothing can be built"
    return None if exists else MISSING_CONTEXT.problem(cause)


def dockerfile(name: str | None, context: str, *, exists: bool) -> Problem | None:
    """Judge whether the Dockerfile of a build exists; None is the default's name."""
    cause = f"{name or 'Dockerfile'} is not in {context}; nothing can be built"
    return None if exists else MISSING_DOCKERFILE.problem(cause)


def env_file(name: str, *, exists: bool) -> Problem | None:
    """Judge whether a file of variables exists."""
    cause = f"{name} does not exist; `docker compose up` would fail"
    return None if exists else MISSING_ENV_FILE.problem(cause)


def volume_source(source: str, *, exists: bool) -> Problem | None:
    """Judge whether the host's path of a volume exists."""
    cause = f"{source} does not exist; the engine would create an empty folder that root owns"
    return None if exists else MISSING_VOLUME_SOURCE.problem(cause)


# Targets --------------------------------------------------------------------------------------

FOR_CLUSTERS = Rule(
    "kubernetes-under-compose",
    Severity.WARNING,
    "A service or agent has settings for a cluster, which Compose leaves out.",
    "What runs in Compose lacks them.",
    "Validate with --target helm, or ignore this where Compose is for tests only",
    "services: [{name: web, image: web:1, kubernetes: {envFrom: [{configMapRef: {name: a}}]}}]",
)


_FOR_COMPOSE = {
    "envFrom": "env_files",
    "env": "environment",
    "resources": "the service's resources",
    "volumes": "volumes",
    "volumeMounts": "volumes",
    "autoscaling": "replicas in a later file",
    "initContainers": "a service of kind: job",
    "containers": "a service of its own",
}
"""What a cluster has → what stands for it in Compose; for all else there is nothing."""


def for_clusters(names: Sequence[str]) -> Problem | None:
    """Judge the settings of a service that only a cluster has, and for which nothing stands."""
    if not names:
        return None
    ways: dict[str, list[str]] = {}
    for name in names:
        if way := _FOR_COMPOSE.get(name):
            ways.setdefault(way, []).append(name)
    told = ", ".join(f"{way} for {' and '.join(of)}" for way, of in ways.items())
    fix = f"Add {told}; or ignore this where Compose is for tests only" if told else None
    return FOR_CLUSTERS.problem(f"Compose leaves out {', '.join(names)}", fix)


def agent_for_clusters(*, is_left_out: bool) -> Problem | None:
    """Judge the requests and limits of agents that only a cluster has."""
    fix = "Add agent.resources; or ignore this where Compose is for tests only"
    return FOR_CLUSTERS.problem("Compose leaves it out", fix) if is_left_out else None
