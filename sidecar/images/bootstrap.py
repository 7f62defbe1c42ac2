"""Finds debootstrap: the host's, or a private copy from the host's own package archive."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.images.process import run_logged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.engine.images import Progress

KEYRINGS = (Path("/usr/share/keyrings/debian-archive-keyring.gpg"),)


@dataclass(frozen=True)
class Debootstrap:
    """A debootstrap that can be started."""

    argv: tuple[str, ...]
    keyring: Path
    """The keys that Debian's archive is signed with."""
    environment: Mapping[str, str] = field(default_factory=dict)


def find_debootstrap(work: Path, progress: Progress) -> Debootstrap:
    """Return the host's debootstrap and keyring; what is missing is unpacked below `work`, not installed.

    Raises SidecarError where neither way works.
    """
    program = shutil.which("debootstrap")
    keyring = next((path for path in KEYRINGS if path.is_file()), None)
    if keyring is None:
        keyring = _unpacked("debian-archive-keyring", work, progress) / KEYRINGS[0].relative_to("/")
    if program:
        return Debootstrap((program,), keyring)
    root = _unpacked("debootstrap", work, progress)
    scripts = {"DEBOOTSTRAP_DIR": str(root / "usr/share/debootstrap")}
    return Debootstrap(("sh", str(root / "usr/sbin/debootstrap")), keyring, scripts)


def _unpacked(package: str, work: Path, progress: Progress) -> Path:
    folder = work / package
    folder.mkdir()
    missing = [name for name in ("apt-get", "dpkg-deb", "wget") if shutil.which(name) is None]
    if missing:
        raise SidecarError(
            package,
            f"it is not installed and cannot be fetched without {', '.join(missing)}",
            f"Install {package} with the host's package manager, or use --source registry",
        )
    try:
        run_logged(["apt-get", "download", package], progress, folder)
    except SidecarError as error:
        raise SidecarError(
            package, error.cause, f"Try `apt-get update && apt-get install {package}`"
        ) from error
    root = folder / "root"
    run_logged(["dpkg-deb", "-x", str(next(folder.glob("*.deb"))), str(root)], progress)
    return root
