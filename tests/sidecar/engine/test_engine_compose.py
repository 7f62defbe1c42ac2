"""Finding and running Compose, with small programs on PATH."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.engine import compose
from sidecar.engine.errors import ComposeAbsentError, ComposeFailedError

FOLDER = Path("/srv/demo")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder on PATH."""
    monkeypatch.setenv("PATH", f"{tmp_path}")
    return tmp_path


def put(folder: Path, name: str, script: str) -> None:
    """Write a program of shell lines."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_argument_list_is_the_same_from_every_directory() -> None:
    """Both the project's folder and its file are absolute."""
    expected = [
        "docker",
        "compose",
        "--project-directory",
        "/srv/demo",
        "-f",
        "/srv/demo/docker-compose.yml",
        "ps",
    ]

    assert expected == compose.compose_argv(FOLDER, "ps")


def test_a_stack_is_started_from_the_current_folder(tmp_path, monkeypatch) -> None:
    """Files are named unless Compose reads the same ones by itself."""
    monkeypatch.chdir(tmp_path)
    for name in ("mine", "kit"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "docker-compose.yml").touch()
    overlay = 'x-sidecar:\n  files: ["docker-compose.yml"]\n'
    (tmp_path / "mine/docker-compose.tracing.yml").write_text(f"# Rendered by sidecar\n{overlay}")
    both = "-f mine/docker-compose.yml -f mine/docker-compose.tracing.yml"

    assert "docker compose -f kit/docker-compose.yml up --detach" == started("kit")
    assert f"docker compose {both} up --detach" == started("mine")
    monkeypatch.chdir("kit")
    assert "docker compose up --detach" == started(".")
    monkeypatch.chdir("../mine")
    assert f"docker compose {both.replace('mine/', '')} up --detach" == started(".")
    monkeypatch.setenv("COMPOSE_FILE", "docker-compose.yml:docker-compose.tracing.yml")
    assert "docker compose up --detach" == started(".")


def started(folder: str) -> str:
    """Return the command for a folder."""
    return compose.start_command(Path(folder))


def test_plugin_comes_first(programs: Path) -> None:
    """`docker compose` is used where it is new enough."""
    put(programs, "docker", "echo 2.29.7")
    put(programs, "docker-compose", "echo v2.40.3+ds1")

    assert compose.Compose(("docker", "compose"), "2.29.7") == compose.find_compose()


def test_separate_program_is_used_where_the_plugin_is_absent(programs: Path) -> None:
    """A docker without the plugin answers with an error; the separate program is asked next."""
    put(programs, "docker", "echo 'unknown flag: --short' >&2; exit 125")
    put(programs, "docker-compose", "echo v2.40.3")

    assert ("docker-compose",) == compose.find_compose().program


def test_compose_v1_is_named_and_refused(programs: Path) -> None:
    """Compose v1 has `version --short`, too, but cannot read the kit's files."""
    put(programs, "docker-compose", "echo 1.29.2")

    with pytest.raises(
        ComposeAbsentError, match=r"2.20.0 or later is needed \(docker-compose is 1.29.2\). Install"
    ):
        compose.find_compose()


def test_no_compose_is_an_error(programs: Path) -> None:
    """A program that cannot start is none."""
    (programs / "docker-compose").write_bytes(b"\x7fELF")
    (programs / "docker-compose").chmod(0o755)

    with pytest.raises(ComposeAbsentError, match="none was found"):
        compose.find_compose()


def test_failure_shows_command_code_and_output(programs: Path, tmp_path: Path) -> None:
    """Both streams are shown, indented."""
    put(programs, "docker", "echo half; echo broken >&2; exit 17")

    with pytest.raises(ComposeFailedError) as caught:
        compose.Compose(("docker", "compose"), "2.40.3").run(tmp_path, "up")

    assert 17 == caught.value.code
    assert "exit code 17 from docker compose --project-directory" in str(caught.value)
    assert str(caught.value).endswith("up\n    half\n    broken")


def test_configuration_is_parsed(programs: Path, tmp_path: Path) -> None:
    """From the JSON that Compose prints."""
    put(programs, "docker", """echo '{"name": "demo", "services": {}}'""")

    assert {"name": "demo", "services": {}} == compose.Compose(("docker", "compose"), "2").config(
        tmp_path
    )


def test_token_never_reaches_compose(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its variable is removed from the child's environment; the rest stays."""
    monkeypatch.setenv("TRACING_TOKEN", "canary")
    monkeypatch.setenv("KEPT", "yes")
    put(programs, "docker", 'echo "${TRACING_TOKEN:-none} $KEPT"')

    assert "none yes\n" == compose.Compose(("docker", "compose"), "2").run(tmp_path, "ps").stdout


@pytest.mark.parametrize(
    ("text", "expected"), [("v2.40.3+ds1-1", (2, 40, 3)), ("2.20", (2, 20, 0)), ("dev", (0,))]
)
def test_versions_are_compared_as_numbers(text: str, expected: tuple[int, ...]) -> None:
    """Distributions add letters before and after."""
    assert expected == compose.parse_version(text)


def test_a_stack_that_compose_cannot_write_as_json_is_read_as_yaml(programs: Path) -> None:
    """Compose 2.40 fails so on a key file of `build.ssh`, which it can build with."""
    put(
        programs,
        "docker",
        "case $* in *json) echo 'calling MarshalJSON' >&2; exit 1;; esac\necho 'a: 1'",
    )

    assert {"a": 1} == compose.Compose(("docker", "compose"), "2.40.3").config_of(
        [FOLDER / "a.yml"]
    )


def test_a_stack_that_compose_refuses_is_not_read_twice(programs: Path) -> None:
    """Its own message is the cause."""
    put(programs, "docker", "echo 'no such service' >&2; exit 1")

    with pytest.raises(ComposeFailedError, match="no such service"):
        compose.Compose(("docker", "compose"), "2.40.3").config_of([FOLDER / "a.yml"])
