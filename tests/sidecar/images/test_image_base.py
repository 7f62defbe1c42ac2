"""The base's root file system, with small programs instead of debootstrap and others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sidecar.errors import SidecarError
from sidecar.images import base_image, bootstrap, process, trim
from sidecar.images.mirrors import DebianMirror

if TYPE_CHECKING:
    from collections.abc import Callable

MIRROR = DebianMirror(
    "https://user:secret@m.example.com/debian", "https://m.example.com/debian-security"
)
MAKE_ROOT = """
for last; do root=$mirror; mirror=$last; done
for part in apt/sources.list.d dpkg/dpkg.cfg.d; do mkdir -p "$root/etc/$part"; done
for part in tmp usr/share/doc/a usr/share/man/man1 var/lib/apt; do mkdir -p "$root/$part"; done
touch "$root/usr/share/doc/a/copyright" "$root/usr/share/doc/a/README"
touch "$root/usr/share/man/man1/a.1"
echo "made from $mirror"; echo
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder first on PATH; the code under test believes that it runs as root."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "work"))
    monkeypatch.setattr(base_image, "QUIET", {})
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    keyring = tmp_path / "keys.gpg"
    keyring.touch()
    monkeypatch.setattr(bootstrap, "KEYRINGS", (keyring,))
    log = tmp_path / "chroot.log"
    put(folder, "chroot", f'echo "$@" >> {log}; cat "$1/etc/apt/sources.list" >> {log}')
    return folder


def put(folder: Path, name: str, script: str) -> None:
    """Write a program of shell lines."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def leftovers(programs: Path) -> list[Path]:
    """Return what is left in the work folder."""
    return list((programs.parent / "work").iterdir())


def names_in(mirror: DebianMirror, authority: bytes | None = None) -> list[str]:
    """Return the paths in the tar that is made from a mirror."""
    with (
        base_image.debian_tar(mirror, authority, lambda _line: None) as stream,
        tarfile.open(fileobj=stream, mode="r|") as archive,
    ):
        return archive.getnames()


def test_tar_holds_a_trimmed_system_and_nothing_is_left(programs: Path) -> None:
    """Licenses are kept, other documents and the work folder are removed."""
    put(programs, "debootstrap", MAKE_ROOT)

    found = names_in(MIRROR)

    assert "./usr/share/doc/a/copyright" in found
    assert not {
        "./usr/share/doc/a/README",
        "./usr/share/man/man1",
        "./etc/apt/sources.list.d",
    } & set(found)
    assert [] == leftovers(programs)


def test_security_updates_come_from_the_hosts_mirror(programs: Path) -> None:
    """With the host's authority, if any; the image itself names the official archive."""
    put(programs, "debootstrap", MAKE_ROOT)

    names_in(MIRROR, b"PEM")

    log = (programs.parent / "chroot.log").read_text()
    assert "Acquire::https::CAInfo=/tmp/site.crt update" in log
    assert "--yes upgrade" in log
    assert "deb https://m.example.com/debian-security bookworm-security main" in log


def test_failed_debootstrap_shows_its_log_and_no_password(programs: Path) -> None:
    """The mirror is named without credentials; the cause is in debootstrap's log."""
    put(
        programs,
        "debootstrap",
        f'{MAKE_ROOT}\ncd "$root"; mkdir debootstrap; '
        'echo "no such package at $mirror" > debootstrap/debootstrap.log; exit 1',
    )

    with pytest.raises(SidecarError) as caught:
        names_in(MIRROR)

    assert "debootstrap from https://m.example.com/debian: exit code 1" in str(caught.value)
    assert "made from https://m.example.com/debian" in str(caught.value)
    assert str(caught.value).endswith("no such package at https://m.example.com/debian")
    assert "secret" not in str(caught.value)
    assert [] == leftovers(programs)


def test_failed_tar_is_an_error(programs: Path) -> None:
    """Half of a root file system never becomes an image."""
    put(programs, "debootstrap", MAKE_ROOT)
    put(programs, "tar", "exit 2")

    with (
        pytest.raises(SidecarError, match="exit code 2 while packing"),
        base_image.debian_tar(MIRROR, None, lambda _line: None) as stream,
    ):
        stream.read()


def test_without_root_mmdebstrap_is_used(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trimming runs inside its namespace."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    third_last = "for a; do b=$c; c=$d; d=$a; done"
    log = 'echo "$@" > "$(dirname "$0")/log"'
    put(programs, "mmdebstrap", f'{third_last}; {log}; tar -cf "$b" -C / etc/hostname')

    assert ["etc/hostname"] == names_in(MIRROR)
    assert f'{sys.executable} {trim.__file__} "$1"' in (programs / "log").read_text()


def test_without_root_and_mmdebstrap_the_fix_is_exact(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two commands are named."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", str(programs))

    with pytest.raises(
        SidecarError,
        match=r"Run `sudo sidecar images --source build`, or `apt-get install mmdebstrap",
    ):
        names_in(MIRROR)


def test_debootstrap_that_is_not_installed_is_fetched_privately(
    programs: Path, tmp_path: Path
) -> None:
    """apt-get downloads it, dpkg-deb unpacks it, nothing is installed."""
    put(programs, "apt-get", 'touch "$2_1.deb"')
    put(programs, "dpkg-deb", 'mkdir -p "$3"')
    put(programs, "wget", "")
    tools = {name: programs / name for name in ("apt-get", "dpkg-deb", "wget")}
    assert all(path.is_file() for path in tools.values())

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{programs}:/bin")
        patch.setattr(
            bootstrap.shutil, "which", lambda name: str(tools[name]) if name in tools else None
        )
        patch.setattr(bootstrap, "KEYRINGS", (Path("/usr/share/keyrings/none.gpg"),))
        found = bootstrap.find_debootstrap(tmp_path, lambda _line: None)

    root = tmp_path / "debootstrap/root"
    assert ("sh", str(root / "usr/sbin/debootstrap")) == found.argv
    assert {"DEBOOTSTRAP_DIR": str(root / "usr/share/debootstrap")} == found.environment
    assert tmp_path / "debian-archive-keyring/root/usr/share/keyrings/none.gpg" == found.keyring


def test_host_without_a_way_to_debootstrap_is_an_error(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package is named, or after a failed download the command to try."""
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(SidecarError, match="cannot be fetched without apt-get, dpkg-deb, wget"):
        bootstrap.find_debootstrap(tmp_path, lambda _line: None)

    for name in ("dpkg-deb", "wget"):
        put(programs, name, "")
    put(programs, "apt-get", "echo 'E: Unable to locate package'; exit 100")
    (tmp_path / "again").mkdir()
    with pytest.raises(
        SidecarError,
        match=r"(?s)Unable to locate package.*apt-get update && apt-get install debootstrap",
    ):
        bootstrap.find_debootstrap(tmp_path / "again", lambda _line: None)


def trim_as_program(root: Path) -> None:
    """Trim as mmdebstrap does."""
    subprocess.run([sys.executable, "-m", trim.__name__, str(root)], check=True)


@pytest.mark.parametrize("trim_root", [trim.trim, trim_as_program])
def test_trim_keeps_licenses_and_links_to_them(
    programs: Path, tmp_path: Path, trim_root: Callable[[Path], None]
) -> None:
    """Folders without one are removed, as is debootstrap's own."""
    put(programs, "debootstrap", MAKE_ROOT)
    root = tmp_path / "root"
    subprocess.run(["debootstrap", str(root), "mirror"], check=True)
    (root / "usr/share/doc/b").symlink_to("a")
    (root / "usr/share/doc/c").mkdir()
    (root / "debootstrap").mkdir()

    trim_root(root)

    assert ["a", "b"] == sorted(path.name for path in (root / "usr/share/doc").iterdir())
    assert not (root / "debootstrap").exists()
    assert trim.SOURCES == (root / "etc/apt/sources.list").read_text()


def test_interrupt_ends_the_program_and_all_it_started(tmp_path: Path) -> None:
    """A child's child that ignores the first signal is ended, too."""
    held = tmp_path / "held"
    os.mkfifo(held)
    script = f"(trap '' TERM; exec 9<>{held}; echo ready; exec sleep 60) & wait"

    def interrupt(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        process.run_logged(["sh", "-c", script], interrupt)

    assert wait_until(lambda: not is_held(held))


def is_held(fifo: Path) -> bool:
    """Tell whether a living process has the FIFO open."""
    try:
        os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Return whether the condition became true in time."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def test_program_that_ignores_the_request_is_ended_after_the_grace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SIGTERM, a limited wait, SIGKILL."""
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.1)
    child = subprocess.Popen(
        ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert child.stdout is not None
    child.stdout.readline()

    threading.Thread(target=process.end_session, args=(child,)).start()

    assert -signal.SIGKILL == child.wait(10)
    child.stdout.close()


def test_mounts_below_the_folder_are_unmounted_deepest_first(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupted debootstrap leaves proc mounted, which must not be removed."""
    put(programs, "umount", f'echo "$2" >> {tmp_path}/umount.log')
    mounts = [
        f"proc {tmp_path}/root/proc proc rw 0 0",
        f"sysfs {tmp_path}/root/proc/sys sysfs rw 0 0",
        "proc /proc proc rw 0 0",
    ]
    monkeypatch.setattr(base_image, "MOUNTS", tmp_path / "mounts")
    (tmp_path / "mounts").write_text("\n".join(mounts) + "\n")

    base_image.unmount_below(tmp_path)

    expected = [f"{tmp_path}/root/proc/sys", f"{tmp_path}/root/proc"]
    assert expected == (tmp_path / "umount.log").read_text().split()
