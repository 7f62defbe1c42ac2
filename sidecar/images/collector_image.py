"""The collector's image from source; the build container runs the files in collector/."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sidecar import image_names
from sidecar.engine.images import BuildRequest
from sidecar.errors import SidecarError
from sidecar.images import agent_image
from sidecar.images.collector.build import version_of
from sidecar.images.inputs import INPUTS_LABEL, context_tar, digest_of_files

if TYPE_CHECKING:
    from sidecar.engine.images import ImageStore, Progress
    from sidecar.images.site import Site

FOLDER = Path(__file__).with_name("collector")
FILES = ("Dockerfile", "manifest.yaml")
PROGRAMS = ("agent/build.py", "collector/build.py")
"""What runs in the build container, under the names that it has here."""


def built_version() -> str:
    """Return the release that is built from source."""
    return version_of((FOLDER / "manifest.yaml").read_text(encoding="utf-8"))


def require_release(version: str) -> None:
    """Raise SidecarError for a release of the collector that cannot be built from source."""
    if version != (known := built_version()):
        raise SidecarError(
            f"--agent-version {version}",
            f"only release {known} of the collector can be built from source",
            f"Use {known}, or --source registry",
        )


def collector_inputs() -> str:
    """Return the digest of all that decides the collector's content."""
    decided = (("go", agent_image.GO_VERSION.encode()), *_programs().items())
    return digest_of_files(FOLDER, FILES, *decided)


def build_collector(images: ImageStore, base: str, site: Site, progress: Progress) -> None:
    """Build the collector inside a container of `base`.

    Raises BuildFailedError or EngineError.
    """
    version = built_version()
    extra = {f"site/{name}": content for name, content in site.files().items()}
    arguments = {"BASE": base, "GO_VERSION": agent_image.GO_VERSION, **site.proxies}
    labels = {INPUTS_LABEL: collector_inputs(), "org.opencontainers.image.version": version}
    with context_tar(FOLDER, FILES, {**extra, **_programs()}) as context:
        request = BuildRequest(
            image_names.built_collector(version), context, arguments=arguments, labels=labels
        )
        images.build(request, progress)


def _programs() -> dict[str, bytes]:
    folder = FOLDER.parent
    return {f"sidecar/images/{name}": (folder / name).read_bytes() for name in PROGRAMS}
