"""The base's root file system, with small programs of the tests' own in place of debootstrap and its like."""

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
ROOT_PARTS = "etc/apt/sources.list.d etc/dpkg/dpkg.cfg.d tmp usr/share/doc/a var/lib/apt/lists usr/share/man/man1"
MAKE_ROOT = f"""
for last; do root=$mirror; mirror=$last; done
for part in {ROOT_PARTS}; do mkdir -p "$root/$part"; done
touch "$root/usr/share/doc/a/copyright" "$root/usr/share/doc/a/README" "$root/usr/share/man/man1/a.1"
echo "made from $mirror"; echo
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder first on PATH; the work happens beside it, as root or as if."""
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
    put(
        folder,
        "chroot",
        f'echo "$@" >> {tmp_path}/chroot.log; cat "$1/etc/apt/sources.list" >> {tmp_path}/chroot.log',
    )
    return folder


def put(folder: Path, name: str, script: str) -> None:
    """Write a program of shell lines."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def leftovers(programs: Path) -> list[Path]:
    """Return what is left below the work folder."""
    return list((programs.parent / "work").iterdir())


def names_in(mirror: DebianMirror, authority: bytes | None = None) -> list[str]:
    """Return the paths of the tar that the mirror gives."""
    with (
        base_image.debian_tar(mirror, authority, lambda _line: None) as stream,
        tarfile.open(fileobj=stream, mode="r|") as archive,
    ):
        return archive.getnames()


def test_tar_holds_a_trimmed_system_and_nothing_stays_behind(programs: Path) -> None:
    """Licences are kept, other documents go, and so does the folder it was made in."""
    put(programs, "debootstrap", MAKE_ROOT)

    found = names_in(MIRROR)

    assert "./usr/share/doc/a/copyright" in found
    assert not {
        "./usr/share/doc/a/README",
        "./usr/share/man/man1",
        "./etc/apt/sources.list.d",
    } & set(found)
    assert [] == leftovers(programs)


def test_security_updates_are_taken_through_the_hosts_mirror(programs: Path) -> None:
    """With the host's authority where there is one; the image itself names the official archive."""
    put(programs, "debootstrap", MAKE_ROOT)

    names_in(MIRROR, b"PEM")

    log = (programs.parent / "chroot.log").read_text()
    assert "Acquire::https::CAInfo=/tmp/site.crt update" in log
    assert "--yes upgrade" in log
    assert "deb https://m.example.com/debian-security bookworm-security main" in log


def test_failed_debootstrap_shows_its_log_and_no_password(programs: Path) -> None:
    """The mirror is named without its credentials; the real reason is in debootstrap's own log."""
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
    """A half root file system never becomes an image in silence."""
    put(programs, "debootstrap", MAKE_ROOT)
    put(programs, "tar", "exit 2")

    with (
        pytest.raises(SidecarError, match="exit code 2 while packing"),
        base_image.debian_tar(MIRROR, None, lambda _line: None) as stream,
    ):
        stream.read()


def test_without_root_mmdebstrap_does_it(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tar is its third argument from the end; the trimming runs inside its namespace."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    put(
        programs,
        "mmdebstrap",
        'for a; do b=$c; c=$d; d=$a; done; echo "$@" > "$(dirname "$0")/log"; tar -cf "$b" -C / etc/hostname',
    )

    assert ["etc/hostname"] == names_in(MIRROR)
    assert f'{sys.executable} {trim.__file__} "$1"' in (programs / "log").read_text()


def test_without_root_and_mmdebstrap_the_fix_is_exact(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two ways out are named."""
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


def test_host_that_can_neither_run_nor_fetch_debootstrap_is_told_so(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another distribution gets the name of the package; a failed download the command to try."""
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


@pytest.mark.parametrize("way", [trim.trim, trim_as_program])
def test_trim_keeps_licences_and_links_to_them(
    programs: Path, tmp_path: Path, way: Callable[[Path], None]
) -> None:
    """One package's licence may be a link to another's; folders without one go, as does the maker's own."""
    put(programs, "debootstrap", MAKE_ROOT)
    root = tmp_path / "root"
    subprocess.run(["debootstrap", str(root), "mirror"], check=True)
    (root / "usr/share/doc/b").symlink_to("a")
    (root / "usr/share/doc/c").mkdir()
    (root / "debootstrap").mkdir()

    way(root)

    assert ["a", "b"] == sorted(path.name for path in (root / "usr/share/doc").iterdir())
    assert not (root / "debootstrap").exists()
    assert trim.SOURCES == (root / "etc/apt/sources.list").read_text()


def test_interrupt_ends_the_program_and_all_it_started(tmp_path: Path) -> None:
    """A child's child that ignores the first signal is ended as well."""
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
    """Return whether the condition came true in time."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def test_program_that_ignores_the_request_is_ended_after_the_grace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SIGTERM, a bounded wait, SIGKILL."""
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


def test_what_is_mounted_below_the_folder_is_unmounted_deepest_first(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupted debootstrap can leave proc mounted; removing the folder must not walk into it."""
    put(programs, "umount", f'echo "$2" >> {tmp_path}/umount.log')
    table = "proc {0}/root/proc proc rw 0 0\nsysfs {0}/root/proc/sys sysfs rw 0 0\nproc /proc proc rw 0 0\n"
    monkeypatch.setattr(base_image, "MOUNTS", tmp_path / "mounts")
    (tmp_path / "mounts").write_text(table.format(tmp_path))

    base_image.unmount_below(tmp_path)

    expected = [f"{tmp_path}/root/proc/sys", f"{tmp_path}/root/proc"]
    assert expected == (tmp_path / "umount.log").read_text().split()
