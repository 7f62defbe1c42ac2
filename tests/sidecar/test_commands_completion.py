"""`sidecar completion`."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from sidecar.cli import COMMANDS


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_accepts_the_script(run, shell: str) -> None:
    """Its syntax is checked by the shell itself."""
    result = run("completion", shell)
    assert (0, "") == (result.code, result.err)

    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed; install it to have its syntax checked")
    done = subprocess.run([shell, "-n"], input=result.out, capture_output=True, text=True)
    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_every_command_can_be_completed(run, shell: str) -> None:
    """And so can the flags of one."""
    script = run("completion", shell).out

    assert all(name in script for name in COMMANDS)
    assert "all-regions" in script


def test_bash_completes_a_commands_name(run, tmp_path) -> None:
    """`sidecar reg<Tab>` in a real bash."""
    script = tmp_path / "sidecar.bash"
    script.write_text(run("completion", "bash").out)
    words = "COMP_WORDS=(sidecar reg); COMP_CWORD=1"
    code = f"source {script}; {words}; _shtab_sidecar sidecar reg sidecar; echo ${{COMPREPLY[@]}}"
    done = subprocess.run(["bash", "--norc", "-c", code], capture_output=True, text=True)

    assert "regions" == done.stdout.strip(), done.stderr


def test_an_unknown_shell_is_wrong_usage(run) -> None:
    """The choices are named."""
    result = run("completion", "fish")

    assert (2, True) == (result.code, "invalid choice (choose from " in result.err)
