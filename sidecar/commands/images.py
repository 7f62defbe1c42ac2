"""Obtain every image that a deployment names: pulled where a registry answers, else built from source.

Base and agent come from the registry, from a mirror of it (--prefix), or from Debian packages and the agent's Go
module; sample and gateway are built from the checkout. Their names are left in the .env file that Compose reads.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.images import names

if TYPE_CHECKING:
    import argparse

    from sidecar.images.obtain import Obtained, Surroundings
    from sidecar.images.progress import ProgressLine

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
    from sidecar.errors import SidecarError
    from sidecar.images.envfile import update
    from sidecar.images.progress import ProgressLine

    _require_folder(args.out)
    line = ProgressLine()
    try:
        obtained = _obtain(args, line)
    except OSError as error:
        subject = str(error.filename or args.out)
        raise SidecarError(subject, error.strerror or str(error), "Make room or access, then run it again") from error
    finally:
        line.clear()
    if not args.dry_run and update(args.out, variables(obtained)):
        line.say(f"{args.out / '.env'}: names of images updated")
    _print(obtained, args.output)
    return 0


def _obtain(args: argparse.Namespace, line: ProgressLine) -> list[Obtained]:
    from sidecar.images.lock import one_at_a_time
    from sidecar.images.obtain import Obtainer, Wish

    wish = Wish(args.source, args.prefix, args.agent_version, args.rebuild, args.dry_run)
    obtainer = Obtainer(wish, _surroundings(args.debian_mirror, line))
    if args.dry_run:
        return obtainer.all()
    with one_at_a_time(line.say):
        return obtainer.all()


def _surroundings(debian_mirror_named: str | None, line: ProgressLine) -> Surroundings:
    from sidecar.checkout import find_checkout
    from sidecar.engine.client import connect
    from sidecar.images.mirrors import debian_mirror
    from sidecar.images.obtain import Surroundings
    from sidecar.images.site import host_site

    return Surroundings(
        images=connect().images,
        site=host_site(),
        mirror=debian_mirror(debian_mirror_named),
        checkout=find_checkout(),
        say=line.say,
        progress=line.progress,
    )


def variables(obtained: list[Obtained]) -> dict[str, str | None]:
    """Return Compose's variables; None where the default already says the name."""
    defaults = {image.variable: image.name for image in names.official()}
    found = {entry.image.variable: entry.image.name for entry in obtained}
    return {variable: None if defaults[variable] == name else name for variable, name in found.items()}


def _require_folder(folder: Path) -> None:
    from sidecar.errors import SidecarError

    if not folder.is_dir():
        raise SidecarError(f"--out {folder}", "it is not a folder", "Render into it first: `sidecar render`")


def _print(obtained: list[Obtained], output: str) -> None:
    from sidecar.console import table

    if output == "json":
        print(json.dumps([_as_data(entry) for entry in obtained], indent=2))
        return
    rows = [(entry.image.role, entry.image.name, entry.way, _megabytes(entry.size)) for entry in obtained]
    print(table(("ROLE", "IMAGE", "WAY", "SIZE"), rows))


def _as_data(entry: Obtained) -> dict[str, Any]:
    image = entry.image
    named = {"role": image.role, "image": image.name, "variable": image.variable}
    return {**named, "way": entry.way, "why": entry.why, "size_bytes": entry.size}


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB" if size else "-"
