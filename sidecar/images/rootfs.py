"""Makes the root file system of the base image below a temporary folder, and takes it away again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sidecar.engine.errors import masked
from sidecar.errors import SidecarError
from sidecar.images import trim
from sidecar.images.bootstrap import Debootstrap, find_debootstrap
from sidecar.images.mirrors import SUITE, DebianMirror
from sidecar.images.process import run_logged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.engine.images import Progress

PACKAGES = ("ca-certificates", "python3", "python3-venv")
MOUNTS = Path("/proc/self/mounts")
QUIET = {
    "DEBIAN_FRONTEND": "noninteractive",
    "LC_ALL": "C",
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
}


@contextmanager
def debian_tar(
    mirror: DebianMirror, authority: bytes | None, progress: Progress
) -> Iterator[IO[bytes]]:
    """Yield a tar stream of a trimmed Debian with Python; as root by debootstrap, else by mmdebstrap.

    Raises SidecarError where the host can do neither. Everything written is removed in every case.
    """
    with _work_folder() as work:
        if os.geteuid() == 0:
            root = _debootstrap(work, mirror, authority, progress)
            with _packed(root) as stream:
                yield stream
        else:
            with _mmdebstrap(work, mirror, progress).open("rb") as stream:
                yield stream


def debootstrap_argv(tool: Debootstrap, root: Path, mirror: DebianMirror) -> list[str]:
    """Return the argument list that makes the root file system."""
    include = f"--include={','.join(PACKAGES)}"
    return [
        *tool.argv,
        "--variant=minbase",
        include,
        f"--keyring={tool.keyring}",
        SUITE,
        str(root),
        mirror.main,
    ]


def mmdebstrap_argv(tar: Path, mirror: DebianMirror) -> list[str]:
    """Return the argument list that makes a tar of the root file system without root."""
    sources = [f"deb {mirror.main} {SUITE} main", f"deb {mirror.security} {SUITE}-security main"]
    hook = f'--customize-hook={sys.executable} {trim.__file__} "$1"'
    include = f"--include={','.join(PACKAGES)}"
    return [
        "mmdebstrap",
        "--mode=unshare",
        "--variant=minbase",
        include,
        hook,
        SUITE,
        str(tar),
        *sources,
    ]


def _mmdebstrap(work: Path, mirror: DebianMirror, progress: Progress) -> Path:
    if shutil.which("mmdebstrap") is None:
        raise SidecarError(
            "base image",
            "making a Debian root file system needs root, or mmdebstrap and user namespaces",
            "Run `sudo sidecar images --source build`, or `apt-get install mmdebstrap uidmap`",
        )
    tar = work / "root.tar"
    run_logged(mmdebstrap_argv(tar, mirror), progress)
    return tar


def _debootstrap(
    work: Path, mirror: DebianMirror, authority: bytes | None, progress: Progress
) -> Path:
    tool = find_debootstrap(work, progress)
    root = work / "root"
    try:
        run_logged(
            debootstrap_argv(tool, root, mirror),
            progress,
            environment={**QUIET, **tool.environment},
        )
    except SidecarError as error:
        log = root / "debootstrap/debootstrap.log"
        detail = (
            "\n".join(log.read_text(errors="replace").splitlines()[-10:]) if log.is_file() else ""
        )
        cause = f"debootstrap from {mirror}: {error.cause}\n{masked(detail)}".rstrip()
        raise SidecarError("base image", cause) from error
    _take_security_updates(root, mirror, authority, progress)
    trim.trim(root)
    return root


def _take_security_updates(
    root: Path, mirror: DebianMirror, authority: bytes | None, progress: Progress
) -> None:
    sources = [f"deb {mirror.main} {SUITE} main", f"deb {mirror.security} {SUITE}-security main"]
    (root / "etc/apt/sources.list").write_text("\n".join(sources) + "\n")
    options = ["-o", "APT::Sandbox::User=root"]
    if authority:
        (root / "tmp/site.crt").write_bytes(authority)
        options += ["-o", "Acquire::https::CAInfo=/tmp/site.crt"]
    for words in (["update"], ["--yes", "upgrade"]):
        argv = ["chroot", str(root), "apt-get", "--quiet", *options, *words]
        run_logged(argv, progress, environment=QUIET)


@contextmanager
def _work_folder() -> Iterator[Path]:
    # /var/tmp, not /tmp: that one is often a small or noexec tmpfs
    work = Path(
        tempfile.mkdtemp(prefix="sidecar-base-", dir=os.environ.get("TMPDIR") or "/var/tmp")
    )  # noqa: S108
    work.chmod(0o755)
    try:
        yield work
    finally:
        unmount_below(work)
        shutil.rmtree(work)


def unmount_below(folder: Path) -> None:
    """Unmount what an interrupted debootstrap left mounted, so that removing the folder cannot leave it."""
    lines = MOUNTS.read_text().splitlines() if MOUNTS.exists() else []
    places = [
        place for place in (line.split()[1] for line in lines) if place.startswith(f"{folder}/")
    ]
    for place in sorted(places, reverse=True):
        subprocess.run(["umount", "--lazy", place], check=True)


@contextmanager
def _packed(root: Path) -> Iterator[IO[bytes]]:
    argv = [
        "tar",
        "--numeric-owner",
        "--sort=name",
        "--one-file-system",
        "-C",
        str(root),
        "-c",
        ".",
    ]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as packing:
        if packing.stdout is None:  # pragma: no cover - Popen made it
            raise SidecarError("tar", "it has no output")
        yield packing.stdout
    if packing.returncode:
        raise SidecarError("tar", f"exit code {packing.returncode} while packing the base image")
