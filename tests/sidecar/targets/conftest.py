"""What tests of charts share."""

from __future__ import annotations

from pathlib import Path

import pytest
from helm_charts import program


@pytest.fixture
def helm_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the code under test find helm where the tests find it; the test is skipped where it is not installed."""
    monkeypatch.setenv("PATH", str(Path(program()).parent), prepend=":")
