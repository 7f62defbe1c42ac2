"""`--verbose` logs the programs that are run and the requests to the engine, never a token."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import fake_engine
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = "canary@0123456789abcde_canary@53df7ad2afe8301"


@pytest.fixture
def engine(tmp_path) -> Iterator[fake_engine.FakeEngine]:
    """A fake engine, and a `docker` that prints a version."""
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\necho 2.29.1\n")
    program.chmod(0o755)
    with tempfile.TemporaryDirectory() as folder:  # short, as socket paths must be
        fake, server = fake_engine.serve(Path(folder))
        yield fake
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    "arguments", [["--verbose", "token", "rotate"], ["token", "rotate", "--verbose"]]
)
def test_programs_and_requests_are_logged(execute, engine, tmp_path, arguments) -> None:
    """Before the command's name or after it; the token is masked whatever its source."""
    (tmp_path / "docker-compose.yml").touch()
    environment = {"PATH": str(tmp_path), "DOCKER_HOST": engine.endpoint, "TRACING_TOKEN": CANARY}
    result = execute(*arguments, "--out", tmp_path, env=environment)

    assert 'sidecar: engine: http://localhost:None "GET /version HTTP/1.1" 200' in result.err
    assert "sidecar: runs docker compose version --short" in result.err
    assert "canary" not in result.out + result.err


def test_a_token_in_an_argument_of_a_program_is_masked(execute, tmp_path) -> None:
    """Even where a folder is named so."""
    folder = tmp_path / f"Authentication={CANARY}"
    folder.mkdir()
    (tmp_path / "docker").write_text(
        "#!/bin/sh\n[ $1$2 = composeversion ] && echo 2.29.1 || exit 1\n"
    )
    (tmp_path / "docker").chmod(0o755)
    result = execute(
        "--verbose",
        "validate",
        "--region",
        "local",
        env={"PATH": str(tmp_path), "TMPDIR": str(folder)},
    )

    assert "sidecar: runs docker compose --project-directory" in result.err
    assert "Authentication=***" in result.err
    assert "canary" not in result.err


def test_nothing_is_told_unasked(execute, tmp_path) -> None:
    """Standard error is for what needs attention."""
    assert "" == execute("validate", "--region", "local", env={"PATH": str(tmp_path)}).err
