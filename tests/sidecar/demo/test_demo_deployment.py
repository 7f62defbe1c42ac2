"""The deployment of the processes that `sidecar demo` started."""

from __future__ import annotations

import json
import os
from dataclasses import asdict

import psutil
import pytest

from sidecar.demo.deployment import ProcessDeployment
from sidecar.demo.state import Demo, Started
from sidecar.errors import SidecarError
from sidecar.verify.network import marked


def test_a_probe_that_does_not_end_is_an_error(tmp_path, monkeypatch):
    """With cause and fix, without the long command."""
    own = Started("gateway", os.getpid(), psutil.Process().create_time())
    state = Demo((own,), {"frontend": "http://127.0.0.1:1"}, "http://127.0.0.1:1", "127.0.0.1:1")
    (tmp_path / "processes.json").write_text(json.dumps(asdict(state)))
    monkeypatch.setattr(marked, "PROBE_SECONDS", 0.01)

    with pytest.raises(SidecarError) as caught:
        ProcessDeployment(tmp_path).send("frontend", "marker", 10)

    assert ("frontend", "the probe did not end within 0.01 s") == (
        caught.value.subject,
        caught.value.cause,
    )
    assert "fewer spans" in caught.value.fix
