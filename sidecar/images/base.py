"""The base image from source: a trimmed Debian with Python, for hosts that reach no image registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar import image_names
from sidecar.images import rootfs, trim
from sidecar.images.inputs import INPUTS_LABEL, STAGE_LABEL, digest_of
from sidecar.images.mirrors import SUITE, DebianMirror
from sidecar.images.rootfs import debian_tar

if TYPE_CHECKING:
    from sidecar.engine.images import Images, Progress

RECIPE = "2"
"""Raise it when the steps change; the lists of packages and paths count by themselves."""


def base_inputs() -> str:
    """Return the digest of all that decides the base's content, save the day's package versions."""
    lists = (*rootfs.PACKAGES, *trim.EMPTIED, *trim.REMOVED, trim.SOURCES, trim.KEEP_TRIMMED)
    return digest_of(
        [("recipe", RECIPE.encode()), ("suite", SUITE.encode()), ("lists", repr(lists).encode())]
    )


def build_base(
    images: Images, mirror: DebianMirror, authority: bytes | None, progress: Progress
) -> None:
    """Make the base image. Raises SidecarError where the host cannot, EngineError where the engine refuses."""
    changes = [
        f"LABEL {INPUTS_LABEL}={base_inputs()}",
        f"LABEL {STAGE_LABEL}=base",
        "LABEL org.opencontainers.image.title=sidecar-kit-base",
        f"LABEL org.opencontainers.image.base.name=debian:{SUITE}",
        "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "ENV LANG=C.UTF-8",
        'CMD ["python3"]',
    ]
    with debian_tar(mirror, authority, progress) as tar:
        images.import_rootfs(image_names.BUILT_BASE, tar, changes)
