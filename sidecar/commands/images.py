from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from sidecar.images.deliver import as_text, deliver
from sidecar.images.obtain import ImageOptions
from sidecar.spec.load import load

if TYPE_CHECKING:
    import argparse

    from sidecar.images.obtain import Obtained


def run(args: argparse.Namespace) -> int:
    """Obtain the images, write their names, print them."""
    obtained = deliver(_options(args), args.out, args.debian_mirror)
    if args.output == "json":
        print(json.dumps([_as_data(entry) for entry in obtained], indent=2))
    else:
        print(as_text(obtained))
    return 0


def _options(args: argparse.Namespace) -> ImageOptions:
    flags = {
        "images.source": args.source,
        "images.prefix": args.prefix,
        "agent.kind": args.agent_kind,
        "agent.version": args.agent_version,
    }
    given = {path: value for path, value in flags.items() if value is not None}
    spec = load(args.file or (), given, os.environ).spec
    return ImageOptions(
        source=spec.images.source,
        prefix=spec.images.prefix,
        agent_version=spec.agent.version,
        agent_kind=spec.agent.kind,
        canary=spec.agent.canary is not None,
        rebuild=args.rebuild,
        dry_run=args.dry_run,
    )


def _as_data(entry: Obtained) -> dict[str, Any]:
    image = entry.image
    named = {"role": image.role, "image": image.name, "variable": image.variable}
    return {**named, "way": entry.way, "why": entry.why, "size_bytes": entry.size}
