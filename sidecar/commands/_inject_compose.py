"""`sidecar inject` for Compose files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.errors import UsageError

if TYPE_CHECKING:
    import argparse


def run(args: argparse.Namespace, data: bytes) -> int:
    """Write an overlay; `data` is what standard input held, where it is named."""
    del args, data
    raise UsageError("inject", "does not write overlays yet", "See `sidecar init --from`")
