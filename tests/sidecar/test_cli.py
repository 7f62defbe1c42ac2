"""The command line: its help, its usage errors, and what it imports."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sidecar
from sidecar import __version__
from sidecar.cli import COMMANDS

CANARY = "canary@0123456789abcde_canary@53df7ad2afe8301"


@pytest.mark.parametrize("package", ["arguments", "commands"])
def test_every_command_has_its_arguments_and_its_run(package: str) -> None:
    """One module in each package; names with an underscore are shared."""
    folder = Path(sidecar.__file__).with_name(package)

    assert sorted(COMMANDS) == sorted(path.stem for path in folder.glob("[!_]*.py"))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_helps_with_its_purpose_and_examples(run, name: str) -> None:
    """`sidecar NAME --help` exits 0 and shows how it is used."""
    result = run(name, "--help")

    assert (0, "") == (result.code, result.err)
    assert f"usage: sidecar {name}" in result.out
    assert f"examples:\n  sidecar {name}" in result.out


@pytest.mark.parametrize("words", [[], ["render"], ["token", "set"]])
def test_help_is_a_word_too(run, words: list[str]) -> None:
    """As for git, kubectl and others."""
    assert run(*words, "--help") == run("help", *words)


def test_help_lists_every_command_on_one_line_with_its_summary(run) -> None:
    """It fits a terminal, and lists the exit codes."""
    result = run("--help")

    assert 0 == result.code
    for name, summary in COMMANDS.items():
        assert f"\n    {name.ljust(13)} {summary}\n" in result.out
    assert "examples:\n" in result.out
    assert "exit codes: 0 success, 1 findings or bad input, 2 wrong usage," in result.out


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_fits_the_terminal(run, monkeypatch, columns: int, name: str) -> None:
    """Prose is folded, and never wider than is easy to read; a command stays one line."""
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = run(*filter(None, [name]), "--help").out.splitlines()
    too_long = [line for line in lines if len(line) > min(columns, 120)]

    assert [] == [line for line in too_long if not re.match(r"  (sidecar|kubectl|source) ", line)]


def test_the_comment_of_a_long_example_is_below_it(run, monkeypatch) -> None:
    """On a wide terminal, it is beside it."""
    command, comment = "sidecar render --all-regions --out build", "one folder per region"
    monkeypatch.setenv("COLUMNS", "60")
    assert f"\n  {command}\n      {comment}\n" in run("render", "--help").out

    monkeypatch.setenv("COLUMNS", "100")
    assert f"\n  {command}             {comment}\n" in run("render", "--help").out


def test_version_is_the_packages(run) -> None:
    """One line, exit code 0."""
    assert (0, f"sidecar {__version__}\n", "") == tuple(vars(run("--version")).values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "sidecar: usage: the following arguments are required: COMMAND. See `sidecar --help`"),
        (["bogus"], "sidecar: usage: argument COMMAND: invalid choice (choose from 'init'"),
        (["--bogus"], "sidecar: usage: the following arguments are required: COMMAND"),
        (
            ["regions", "--bogus"],
            "sidecar: regions: has no option --bogus. See `sidecar regions --help`",
        ),
        (
            ["regions", "a", "b"],
            "sidecar: regions: has too many arguments. See `sidecar regions --help`",
        ),
        (
            ["regions", "--outp", "json"],
            "sidecar: regions: has no option --outp. Did you mean --output? See `sidecar regions",
        ),
        (["rendr"], "'completion'). Did you mean render? See `sidecar --help`"),
        (["token", "rotat"], "Did you mean rotate? See `sidecar token --help`"),
        (["token", "set", "--fle", "x"], "has no option --fle. Did you mean --file? See"),
        (
            ["regions", "--output", "xml"],
            "sidecar: regions: argument --output: invalid choice (choose from 'text', 'json')",
        ),
        (["render", "--region"], "sidecar: render: argument --region: expected one argument"),
        (
            ["render", "--region", "a", "--network", "b"],
            "argument --network: invalid choice (choose from 'public', 'vpc')",
        ),
        (
            ["render", "--region", "local", "--out", ""],
            "argument --out: is empty; name a folder, or . for this one",
        ),
        (
            ["validate", "--region", "local", "--ignore", "floating-image-tags"],
            "is not a rule. Did you mean floating-image-tag? [unknown-rule]",
        ),
        (
            ["init", "--ignore", "missing-token-file"],
            "--ignore: missing-token-file is an error. Fix the error; only warnings can be ignored",
        ),
        (
            ["render", "--region", "local", "--all-regions"],
            "sidecar: --all-regions: excludes --region",
        ),
    ],
)
def test_wrong_usage_exits_2_with_a_message(run, arguments: list[str], message: str) -> None:
    """The message names the command and its help; standard output stays empty."""
    result = run(*arguments)

    assert (2, "") == (result.code, result.out)
    assert message in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        [CANARY],
        [f"{CANARY} (choose from x)"],
        ["regions", CANARY],
        ["regions", "--output", CANARY],
        ["plan", "--region", CANARY],
        ["render", "--region", "local", "--network", "shapeless-canary"],
        ["images", "--mode", "shapeless-canary"],
        ["shapeless-canary"],
        ["verify", "--spans", CANARY],
    ],
)
def test_a_token_in_an_arguments_place_is_not_shown(run, arguments: list[str]) -> None:
    """A message may end up in a log, so a wrong choice is never repeated."""
    result = run(*arguments)

    assert result.code in (1, 2)
    assert "canary" not in result.out + result.err


def test_the_installed_command_is_the_module(execute) -> None:
    """`sidecar` and `python -m sidecar` are one program."""
    installed = Path(sys.executable).with_name("sidecar")
    done = subprocess.run([installed, "--version"], capture_output=True, text=True)

    assert execute("--version").out == done.stdout == f"sidecar {__version__}\n"


LIBRARIES = {"yaml", "jinja2", "docker", "grpc", "aiohttp", "requests", "psutil", "shtab"}

HEAVY = {*LIBRARIES, "sidecar.commands"}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)]
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    """Help appears at once: it imports no YAML, templates, Docker, gRPC, and no command."""
    code = (
        "import sys; before = set(sys.modules); from sidecar.cli import main; main(sys.argv[1:])\n"
        "print(*sorted(set(sys.modules) - before), file=sys.stderr)"
    )
    plain = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=plain
    )

    assert set() == HEAVY & set(done.stderr.split())
