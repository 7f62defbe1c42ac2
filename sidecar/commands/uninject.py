from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.commands import _manifests
from sidecar.console import say
from sidecar.inject.manifests.namespaces import Uninjecting

if TYPE_CHECKING:
    import argparse

    from sidecar.inject.manifests.report import Report


def run(args: argparse.Namespace) -> int:
    """Write manifests without the agents that inject added."""
    _manifests.check(args)
    report = _manifests.run(args, b"", lambda _: Uninjecting(), _nothing)
    removed = report.counts["removed"]
    say(f"took the agent out of {removed} workload{'' if removed == 1 else 's'}")
    return 1 if args.diff and removed else 0


def _nothing(_report: Report) -> None:
    """Ask nothing more: uninject takes no names."""
