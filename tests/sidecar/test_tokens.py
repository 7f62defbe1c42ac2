"""The token: what is refused, how it is kept, and where it never appears."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest
import yaml

from sidecar import agent, secrecy
from sidecar.errors import SidecarError
from sidecar.findings import Severity
from sidecar.tokens import content, store

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
CANARY = "canary-that-nobody-may-see"

PASTED = {
    "alone": TOKEN,
    "with CRLF": f"  {TOKEN}\r\n",
    "with its key": f"Authentication={TOKEN}",
    "with a byte order mark": f"\ufeffAuthentication={TOKEN}\n",
    "with a tab": f"\t{TOKEN}",
    "with its key in lower case": f"authentication={TOKEN}",
    "with its key twice": f"Authentication=Authentication={TOKEN}",
    "as the agent's flag": f"--agent.tags=Authentication={TOKEN}",
    "as the old agent's flag": f"--jaeger.tags=Authentication={TOKEN}\n",
    "as a quoted flag": f'--agent.tags="Authentication={TOKEN}"',
    "as the vendor's line": "nohup ./jaeger-agent --reporter.grpc.host-port=tracing-analysis-dc-sz.aliyuncs.com:1883 "
    f"--jaeger.tags=Authentication={TOKEN} &",
    "as the vendor's line, folded": f"./jaeger-agent --a=b \\\n  --agent.tags 'Authentication={TOKEN}' \\\n  --c=d",
}
REFUSED = [
    ("", "is empty"),
    (" \n", "is empty"),
    ("\ufeff", "is empty"),
    ("Authentication=", "is empty"),
    ("--agent.tags=", "is empty"),
    (f"{CANARY}\x00", "holds a NUL character"),
    (f"{CANARY}\n{CANARY}", "holds a line break"),
    (f"{CANARY}\r\n{CANARY}\r\n", "holds a line break"),
    (f"{CANARY}\u2028{CANARY}", "holds a line break"),
    (f"{CANARY} {CANARY}", "holds a blank"),
    (f"{CANARY}\u3000{CANARY}", "holds a blank"),
    (f"Authentication= {CANARY}", "holds a blank"),
    (f"{CANARY}\ufeff{CANARY}", "holds an invisible character, such as a byte order mark"),
    (f"{CANARY}\u200b{CANARY}", "holds an invisible character, such as a byte order mark"),
    (f"{CANARY}\x1b[0m", "holds a control character"),
    (f"{CANARY}\x7f", "holds a control character"),
    (f"{CANARY}\uff20{CANARY}", "holds a character beyond ASCII, perhaps a look-alike"),
    (f"{CANARY}\udcff", "holds a character beyond ASCII, perhaps a look-alike"),
    (f'"{CANARY}"', "is in quotes"),
    (f"\u201c{CANARY}\u201d", "is in quotes"),
    (f"'Authentication={CANARY}'", "is in quotes"),
    (f"{CANARY}'{CANARY}", "holds a quote"),
    (f"{CANARY},x=y", "holds a comma, at which the agent would split it"),
    (f"${{{CANARY}}}", "is a variable that nothing has expanded"),
    (f"$(cat {CANARY})".replace(" ", ""), "is a variable that nothing has expanded"),
    ("$TRACING_TOKEN", "is a variable that nothing has expanded"),
    (f"{CANARY}$${CANARY}", "holds `$$`, which is how a Compose file writes `$`"),
    ("<token>", "is a placeholder"),
    ("{{token}}", "is a placeholder"),
    ("xxxxxxxx", "is a placeholder"),
    ("***", "is a placeholder"),
    (f"http://gateway.example.com/adapt_{CANARY}/api/traces", "is an HTTP endpoint"),
    (f"adapt_{CANARY}/api/otlp/traces", "is an HTTP endpoint"),
    (f"--{CANARY}", "begins with `-`, as a flag does"),
    (CANARY * 50, "is longer than 1,024 characters"),
]


@pytest.mark.parametrize("text", PASTED.values(), ids=PASTED)
def test_a_pasted_token_is_cleaned(text: str) -> None:
    """Blanks around it, a byte order mark, the console's `Authentication=` and the agent's flag are taken off."""
    assert TOKEN == content.clean(text)


@pytest.mark.parametrize(
    "token", ["no-known-shape", "with=sign", "a.b/c+d==", "ab$c@1_ab$c@2", "a" * 1024]
)
def test_the_shape_is_a_hint_not_a_law(token: str) -> None:
    """Whatever the agent reads as one value is taken."""
    assert token == content.clean(token)


@pytest.mark.parametrize(("text", "cause"), REFUSED)
def test_what_an_agent_would_misread_is_refused_unseen(text: str, cause: str) -> None:
    """The error says what is wrong and never shows the token."""
    with pytest.raises(SidecarError) as caught:
        content.clean(text)

    assert cause == caught.value.cause
    assert caught.value.fix
    assert CANARY not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_every_rule_has_a_message_of_its_own() -> None:
    """And each is among the cases above."""
    causes = [rule.cause for rule in content.RULES]

    assert len(causes) == len(set(causes))
    assert set(causes) == {cause for _, cause in REFUSED}


def test_all_broken_rules_are_told_at_once() -> None:
    """For `token check`; an error tells the first."""
    causes = [rule.cause for rule in content.broken_rules(f"'{CANARY},\n'")]

    assert [
        "holds a line break",
        "is in quotes",
        "holds a comma, at which the agent would split it",
    ] == causes


@pytest.mark.parametrize(
    ("token", "causes"),
    [
        (TOKEN, []),
        (f"{CANARY}", ["holds no `@`"]),
        (f"{CANARY}@half", ["is not of the shape name@hash_name@hash"]),
        (secrecy.LOCAL_TOKEN, ["is the public constant of the region `local`"]),
    ],
)
def test_another_shape_is_a_warning(token: str, causes: list[str]) -> None:
    """The token is taken, and not shown."""
    found = content.hints(token)

    assert causes == [finding.cause for finding in found]
    assert {Severity.WARNING} >= {finding.severity for finding in found}
    assert CANARY not in str([*map(str, found)])


@pytest.mark.parametrize("token", [TOKEN, "with: colon # and hash", "'\"\\", "yes", "密钥"])
@pytest.mark.parametrize(("key", "section"), [("agent.tags", "agent"), ("jaeger.tags", "jaeger")])
def test_the_file_holds_the_tags_key_and_nothing_else(token: str, key: str, section: str) -> None:
    """YAML quotes what it must; the agent reads the token as it is."""
    assert {section: {"tags": f"Authentication={token}"}} == yaml.safe_load(
        agent.config_text(token, key)
    )


def mode(path: Path) -> int:
    """Return a path's permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_file_is_readable_in_a_folder_that_is_not(tmp_path, umask: int) -> None:
    """0444 for the agent's user, in 0700 that keeps the host's other users out, whatever the umask."""
    path = tmp_path / "out" / "secrets" / "agent.yaml"
    before = os.umask(umask)
    try:
        store.write(TOKEN, path, "agent.tags")
    finally:
        os.umask(before)

    assert (0o444, 0o700) == (mode(path), mode(path.parent))
    assert ["agent.yaml"] == [child.name for child in path.parent.iterdir()]


def test_an_older_folder_is_closed_and_an_older_token_replaced(tmp_path) -> None:
    """A second `token set` leaves the new token only; other files in the folder stay."""
    path = tmp_path / "secrets" / "agent.yaml"
    path.parent.mkdir(mode=0o755)
    (path.parent / "mine").write_text("mine")
    store.write("old", path, "agent.tags")
    store.write(TOKEN, path, "agent.tags")

    assert TOKEN in path.read_text()
    assert (0o700, {"agent.yaml", "mine"}) == (
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
    store.write("old", path, "agent.tags")
    before = path.read_text()

    def fail(*arguments, **options):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(step, fail)
        with pytest.raises((SidecarError, KeyboardInterrupt)) as caught:
            store.write(TOKEN, path, "agent.tags")

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

    with pytest.raises(
        SidecarError, match=r"is a link. Remove it: a token is kept in the folder itself"
    ):
        store.write(TOKEN, tmp_path / "secrets" / "agent.yaml", "agent.tags")
    assert (0o755, []) == (mode(outside), list(outside.iterdir()))


@pytest.mark.parametrize("blocked", ["", "secrets", "secrets/agent.yaml/below"])
def test_what_stands_in_the_way_is_named(tmp_path, blocked: str) -> None:
    """A file for a folder, or the folder that Docker makes for a missing file, is an error with its path."""
    out = tmp_path / "out"
    wrong = out / blocked
    wrong.parent.mkdir(parents=True, exist_ok=True)
    wrong.write_text("mine")

    with pytest.raises(SidecarError, match=r"agent.yaml: cannot be written: .*\. Check the folder"):
        store.write(TOKEN, out / "secrets" / "agent.yaml", "agent.tags")
    assert "mine" == wrong.read_text()


def test_the_variable_is_taken_out_of_the_environment(monkeypatch) -> None:
    """No program that is started later inherits it."""
    monkeypatch.setenv("TRACING_TOKEN", TOKEN)

    assert TOKEN == secrecy.take_from_environment()
    assert secrecy.take_from_environment() is None


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
    assert secrecy.mask(text).startswith(expected)
    assert TOKEN not in secrecy.mask(text)


def test_a_known_token_is_masked_whatever_its_shape() -> None:
    """The variable's value is known, and is taken out as it is."""
    assert "a *** b" == secrecy.mask(f"a {CANARY} b", CANARY)


def test_the_local_token_is_a_public_constant() -> None:
    """It is not of the vendor's shape, so that it is not mistaken for one that is worth anything."""
    assert (
        "local@stand-in_local@public-constant"
        == secrecy.LOCAL_TOKEN
        == content.clean(secrecy.LOCAL_TOKEN)
    )
