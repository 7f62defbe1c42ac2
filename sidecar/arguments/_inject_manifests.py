"""The arguments of `sidecar inject` for Kubernetes manifests only."""

from __future__ import annotations

import argparse

NAMES = ("secret", "in_place", "selector", "kube_version", "report")
"""The arguments that mean nothing for Compose files."""


def add(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    group = parser.add_argument_group("kubernetes")
    group.add_argument("--secret", metavar="NAME", help="the Secret that holds the token")
    group.add_argument(
        "--in-place", action="store_true", help="change the files themselves: all of them, or none"
    )
    group.add_argument("--selector", metavar="LABELS", help="workloads with these labels only")
    group.add_argument("--kube-version", metavar="VERSION", help="of the cluster, e.g. 1.31")
    group.add_argument("--report", metavar="FILE", help="what was touched or not, and why, as JSON")
