"""`sidecar verify --status` and `--watch` as commands: what they refuse."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["--watch", "--every=0s"], "'0s' is not a time (1s-24h)"),
        (["--watch", "--every=soon"], "'soon' is not a time"),
        (["--watch", "--for=25h"], "'25h' is not a time"),
        (["--watch", "--budget=0.1"], "'0.1' is not a share (0%-100%)"),
        (["--watch", "--budget=101%"], "'101%' is not a share"),
        (["--watch", "--status"], "not allowed with argument"),
        (["--status", "--target=process", "--release=demo"], "--release needs --target kubernetes"),
        (["--status", "--target=kubernetes"], "needs the release, or the labels of its pods"),
    ],
)
def test_flags_out_of_range_or_place_are_usage_errors(run, arguments, cause):
    """Exit 2, with the range or the fix."""
    done = run("verify", *arguments)

    assert 2 == done.code
    assert cause in done.err


@pytest.mark.parametrize("flag", ["--status", "--watch"])
def test_a_folder_without_a_deployment_is_a_usage_error(run, tmp_path, flag):
    """As for a proof."""
    done = run("verify", flag, "--out", tmp_path)

    assert 2 == done.code
    assert "holds no docker-compose.yml. Give --out FOLDER, or --target process" in done.err


@pytest.mark.parametrize("flag", ["--status", "--watch"])
def test_without_an_engine_they_say_so(run, tmp_path, monkeypatch, flag):
    """Exit 1 with the next step."""
    (tmp_path / "docker-compose.yml").touch()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    done = run("verify", flag, "--out", tmp_path)

    assert 1 == done.code
    assert "no container engine answers there. Start Docker" in done.err
