"""The token: what is refused, how it is kept, and where it never appears."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest
import yaml

from sidecar import tokens
from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
CANARY = "canary-that-nobody-may-see"


@pytest.mark.parametrize(
    "text", [TOKEN, f"  {TOKEN}\r\n", f"Authentication={TOKEN}", f"\ufeffAuthentication={TOKEN}\n", f"\t{TOKEN}"]
)
def test_a_pasted_token_is_cleaned(text: str) -> None:
    """Blanks around it, a byte order mark and the console's `Authentication=` are taken off."""
    assert TOKEN == tokens.clean(text)


@pytest.mark.parametrize("token", ["no-known-shape", "with=sign", "a.b/c+d==", "密钥"])
def test_the_shape_is_a_hint_not_a_law(token: str) -> None:
    """Whatever the agent reads as one value is taken."""
    assert token == tokens.clean(token)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("Authentication=", "is empty"),
        (f"{CANARY},x=y", "holds a comma"),
        (f"${{{CANARY}}}", "holds a `$`"),
        (f"{CANARY} {CANARY}", "holds a blank"),
        (f"{CANARY}\n{CANARY}", "holds a blank, a line break or a control character"),
        (f"Authentication= {CANARY}", "holds a blank"),
        (f"{CANARY}\x00", "holds a blank, a line break or a control character"),
        (f"{CANARY}\u200b{CANARY}", "holds a blank, a line break or a control character"),
        (f"{CANARY}\udcff", "holds a blank, a line break or a control character"),
    ],
)
def test_what_an_agent_would_misread_is_refused_unseen(text: str, cause: str) -> None:
    """The error says what is wrong and never shows the token."""
    with pytest.raises(SidecarError) as caught:
        tokens.clean(text)

    assert f"token: {cause}" in str(caught.value)
    assert caught.value.fix
    assert CANARY not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("token", [TOKEN, "with: colon # and hash", "'\"\\", "yes", "密钥"])
@pytest.mark.parametrize(("key", "section"), [("agent.tags", "agent"), ("jaeger.tags", "jaeger")])
def test_the_file_holds_the_tags_key_and_nothing_else(token: str, key: str, section: str) -> None:
    """YAML quotes what it must; the agent reads the token as it is."""
    assert {section: {"tags": f"Authentication={token}"}} == yaml.safe_load(tokens.agent_config(token, key))


def mode(path: Path) -> int:
    """Return a path's permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_file_is_readable_in_a_folder_that_is_not(tmp_path, umask: int) -> None:
    """0444 for the agent's user, in 0700 that keeps the host's other users out, whatever the umask."""
    path = tmp_path / "out" / "secrets" / "agent.yaml"
    before = os.umask(umask)
    try:
        tokens.write(TOKEN, path, "agent.tags")
    finally:
        os.umask(before)

    assert (0o444, 0o700) == (mode(path), mode(path.parent))
    assert ["agent.yaml"] == [child.name for child in path.parent.iterdir()]


def test_an_older_folder_is_closed_and_an_older_token_replaced(tmp_path) -> None:
    """A second `token set` leaves the new token only; other files in the folder stay."""
    path = tmp_path / "secrets" / "agent.yaml"
    path.parent.mkdir(mode=0o755)
    (path.parent / "mine").write_text("mine")
    tokens.write("old", path, "agent.tags")
    tokens.write(TOKEN, path, "agent.tags")

    assert TOKEN in path.read_text()
    assert (0o700, {"agent.yaml", "mine"}) == (mode(path.parent), {child.name for child in path.parent.iterdir()})


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.chmod", "pathlib.Path.replace"])
@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()], ids=["full", "^C"]
)
def test_a_fault_leaves_the_old_token_and_no_other_file(tmp_path, monkeypatch, step: str, error) -> None:
    """The new file takes the old one's place in one step or not at all."""
    path = tmp_path / "secrets" / "agent.yaml"
    tokens.write("old", path, "agent.tags")
    before = path.read_text()

    def fail(*arguments, **options):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(step, fail)
        with pytest.raises((SidecarError, KeyboardInterrupt)) as caught:
            tokens.write(TOKEN, path, "agent.tags")

    assert before == path.read_text()
    assert ["agent.yaml"] == [child.name for child in path.parent.iterdir()]
    assert TOKEN not in repr(caught.value)


@pytest.mark.parametrize("place", ["secrets", "secrets/agent.yaml"])
def test_a_link_is_not_followed(tmp_path, place: str) -> None:
    """Neither the folder's mode nor the token may reach another place."""
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    link = tmp_path / place
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(outside)

    with pytest.raises(SidecarError, match=r"is a link. Remove it: a token is kept in the folder itself"):
        tokens.write(TOKEN, tmp_path / "secrets" / "agent.yaml", "agent.tags")
    assert (0o755, []) == (mode(outside), list(outside.iterdir()))


@pytest.mark.parametrize("blocked", ["", "secrets", "secrets/agent.yaml/below"])
def test_what_stands_in_the_way_is_named(tmp_path, blocked: str) -> None:
    """A file for a folder, or the folder that Docker makes for a missing file, is an error with its path."""
    out = tmp_path / "out"
    wrong = out / blocked
    wrong.parent.mkdir(parents=True, exist_ok=True)
    wrong.write_text("mine")

    with pytest.raises(SidecarError, match=r"agent.yaml: cannot be written: .*\. Check the folder"):
        tokens.write(TOKEN, out / "secrets" / "agent.yaml", "agent.tags")
    assert "mine" == wrong.read_text()


def test_the_variable_is_taken_out_of_the_environment(monkeypatch) -> None:
    """No program that is started later inherits it."""
    monkeypatch.setenv("TRACING_TOKEN", TOKEN)

    assert TOKEN == tokens.take_from_environment()
    assert tokens.take_from_environment() is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"tags=Authentication={TOKEN}, x", "tags=Authentication=***"),
        ("'Authentication=abc'", "'Authentication=***'"),
        ("http://h/adapt_abc@1/api/traces", "http://h/adapt_***/api/traces"),
        (f"token {TOKEN}!", "token ***!"),
        ("user@example.com in agent.tags", "user@example.com in agent.tags"),
    ],
)
def test_what_looks_like_a_token_is_masked(text: str, expected: str) -> None:
    """In a defect's log, where any text may stand."""
    assert tokens.mask(text).startswith(expected)
    assert TOKEN not in tokens.mask(text)


def test_a_known_token_is_masked_whatever_its_shape() -> None:
    """The variable's value is known, and is taken out as it is."""
    assert "a *** b" == tokens.mask(f"a {CANARY} b", CANARY)


def test_the_local_token_is_a_public_constant() -> None:
    """It is not of the vendor's shape, so that it is not mistaken for one that is worth anything."""
    assert "local@stand-in_local@public-constant" == tokens.LOCAL_TOKEN == tokens.clean(tokens.LOCAL_TOKEN)
