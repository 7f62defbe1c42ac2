"""Copies of the kit's own tree, for tests that change it or run from it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def tracked(*kept: str) -> list[str]:
    """Return the files that git tracks, or would track; with names, only those below them."""
    command = ["git", "ls-files", "-z", "-co", "--exclude-standard", *kept]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def copy_tree(folder: Path, *kept: str) -> Path:
    """Copy the tracked files into a folder; with names, only those below them."""
    for name in tracked(*kept):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


def run_in(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line as its reader does, in this environment but with the copy's own sources."""
    scripts = Path(sys.executable).parent
    # -o: the environment is up to date; set up again, it would point at the copy
    line = re.sub(r"^make ", f"make -e -o {scripts.parent}/.ready ", line)
    settings = {
        **os.environ,
        "PATH": f"{scripts}:{os.environ['PATH']}",
        "VENV": str(scripts.parent),
        "PYTHONPATH": str(folder),
    }
    return subprocess.run(
        line, shell=True, cwd=folder, capture_output=True, text=True, env=settings, check=False
    )


def track(folder: Path) -> Path:
    """Make a folder a git repository that holds all of its files, committed."""
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.com"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "Start"]):
        subprocess.run([*git, *command], cwd=folder, check=True, capture_output=True)
    return folder
