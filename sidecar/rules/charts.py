"""What a chart does differently from Compose, and what Helm and Kubernetes refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules.agents import ADMIN_HOST_PORT, ADMIN_PORT, has_flag, read_version

if TYPE_CHECKING:
    from collections.abc import Sequence

# Differences ----------------------------------------------------------------------------------

IMAGE_NOT_PUSHED = Rule(
    "chart-image-not-pushed",
    Severity.WARNING,
    "A service's image is built, and a chart only names images.",
    "The cluster cannot pull it, and the service's pods do not start.",
    "Push it to a registry that the cluster reads, or name another image",
    "services: [{name: web, build: {context: ./web}}]",
)
PORT_NOT_PUBLISHED = Rule(
    "chart-publishes-no-port",
    Severity.WARNING,
    "A service publishes a port of the host, which a cluster does not have.",
    "The chart makes a Service, and callers from outside the cluster do not reach it.",
    "Use an Ingress for callers from outside",
    "services: [{name: web, image: web:1, port: 8000, publish: 8080}]",
)
ENV_FILES_LEFT_OUT = Rule(
    "chart-without-env-files",
    Severity.WARNING,
    "A service reads variables from files of the host, which a chart does not contain.",
    "Its pods start without these variables.",
    "Use kubernetes.envFrom",
    "services: [{name: web, image: web:1, env_files: [web.env]}]",
)
VOLUMES_LEFT_OUT = Rule(
    "chart-without-volumes",
    Severity.WARNING,
    "A service mounts volumes of the host, which a cluster does not have.",
    "Its pods start without them.",
    "Use kubernetes.volumes and kubernetes.volumeMounts",
    "services: [{name: web, image: web:1, volumes: ['./data:/data']}]",
)
TCP_RETRIES_LEFT_OUT = Rule(
    "chart-without-tcp-retries",
    Severity.WARNING,
    "The chart does not set `agent.tcp_retries`.",
    "It is a sysctl of the whole pod, which Kubernetes refuses unless the kubelet allows it.",
    "Leave it out of the layer for a cluster; there, a silent gateway blocks an agent for longer",
    "agent: {tcp_retries: 5}",
)
NO_MEMORY_LIMIT = Rule(
    "no-memory-limit",
    Severity.WARNING,
    "A service has no memory limit, and the chart gives it one.",
    "Kubernetes kills a container that uses more memory than its limit.",
    "Set resources in the spec, or in the values",
    "services: [{name: web, image: web:1}]",
)


def unpushed_image(image: str, *, is_built: bool) -> Problem | None:
    """Judge an image that the chart names."""
    if not is_built:
        return None
    return IMAGE_NOT_PUSHED.problem(
        "a chart does not build its image", f"Push it as {image}, or name another"
    )


def published_port(*, is_published: bool) -> Problem | None:
    """Judge whether the host shows a service's port."""
    if not is_published:
        return None
    return PORT_NOT_PUBLISHED.problem("the chart makes a Service, and does not publish its port")


def env_files(paths: Sequence[str]) -> Problem | None:
    """Judge the files of the host that a service reads variables from."""
    if not paths:
        return None
    return ENV_FILES_LEFT_OUT.problem(f"env_files ({', '.join(paths)}) stay on the host")


def volumes(targets: Sequence[str]) -> Problem | None:
    """Judge the paths in the container at which volumes of the host are mounted."""
    if not targets:
        return None
    return VOLUMES_LEFT_OUT.problem(f"volumes ({', '.join(targets)}) stay on the host")


def tcp_retries(number: int | None) -> Problem | None:
    """Judge whether the agents' connections end after another number of retries."""
    if number is None:
        return None
    return TCP_RETRIES_LEFT_OUT.problem(f"{number} retries are for Compose only")


def memory_limit(mib: int | None, default_mib: int) -> Problem | None:
    """Judge a service's memory limit; None: it has none, and the chart uses the default."""
    if mib is not None:
        return None
    return NO_MEMORY_LIMIT.problem(f"has no memory limit; the chart gives {default_mib} MiB")


# Hardening ------------------------------------------------------------------------------------

WRITABLE_ROOT = Rule(
    "writable-root",
    Severity.WARNING,
    "A service may write to its root file system.",
    "Whoever breaks into it can replace its program.",
    "Set read_only_root: true in the spec if it writes only to /tmp and its volumes",
    "services: [{name: web, image: web:1}]",
)
ADMIN_PORT_OPEN = Rule(
    "admin-port-open",
    Severity.WARNING,
    "An agent before 1.18.0 cannot bind its admin port to loopback.",
    "Every pod that a NetworkPolicy does not stop can read its metrics and change its log level.",
    "Use agent 1.18.0 or later",
    'agent: {version: "1.17.9"}',
)


def root_file_system(*, is_read_only: bool) -> Problem | None:
    """Judge whether a container's root file system is read-only."""
    return None if is_read_only else WRITABLE_ROOT.problem("may write to its root file system")


def admin_port(version: str) -> Problem | None:
    """Judge whether an agent of a version can bind its admin port to loopback."""
    numbers = read_version(version)
    if numbers is None or has_flag(ADMIN_HOST_PORT, numbers):
        return None
    return ADMIN_PORT_OPEN.problem(f"serves its admin port {ADMIN_PORT} beyond the pod")


# Helm and Kubernetes --------------------------------------------------------------------------

HELM_NOT_INSTALLED = Rule(
    "helm-not-installed",
    Severity.WARNING,
    "Helm is not installed, so it did not check the chart.",
    "Mistakes in the chart show up only at the install.",
    "Install Helm 3 or 4",
    "sidecar validate --target helm",
)
SCHEMAS_NOT_INSTALLED = Rule(
    "api-schemas-not-installed",
    Severity.WARNING,
    "The schemas of the Kubernetes API are not installed, so nothing was compared with them.",
    "A field that Kubernetes does not know shows up only at the install.",
    "Run `pip install 'sidecar-kit[charts]'`",
    "sidecar validate --target helm",
)
HELM_REFUSES = Rule(
    "helm-refuses-chart",
    Severity.ERROR,
    "`helm lint` or `helm template` fails on the rendered chart.",
    "The chart cannot be installed.",
    "Correct the spec, and render again",
    "services: [{name: gateway, image: web:1}]",
)
UNKNOWN_TO_KUBERNETES = Rule(
    "api-schema-violated",
    Severity.ERROR,
    "An object of the chart does not follow the schema of the Kubernetes API.",
    "The cluster refuses the object, or ignores the field.",
    "Correct the spec, and render again",
    "spec: {replicas: many}",
)


NEWER_API = Rule(
    "newer-api-needed",
    Severity.WARNING,
    "An object of the chart has a field that older versions of Kubernetes do not know.",
    "A cluster of such a version refuses the object, or ignores the field.",
    "Ignore it if your clusters are newer",
    "lifecycle: {preStop: {sleep: {seconds: 5}}}, which Kubernetes has from 1.29 on",
)


def helm_program(path: str | None) -> Problem | None:
    """Judge where helm is; None: nowhere."""
    return None if path else HELM_NOT_INSTALLED.problem("is not installed, so it checked nothing")


def api_schemas(*, are_installed: bool) -> Problem | None:
    """Judge whether there is something to compare the chart's objects with."""
    if are_installed:
        return None
    return SCHEMAS_NOT_INSTALLED.problem(
        "kubernetes-validate is not installed, so no object was compared"
    )


def helm_result(exit_code: int, message: str) -> Problem | None:
    """Judge how helm ended."""
    return HELM_REFUSES.problem(message or "failed") if exit_code else None


def object_schema(
    kubernetes: str, path: str, message: str, *, is_known_later: bool = False
) -> Problem | None:
    """Judge what a schema says of an object; an empty message: nothing.

    `is_known_later`: newer versions of Kubernetes do not say so.
    """
    if not message:
        return None
    where = f"{path}: " if path else ""
    rule = NEWER_API if is_known_later else UNKNOWN_TO_KUBERNETES
    return rule.problem(f"Kubernetes {kubernetes}: {where}{message}")
