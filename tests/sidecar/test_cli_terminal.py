"""What commands print to a terminal, by its width."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios

import pytest


def in_terminal(columns: int, *arguments: str, env: dict[str, str] | None = None) -> str:
    """Return what a command prints to a terminal of so many columns."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {
        key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "sidecar", *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        close_fds=True,
        env={**environment, "TERM": "xterm", **(env or {})},
    )
    os.close(slave)
    text = _drain(master)
    assert 0 == process.wait(10), text
    os.close(master)
    return text.replace("\r\n", "\n")


def _drain(master: int) -> str:
    parts: list[bytes] = []
    try:
        while select.select([master], [], [], 10)[0] and (part := os.read(master, 65536)):
            parts.append(part)
    except OSError:  # Linux: the other side has closed
        pass
    return b"".join(parts).decode()


def test_regions_on_a_narrow_terminal_are_blocks() -> None:
    """40 columns: each region is a block, with its id on a line of its own."""
    text = in_terminal(40, "regions", "shanghai")

    assert (
        "cn-shanghai\n  name         China (Shanghai)\n  public host  tracing-analysis-dc-sh"
        in text
    )


def test_regions_on_a_wide_terminal_are_a_table() -> None:
    """200 columns hold the whole table, 150 too."""
    for columns in (150, 200):
        lines = in_terminal(columns, "regions").splitlines()

        assert lines[0].split("  ")[0] == "REGION"
        assert lines[2].startswith("cn-shanghai     China (Shanghai)")


@pytest.mark.parametrize("columns", [40, 200])
def test_a_plan_is_the_same_on_every_terminal(columns: int) -> None:
    """Arguments can be copied from it, because the command itself wraps no line."""
    lines = in_terminal(columns, "plan", "--region", "local").splitlines()

    assert "    --processor.jaeger-compact.server-socket-buffer-size=4194304" in lines


def test_help_on_a_narrow_terminal_is_folded() -> None:
    """40 columns suffice for the options."""
    options = (
        in_terminal(40, "regions", "--help", env={"NO_COLOR": "1"})
        .partition("options:")[2]
        .partition("examples:")[0]
    )

    assert max(map(len, options.splitlines())) <= 40
