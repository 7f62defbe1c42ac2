"""images-values.yaml: what the chart needs where images have other names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from sidecar.errors import SidecarError
from sidecar.images import helmvalues

if TYPE_CHECKING:
    from pathlib import Path


def test_names_that_differ_are_written_once(tmp_path: Path) -> None:
    """None is the chart's own name."""
    names = {"agent": "sidecar-kit/jaeger-agent:1.62.0", "sample": None}

    assert [True, False] == [helmvalues.update(tmp_path, names) for _ in range(2)]
    assert {"images": {"agent": "sidecar-kit/jaeger-agent:1.62.0"}} == yaml.safe_load(
        (tmp_path / helmvalues.NAME).read_text()
    )


def test_no_file_is_made_for_nothing(tmp_path: Path) -> None:
    """Where a registry answers, the chart's own names are right."""
    assert not helmvalues.update(tmp_path, {"agent": None})
    assert [] == list(tmp_path.iterdir())


def test_a_file_that_is_there_is_emptied_of_old_names(tmp_path: Path) -> None:
    """A user's -f still finds it."""
    helmvalues.update(tmp_path, {"agent": "x:1"})

    assert helmvalues.update(tmp_path, {"agent": None})
    assert {"images": {}} == yaml.safe_load((tmp_path / helmvalues.NAME).read_text())


def test_a_file_by_another_hand_stays(tmp_path: Path) -> None:
    """It is named, not replaced."""
    (tmp_path / helmvalues.NAME).write_text("images: {}\n")

    with pytest.raises(SidecarError, match="was not written by sidecar"):
        helmvalues.update(tmp_path, {"agent": "x:1"})
