"""Fixtures for all tests: golden files, and the command, run in this process or in its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import yaml
from _require import lack, pytest_configure, pytest_terminal_summary  # noqa: F401 - hooks

from sidecar.cli import main
from sidecar.engine.compose import find_compose
from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.engine.compose import Compose

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a shell's background job ignores it, and the programs that tests interrupt would inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)

# the same cases in each run: a change that breaks nothing cannot fail on a case that nobody had
# tried; `make fuzz`, which sets FUZZ_CASES, looks for those
hypothesis.settings.register_profile(
    "same", derandomize=True, deadline=None, database=None, print_blob=True
)
if "FUZZ_CASES" not in os.environ:
    hypothesis.settings.load_profile("same")

GOLDEN = Path(__file__).with_name("golden")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--refresh-golden",
        action="store_true",
        help="rewrite tests/golden from what the code does now",
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with tests/golden/NAME, first as data (a short diff), then byte for byte."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--refresh-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        assert path.is_file(), (
            f"{path} is missing: run pytest --refresh-golden, then read the difference"
        )
        expected = path.read_bytes().decode()

        assert _data(path, expected) == _data(path, text)
        assert expected == text

    return compare


def _data(path: Path, text: str) -> Any:
    readers: dict[str, Callable[[str], Any]] = {
        ".json": json.loads,
        ".yml": _yaml,
        ".yaml": _yaml,
    }
    return readers.get(path.suffix, str)(text)


class _Tagged(yaml.SafeLoader):
    """Reads Compose's own tags as part of their values."""


def _yaml(text: str) -> Any:
    return list(yaml.load_all(text, _Tagged))


def _tagged(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Any:
    readers = {
        yaml.MappingNode: loader.construct_mapping,
        yaml.SequenceNode: loader.construct_sequence,
        yaml.ScalarNode: loader.construct_scalar,
    }
    return tag, readers[type(node)](node)


_Tagged.add_multi_constructor("!", _tagged)


@pytest.fixture(scope="session")
def compose() -> Compose:
    """Compose v2; what only reads a file needs no engine."""
    try:
        return find_compose()
    except SidecarError as error:
        return lack("docker", str(error))


@dataclass(frozen=True)
class CommandResult:
    """The outcome of one run of the command."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., CommandResult]:
    """Run the command line inside this process."""

    def call(*arguments: object) -> CommandResult:
        assert "--verbose" not in arguments, "its log cannot be taken back: use execute"
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return CommandResult(code, *capsys.readouterr())

    return call


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[bytes]]:
    """Start `python -m sidecar` in an empty folder; `env` extends the environment."""

    def popen(
        *arguments: object, env: dict[str, str] | None = None, **options: Any
    ) -> subprocess.Popen[bytes]:
        defaults: dict[str, Any] = {
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "cwd": tmp_path,
        }
        command = [sys.executable, "-m", "sidecar", *map(str, arguments)]
        return subprocess.Popen(
            command, env={**os.environ, **(env or {})}, **{**defaults, **options}
        )

    return popen


@pytest.fixture
def execute(start: Callable[..., subprocess.Popen[bytes]]) -> Callable[..., CommandResult]:
    """Run `python -m sidecar` as a program of its own."""

    def call(*arguments: object, stdin: bytes = b"", **options: Any) -> CommandResult:
        process = start(*arguments, stdin=subprocess.PIPE, **options)
        out, err = process.communicate(stdin, timeout=30)
        return CommandResult(process.returncode, (out or b"").decode(), (err or b"").decode())

    return call


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the caller's own settings out of every test."""
    for name in list(os.environ):
        if name.startswith(("SIDECAR_", "TRACING_", "JAEGER_")):
            monkeypatch.delenv(name)
