"""The agent's flags by version and its tuning by capacity."""

from __future__ import annotations

import pytest

from sidecar.errors import SidecarError
from sidecar.plan import agents
from sidecar.regions import Gateway
from sidecar.spec import AgentSettings, Capacity

GATEWAY = Gateway("gw.example.com", 1883, "public")


def flags(version: str) -> dict[str, str]:
    """Return the flags of a version as name → value."""
    tuning = agents.tune(Capacity())
    arguments = agents.argv(AgentSettings(version=version), GATEWAY, tuning, config_file="/t.yaml")
    return dict(argument.removeprefix("--").split("=", 1) for argument in arguments)


def test_stock_capacity_is_tuned_for_a_gateway_200_ms_away() -> None:
    """2,000 spans/s in packets of 10 at 200 ms keep 40 workers busy; 64 are started."""
    expected = agents.Tuning(
        workers=64,
        queue_packets=1000,
        max_packet_bytes=65_000,
        socket_buffer_bytes=4 * 2**20,
        ceiling_spans_per_second=3200,
        memory_mib=192,
    )

    assert expected == agents.tune(Capacity(2000, 200))


@pytest.mark.parametrize(
    ("capacity", "workers", "queue", "ceiling", "memory"),
    [
        (Capacity(1, 1), 10, 1000, 100_000, 192),
        (Capacity(5000, 100), 80, 2500, 8000, 384),
        (Capacity(8000, 300), 384, 4000, 12_800, 576),
        (Capacity(1_000_000, 60_000), 1000, 4000, 166, 576),
    ],
)
def test_tuning_grows_with_the_capacity_within_limits(
    capacity, workers, queue, ceiling, memory
) -> None:
    """Workers: 10-1,000. Queue: 1,000-4,000 packets. Memory: twice the queue's buffers."""
    tuning = agents.tune(capacity)

    assert (workers, queue) == (tuning.workers, tuning.queue_packets)
    assert (ceiling, memory) == (tuning.ceiling_spans_per_second, tuning.memory_mib)


@pytest.mark.parametrize("rate", [1, 999, 2000, 7777, 40_000])
@pytest.mark.parametrize("round_trip", [1, 35, 200, 1000])
def test_the_ceiling_covers_the_rate_below_the_workers_limit(rate: int, round_trip: int) -> None:
    """Below their limit, workers forward more than the capacity."""
    tuning = agents.tune(Capacity(rate, round_trip))

    assert tuning.workers == 1000 or tuning.ceiling_spans_per_second >= rate


def test_the_newest_version_gets_every_flag() -> None:
    """1.62.0 takes admin.http.host-port and the socket buffer."""
    expected = {
        "config-file": "/t.yaml",
        "reporter.grpc.host-port": "gw.example.com:1883",
        "admin.http.host-port": "0.0.0.0:14271",
        "http-server.host-port": "0.0.0.0:5778",
        "processor.jaeger-compact.server-host-port": "0.0.0.0:6831",
        "processor.jaeger-compact.server-max-packet-size": "65000",
        "processor.jaeger-compact.server-queue-size": "1000",
        "processor.jaeger-compact.server-socket-buffer-size": "4194304",
        "processor.jaeger-compact.workers": "64",
        "processor.jaeger-binary.server-host-port": "127.0.0.1:6832",
        "processor.zipkin-compact.server-host-port": "127.0.0.1:5775",
    }

    assert expected == flags("1.62.0")


@pytest.mark.parametrize(
    ("version", "admin", "buffer"),
    [
        ("1.15.0", "admin-http-port", False),
        ("1.17.9", "admin-http-port", False),
        ("1.18.0", "admin.http.host-port", False),
        ("1.18.1", "admin.http.host-port", False),
        ("1.19.2", "admin.http.host-port", True),
        ("1.62.0", "admin.http.host-port", True),
    ],
)
def test_flags_follow_the_version(version: str, admin: str, buffer: bool) -> None:
    """A flag that a version does not know would keep its agent from starting."""
    names = flags(version).keys()

    assert {admin} == names & {"admin-http-port", "admin.http.host-port"}
    assert buffer == ("processor.jaeger-compact.server-socket-buffer-size" in names)


@pytest.mark.parametrize(
    ("version", "key"),
    [
        ("1.15.0", "jaeger.tags"),
        ("1.15.1", "jaeger.tags"),
        ("1.16.0", "agent.tags"),
        ("1.62.0", "agent.tags"),
    ],
)
def test_the_tags_key_follows_the_version(version: str, key: str) -> None:
    """jaeger.tags up to 1.15, agent.tags from 1.16."""
    assert key == agents.tags_key(version)


def test_the_agent_is_probed_by_its_own_status_from_1_22() -> None:
    """Older agents have no such command, and their images no shell."""
    expected = ("/go/bin/agent-linux", "status", "--status.http.host-port=127.0.0.1:14271")

    assert expected == agents.health(AgentSettings(version="1.22.0"))
    assert () == agents.health(AgentSettings(version="1.21.0"))


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.62", "1.62.0.0", "v1.62.0", "1.062.0", "1.-2.0", "1.x.0", "1.²2.0", "latest"],
)
def test_what_is_not_a_version_is_refused(text: str) -> None:
    """A version has three plain numbers."""
    with pytest.raises(SidecarError, match=r"is not a version. Give one such as 1.62.0"):
        agents.parse_version(text)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("1.14.9", "the oldest known is 1.15.0"),
        ("1.62.1", "removed from Jaeger"),
        ("2.0.0", "removed from Jaeger"),
    ],
)
def test_what_is_not_an_agent_version_is_refused(text: str, cause: str) -> None:
    """The flags of 1.15.0 to 1.62.0 are known; there is no agent after that."""
    with pytest.raises(SidecarError, match=cause):
        agents.parse_version(text)
