"""Obtain every image that a deployment names: pulled where a registry answers, else built from source.

Base and agent come from the registry, from a mirror of it (--prefix), or from Debian packages and the agent's Go
module; sample and gateway are built from the checkout. Their names are left in .env, which Compose reads, and in
images-values.yaml for `helm install -f`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.images import names

if TYPE_CHECKING:
    import argparse

    from sidecar.images.obtain import Obtained

EXAMPLES = """examples:
  sidecar images
  sidecar images --prefix mirror.example.com/dockerhub/
  sidecar images --source build
  sidecar images --dry-run --output json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--source",
        choices=("auto", "registry", "build"),
        default="auto",
        help="auto: the registry if it answers within some seconds, else from source (default: %(default)s)",
    )
    parser.add_argument("--prefix", default="", metavar="MIRROR/", help="a mirror's name before the official names")
    parser.add_argument("--agent-version", default=names.AGENT_VERSION, metavar="VERSION", help="default: %(default)s")
    parser.add_argument("--debian-mirror", metavar="URL", help="for a base from source (default: the host's own)")
    parser.add_argument(
        "--out", type=Path, default=Path(), metavar="FOLDER", help="whose .env gets the names (default: .)"
    )
    parser.add_argument("--rebuild", action="store_true", help="take nothing that is already there")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")
    parser.add_argument("--output", choices=("text", "json"), default="text")


def run(args: argparse.Namespace) -> int:
    """Obtain the images, write their names, print them."""
    from sidecar.images.deliver import as_text, deliver
    from sidecar.images.obtain import Wish

    wish = Wish(args.source, args.prefix, args.agent_version, args.rebuild, args.dry_run)
    obtained = deliver(wish, args.out, args.debian_mirror)
    if args.output == "json":
        print(json.dumps([_as_data(entry) for entry in obtained], indent=2))
    else:
        print(as_text(obtained))
    return 0


def _as_data(entry: Obtained) -> dict[str, Any]:
    image = entry.image
    named = {"role": image.role, "image": image.name, "variable": image.variable}
    return {**named, "way": entry.way, "why": entry.why, "size_bytes": entry.size}
