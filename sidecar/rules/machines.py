"""What keeps a deployment from starting on a machine or in a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence


def _error(rule: str, summary: str, why: str, fix: str, example: str) -> Rule:
    return Rule(rule, Severity.ERROR, summary, why, fix, example)


def _warning(rule: str, summary: str, why: str, fix: str, example: str) -> Rule:
    return Rule(rule, Severity.WARNING, summary, why, fix, example)


_DOES_NOT_START = "The deployment does not start."
LEAST_FREE = 512 * 2**20
"""Bytes that containers and their logs need, with all images present."""

ENGINE_UNUSABLE = _error(
    "engine-unusable",
    "The container engine does not answer, refuses this user, or is too old.",
    _DOES_NOT_START,
    "Start Docker Engine 20.10 or later; `docker version` must work for this user",
    "DOCKER_HOST=unix:///run/none.sock",
)
COMPOSE_UNUSABLE = _error(
    "compose-unusable",
    "Compose v2 is absent or too old.",
    _DOES_NOT_START,
    "Install Compose v2: https://docs.docker.com/compose/install/",
    "docker-compose 1.29.2",
)
DISK_FULL = _error(
    "disk-full",
    "The engine's disk has less than 512 MiB left.",
    "Images cannot be unpacked, and containers fail while they write.",
    "Free space; `docker system df` shows what the engine uses",
    "100 MiB left on /var/lib/docker",
)
PORT_TAKEN = _error(
    "host-port-taken",
    "A port of the host that the deployment publishes is taken.",
    "`docker compose up` fails at the service that publishes it.",
    "Stop that program, or choose another port",
    "publish: 8080, with a web server on 8080",
)
IMAGE_ABSENT = _warning(
    "image-not-present",
    "The engine does not have an image of the deployment.",
    "`up` must pull or build it first, which may fail or take minutes.",
    "Run `sidecar images`",
    "sidecar verify --pre, before sidecar images",
)
OTHER_ARCHITECTURE = _error(
    "image-of-another-architecture",
    "An image is for another processor than the engine's.",
    "Its containers exit with `exec format error`, or run slowly in emulation.",
    "Pull or build the image for this architecture",
    "an arm64 image on an amd64 engine",
)
CHECK_UNFINISHED = _warning(
    "check-unfinished",
    "A check did not end in time.",
    "What it checks is slow or hangs, so there is no result.",
    "Try again; see whether the machine, the engine or the cluster is overloaded",
    "an engine that accepts connections and does not answer",
)
CLUSTER_UNUSABLE = _error(
    "cluster-unusable",
    "kubectl is absent, or the cluster does not answer or is older than 1.27.",
    _DOES_NOT_START,
    "Check `kubectl version`, KUBECONFIG and --context",
    "KUBECONFIG of a cluster that was removed",
)
HELM_UNUSABLE = _error(
    "helm-unusable",
    "Helm is absent, or older than 3.",
    "The chart cannot be installed from here.",
    "Install Helm 3 or 4: https://helm.sh/docs/intro/install/",
    "helm version v2.17.0",
)
CANNOT_INSTALL = _error(
    "install-right-missing",
    "The user lacks a right that the installation of the chart needs.",
    "`helm install` fails half-way.",
    "Ask for a Role with these verbs in the namespace, or install as another user",
    "a user with the role `view`",
)
CANNOT_VERIFY = _warning(
    "verify-right-missing",
    "The user lacks a right that `sidecar verify` needs.",
    "The deployment runs, and cannot be proven from here.",
    "Ask for the Role in docs/verify.md; `edit` and `admin` lack pods/ephemeralcontainers",
    "a user with the role `edit`",
)
OLDEST_KUBERNETES = (1, 27)
OLDEST_HELM = (3, 0)


def cluster(refusal: str, version: tuple[int, ...] = (), fix: str | None = None) -> Problem | None:
    """Judge why a cluster cannot be used, or its version."""
    if refusal:
        return CLUSTER_UNUSABLE.problem(refusal, fix)
    if version >= OLDEST_KUBERNETES:
        return None
    found = ".".join(map(str, version))
    return CLUSTER_UNUSABLE.problem(f"runs Kubernetes {found}, and the chart needs 1.27", "")


def helm(absence: str, version: tuple[int, ...] = ()) -> Problem | None:
    """Judge why there is no Helm, or its version."""
    if absence:
        return HELM_UNUSABLE.problem(absence)
    if version >= OLDEST_HELM:
        return None
    return HELM_UNUSABLE.problem(f"has version {'.'.join(map(str, version))}, 3 is needed")


def rights(lacking: Sequence[str], *, of_install: bool) -> Problem | None:
    """Judge the rights, as "verb resource", that a user lacks."""
    if not lacking:
        return None
    rule = CANNOT_INSTALL if of_install else CANNOT_VERIFY
    return rule.problem(f"may not {', '.join(lacking)}")


def engine(refusal: str, fix: str | None = None) -> Problem | None:
    """Judge why the engine cannot be used; empty: it can."""
    return ENGINE_UNUSABLE.problem(refusal, fix) if refusal else None


def compose(absence: str, fix: str | None = None) -> Problem | None:
    """Judge why Compose cannot be used; empty: it can."""
    return COMPOSE_UNUSABLE.problem(absence, fix) if absence else None


def disk(free: int) -> Problem | None:
    """Judge the free bytes of the engine's disk."""
    if free >= LEAST_FREE:
        return None
    return DISK_FULL.problem(f"has {free // 2**20} MiB left, {LEAST_FREE // 2**20} are needed")


def host_port(refusal: str, fix: str | None = None) -> Problem | None:
    """Judge why nothing can listen on a port of the host; empty: it is free."""
    return PORT_TAKEN.problem(refusal, fix) if refusal else None


def image(*, present: bool, fix: str | None = None) -> Problem | None:
    """Judge whether the engine has an image."""
    return None if present else IMAGE_ABSENT.problem("the engine does not have it", fix)


def architecture(image: str, engine: str) -> Problem | None:
    """Judge an image's architecture against the engine's, both as Go names them."""
    if not image or not engine or image == engine:
        return None
    return OTHER_ARCHITECTURE.problem(f"is for {image}, and the engine runs {engine}")


def unfinished(seconds: float) -> Problem:
    """Return what is reported of a check that did not end in time."""
    return CHECK_UNFINISHED.problem(f"did not end within {seconds:g} s")
