"""Connecting to an engine, and each way in which that fails."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sidecar.engine.client import connect
from sidecar.engine.errors import EngineAbsentError, EnginePermissionError, EngineTooOldError

if TYPE_CHECKING:
    from fake_engine import FakeEngine

NOBODY = 65534


def test_engine_tells_its_version_and_endpoint(fake: FakeEngine) -> None:
    """A connected engine carries release, API version and endpoint."""
    engine = connect()

    assert ("20.10.24", "1.41", fake.endpoint) == (
        engine.version,
        engine.api_version,
        engine.endpoint,
    )


def test_engine_of_api_1_40_is_too_old(fake: FakeEngine) -> None:
    """An engine before 20.10 is refused with its version and the one needed."""
    fake.answer("GET /version", {"Version": "19.03.15", "ApiVersion": "1.40"})

    with pytest.raises(
        EngineTooOldError, match=r"engine 19\.03\.15 has API 1\.40, the kit needs 1.41"
    ):
        connect()


def test_no_socket_means_no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An absent socket is named, with the fix."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")

    with pytest.raises(
        EngineAbsentError, match=r"none.sock: no container engine answers there. Start Docker"
    ):
        connect()


def test_something_else_on_the_socket_is_no_engine(fake: FakeEngine) -> None:
    """An answer that is not an engine's is reported as such."""
    fake.answer("GET /version", {"hello": "world"})

    with pytest.raises(EngineAbsentError, match="no usable answer"):
        connect()


def test_socket_of_another_user_is_a_matter_of_permission(fake: FakeEngine) -> None:
    """A socket that this user may not open names the group as the fix."""
    Path(fake.endpoint.removeprefix("unix://")).chmod(0o600 if os.geteuid() == 0 else 0)
    Path(fake.endpoint.removeprefix("unix://")).parent.chmod(0o711)
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        with pytest.raises(EnginePermissionError, match="add the user to the group"):
            connect()
    finally:
        os.seteuid(before)


def _use_context(
    folder: Path, name: str, host: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    (folder / "config.json").write_text(json.dumps({"currentContext": name}))
    if host is not None:
        meta = folder / "contexts/meta" / hashlib.sha256(name.encode()).hexdigest()
        meta.mkdir(parents=True)
        endpoints = {"docker": {"Host": host, "SkipTLSVerify": False}}
        (meta / "meta.json").write_text(
            json.dumps({"Name": name, "Metadata": {}, "Endpoints": endpoints})
        )


def test_current_context_of_the_docker_command_is_used(
    fake: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without DOCKER_HOST the context that `docker context use` chose decides."""
    _use_context(tmp_path, "elsewhere", fake.endpoint, monkeypatch)

    assert fake.endpoint == connect().endpoint


def test_context_that_does_not_exist_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A current context without an entry is an error of its own."""
    _use_context(tmp_path, "gone", None, monkeypatch)
    monkeypatch.setenv("DOCKER_CONTEXT", "gone")

    with pytest.raises(EngineAbsentError, match="docker context gone: it does not exist"):
        connect()


def test_an_engine_behind_ssh_is_refused_with_a_way_to_reach_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message shows how to forward its socket."""
    monkeypatch.setenv("DOCKER_HOST", "ssh://somewhere")

    with pytest.raises(EngineAbsentError, match=r"supports a socket or TCP.*ssh -L"):
        connect()


@pytest.mark.parametrize("broken", ["config.json", "meta.json", "certificates"])
def test_docker_settings_that_cannot_be_read_are_no_defect(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker's files are the user's; the message names where to look."""
    _use_context(tmp_path, "elsewhere", "unix:///nowhere.sock", monkeypatch)
    if broken == "config.json":
        (tmp_path / "config.json").write_text("[]")
    elif broken == "meta.json":
        (meta,) = tmp_path.rglob("meta.json")
        meta.write_text("{")
    else:
        monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path / "none"))

    with pytest.raises(EngineAbsentError, match=r"docker: docker's settings cannot be read"):
        connect()
