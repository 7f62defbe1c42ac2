"""The kit's own images, sample and gateway, from the checkout's Dockerfile."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar import __version__
from sidecar.engine.images import BuildRequest
from sidecar.images.inputs import (
    INPUTS_LABEL,
    context_files,
    context_tar,
    digest_of_files,
    selected,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sidecar.engine.images import ImageStore, Progress
    from sidecar.images.site import Site

SITE_FOLDER = "build/site"
"""Below the checkout; `docker compose build` finds the host's settings there, too."""
COMMON = ("Dockerfile", "LICENSE", "requirements-dev.txt", "tracing")
TARGETS = {
    "sample": (*COMMON, "sample_service"),
    "gateway": (*COMMON, "pyproject.toml", "hatch_build.py", "README.md", "helm", "sidecar"),
}
"""Target of the Dockerfile → its sources."""


@dataclass(frozen=True)
class KitBuild:
    """One build from the checkout."""

    checkout: Path
    target: str
    name: str
    base: str
    """The base image's name."""
    inputs: str
    """The result of kit_inputs; becomes a label."""


def kit_inputs(checkout: Path, target: str, base_identity: str) -> str:
    """Return the digest of all that decides a target's content."""
    paths = selected(_context(checkout), TARGETS[target])
    return digest_of_files(checkout, paths, ("base", base_identity.encode()))


def build_kit_image(images: ImageStore, build: KitBuild, site: Site, progress: Progress) -> None:
    """Build one target. Raises BuildFailedError or EngineError."""
    paths = [path for path in _context(build.checkout) if not path.startswith(f"{SITE_FOLDER}/")]
    extra = {f"{SITE_FOLDER}/{file}": content for file, content in site.files().items()}
    with context_tar(build.checkout, paths, extra) as context:
        request = BuildRequest(
            name=build.name,
            context=context,
            target=build.target,
            arguments={"BASE": build.base, **site.proxies},
            labels={INPUTS_LABEL: build.inputs, "org.opencontainers.image.version": __version__},
        )
        images.build(request, progress)


def _context(checkout: Path) -> list[str]:
    return ["Dockerfile", *context_files(checkout)]


def write_site(checkout: Path, site: Site) -> None:
    """Write the site's settings where `docker compose build` finds them, for this user only."""
    folder = checkout / SITE_FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in site.files().items():
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
