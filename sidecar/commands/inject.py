from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.arguments import _inject_compose as compose_arguments
from sidecar.arguments import _inject_manifests as manifest_arguments
from sidecar.commands import _inject_compose, _inject_manifests, _manifests
from sidecar.errors import UsageError
from sidecar.inject import EVERY_AGENT
from sidecar.inject.inputs import COMPOSE

if TYPE_CHECKING:
    import argparse

_OTHERS = {
    "a Compose file": manifest_arguments.NAMES,
    "manifests": compose_arguments.NAMES,
}


def run(args: argparse.Namespace) -> int:
    """Add agents to what the first path holds."""
    kind, data = _manifests.kind_of(args)
    if kind == COMPOSE:
        _refuse_others(args, "a Compose file")
        if EVERY_AGENT in args.replace:
            fix = "Name the service: --replace NAME"
            raise UsageError("--replace", "needs a name for a Compose file", fix)
        return _inject_compose.run(args, data)
    _refuse_others(args, "manifests")
    return _inject_manifests.run(args, data)


def _refuse_others(args: argparse.Namespace, what: str) -> None:
    """Raise UsageError for a flag that means nothing for this kind of input."""
    for name in _OTHERS[what]:
        if getattr(args, name):
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(flag, f"means nothing for {what}", "See `sidecar inject --help`")
