"""Finds Compose v2 and runs it, without the token's variable."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sidecar.engine.errors import ComposeAbsentError, ComposeFailedError
from sidecar.existing.compose.files import found_in, named
from sidecar.files import real
from sidecar.lifetime import bound
from sidecar.rendering import COMPOSE_FILE
from sidecar.rules.machines import COMPOSE_UNUSABLE
from sidecar.secrecy import child_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

MINIMUM = (2, 20, 0)
"""Renderings are tested from this release on; it supports everything that they use."""
PROGRAMS = (("docker", "compose"), ("docker-compose",))
"""The plugin, then the separate program that some distributions ship instead."""
_VERSION_SECONDS = 20
_OVERLAYS = ("docker-compose.tracing.yml", "docker-compose.override.yml")
"""Where `sidecar inject` writes an overlay by itself."""
_FILES = re.compile(
    r"\A# Rendered by sidecar.*?^x-sidecar:\n  files: (?P<files>\[[^\n]*\])$",
    re.DOTALL | re.MULTILINE,
)
"""The files that an overlay lies over, in its text."""


@dataclass(frozen=True)
class Compose:
    """A Compose that is new enough."""

    program: tuple[str, ...]
    version: str

    def run(
        self, folder: Path, *args: str, capture: bool = True, seconds: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a Compose command on the stack of a folder.

        Without `capture` its output goes to the terminal. Raises ComposeFailedError with the
        command, its exit code and its output, subprocess.TimeoutExpired after `seconds`.
        """
        argv = compose_argv(folder, *args, program=self.program)
        done = _run(argv, capture=capture, seconds=seconds)
        if done.returncode:
            raise ComposeFailedError(argv, done.returncode, done.stdout or "", done.stderr or "")
        return done

    def config_of(self, files: Sequence[Path], profiles: Sequence[str] = ()) -> dict[str, Any]:
        """Return files as Compose reads them together. Raises ComposeFailedError."""
        return _config(self._stack(files, profiles))

    def objection(self, files: Sequence[Path], profiles: Sequence[str], seconds: float) -> str:
        """Return why Compose does not read files together; empty: it does.

        Raises subprocess.TimeoutExpired after `seconds`.
        """
        argv = [*self._stack(files, profiles), "config", "--quiet"]
        done = _run(argv, seconds=seconds)
        return (done.stderr.strip() or f"exit code {done.returncode}") if done.returncode else ""

    def _stack(self, files: Sequence[Path], profiles: Sequence[str]) -> list[str]:
        named = [word for path in files for word in ("-f", str(path.absolute()))]
        active = [word for profile in profiles for word in ("--profile", profile)]
        return [*self.program, *named, *active]

    def config(self, folder: Path, seconds: float | None = None) -> dict[str, Any]:
        """Return the folder's stack as Compose reads it. Raises as `run` does."""
        return _config(compose_argv(folder, program=self.program), seconds)


def _config(stack: Sequence[str], seconds: float | None = None) -> dict[str, Any]:
    """Return a stack's configuration: from JSON, or from YAML where Compose fails to write JSON.

    Compose 2.40 does for `build: {ssh: [key=./file]}`, which it can build.
    """
    argv = [*stack, "config", "--format", "json"]
    done = _run(argv, seconds=seconds)
    as_json = "MarshalJSON" not in (done.stderr or "")
    if done.returncode and not as_json:
        argv = [*stack, "config"]
        done = _run(argv, seconds=seconds)
    if done.returncode:
        raise ComposeFailedError(argv, done.returncode, done.stdout or "", done.stderr or "")
    parsed: dict[str, Any] = json.loads(done.stdout) if as_json else yaml.safe_load(done.stdout)
    return parsed


def _run(
    argv: Sequence[str], *, capture: bool = True, seconds: float | None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        bound(argv),
        check=False,
        text=True,
        errors="replace",
        capture_output=capture,
        env=child_environment(),
        timeout=seconds,
    )


def find_compose() -> Compose:
    """Return the first Compose on PATH that is new enough. Raises ComposeAbsentError."""
    too_old = []
    for program in PROGRAMS:
        version = _version_of(program)
        if version and parse_version(version) >= MINIMUM:
            return Compose(program, version)
        if version:
            too_old.append(f"{' '.join(program)} is {version}")
    needed = ".".join(str(part) for part in MINIMUM)
    cause = f"Compose {needed} or later is needed ({', '.join(too_old) or 'none was found'})"
    raise ComposeAbsentError("docker compose", cause, COMPOSE_UNUSABLE.fix)


def compose_argv(folder: Path, *args: str, program: tuple[str, ...] = PROGRAMS[0]) -> list[str]:
    """Return the argument list of a Compose command, the same from every working directory."""
    absolute = real(folder)
    files = [word for path in stack_files(absolute) for word in ("-f", str(path))]
    return [*program, "--project-directory", str(absolute), *files, *args]


def stack_files(folder: Path) -> list[Path]:
    """Return the files of a folder's stack: the kit's own, or a user's with the overlay last.

    A user's are those that COMPOSE_FILE names with an overlay, else those that one says it is for.
    """
    by_name = [path for path in named(folder, os.environ) if path.is_file()]
    if any(files_under(path) for path in by_name):
        return by_name
    for name in _OVERLAYS:
        if files := files_under(folder / name):
            return [*(Path(os.path.normpath(folder / file)) for file in files), folder / name]
    return [folder / COMPOSE_FILE]


def start_command(folder: Path) -> str:
    """Return the command that starts a folder's stack from the current folder."""
    files = stack_files(folder)
    by_itself = (found_in(Path()), named(Path(), os.environ))
    named_files = [] if tuple(files) in by_itself else files
    words = [word for path in named_files for word in ("-f", str(path))]
    return shlex.join(["docker", "compose", *words, "up", "--detach"])


def rendered_file(folder: Path) -> Path:
    """Return the file of a folder's stack that the kit wrote."""
    files = stack_files(folder)
    return next((path for path in files if files_under(path)), files[0])


def files_under(overlay: Path) -> list[str]:
    """Return the files that an overlay says it is for; empty where it is none."""
    try:
        found = _FILES.search(overlay.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return []
    return list(json.loads(found["files"])) if found else []


def parse_version(text: str) -> tuple[int, ...]:
    """Return a release such as "v2.40.3+ds1" as numbers; (0,) where there are none."""
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in match.groups()) if match else (0,)


def _version_of(program: tuple[str, ...]) -> str:
    """Return what `version --short` prints; empty where the program is absent or too old for it."""
    if shutil.which(program[0]) is None:
        return ""
    try:
        done = _run([*program, "version", "--short"], seconds=_VERSION_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
