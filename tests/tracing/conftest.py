"""Fixtures of the tracing tests: an agent's port, and tracers that report to it."""

from __future__ import annotations

import os

import opentracing
import pytest
from jaeger_client import Config as JaegerConfig
from sidecar_tracing import Config, environment, stats_socket
from udp_agent import UdpAgent


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    """Remove the machine's JAEGER_ variables, and what another test set for its process."""
    monkeypatch.setattr(stats_socket._server, "is_off", False)
    for name in [name for name in os.environ if name.startswith("JAEGER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(JaegerConfig, "_initialized", False)
    environment.warn.cache_clear()
    yield
    opentracing.set_global_tracer(opentracing.Tracer())


@pytest.fixture
def agent():
    with UdpAgent() as running:
        yield running


@pytest.fixture
def make_tracer(agent):
    """Create tracers; those that a test leaves open are closed without waiting."""
    made = []

    def make(port=None, host="127.0.0.1", **options):
        local_agent = {"reporting_host": host, "reporting_port": port or agent.port}
        config = Config({"local_agent": local_agent, **options}, service_name="test")
        made.append(config.new_tracer())
        return made[-1]

    yield make
    for tracer in made:
        tracer.close(0)
