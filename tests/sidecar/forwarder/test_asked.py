"""What the pod of `helm test` learns of the forwarder, which it asks: it cannot read any log."""

from __future__ import annotations

import asyncio

import pytest
from gateway_spans import CANARY

from sidecar.forwarder import ask
from sidecar.verify.pod.proof import ProvingPod

pytestmark = pytest.mark.asyncio


async def trouble(address: str):
    """Return what a pod finds at a forwarder's address."""
    pod = ProvingPod("delivery-test", None)
    pod.forwarder = address
    return await asyncio.to_thread(pod.gateway_trouble, "delivery-test")


async def test_a_refused_token_is_named_until_it_is_right(way) -> None:
    """As the forwarder names it; nothing is wrong once the gateway takes a call."""
    forwarder = await way(token="wrong@token")
    address = f"127.0.0.1:{forwarder.ports.grpc}"

    refused = await trouble(address)
    forwarder.token.write_text(CANARY)
    taken = await trouble(address)

    assert ("token-refused", "the gateway refused the token") == (refused.rule.id, refused.cause)
    assert taken is None


async def test_a_forwarder_that_does_not_answer_is_named(way, monkeypatch) -> None:
    """Not the gateway behind it."""
    monkeypatch.setattr(ask, "_SECONDS", 0.5)
    forwarder = await way()
    await forwarder.end()
    found = await trouble(f"127.0.0.1:{forwarder.ports.grpc}")

    assert "forwarder-not-reached" == found.rule.id


async def test_without_a_forwarder_nothing_is_asked() -> None:
    """An agent sends to the gateway itself."""
    assert await trouble("") is None
