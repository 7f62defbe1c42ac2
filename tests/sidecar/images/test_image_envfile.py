"""The .env file: the kit's lines change, the user's stay."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sidecar.errors import SidecarError
from sidecar.images import envfile

if TYPE_CHECKING:
    from pathlib import Path


def test_lines_of_the_user_stay_where_they_are() -> None:
    """A known variable is set in place, a new one appended, comments and the rest are untouched."""
    text = "# mine\nA=1\nSIDECAR_BASE_IMAGE=old\n\nexport B = 2\n"

    merged = envfile.merged(text, {"SIDECAR_BASE_IMAGE": "new", "SIDECAR_AGENT_IMAGE": "agent"})

    assert (
        merged == "# mine\nA=1\nSIDECAR_BASE_IMAGE=new\n\nexport B = 2\nSIDECAR_AGENT_IMAGE=agent\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1\r\nB=old\r\n", "A=1\r\nB=new\r\nC=3\r\n"),
        ("A=x\u2028y\x85z\x0cB=1\n", "A=x\u2028y\x85z\x0cB=1\nB=new\nC=3\n"),
        ("A=1", "A=1\nB=new\nC=3\n"),
        ("A=1\r\nB=old", "A=1\r\nB=new\r\nC=3\r\n"),
    ],
)
def test_the_ends_of_lines_are_the_users(tmp_path: Path, text: str, expected: str) -> None:
    """Windows' line ends stay, and no other character ends a line."""
    (tmp_path / ".env").write_bytes(text.encode())
    envfile.update(tmp_path, {"B": "new", "C": "3"})

    assert expected == (tmp_path / ".env").read_bytes().decode()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file away")
def test_the_owner_stays(tmp_path: Path) -> None:
    """Written as root, a user's .env is still the user's."""
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    os.chown(path, 1234, 1235)
    path.chmod(0o600)
    envfile.update(tmp_path, {"B": "2"})

    assert (1234, 1235, 0o600) == (
        path.stat().st_uid,
        path.stat().st_gid,
        path.stat().st_mode & 0o777,
    )


def test_none_removes_a_variable_and_a_repeated_line_goes() -> None:
    """What equals the default needs no line; of two lines for one variable one is left."""
    text = "SIDECAR_BASE_IMAGE=a\nSIDECAR_AGENT_IMAGE=b\nSIDECAR_AGENT_IMAGE=c\n"

    merged = envfile.merged(text, {"SIDECAR_BASE_IMAGE": None, "SIDECAR_AGENT_IMAGE": "d"})

    assert merged == "SIDECAR_AGENT_IMAGE=d\n"


def test_no_file_is_made_for_nothing(tmp_path: Path) -> None:
    """Where every name is the default, the folder stays as it is."""
    assert not envfile.update(tmp_path, {"SIDECAR_BASE_IMAGE": None})
    assert [] == list(tmp_path.iterdir())


def test_update_keeps_the_mode_and_leaves_no_other_file(tmp_path: Path) -> None:
    """A .env that only its owner may read stays so."""
    path = tmp_path / ".env"
    path.write_text("PASSWORD=x\n")
    path.chmod(0o600)

    assert envfile.update(tmp_path, {"A": "1"})
    assert (0o600, "PASSWORD=x\nA=1\n") == (path.stat().st_mode & 0o777, path.read_text())
    assert [path] == list(tmp_path.iterdir())


def test_link_is_followed(tmp_path: Path) -> None:
    """A .env that links elsewhere stays a link."""
    (tmp_path / "real").write_text("")
    (tmp_path / ".env").symlink_to("real")

    envfile.update(tmp_path, {"A": "1"})

    assert (tmp_path / ".env").is_symlink()
    assert (tmp_path / "real").read_text() == "A=1\n"


def test_folder_in_place_of_the_file_is_an_error(tmp_path: Path) -> None:
    """The file, the cause and the fix are named."""
    (tmp_path / ".env").mkdir()

    with pytest.raises(
        SidecarError, match=r"\.env: cannot be updated: Is a directory. Choose another folder"
    ):
        envfile.update(tmp_path, {"A": "1"})


def test_file_that_is_no_text_is_an_error_and_stays(tmp_path: Path) -> None:
    """Nothing is lost when the old content cannot be read."""
    (tmp_path / ".env").write_bytes(b"\xff\xfe")

    with pytest.raises(SidecarError, match="cannot be updated"):
        envfile.update(tmp_path, {"A": "1"})

    assert (tmp_path / ".env").read_bytes() == b"\xff\xfe"


def test_failed_write_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk leaves the old content and no temporary file."""
    (tmp_path / ".env").write_text("A=1\n")

    def full(_descriptor: int, _mode: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fchmod", full)
    with pytest.raises(SidecarError, match="No space left on device"):
        envfile.update(tmp_path, {"A": "2"})

    assert [tmp_path / ".env"] == list(tmp_path.iterdir())
    assert (tmp_path / ".env").read_text() == "A=1\n"
