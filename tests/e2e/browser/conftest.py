"""A Chromium for all tests, and a stand-in for each."""

from __future__ import annotations

import json

import grpc
import pytest
import pytest_asyncio
from _require import lack
from chromium import Chromium, find_chromium
from gateway_spans import CANARY
from waiting import wait_until

from sidecar.stand_in.stubs.collector_pb2_grpc import CollectorServiceStub


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


class StandInProcess:
    """A stand-in as a process of its own."""

    def __init__(self, process, addresses):
        self.process = process
        self.page = f"http://{addresses['http']}"
        self._grpc = addresses["grpc"]

    def post(self, *requests):
        """Send batches; a refused one is not an error."""
        with grpc.insecure_channel(self._grpc) as channel:
            stub = CollectorServiceStub(channel)
            calls = [stub.PostSpans.future(request, timeout=20) for request in requests]
            codes = {call.code() for call in calls}
        assert codes <= {grpc.StatusCode.OK, grpc.StatusCode.UNAUTHENTICATED}


@pytest.fixture
def stand_in(start, tmp_path):
    """A running stand-in."""
    ready, token = tmp_path / "ready.json", tmp_path / "agent.yaml"
    token.write_text(f'agent: {{tags: "Authentication={CANARY}"}}\n')
    free = ("--grpc=127.0.0.1:0", "--http=127.0.0.1:0")
    process = start("gateway", f"--token-file={token}", *free, f"--ready-file={ready}")
    wait_until(ready.exists, 30)
    yield StandInProcess(process, json.loads(ready.read_text()))
    process.kill()
    process.communicate()
