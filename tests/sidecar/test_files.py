"""Files are replaced whole or not at all, and locked against other processes."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sidecar import files
from sidecar.errors import SidecarError

FULL = OSError(errno.ENOSPC, "No space left on device")
FAULTS = pytest.mark.parametrize("error", [FULL, KeyboardInterrupt()], ids=["full", "^C"])


def failing(step: str, at: int, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the n-th call of one step fail."""
    owner = {"open": os, "fsync": os, "chmod": Path, "copy2": shutil, "replace": Path}[step]
    real, left = getattr(owner, step), [at]

    def call(*arguments, **options):
        left[0] -= 1
        if left[0] == 0:
            raise error
        return real(*arguments, **options)

    monkeypatch.setattr(owner, step, call)


def contents(folder: Path) -> dict[str, str]:
    """Return the name of each file with its text."""
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_file_is_replaced_with_its_mode(tmp_path) -> None:
    """Whatever the umask; nothing is left next to it."""
    path = tmp_path / "a"
    path.write_text("old")
    before = os.umask(0o077)
    try:
        files.write(path, b"new", 0o444)
    finally:
        os.umask(before)

    assert ({"a": "new"}, 0o444) == (contents(tmp_path), path.stat().st_mode & 0o777)


@FAULTS
@pytest.mark.parametrize("step", ["open", "fsync", "chmod", "replace"])
@pytest.mark.parametrize("old", [{}, {"a": "old"}], ids=["new", "old"])
def test_a_fault_at_any_step_leaves_the_old_file(
    tmp_path, monkeypatch, old: dict[str, str], step: str, error: BaseException
) -> None:
    """Or none, where there was none."""
    for name, text in old.items():
        (tmp_path / name).write_text(text)
    with monkeypatch.context() as patch:
        failing(step, 1, error, patch)
        with pytest.raises(type(error)):
            files.write(tmp_path / "a", b"new")

    assert old == contents(tmp_path)


def test_nobody_else_reads_a_file_that_is_being_written(tmp_path, monkeypatch) -> None:
    """It may hold a token."""
    modes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: modes.append(os.fstat(file).st_mode & 0o777))
    files.write(tmp_path / "a", b"token", 0o444)

    assert [0o600] == modes


@FAULTS
@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("step", ["open", "fsync", "chmod", "copy2", "replace"])
def test_several_files_are_replaced_all_or_none(
    tmp_path, monkeypatch, step: str, at: int, error: BaseException
) -> None:
    """A fault at any step restores those that were replaced, and removes those that were new."""
    (tmp_path / "a").write_text("old")
    (tmp_path / "c").write_text("old")
    new = {tmp_path / name: b"new" for name in "abc"}
    with monkeypatch.context() as patch:
        failing(step, at, error, patch)
        with pytest.raises((SidecarError, KeyboardInterrupt)):
            files.write_all(new, "Free some space")

    assert {"a": "old", "c": "old"} == contents(tmp_path)


def test_several_files_leave_nothing_else(tmp_path) -> None:
    """Copies of the old ones are removed."""
    (tmp_path / "a").write_text("old")
    files.write_all({tmp_path / name: b"new" for name in "ab"}, "")

    assert {"a": "new", "b": "new"} == contents(tmp_path)


def test_the_file_that_cannot_be_written_is_named(tmp_path) -> None:
    """Not the temporary one next to it."""
    with pytest.raises(SidecarError) as caught:
        files.write_all({tmp_path / "missing" / "a": b"new"}, "Make the folder")

    expected = (
        f"{tmp_path}/missing/a: cannot be written: No such file or directory. Make the folder"
    )
    assert expected == str(caught.value)


def test_a_file_whose_neighbour_cannot_be_made_or_removed_is_named(tmp_path) -> None:
    """As on a read-only file system: what undoes the step fails like the step itself."""
    path = tmp_path / ("a" * 250)  # its neighbour's name is too long
    path.write_text("old")
    with pytest.raises(SidecarError, match=r"a: cannot be written: File name too long\. Choose"):
        files.write_all({path: b"new"}, "Choose another name")

    assert {path.name: "old"} == contents(tmp_path)


KILLED = """
import os, signal, sys
from pathlib import Path
from sidecar import files
os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
files.write(Path(sys.argv[1]), b"token")
"""


def test_what_a_killed_process_left_is_swept(tmp_path) -> None:
    """Next to this file only, even if its name holds a pattern."""
    path = tmp_path / "a[1]"
    others = [tmp_path / ".a1.0.sidecar-new", tmp_path / "a[1].sidecar-new", tmp_path / ".a[1]"]
    for other in others:
        other.touch()
    done = subprocess.run([sys.executable, "-c", KILLED, path])

    assert (-signal.SIGKILL, 4) == (done.returncode, len(list(tmp_path.iterdir())))

    files.sweep([path])

    assert set(others) == set(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_lock_is_waited_for(tmp_path, kind: str) -> None:
    """The one that waits gets a message, and continues when the other has ended."""
    lock, path = {
        "folder": (files.locked_folder, tmp_path),
        "file": (files.locked_file, tmp_path / "lock"),
    }[kind]
    waiting, order = threading.Event(), []

    def second() -> None:
        with lock(path, waiting.set):
            order.append("second")

    with lock(path, lambda: order.append("waited")) as locked:
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(5)
        order.append("first")
    thread.join(5)

    assert (True, ["first", "second"]) == (locked, order)


def test_a_file_system_without_locks_is_no_obstacle(tmp_path, monkeypatch) -> None:
    """The caller learns that it may not be the only one."""

    def flock(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with files.locked_folder(tmp_path, lambda: None) as locked:
        assert not locked


@pytest.mark.parametrize("lock", [files.locked_folder, files.locked_file])
def test_a_link_is_not_locked(tmp_path, lock) -> None:
    """It may lead anywhere."""
    (tmp_path / "link").symlink_to(tmp_path)

    with pytest.raises(OSError, match="link"), lock(tmp_path / "link", lambda: None):
        pass


def test_a_file_that_cannot_be_read_is_a_known_error(tmp_path) -> None:
    """The subject is what the system names."""
    with pytest.raises(SidecarError) as caught, files.reading(tmp_path):
        (tmp_path / "a").read_text()

    cause = "cannot be read: No such file or directory"
    expected = f"{tmp_path}/a: {cause}. Check the path and its permissions"
    assert expected == str(caught.value)
