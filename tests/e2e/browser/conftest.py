"""A Chromium for all tests, and a stand-in for each."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

import pytest
import pytest_asyncio
from _require import lack
from agent_process import StandInProcess, write_token
from chromium import Chromium, find_chromium
from gateway_spans import CANARY, post_all


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """A running browser."""
    program = find_chromium() or lack("browser", "neither Chromium nor Chrome is on PATH")
    running = Chromium(program, tmp_path_factory.mktemp("chromium"))
    yield running
    running.stop()


@pytest_asyncio.fixture
async def tab(chromium):
    """A tab; a script that fails, or that the content policy blocks, fails the test."""
    async with chromium.tab() as opened:
        yield opened
        assert [] == opened.complaints


@pytest.fixture
def stand_in(tmp_path):
    """A running stand-in; `post` sends it batches."""
    with ExitStack() as stack:
        token = write_token(tmp_path / "agent.yaml", CANARY)
        running = StandInProcess(stack, token)
        running.post = partial(post_all, running.grpc)
        yield running
