"""Specs from text, and the messages of wrong ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sidecar.errors import SidecarError
from sidecar.spec.load import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sidecar.spec import Spec


@pytest.fixture
def spec_of(tmp_path: Path) -> Callable[[str], Spec]:
    """Read a spec from text."""

    def read(text: str) -> Spec:
        path = tmp_path / "sidecar.yaml"
        path.write_text(text, encoding="utf-8")
        return load([path]).spec

    return read


@pytest.fixture
def error_of(spec_of: Callable[[str], Spec], tmp_path: Path) -> Callable[[str], str]:
    """Return the message of a wrong spec, without its folder."""

    def read(text: str) -> str:
        with pytest.raises(SidecarError) as caught:
            spec_of(text)
        return str(caught.value).replace(f"{tmp_path}/", "")

    return read
