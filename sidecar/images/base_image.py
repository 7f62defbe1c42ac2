"""The base image from source, for hosts that reach no image registry: a trimmed Debian with Python.

Its root file system is made below a temporary folder, which is removed in every case.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sidecar import image_names, signals
from sidecar.engine.errors import masked
from sidecar.errors import SidecarError
from sidecar.images import trim
from sidecar.images.bootstrap import Debootstrap, find_debootstrap
from sidecar.images.inputs import INPUTS_LABEL, STAGE_LABEL, digest_of
from sidecar.images.mirrors import SUITE, DebianMirror
from sidecar.images.process import run_logged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.engine.images import ImageStore, Progress

RECIPE = "2"
"""Raise it when the steps change; the lists of packages and paths are part of the digest."""
PACKAGES = ("ca-certificates", "python3", "python3-venv")
MOUNTS = Path("/proc/self/mounts")
QUIET = {
    "DEBIAN_FRONTEND": "noninteractive",
    "LC_ALL": "C",
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
}
_LOG_LINES = 10


def base_inputs() -> str:
    """Return the digest of all that decides the base's content, except the packages' versions."""
    lists = (*PACKAGES, *trim.EMPTIED, *trim.REMOVED, trim.SOURCES, trim.KEEP_TRIMMED)
    return digest_of(
        [("recipe", RECIPE.encode()), ("suite", SUITE.encode()), ("lists", repr(lists).encode())]
    )


def build_base(
    images: ImageStore, mirror: DebianMirror, authority: bytes | None, progress: Progress
) -> None:
    """Make the base image.

    Raises SidecarError where the host cannot, EngineError where the engine refuses.
    """
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


@contextmanager
def debian_tar(
    mirror: DebianMirror, authority: bytes | None, progress: Progress
) -> Iterator[IO[bytes]]:
    """Yield a tar stream of a trimmed Debian with Python; as root by debootstrap, else mmdebstrap.

    Raises SidecarError where the host can do neither.
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
    options = [f"--include={','.join(PACKAGES)}", f"--keyring={tool.keyring}"]
    return [*tool.argv, "--variant=minbase", *options, SUITE, str(root), mirror.main]


def mmdebstrap_argv(tar: Path, mirror: DebianMirror) -> list[str]:
    """Return the argument list that makes a tar of the root file system without root."""
    hook = f'--customize-hook={sys.executable} {trim.__file__} "$1"'
    options = ["--mode=unshare", "--variant=minbase", f"--include={','.join(PACKAGES)}", hook]
    return ["mmdebstrap", *options, SUITE, str(tar), *_sources(mirror)]


def _sources(mirror: DebianMirror) -> list[str]:
    return [f"deb {mirror.main} {SUITE} main", f"deb {mirror.security} {SUITE}-security main"]


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
    argv = debootstrap_argv(tool, root, mirror)
    try:
        run_logged(argv, progress, environment={**QUIET, **tool.environment})
    except SidecarError as error:
        detail = masked(_end_of(root / "debootstrap/debootstrap.log"))
        cause = f"debootstrap from {mirror}: {error.cause}\n{detail}".rstrip()
        raise SidecarError("base image", cause) from error
    _install_security_updates(root, mirror, authority, progress)
    trim.trim(root)
    return root


def _end_of(log: Path) -> str:
    if not log.is_file():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])


def _install_security_updates(
    root: Path, mirror: DebianMirror, authority: bytes | None, progress: Progress
) -> None:
    (root / "etc/apt/sources.list").write_text("\n".join(_sources(mirror)) + "\n")
    options = ["-o", "APT::Sandbox::User=root"]
    if authority:
        (root / "tmp/site.crt").write_bytes(authority)
        options += ["-o", "Acquire::https::CAInfo=/tmp/site.crt"]
    for words in (["update"], ["--yes", "upgrade"]):
        argv = ["chroot", str(root), "apt-get", "--quiet", *options, *words]
        run_logged(argv, progress, environment=QUIET)


@contextmanager
def _work_folder() -> Iterator[Path]:
    # not /tmp, which is often a small or noexec tmpfs
    parent = os.environ.get("TMPDIR") or "/var/tmp"  # noqa: S108
    with ExitStack() as stack:
        with signals.deferred():
            work = Path(tempfile.mkdtemp(prefix="sidecar-base-", dir=parent))
            stack.callback(shutil.rmtree, work)
            stack.callback(unmount_below, work)
        work.chmod(0o755)
        yield work


def unmount_below(folder: Path) -> None:
    """Unmount what an interrupted debootstrap left mounted, before the folder is removed."""
    lines = MOUNTS.read_text().splitlines() if MOUNTS.exists() else []
    points = [line.split()[1] for line in lines]
    for point in sorted(points, reverse=True):
        if point.startswith(f"{folder}/"):
            subprocess.run(["umount", "--lazy", point], check=True)


@contextmanager
def _packed(root: Path) -> Iterator[IO[bytes]]:
    argv = ["tar", "--numeric-owner", "--sort=name", "--one-file-system", "-C", str(root)]
    with subprocess.Popen([*argv, "-c", "."], stdout=subprocess.PIPE) as packing:
        if packing.stdout is None:  # pragma: no cover - Popen made it
            raise SidecarError("tar", "it has no output")
        yield packing.stdout
    if packing.returncode:
        raise SidecarError("tar", f"exit code {packing.returncode} while packing the base image")
