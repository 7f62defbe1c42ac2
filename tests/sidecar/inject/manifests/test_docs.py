"""docs/inject-manifests.md says what the command does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from sidecar.checkout import find_checkout
from sidecar.cli import build_parser

PAGE = (find_checkout() or Path()).joinpath("docs", "inject-manifests.md").read_text("utf-8")
COMMANDS = [
    part
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
    for part in line.split(" | ")
    if part.startswith("sidecar ")
]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_one(command) -> None:
    """The parser takes it."""
    words = shlex.split(command)[1:]

    assert words[0] == build_parser(words[0]).parse_args(words).command


def test_each_flag_is_one() -> None:
    """The flags that the page names are those of the kit's commands, or of Helm."""
    helm = {"--install", "--post-renderer"}
    named = set(re.findall(r"--[a-z][a-z-]+", PAGE))

    assert helm == {flag for flag in named if flag not in _help()}


def _help() -> str:
    """Return the help of all commands that the page names."""
    parts = []
    for name in ("inject", "uninject", "verify", "validate", "token"):
        leaf = build_parser(name)._subparsers._group_actions[0].choices[name]
        inner = leaf._subparsers._group_actions[0].choices.values() if name == "token" else [leaf]
        parts += [each.format_help() for each in inner]
    return "\n".join(parts)
