from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import fake_engine
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[fake_engine.FakeEngine]:
    """Return a fake engine that DOCKER_HOST names; its folder is short, as socket paths must be."""
    with tempfile.TemporaryDirectory() as folder:
        fake, server = fake_engine.serve(Path(folder))
        monkeypatch.setenv("DOCKER_HOST", fake.endpoint)
        yield fake
        server.shutdown()
        server.server_close()
