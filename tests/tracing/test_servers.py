"""A few rows of the matrix of servers; `make matrix` runs all of them."""

from __future__ import annotations

import pytest
from servers.catalogue import ROWS
from servers.running import Listener, run
from udp_agent import UdpAgent

SHORT = [row for row in ROWS if row.is_short]


@pytest.mark.parametrize("row", SHORT, ids=[f"{row.name} {row.end}" for row in SHORT])
def test_every_answer_has_its_span(row, tmp_path):
    """Nothing in the service closes its tracer."""
    with UdpAgent() as agent:
        outcome = run(row, "sidecar_tracing", tmp_path, Listener(agent))

    assert (25, 25) == (outcome.answered, outcome.received)
