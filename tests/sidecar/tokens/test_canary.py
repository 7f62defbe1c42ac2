"""A canary token through every action of `sidecar token`: in no output and no other file."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from bad_tokens import CANARY

if TYPE_CHECKING:
    from pathlib import Path

ACTIONS = {
    "set": ["set"],
    "check": ["check"],
    "rotate": ["rotate"],
    "a dry run": ["rotate", "--dry-run"],
}
SOURCES = {
    "fine": CANARY,
    "pasted whole": f"./jaeger-agent --agent.tags=Authentication={CANARY} &",
    "a comma": f"{CANARY},{CANARY}",
    "a line break": f"{CANARY}\n{CANARY}",
    "quotes": f"'{CANARY}'",
    "a variable": f"${{{CANARY}}}",
    "no text": f"{CANARY}\udcff",
    "an agent's file": f"agent: {{tags: Authentication={CANARY}}}",
    "a broken agent's file": f"agent: {{tags: Authentication={CANARY}",
}


def holding(folder: Path) -> list[str]:
    """Return the files that hold the canary."""
    files = (path for path in folder.rglob("*") if path.is_file() and os.access(path, os.R_OK))
    return sorted(
        path.relative_to(folder).as_posix() for path in files if b"canary" in path.read_bytes()
    )


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_it_is_nowhere_but_in_the_agents_file(execute, tmp_path, action: list[str]) -> None:
    """By standard input, with every content; no program gets it as an argument or a variable."""
    spy(tmp_path)
    environment = {
        "PATH": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "DOCKER_HOST": f"unix://{tmp_path}/none.sock",
    }
    for name, text in SOURCES.items():
        (tmp_path / "docker-compose.yml").write_text("services: {}\n")
        content = text.encode(errors="surrogateescape")
        result = execute("token", *action, "--stdin", "--verbose", stdin=content, env=environment)

        assert result.code in (0, 1), (name, result.err)
        assert "canary" not in result.out + result.err, name
        assert set(holding(tmp_path)) <= {"secrets/agent.yaml", "secrets/forwarder/token"}, name


@pytest.mark.parametrize(
    "fault", ["secrets is a file", "secrets is a link", "agent.yaml is a folder"]
)
@pytest.mark.parametrize("action", ["set", "rotate"])
def test_it_is_in_no_error_of_the_folder(execute, tmp_path, action: str, fault: str) -> None:
    """Whatever is in the way is reported, and nothing is left behind."""
    secrets = tmp_path / "secrets"
    if fault == "secrets is a file":
        secrets.touch()
    elif fault == "agent.yaml is a folder":
        (secrets / "agent.yaml" / "below").mkdir(parents=True)
    else:
        secrets.symlink_to("/nowhere")
    result = execute("token", action, env={"TRACING_TOKEN": CANARY})

    assert (1, "") == (result.code, result.out)
    assert re.match(r"sidecar: secrets\S*: (is a link|cannot be written)", result.err), result.err
    assert "canary" not in result.err
    assert [] == holding(tmp_path)


def spy(folder: Path) -> None:
    """Put a `docker` on the path that keeps its arguments and environment."""
    program = folder / "docker"
    program.write_text(
        f'#!/bin/sh\n/usr/bin/env >> {folder}/seen\necho "$@" >> {folder}/seen\necho 2.29.1\n'
    )
    program.chmod(0o755)
