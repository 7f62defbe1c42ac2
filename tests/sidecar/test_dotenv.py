"""The .env file: read as Compose reads it; the kit's lines change, the user's stay."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar import dotenv
from sidecar.errors import SidecarError
from sidecar.existing.compose.interpolation import resolve

if TYPE_CHECKING:
    from pathlib import Path


def test_lines_of_the_user_stay_where_they_are() -> None:
    """A known variable is set in place, a new one appended, comments and the rest are untouched."""
    text = "# mine\nA=1\nSIDECAR_BASE_IMAGE=old\n\nexport B = 2\n"

    merged = dotenv.merged(text, {"SIDECAR_BASE_IMAGE": "new", "SIDECAR_AGENT_IMAGE": "agent"})

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
    dotenv.update(tmp_path, {"B": "new", "C": "3"})

    assert expected == (tmp_path / ".env").read_bytes().decode()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file away")
def test_the_owner_stays(tmp_path: Path) -> None:
    """Written as root, a user's .env is still the user's."""
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    os.chown(path, 1234, 1235)
    path.chmod(0o600)
    dotenv.update(tmp_path, {"B": "2"})

    assert (1234, 1235, 0o600) == (
        path.stat().st_uid,
        path.stat().st_gid,
        path.stat().st_mode & 0o777,
    )


def test_none_removes_a_variable_and_a_repeated_line_goes() -> None:
    """What equals the default needs no line; of two lines for one variable one is left."""
    text = "SIDECAR_BASE_IMAGE=a\nSIDECAR_AGENT_IMAGE=b\nSIDECAR_AGENT_IMAGE=c\n"

    merged = dotenv.merged(text, {"SIDECAR_BASE_IMAGE": None, "SIDECAR_AGENT_IMAGE": "d"})

    assert merged == "SIDECAR_AGENT_IMAGE=d\n"


def test_no_file_is_made_for_nothing(tmp_path: Path) -> None:
    """Where every name is the default, the folder stays as it is."""
    assert not dotenv.update(tmp_path, {"SIDECAR_BASE_IMAGE": None})
    assert [] == list(tmp_path.iterdir())


def test_update_keeps_the_mode_and_leaves_no_other_file(tmp_path: Path) -> None:
    """A .env that only its owner may read stays so."""
    path = tmp_path / ".env"
    path.write_text("PASSWORD=x\n")
    path.chmod(0o600)

    assert dotenv.update(tmp_path, {"A": "1"})
    assert (0o600, "PASSWORD=x\nA=1\n") == (path.stat().st_mode & 0o777, path.read_text())
    assert [path] == list(tmp_path.iterdir())


def test_link_is_followed(tmp_path: Path) -> None:
    """A .env that links elsewhere stays a link."""
    (tmp_path / "real").write_text("")
    (tmp_path / ".env").symlink_to("real")

    dotenv.update(tmp_path, {"A": "1"})

    assert (tmp_path / ".env").is_symlink()
    assert (tmp_path / "real").read_text() == "A=1\n"


def test_folder_in_place_of_the_file_is_an_error(tmp_path: Path) -> None:
    """The file, the cause and the fix are named."""
    (tmp_path / ".env").mkdir()

    with pytest.raises(
        SidecarError, match=r"\.env: cannot be read: Is a directory. Choose another folder"
    ):
        dotenv.update(tmp_path, {"A": "1"})


def test_file_that_is_no_text_is_an_error_and_stays(tmp_path: Path) -> None:
    """Nothing is lost when the old content cannot be read."""
    (tmp_path / ".env").write_bytes(b"\xff\xfe")

    with pytest.raises(SidecarError, match="is not UTF-8 text"):
        dotenv.update(tmp_path, {"A": "1"})

    assert (tmp_path / ".env").read_bytes() == b"\xff\xfe"


def test_failed_write_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk leaves the old content and no temporary file."""
    (tmp_path / ".env").write_text("A=1\n")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SidecarError, match="No space left on device"):
        dotenv.update(tmp_path, {"A": "2"})

    assert [tmp_path / ".env"] == list(tmp_path.iterdir())
    assert (tmp_path / ".env").read_text() == "A=1\n"


TEXTS = {
    "A = 1\n": "1",
    "export A=1\n": "1",
    "export\tA=1\n": "1",
    "A: 1\n": "1",
    " A=1\n": "1",
    "\ufeffA=1\n": "1",
    "A=1\r\n": "1",
    "A=\n": "",
    "A=1\nA=2\n": "2",
    "A=1 # note\n": "1",
    "A=1#note\n": "1#note",
    "A=1\t# note\n": "1\t# note",
    "A= # note\n": "# note",
    "A=x  y \n": "x  y",
    "A=x'y'z\n": "x'y'z",
    "A='x # y' # note\n": "x # y",
    "A='x'y\n": "x",
    "A='x'\r\n": "x",
    "A='it\\'s'\n": "it's",
    "A='a\\nb'\n": "a\\nb",
    "A='a\\\\b'\n": "a\\\\b",
    'A="a\\nb"\n': "a\nb",
    'A="a\nb"\n': "a\nb",
    'A="say \\"hi\\""\n': 'say "hi"',
    'A="a\\\\b"\n': "a\\b",
    'A="\\tq\\c"\n': "\tq\\c",
    'B=2 A=1\nA="x" B=3\n': "x",
    "B=2\nA=${B}3\n": "23",
    'B=2\nA="${B}3"\n': "23",
    "B=2\nA='${B}3'\n": "${B}3",
    'A="a\\$B"\n': "a$B",
    "A=${B:-c}\n": "c",
    "A=a\x0cb\u2028c\n": "a\x0cb\u2028c",
    "#A=1\n": None,
    "A\n": None,
    "exportA=1\n": None,
}
"""Text → the value of A, None for none; as `docker compose` 2.40 reads them."""


def read(text: str) -> str | None:
    """Return the value of A."""
    values: dict[str, str] = {}
    for variable in dotenv.variables(text):
        values[variable.name] = resolve(variable.value, values).text
    return values.get("A")


@pytest.mark.parametrize(("text", "value"), TEXTS.items())
def test_a_value_is_read_as_compose_reads_it(text: str, value: str | None) -> None:
    """Quotes, escapes, notes, and variables in values."""
    assert value == read(text)


@pytest.mark.parametrize(("text", "value"), TEXTS.items())
def test_compose_reads_the_same(compose, tmp_path, text: str, value: str | None) -> None:
    """Asked itself, where it is installed."""
    spec = {"services": {"web": {"image": "i", "environment": ["A=${A-none}"]}}}
    (tmp_path / "docker-compose.yml").write_text(json.dumps(spec))
    (tmp_path / ".env").write_text(text, newline="")
    shown = json.loads(compose.run(tmp_path, "config", "--format", "json").stdout)

    expected = "none" if value is None else value.replace("$", "$$")

    assert expected == shown["services"]["web"]["environment"]["A"]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\x85\xa0")))
def test_a_written_value_is_read_back(value: str) -> None:
    """Whatever it holds: it is quoted and escaped where it must be."""
    assert value == read(dotenv.merged("", {"A": value}))


@given(st.text())
def test_a_text_that_nothing_changes_stays(text: str) -> None:
    """Byte for byte, whatever it is."""
    assert text == dotenv.merged(text, {})


def test_a_line_inside_a_value_is_not_a_variable() -> None:
    """A quoted value may span lines."""
    text = 'A="\nB=1\n"\nB=2\n'

    assert 'A="\nB=1\n"\nB=3\n' == dotenv.merged(text, {"B": "3"})
