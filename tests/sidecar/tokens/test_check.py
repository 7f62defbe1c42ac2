"""`sidecar token check`: file, rights, key and fingerprint, but never the token."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sidecar.plan.agents import config_text
from sidecar.rules import token_files
from sidecar.rules.recognition import LOCAL_TOKEN
from sidecar.tokens import check
from sidecar.tokens.file_store import FileStore

TOKEN = "canary@0123456789abcde_canary@53df7ad2afe8301"
OTHER = "canary@0123456789abcde_canary@53df7ad2afe8302"
USER = "10001:10001"
PATH = Path("secrets/agent.yaml")


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch, tmp_path) -> None:
    """Run in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def checked(run):
    """Return the JSON of a check, whose exit code and ids fit, and which has no canary."""

    def call(*arguments: object) -> dict:
        result = run("token", "check", *arguments, "--output", "json")
        data = json.loads(result.out)
        assert (
            data["ok"]
            == (result.code == 0)
            == all(one["severity"] != "error" for one in data["findings"])
        )
        assert all(one["id"] for one in data["findings"])
        assert "canary" not in result.out + result.err
        return data

    return call


def kept(content: str | None = None, mode: int = 0o444, folder: int = 0o700) -> None:
    """Put an agent's file into place."""
    PATH.parent.mkdir()
    PATH.write_text(content or f"agent:\n  tags: Authentication={TOKEN}\n")
    PATH.chmod(mode)
    PATH.parent.chmod(folder)


def causes(data: dict) -> list[tuple[str, str, str]]:
    """Return (severity, place, cause) of each finding."""
    assert {"token"} >= {one["subject"] for one in data["findings"]}
    return [(one["severity"], one["place"], one["cause"]) for one in data["findings"]]


def test_what_token_set_wrote_is_fine(run, checked) -> None:
    """Both forms of the output."""
    FileStore(Path()).write(config_text(TOKEN, "agent.tags").encode())
    mark = check.fingerprint(TOKEN)

    assert {
        "ok": True,
        "file": "secrets/agent.yaml",
        "key": "agent.tags",
        "fingerprint": mark,
        "public": False,
        "findings": [],
        "ignored": 0,
    } == checked()
    holds = f"secrets/agent.yaml: holds a token that an agent can send, fingerprint {mark}\n"
    assert (0, holds, "") == tuple(vars(run("token", "check")).values())


def test_a_fingerprint_compares_two_places(checked) -> None:
    """The same token gives the same digits wherever it is; another token gives others."""
    kept()
    Path("token.txt").write_text(f"Authentication={TOKEN}\n")
    Path("token.txt").chmod(0o600)

    assert checked()["fingerprint"] == checked("--file", "token.txt")["fingerprint"]
    assert check.fingerprint(OTHER) != check.fingerprint(TOKEN)
    assert len(check.fingerprint(TOKEN)) == 8


def test_standard_input_can_be_checked(execute) -> None:
    """Before anything is written."""
    result = execute("token", "check", "--stdin", stdin=f"{TOKEN}\n".encode())

    assert 0 == result.code
    mark = check.fingerprint(TOKEN)
    assert (
        f"standard input: holds a token that an agent can send, fingerprint {mark}\n" == result.out
    )
    assert not Path("secrets").exists()


@pytest.mark.parametrize(
    ("mode", "folder", "expected"),
    [
        (
            0o600,
            0o700,
            [("error", str(PATH), "the agent's user 10001:10001 cannot read it (0600)")],
        ),
        (
            0o440,
            0o700,
            [("error", str(PATH), "the agent's user 10001:10001 cannot read it (0440)")],
        ),
        (0o666, 0o700, [("warning", str(PATH), "others on this host can change it (0666)")]),
        (
            0o444,
            0o755,
            [("warning", "secrets", "others on this host can enter it (0755), and read the token")],
        ),
        (
            0o444,
            0o750,
            [("warning", "secrets", "others on this host can enter it (0750), and read the token")],
        ),
    ],
)
def test_rights(checked, mode: int, folder: int, expected: list[tuple[str, str, str]]) -> None:
    """Too narrow for the agent is an error, too wide a warning."""
    kept(mode=mode, folder=folder)

    assert expected == causes(checked())


@pytest.mark.parametrize(
    ("owner", "mode", "readable"),
    [
        ((10001, 10001), 0o400, True),
        ((10001, 0), 0o044, False),
        ((0, 10001), 0o040, True),
        ((0, 10001), 0o404, False),
        ((0, 0), 0o004, True),
        ((0, 0), 0o440, False),
    ],
)
def test_the_agents_user_may_own_the_file(
    owner: tuple[int, int], mode: int, readable: bool
) -> None:
    """Owner, group and others differ, as they do for the kernel."""
    assert readable is token_files.can_read(token_files.Status(mode, *owner), USER)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "canary",
        "[canary]",
        "agent: canary",
        "agent: {tags: canary}",
        "agent: {tags: [canary]}",
        "agent: {tags: 'Authentication=canary', canary: 1}",
        "agent: {tags: 'Authentication=canary'}\ncanary: 1",
        "agent: {tags: *canary}",
        "agent: !!python/object:canary {}",
        "agent: {canary: 1, canary: 2}",
        "a: canary\n\tb",
    ],
)
def test_what_is_no_agents_file(checked, content: str) -> None:
    """Its content is not shown, although YAML's own errors would show it."""
    kept(content or "\n")
    (found,) = causes(checked())

    cause = 'is not an agent\'s token file, agent: {tags: "Authentication=..."} and nothing else'
    assert ("error", str(PATH), cause) == found


def test_a_key_of_another_version(checked) -> None:
    """An agent ignores a key that it does not know, and reports without a token."""
    kept(f"jaeger: {{tags: 'Authentication={TOKEN}'}}")
    cause = (
        "has jaeger.tags; an agent of this version reads agent.tags, "
        "and would report without a token"
    )

    assert [("error", str(PATH), cause)] == causes(checked())
    assert [] == causes(checked("--agent-version", "1.15.0"))


def test_every_problem_of_a_kept_token_is_reported(checked) -> None:
    """And what is not a token has no fingerprint."""
    kept("agent: {tags: \"Authentication='canary, x'\"}")
    data = checked()

    assert ["token-with-space", "token-in-quotes", "token-with-comma"] == [
        one["id"] for one in data["findings"]
    ]
    assert data["fingerprint"] is None


def test_the_public_constant_is_reported(checked) -> None:
    """It is not a region's token, and the rights do not matter."""
    kept(f"agent: {{tags: Authentication={LOCAL_TOKEN}}}", folder=0o755)
    data = checked()

    assert data["public"]
    assert [("warning", str(PATH), "is the public constant of the region `local`")] == causes(data)


def test_the_region_local_needs_no_secret(run) -> None:
    """The command checks its committed file."""
    run("render", "--region", "local", "--out", "out")
    result = run("token", "check", "--out", "out")

    assert 0 == result.code
    assert "out/local-agent.yaml: holds a token that an agent can send" in result.out


def test_a_missing_file(checked) -> None:
    """With the command that writes it. The folder that Docker creates for one is named, too."""
    assert [("error", str(PATH), "does not exist")] == causes(checked())
    assert "Run `sidecar token set --out .`" == checked()["findings"][0]["fix"]

    PATH.mkdir(parents=True)
    assert [
        ("error", str(PATH), "is a folder: Docker creates one in place of a missing file")
    ] == causes(checked())


def test_an_unreadable_or_unfit_file(checked, monkeypatch) -> None:
    """The cause is what the system reports."""
    kept(mode=0o644)
    PATH.write_bytes(b"agent: \xff")
    (found,) = causes(checked())
    assert ("error", str(PATH), "is not UTF-8 text") == found

    monkeypatch.setattr(
        Path,
        "open",
        lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "Permission denied")),
    )
    (found,) = checked()["findings"]
    assert ("Permission denied", "Run the check as its owner") == (found["cause"], found["fix"])


def test_a_source_that_others_can_read(run, checked) -> None:
    """A warning for check and for set, which still takes the token."""
    Path("token.txt").write_text(TOKEN)
    Path("token.txt").chmod(0o644)
    cause = "others on this host can read it (0644)"

    assert [("warning", "token.txt", cause)] == causes(checked("--file", "token.txt"))
    result = run("token", "set", "--file", "token.txt")
    fix = "Run `chmod 0600 token.txt`, or remove it once the token is set"
    warning = f"sidecar: warning: token.txt: token: {cause}. {fix}"
    assert (0, f"{warning} [token-source-readable-by-others]\n") == (result.code, result.err)


def test_a_warning_can_be_ignored(run) -> None:
    """By its id, for a check in CI; an error cannot."""
    kept("agent: {tags: Authentication=canary@half}")
    result = run("token", "check", "--ignore", "unusual-token-shape")
    mark = check.fingerprint("canary@half")

    holds = f"{PATH}: holds a token that an agent can send, fingerprint {mark}\n"
    assert (0, f"1 ignored\n{holds}", "") == (result.code, result.out, result.err)
    assert 2 == run("token", "check", "--ignore", "empty-token").code


def test_a_source_that_was_removed_has_no_rights() -> None:
    """A pipe given as a file may be closed by then."""
    assert [] == check.source_findings(Path("none"))


def test_a_file_of_an_agent_can_be_named(checked) -> None:
    """For example the one that SIDECAR_TOKEN_FILE names."""
    kept()

    assert ("agent.tags", str(PATH)) == (
        checked("--file", PATH)["key"],
        checked("--file", PATH)["file"],
    )


def test_a_token_for_a_files_name_is_not_shown(run) -> None:
    """`--file TOKEN` is a mistake that must not put the token into a log."""
    for action in ("set", "check", "rotate"):
        result = run("token", action, "--file", TOKEN)

        assert (1, "") == (result.code, result.out)
        assert result.err.startswith(
            "sidecar: --file: there is no such file (its name is not shown: it may be a token)"
        )
        assert TOKEN not in result.err
