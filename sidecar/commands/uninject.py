from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.commands import _manifests
from sidecar.console import say
from sidecar.errors import UsageError
from sidecar.inject.inputs import COMPOSE
from sidecar.inject.manifests.namespaces import Uninjecting

if TYPE_CHECKING:
    import argparse

    from sidecar.inject.manifests.report import Report


def run(args: argparse.Namespace) -> int:
    """Write manifests without the agents that inject added."""
    _manifests.check(args)
    report = _manifests.run(args, _head(args), lambda _: Uninjecting(), _nothing)
    removed = report.counts["removed"]
    say(f"removed what inject added from {removed} workload{'' if removed == 1 else 's'}")
    return 1 if args.diff and removed else 0


def _head(args: argparse.Namespace) -> bytes:
    """Return what was read of standard input. Raises SidecarError for what are no manifests."""
    kind, head = _manifests.kind_of(args)
    first = args.paths[0]
    if kind == COMPOSE and not first.is_dir():  # beside one, a folder may hold manifests
        raise UsageError(str(first), "is a Compose file", "Use `sidecar inject --remove`")
    return head


def _nothing(_report: Report) -> None:
    """Ask nothing more: uninject takes no names."""
