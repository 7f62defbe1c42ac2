"""`sidecar token set`: every source of a token, in order, and no trace of it elsewhere."""

from __future__ import annotations

import argparse
import errno
import os
import pty
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from sidecar.arguments import token as token_arguments
from sidecar.errors import SidecarError
from sidecar.tokens.file_store import FileStore

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "canary@0123456789abcde_canary@53df7ad2afe8301"
WRITTEN = "secrets/agent.yaml: written (0444 in a 0700 folder: the agent's user reads it)\n"


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run in an empty folder."""
    monkeypatch.chdir(tmp_path)


def kept() -> str:
    """Return the token that the agent will read."""
    tags: str = yaml.safe_load(Path("secrets/agent.yaml").read_text())["agent"]["tags"]
    return tags.removeprefix("Authentication=")


def test_a_file_is_a_source(run) -> None:
    """Spaces around the token are removed. The result is 0444 in 0700."""
    Path("t").write_text(f" {TOKEN}\n")
    Path("t").chmod(0o600)

    assert (0, WRITTEN, "") == tuple(vars(run("token", "set", "--file", "t")).values())
    assert TOKEN == kept()
    assert (0o444, 0o700) == tuple(
        stat.S_IMODE(Path(p).stat().st_mode) for p in ("secrets/agent.yaml", "secrets")
    )


def test_another_token_says_that_running_agents_keep_theirs(run) -> None:
    """An agent reads its file when it starts; the same token changes nothing."""
    for name, token in (("one", TOKEN), ("two", f"{TOKEN}2")):
        Path(name).write_text(token)
        Path(name).chmod(0o600)
    first, same, other = (run("token", "set", "--file", name).out for name in ("one", "one", "two"))

    assert (WRITTEN, WRITTEN) == (first, same)
    assert f"{WRITTEN}running agents keep the old token until they are replaced" in other


def test_agents_of_an_overlay_are_replaced_by_both_files(run) -> None:
    """Without the overlay, Compose would start the services without their agents."""
    overlay = 'x-sidecar:\n  files: ["compose.yaml"]\n'
    Path("docker-compose.tracing.yml").write_text(f"# Rendered by sidecar\n{overlay}")
    for name, token in (("one", TOKEN), ("two", f"{TOKEN}2")):
        Path(name).write_text(token)
        Path(name).chmod(0o600)
    said = [run("token", "set", "--file", name).out for name in ("one", "two")][-1]

    assert "-f compose.yaml -f docker-compose.tracing.yml up --detach --force-recreate" in said


def test_a_token_file_that_cannot_be_read_is_replaced(run, monkeypatch) -> None:
    """`token set` is what such a file needs. Root can read any file: here, the reading fails."""
    Path("one").write_text(TOKEN)
    Path("one").chmod(0o600)

    def refused(_: FileStore) -> None:
        raise SidecarError("secrets/agent.yaml", "cannot be read: Permission denied")

    monkeypatch.setattr(FileStore, "read", refused)

    assert (0, WRITTEN) == tuple(vars(run("token", "set", "--file", "one")).values())[:2]
    assert TOKEN == kept()


def test_standard_input_is_a_source(execute) -> None:
    """As from `vault read … | sidecar token set --stdin`."""
    result = execute("token", "set", "--stdin", stdin=f"{TOKEN}\n".encode())

    assert (0, WRITTEN, "") == (result.code, result.out, result.err)
    assert TOKEN == kept()


def test_the_variable_is_a_source(run, monkeypatch) -> None:
    """If no other source is named."""
    monkeypatch.setenv("TRACING_TOKEN", TOKEN)

    assert (0, WRITTEN, "") == tuple(vars(run("token", "set")).values())
    assert TOKEN == kept()


def test_a_named_source_wins_over_the_variable(run, execute, monkeypatch) -> None:
    """--file and --stdin are what the user asked for now."""
    monkeypatch.setenv("TRACING_TOKEN", "by-variable")
    Path("t").write_text("by-file")

    run("token", "set", "--file", "t")
    assert "by-file" == kept()
    execute("token", "set", "--stdin", stdin=b"by-stdin")
    assert "by-stdin" == kept()


def test_an_empty_variable_is_an_error_not_a_prompt(run, monkeypatch) -> None:
    """A secret that a pipeline lost must not be asked for."""
    monkeypatch.setenv("TRACING_TOKEN", "")
    result = run("token", "set")

    assert 1 == result.code
    assert result.err.startswith("sidecar: token: is empty. Copy it from the access-point page")
    assert result.err.endswith("[empty-token]\n")


def test_without_source_or_terminal_it_is_wrong_usage(execute) -> None:
    """Nothing waits for input that cannot come."""
    result = execute("token", "set")

    assert (2, "sidecar: token: has no source. Give --file FILE, --stdin or $TRACING_TOKEN\n") == (
        result.code,
        result.err,
    )


def at_terminal(typed: bytes, *arguments: str) -> tuple[int, str]:
    """Type at the prompt of `sidecar token set`; return the exit code and what was shown."""
    pid, master = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-m", "sidecar", "token", "set", *arguments])
    shown = b""
    while b"(not shown): " not in shown:
        shown += os.read(master, 1024)
    os.write(master, typed)
    try:
        while part := os.read(master, 1024):
            shown += part
    except OSError:  # Linux: the child has closed its side
        pass
    os.close(master)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def test_the_prompt_shows_nothing_of_what_is_typed() -> None:
    """The terminal's echo is off."""
    code, shown = at_terminal(f"{TOKEN}\n".encode())

    assert 0 == code
    assert TOKEN == kept()
    assert f"Token (not shown): \r\n{WRITTEN}".replace("\n", "\r\n").replace("\r\r", "\r") == shown


@pytest.mark.parametrize(
    ("typed", "code", "message"),
    [
        (b"\x04", 1, "sidecar: token: was not given. Type or paste it, or give --file FILE"),
        (b"\x03", 130, "sidecar: interrupted"),
        (b"\n", 1, "sidecar: token: is empty"),
        (b"\xffx\n", 1, "sidecar: token: is not UTF-8 text"),
    ],
)
def test_a_prompt_that_is_left_writes_nothing(typed: bytes, code: int, message: str) -> None:
    """End of input, Ctrl-C and a bare Enter."""
    actual, shown = at_terminal(typed)

    assert code == actual
    assert message in shown
    assert not Path("secrets").exists()


@pytest.mark.parametrize(
    ("version", "section"), [("1.15.1", "jaeger"), ("1.16.0", "agent"), ("1.62.0", "agent")]
)
def test_the_key_follows_the_agents_version(run, monkeypatch, version: str, section: str) -> None:
    """jaeger.tags up to 1.15, agent.tags after it."""
    monkeypatch.setenv("TRACING_TOKEN", TOKEN)
    run("token", "set", "--agent-version", version)

    assert {section: {"tags": f"Authentication={TOKEN}"}} == yaml.safe_load(
        Path("secrets/agent.yaml").read_text()
    )


def test_a_wrong_version_is_refused_before_the_token_is_asked_for(run) -> None:
    """So that no token is pasted in vain."""
    result = run("token", "set", "--agent-version", "2.0.0")

    assert (1, True) == (
        result.code,
        "agent version '2.0.0': the agent was removed from Jaeger" in result.err,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        [TOKEN],
        ["set", TOKEN],
        ["set", f"--token={TOKEN}"],
        ["set", "--token", TOKEN],
        ["set", "--file", TOKEN, "--stdin"],
        ["check", TOKEN],
        ["rotate", f"--new={TOKEN}"],
        ["rotate", "--stdin", "--file", TOKEN],
        ["set", "--agent-version", TOKEN],
    ],
)
def test_a_token_given_as_an_argument_is_not_shown(run, arguments: list[str]) -> None:
    """It is a usage error, and its message must not put the token into a log."""
    result = run("token", *arguments)

    assert (2, "") == (result.code, result.out)
    assert TOKEN not in result.err


@pytest.mark.parametrize("text", [b"a,%s", b"%s %s", b"${%s}", b"\xff%s", b"%s\x00"])
def test_a_bad_token_is_not_shown(execute, text: bytes) -> None:
    """From standard input and from a file: only the message is printed."""
    content = text.replace(b"%s", TOKEN.encode())
    Path("t").write_bytes(content)

    for result in (
        execute("token", "set", "--stdin", stdin=content),
        execute("token", "set", "--file", "t"),
    ):
        assert (1, "") == (result.code, result.out)
        assert result.err.startswith("sidecar: ")
        assert TOKEN not in result.err
        assert "Traceback" not in result.err
    assert not Path("secrets").exists()


def test_a_file_that_does_not_exist_is_reported(run) -> None:
    """The message does not show its name, which may be a token."""
    result = run("token", "set", "--file", TOKEN)

    expected = (
        "sidecar: --file: there is no such file (its name is not shown: it may be a token). "
        "Give the name of a file that holds the token\n"
    )
    assert (1, expected) == (result.code, result.err)
    assert TOKEN not in result.err


def test_an_endless_input_is_refused(execute) -> None:
    """At most 1 MiB is read."""
    with Path("/dev/zero").open("rb") as endless:
        done = subprocess.run(
            [sys.executable, "-m", "sidecar", "token", "set", "--stdin"],
            stdin=endless,
            capture_output=True,
            text=True,
            timeout=20,
        )

    assert (1, "sidecar: standard input: is larger than 1 MiB. Name the right file\n") == (
        done.returncode,
        done.stderr,
    )


def test_the_token_goes_to_the_named_folder(run, monkeypatch) -> None:
    """--out is the rendered folder."""
    monkeypatch.setenv("TRACING_TOKEN", TOKEN)
    Path("build/cn-beijing").mkdir(parents=True)

    assert 0 == run("token", "set", "--out", "build/cn-beijing").code
    assert Path("build/cn-beijing/secrets/agent.yaml").is_file()


@pytest.mark.parametrize("action", ["set", "rotate"])
def test_a_folder_that_is_not_there_gets_no_token(run, action: str) -> None:
    """With a typo, the secret would end up where nobody looks for it. Nothing is asked for."""
    result = run("token", action, "--out", "build/cn-shenzen")

    expected = "sidecar: --out build/cn-shenzen: it is not a folder. Run `sidecar render` first\n"
    assert (1, "", expected) == (result.code, result.out, result.err)
    assert not Path("build").exists()


def kept_files() -> list[Path]:
    """Return all files below the folder of the token."""
    return [path for path in Path("secrets").rglob("*") if path.is_file()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_command_that_was_ended_leaves_no_token(run, monkeypatch, number: int) -> None:
    """At SIGTERM it removes its staged file. The next set removes what a kill left."""
    killing = (
        "import os, sys; from sidecar.cli import main\n"
        f"os.fsync = lambda _: os.kill(os.getpid(), {int(number)})\n"
        "main(['token', 'set', '--file', 't'])"
    )
    Path("t").write_text(TOKEN)
    subprocess.run([sys.executable, "-c", killing], check=False)
    left = [path.name for path in kept_files()]
    run("token", "set", "--file", "t")

    assert (number == signal.SIGKILL) == any(name.startswith(".token.") for name in left)
    assert {"agent.yaml", "token"} == {path.name for path in kept_files()}


def test_two_commands_do_not_write_at_once(run, start) -> None:
    """The second waits, and says so."""
    Path("t").write_text(TOKEN)
    Path("t").chmod(0o600)
    with FileStore(Path()).locked(print):
        process = start("token", "set", "--file", "t", stderr=subprocess.PIPE)
        first = process.stderr.readline()
        assert not Path("secrets/agent.yaml").exists()

    assert b"sidecar: waiting for another `sidecar token` to end\n" == first
    assert b"" == process.communicate(timeout=10)[1]
    assert TOKEN == kept()


def test_a_file_system_without_locks_still_takes_the_token(run, monkeypatch) -> None:
    """Such as some network file systems."""

    def unsupported(*_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", unsupported)
    monkeypatch.setenv("TRACING_TOKEN", TOKEN)

    assert 0 == run("token", "set").code
    assert TOKEN == kept()


def test_no_process_holds_the_token_while_it_is_set(
    start: Callable[..., subprocess.Popen[bytes]],
) -> None:
    """A token from standard input is not in its own arguments or environment."""
    reading, writing = os.pipe()
    process = start("token", "set", "--stdin", stdin=reading)
    os.close(reading)
    os.write(writing, TOKEN.encode())
    seen = [Path(f"/proc/{process.pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
    os.close(writing)
    process.communicate(timeout=10)

    assert 0 == process.returncode
    assert not any(TOKEN.encode() in data for data in seen)


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "--file", "token.txt", "--output", "json"],
        ["--file", "token.txt", "check", "--output", "json"],
        ["--file", "token.txt", "--output", "json", "check"],
        ["--file=token.txt", "--verbose", "--output", "json", "check"],
    ],
)
def test_flags_may_come_before_the_action(execute, tmp_path, arguments: list[str]) -> None:
    """As they always could; in a process of its own, which keeps --verbose to itself."""
    (tmp_path / "token.txt").write_text(f"{TOKEN}\n")
    (tmp_path / "token.txt").chmod(0o600)
    result = execute("token", *arguments, cwd=tmp_path)

    assert (0, "") == (result.code, result.err)
    assert '"ok": true' in result.out


def test_a_folder_may_have_the_name_of_an_action(run) -> None:
    """The value of a flag is not the action."""
    assert "set/secrets/agent.yaml" in run("token", "--out", "set", "check").out


def test_each_flag_with_a_value_is_known_to_have_one() -> None:
    """Its value is skipped in the search for the action."""
    leaves = token_arguments.configure(argparse.ArgumentParser())
    actions = (action for leaf in leaves for action in leaf._actions)
    taking = {name for action in actions if action.nargs is None for name in action.option_strings}

    assert taking == token_arguments._WITH_VALUE
