"""`sidecar verify` and `sidecar demo` as commands: what they refuse, and how they choose."""

from __future__ import annotations

import pytest

from sidecar.commands import demo
from sidecar.engine.errors import ComposeAbsentError, EngineAbsentError


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["--spans", "0"], "'0' is not a count (1-100000)"),
        (["--spans", "100001"], "'100001' is not a count"),
        (["--spans", "many"], "'many' is not a count"),
        (["--seconds", "-1"], "is not a time (0-600 s)"),
        (["--seconds", "601"], "'601' is not a time"),
        (["--seconds", "nan"], "'nan' is not a time"),
        (["--seconds", "soon"], "'soon' is not a time"),
        (["--target", "helm"], "invalid choice (choose from "),
    ],
)
def test_arguments_out_of_range_are_usage_errors(run, arguments, cause):
    """Exit 2, with the range."""
    done = run("verify", *(f"{arguments[0]}={value}" for value in arguments[1:]))

    assert 2 == done.code
    assert cause in done.err


def test_a_folder_without_a_deployment_is_a_usage_error(run, tmp_path, monkeypatch):
    """Neither here nor in --out: the message names both fixes."""
    monkeypatch.chdir(tmp_path)

    for arguments in ([], ["--out", tmp_path / "none"]):
        done = run("verify", *arguments)
        assert 2 == done.code
        assert "holds no docker-compose.yml. Give --out FOLDER, or --target process" in done.err


def test_without_an_engine_verify_says_so(run, tmp_path, monkeypatch):
    """There is a rendering, but no engine: exit 1 with the next step."""
    (tmp_path / "docker-compose.yml").touch()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    done = run("verify", "--out", tmp_path)

    assert 1 == done.code
    assert "no container engine answers there. Start Docker" in done.err


def refuse(error):
    """Return a function that raises the error."""

    def ask():
        raise error

    return ask


@pytest.mark.parametrize(
    ("engine", "compose"),
    [
        (
            refuse(EngineAbsentError("unix:///x.sock", "no container engine answers there")),
            lambda: None,
        ),
        (
            lambda: None,
            refuse(ComposeAbsentError("docker compose", "Compose 2.20.0 or later is needed")),
        ),
    ],
    ids=["no engine", "no Compose"],
)
def test_without_engine_or_compose_the_demo_uses_processes(engine, compose, monkeypatch, capsys):
    """One of the two is not enough; the reason is printed."""
    monkeypatch.setattr("sidecar.commands.demo.connect", engine)
    monkeypatch.setattr("sidecar.commands.demo.find_compose", compose)

    assert "process" == demo._best_target()
    assert "demo: no containers here: " in capsys.readouterr().err


def test_with_both_the_demo_uses_containers(monkeypatch):
    """Engine and Compose answer."""
    monkeypatch.setattr("sidecar.commands.demo.connect", lambda: None)
    monkeypatch.setattr("sidecar.commands.demo.find_compose", lambda: None)

    assert "compose" == demo._best_target()


def test_an_installed_wheel_has_no_demo(run, monkeypatch):
    """The sample is in the checkout."""
    monkeypatch.setattr("sidecar.demo.processes.find_checkout", lambda: None)
    done = run("demo", "--target", "process")

    assert 1 == done.code
    assert "needs the kit's checkout, which holds the sample. Clone the repository" in done.err
