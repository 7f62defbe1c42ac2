"""The token's file: written whole or not at all, readable for the agent, closed to others."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest
import yaml

from sidecar.errors import SidecarError
from sidecar.plan import agents
from sidecar.tokens.file_store import FileStore

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
OLD, NEW = b"old", agents.config_text(TOKEN, "agent.tags").encode()


@pytest.mark.parametrize("token", [TOKEN, "with: colon # and hash", "'\"\\", "yes", "密钥"])
@pytest.mark.parametrize(("key", "section"), [("agent.tags", "agent"), ("jaeger.tags", "jaeger")])
def test_the_file_holds_the_tags_key_and_nothing_else(token: str, key: str, section: str) -> None:
    """YAML quotes what it must; the agent reads the token as it is."""
    assert {section: {"tags": f"Authentication={token}"}} == yaml.safe_load(
        agents.config_text(token, key)
    )


def mode(path: Path) -> int:
    """Return a path's permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_file_is_readable_in_a_folder_that_is_not(tmp_path, umask: int) -> None:
    """0444 for the agent's user, in 0700 against the host's other users, whatever the umask.

    The forwarder's container mounts the folder of the bare token, and enters it as its own user.
    """
    store = FileStore(tmp_path / "out")
    path = store.path
    before = os.umask(umask)
    try:
        store.write(NEW)
    finally:
        os.umask(before)

    assert (0o444, 0o444, 0o700) == (mode(path), mode(store.bare), mode(path.parent))
    assert 0o755 == mode(store.bare.parent)
    assert {"agent.yaml", "forwarder"} == {child.name for child in path.parent.iterdir()}
    assert ["token"] == [child.name for child in store.bare.parent.iterdir()]
    assert TOKEN == store.bare.read_text()


def test_an_older_folder_is_closed_and_an_older_token_replaced(tmp_path) -> None:
    """A second `token set` leaves only the new token. Other files in the folder stay."""
    path = tmp_path / "secrets" / "agent.yaml"
    path.parent.mkdir(mode=0o755)
    (path.parent / "mine").write_text("mine")
    FileStore(tmp_path).write(OLD)
    FileStore(tmp_path).write(NEW)

    assert TOKEN in path.read_text()
    assert (0o700, {"agent.yaml", "mine", "forwarder"}) == (
        mode(path.parent),
        {child.name for child in path.parent.iterdir()},
    )


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.chmod", "pathlib.Path.replace"])
@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()],
    ids=["full", "^C"],
)
def test_a_fault_leaves_the_old_token_and_no_other_file(
    tmp_path, monkeypatch, step: str, error
) -> None:
    """The new file takes the old one's place in one step or not at all."""
    path = tmp_path / "secrets" / "agent.yaml"
    FileStore(tmp_path).write(OLD)
    before = path.read_text()

    def fail(*arguments, **options):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(step, fail)
        with pytest.raises((SidecarError, KeyboardInterrupt)) as caught:
            FileStore(tmp_path).write(NEW)

    assert before == path.read_text()
    assert [path] == [child for child in path.parent.rglob("*") if child.is_file()]
    assert TOKEN not in repr(caught.value)


@pytest.mark.parametrize("place", ["secrets", "secrets/agent.yaml"])
def test_a_link_is_not_followed(tmp_path, place: str) -> None:
    """Neither the folder's mode nor the token may reach another place."""
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    link = tmp_path / place
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(outside)

    with pytest.raises(
        SidecarError, match=r"is a link. Remove it: a token is kept in the folder itself"
    ):
        FileStore(tmp_path).write(NEW)
    assert (0o755, []) == (mode(outside), list(outside.iterdir()))


@pytest.mark.parametrize("blocked", ["", "secrets", "secrets/agent.yaml/below"])
def test_what_stands_in_the_way_is_named(tmp_path, blocked: str) -> None:
    """A file in a folder's place, or the folder that Docker creates for a missing file."""
    out = tmp_path / "out"
    wrong = out / blocked
    wrong.parent.mkdir(parents=True, exist_ok=True)
    wrong.write_text("mine")

    with pytest.raises(SidecarError, match=r"agent.yaml: cannot be written: .*\. Check the folder"):
        FileStore(out).write(NEW)
    assert "mine" == wrong.read_text()


def test_what_the_file_held_is_restored(tmp_path) -> None:
    """As bytes: even what is not text comes back."""
    store = FileStore(tmp_path)
    store.write(b"\xff")
    before = store.read()
    store.write(NEW)

    assert store.restore(before)
    assert b"\xff" == store.read()
    assert store.restore(None)
    assert store.read() is None


def test_a_file_that_cannot_be_read_is_named(tmp_path, monkeypatch) -> None:
    """For example one that another user wrote."""
    store = FileStore(tmp_path)
    store.write(NEW)

    def refuse(*_) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(SidecarError, match=r"agent.yaml: cannot be read: Permission denied"):
        store.read()
