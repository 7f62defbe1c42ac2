"""`sidecar inject` for Kubernetes manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.errors import UsageError

if TYPE_CHECKING:
    import argparse


def run(args: argparse.Namespace, data: bytes) -> int:
    """Write manifests with agents; `data` is what standard input held, where it is named."""
    del args, data
    raise UsageError("inject", "does not read manifests yet", "Name a Compose file")
