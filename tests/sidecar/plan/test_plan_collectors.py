"""A collector's sizes and configuration."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from collector_process import refused

from sidecar.errors import SidecarError
from sidecar.plan import make_plan
from sidecar.plan.collector_configuration import merged
from sidecar.plan.collector_sizes import buffer, tune
from sidecar.regions import load_regions
from sidecar.spec import AgentSettings, Capacity, GatewaySettings, Sampling, Service, Spec
from sidecar.targets import compose

if TYPE_CHECKING:
    from pathlib import Path

    from sidecar.plan import Plan

COLLECTOR = AgentSettings("collector")


def plan_of(spec: Spec) -> Plan:
    return make_plan(spec, load_regions()[spec.region])


def test_the_queue_holds_rate_times_outage() -> None:
    """30 minutes at 2,000 spans/s by default; its file has room for them."""
    sizes = buffer(COLLECTOR, Capacity())

    assert (1800, 3_600_000, 3434) == (sizes.outage_s, sizes.queue_spans, sizes.disk_mib)
    assert 64 == buffer(COLLECTOR, Capacity(1)).disk_mib
    assert 2 * sizes.queue_bytes <= sizes.disk_mib * 2**20


@pytest.mark.parametrize(
    ("capacity", "consumers"),
    [
        (Capacity(10, 1), 2),
        (Capacity(), 4),
        (Capacity(8000, 300), 19),
        (Capacity(10**6, 60_000), 64),
    ],
)
def test_calls_at_a_time_drain_a_backlog(capacity: Capacity, consumers: int) -> None:
    """Enough for five times the rate, and 10,000 spans/s, at the round trip; within bounds."""
    assert consumers == buffer(COLLECTOR, capacity).consumers


def test_memory_follows_from_the_packets_that_wait() -> None:
    """The queue on disk takes none; Go and the limiter have their shares of it."""
    tuning = tune(Capacity())
    (service, *_) = plan_of(Spec("local", agent=COLLECTOR)).services
    collector = service.agent.collector

    assert 256 == tuning.memory_mib == service.agent.tuning.memory_mib
    assert collector is not None
    assert 204 == collector.go_memory_mib
    limiter = collector.configuration["processors"]["memory_limiter"]
    assert (243, 25) == (limiter["limit_mib"], limiter["spike_limit_mib"])


@pytest.mark.parametrize(
    ("protocol", "tls", "port", "wire"),
    [
        (None, False, 8090, "grpc"),
        ("otlp-grpc", True, 8090, "grpcs"),
        ("otlp-http", False, 80, "http"),
        ("otlp-http", True, 443, "https"),
    ],
)
def test_the_forwarder_reports_to_the_regions_otlp_port(
    protocol: str | None, tls: bool, port: int, wire: str
) -> None:
    """By gRPC or HTTP, in plain text unless the spec asks for TLS; collectors report to it."""
    spec = Spec("cn-shanghai", GatewaySettings("vpc", tls=tls, protocol=protocol), agent=COLLECTOR)
    plan = plan_of(spec)

    assert plan.forwarder is not None
    host = "tracing-analysis-dc-sh-internal.aliyuncs.com"
    assert (f"--gateway={host}:{port}", f"--protocol={wire}") == plan.forwarder.argv[:2]
    for service in plan.services:
        assert service.agent.collector is not None
        exporter = service.agent.collector.configuration["exporters"]["otlp_grpc"]
        assert ("sidecar-forwarder:14317", True) == (
            exporter["endpoint"],
            exporter["tls"]["insecure"],
        )


def test_a_region_without_a_port_for_http_is_refused() -> None:
    """With the rule's id, as for every protocol."""
    region = replace(load_regions()["cn-shanghai"], ports={"otlp-grpc": 8090, "http": 80})
    spec = Spec("cn-shanghai", GatewaySettings(protocol="otlp-http", tls=True), agent=COLLECTOR)

    with pytest.raises(SidecarError, match="has no port for https") as refused:
        make_plan(spec, region)

    assert "protocol-without-port" == refused.value.id


def test_an_agent_speaks_no_otlp() -> None:
    """A protocol of collectors is refused for it."""
    with pytest.raises(SidecarError, match="for a collector only") as refused:
        plan_of(Spec("cn-shanghai", GatewaySettings(protocol="otlp-http")))

    assert "gateway.protocol" == refused.value.subject


def test_the_stand_in_takes_http_at_its_page() -> None:
    """Its gRPC port stays where a region has it."""
    plan = plan_of(Spec("local", GatewaySettings(protocol="otlp-http"), agent=COLLECTOR))

    assert plan.forwarder is not None
    assert plan.stand_in is not None
    assert ("--gateway=gateway:16686", 8090) == (plan.forwarder.argv[0], plan.stand_in.grpc_port)


def test_overrides_are_laid_over_the_configuration() -> None:
    """Maps by key, all else replaced; what is not named stays."""
    over = {"exporters": {"otlp_grpc": {"compression": "none", "tls": {"insecure": False}}}}
    agent = AgentSettings("collector", collector=over)
    collector = plan_of(Spec("local", agent=agent)).services[0].agent.collector

    assert collector is not None
    exporter = collector.configuration["exporters"]["otlp_grpc"]
    assert ("none", {"insecure": False}, "15s") == (
        exporter["compression"],
        exporter["tls"],
        exporter["timeout"],
    )
    base = {"a": {"b": [1], "c": 2}}
    assert {"a": {"b": [3], "c": 2}} == merged(base, {"a": {"b": [3]}})
    assert {"a": {"b": [1], "c": 2}} == base


@pytest.mark.parametrize(
    ("agent", "subject", "rule"),
    [
        (
            {"collector": {"extensions": {"file_storage": {"fsync": False}}}},
            "agent.collector.extensions.file_storage.fsync",
            "collector-without-fsync",
        ),
        ({"disk_mib": 64}, "agent.buffer", "collector-queue-above-disk"),
        (
            {"collector": {"exporters": {"otlp_grpc": {"sending_queue": {"sizer": "items"}}}}},
            "agent.collector.exporters.otlp_grpc.sending_queue",
            "collector-queue-above-disk",
        ),
        (
            {"collector": {"extensions": {"file_storage": {"max_size": 2**30}}}},
            "agent.collector.exporters.otlp_grpc.sending_queue",
            "collector-queue-above-disk",
        ),
        ({"version": "0.90.0"}, "agent version '0.90.0'", "not-a-collector-version"),
    ],
)
def test_what_would_lose_spans_is_refused(agent: dict, subject: str, rule: str) -> None:
    """With the field and the rule's id."""
    with pytest.raises(SidecarError) as refused:
        plan_of(Spec("local", agent=AgentSettings("collector", **agent)))

    assert (subject, rule) == (refused.value.subject, refused.value.id)


def test_a_remote_sampler_needs_an_agent() -> None:
    """A collector serves no sampling."""
    services = (Service("web", "web:1", sampling=Sampling("remote", 0.1)),)

    with pytest.raises(SidecarError) as refused:
        plan_of(Spec("cn-shanghai", services=services, agent=COLLECTOR))

    assert "remote-sampler-without-source" == refused.value.id


@pytest.mark.parametrize("rate", [1, 2000])
def test_the_collector_accepts_its_configuration(tmp_path: Path, rate: int) -> None:
    """`otelcol validate` knows every key, and refuses one that it does not know.

    The smallest queue's file, too, takes all that is set for it.
    """
    spec = Spec("local", agent=COLLECTOR, capacity=Capacity(rate))
    text = compose.configurations(plan_of(spec))["collectors/backend-agent.yaml"]

    assert "" == refused(text, tmp_path)
    assert "fsink" in refused(text.replace("fsync", "fsink"), tmp_path)
