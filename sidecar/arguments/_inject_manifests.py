"""The arguments of `sidecar inject` for Kubernetes manifests only."""

from __future__ import annotations

import argparse
from pathlib import Path

NAMES = (
    *("secret", "in_place", "selector", "kube_version", "report", "collector_name"),
    "gateway_image",
    *("opt_in", "strict", "recursive"),
)
"""The arguments that mean nothing for Compose files."""


def add(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    group = parser.add_argument_group("kubernetes")
    group.add_argument(
        "--secret", metavar="NAME", help="the Secret that holds the token (default: tracing)"
    )
    group.add_argument(
        "--collector-name",
        metavar="NAME",
        help="prefix of the names of what collectors share (default: sidecar)",
    )
    group.add_argument(
        "--gateway-image",
        metavar="IMAGE",
        help="the kit's image for collectors, as your cluster pulls it",
    )
    group.add_argument("--selector", metavar="LABELS", help="workloads with these labels only")
    group.add_argument(
        "--opt-in",
        action="store_true",
        help='only workloads that are annotated with sidecar-kit/inject: "true"',
    )
    group.add_argument(
        "--kube-version",
        metavar="VERSION",
        help="of the cluster; below 1.29 the agent is a plain container",
    )
    group.add_argument(
        "--strict", action="store_true", help="exit 1 if a workload cannot be given an agent"
    )
    add_places(group)


def add_places(group: argparse._ActionsContainer) -> None:
    """Add where manifests are read and written."""
    group.add_argument("--recursive", action="store_true", help="read the folders in a folder, too")
    group.add_argument(
        "--in-place", action="store_true", help="change the files themselves: all of them, or none"
    )
    group.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="what became of each workload, and why, as JSON",
    )
