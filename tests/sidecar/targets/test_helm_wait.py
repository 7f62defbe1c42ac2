"""The container before an agent or collector: it ends once what it sends to answers, or in time."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from chart_objects import pod_of
from gateway_servers import raw_server
from helm_charts import CHART, CI, template
from waiting import wait_until

CANARY, COLLECTOR, REGION, RELAY = (
    next(path for path in CI if path.name.startswith(name))
    for name in ("canary", "collector", "region", "relay")
)
SCRIPT = "sidecar/forwarder/wait.sh"


def waits(*options: object, kubernetes: str = "1.34.0"):
    """Return the containers that wait, of each pod that has an agent."""
    pods = filter(None, map(pod_of, template(CHART, *options, kubernetes=kubernetes)))
    found = [pod.get("initContainers", []) for pod in pods]
    names = ("sidecar-wait", "sidecar-canary-wait")
    return [each for containers in found for each in containers if each["name"] in names]


def started(
    port: int, seconds: int, folder: Path, tls: str = "false", name: str = "gateway"
) -> subprocess.Popen[str]:
    """Start the container's command for a port of this host; its message goes into a folder."""
    command, path = waits()[0]["command"]
    assert f"COPY {SCRIPT} {path}\n" in (CHART.parent / "Dockerfile").read_text()
    text = (CHART.parent / SCRIPT).read_text()
    assert "/dev/termination-log" in text
    script = folder / "wait.sh"
    script.write_text(text.replace("/dev/termination-log", f"{folder}/message"))
    arguments = [name, f"127.0.0.1:{port}", str(seconds), tls]
    return subprocess.Popen([command, script, *arguments], stdout=subprocess.PIPE, text=True)


def catches_sigterm(process: int) -> bool:
    """Tell whether a process has a handler of SIGTERM."""
    status = Path(f"/proc/{process}/status").read_text()
    caught = re.search(r"^SigCgt:\s*(\w+)$", status, re.MULTILINE)
    return bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize("kubernetes", ["1.28.0", "1.34.0"])
def test_it_comes_before_the_agent_of_every_workload(kubernetes: str) -> None:
    """As the first init container; without native sidecars, the only one."""
    pods = filter(None, map(pod_of, template(CHART, kubernetes=kubernetes)))
    names = [
        [each["name"] for each in pod["initContainers"]] for pod in pods if "initContainers" in pod
    ]
    agent = ["jaeger-agent"] if kubernetes == "1.34.0" else []

    assert [["sidecar-wait", *agent]] * 2 == [each for each in names if "sidecar-wait" in each]


def test_it_asks_for_the_gateway_of_the_release() -> None:
    """The stand-in, or a region's where the values ask for it."""
    region = waits("-f", REGION, "--set", "gateway.waitSeconds=5")

    host = "tracing-analysis-dc-frankfurt.aliyuncs.com"
    assert ["gateway", "demo-gateway:1883", "60", "false"] == waits()[0]["args"]
    assert ["gateway", f"{host}:1883", "5", "true"] == region[0]["args"]


@pytest.mark.parametrize("kubernetes", ["1.28.0", "1.34.0"])
@pytest.mark.parametrize("options", [(), ("-f", REGION)], ids=["stand-in", "region"])
def test_a_collector_waits_for_what_starts_with_it(options, kubernetes: str) -> None:
    """For the forwarder, in a region too; or for the relays, which wait for the forwarder."""
    direct = waits(*options, "-f", COLLECTOR, kubernetes=kubernetes)
    relayed = waits(*options, "-f", RELAY, kubernetes=kubernetes)

    forwarder, relay = ("forwarder", "demo-forwarder:14317"), ("relay", "demo-relay:4317")
    assert {forwarder} == targets(direct)
    assert {forwarder, relay} == targets(relayed)
    assert all(each["args"][2:4] == ["10", "false"] for each in direct + relayed)


def test_a_canarys_collector_waits_too() -> None:
    """The agent for the gateway, the collector for the forwarder; each where its value is set."""
    forwarder, gateway = ("forwarder", "demo-forwarder:14317"), ("gateway", "demo-gateway:1883")
    off = ("--set", "forwarder.waitSeconds=0,standIn.waitSeconds=0")

    assert {forwarder, gateway} == targets(waits("-f", CANARY))
    assert {forwarder} == targets(waits("-f", CANARY, "--set", "standIn.waitSeconds=0"))
    assert [] == waits("-f", CANARY, *off)


def targets(found) -> set[tuple[str, str]]:
    """Return what containers wait for."""
    return {tuple(each["args"][:2]) for each in found}


@pytest.mark.parametrize(
    "options",
    [
        ("--set", "standIn.waitSeconds=0"),
        ("-f", REGION),
        ("-f", COLLECTOR, "--set", "forwarder.waitSeconds=0"),
        ("-f", RELAY, "--set", "forwarder.waitSeconds=0"),
    ],
    ids=["stand-in", "region", "collector", "relay"],
)
def test_it_is_left_out(options) -> None:
    """By value, and for agents in a region, whose gateway was there before the release."""
    assert [] == waits(*options)


@contextmanager
def gateway_at(port: int):
    """Run a gRPC server."""
    server = grpc.server(ThreadPoolExecutor(1))
    assert port == server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield
    finally:
        server.stop(None)


def test_it_ends_once_the_gateway_answers(tmp_path) -> None:
    """Not before, and it says so."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with started(port, 60, tmp_path) as waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(1)
        with gateway_at(port):
            output, _ = waiting.communicate(timeout=30)

    assert 0 == waiting.returncode
    assert output.startswith(f"gateway 127.0.0.1:{port}: can be reached after ")
    assert output == (tmp_path / "message").read_text()


PROXY_404 = bytes.fromhex(
    "000018040000000000000300000080000400040000000500004000000600 00f000"
    "000004080000000000000300010000230105000000014883680cff7684ea5b3d796196c361be"
)
"""SETTINGS and HEADERS of a transparent proxy, for an address that nobody has: status 404."""


@pytest.mark.parametrize("answer", [b"", PROXY_404, b"HTTP/1.1 404 Not Found\r\n\r\n"])
@pytest.mark.parametrize("tls", ["false", "true"])
def test_a_connection_alone_is_no_gateway(answer: bytes, tls: str, tmp_path) -> None:
    """A proxy may accept any address; over TLS, there is nothing else to ask for."""
    with (
        raw_server(lambda connection: connection.sendall(answer)) as port,
        started(port, 1, tmp_path, tls) as waiting,
    ):
        output, _ = waiting.communicate(timeout=30)

    assert (": can be reached" in output) is (tls == "true")


@pytest.mark.parametrize(
    ("name", "then"),
    [
        ("gateway", "The agent starts; spans are lost until it can"),
        ("forwarder", "The collector starts, and keeps spans until it can"),
        ("relay", "The collector starts, and keeps spans until it can"),
    ],
)
def test_it_lets_the_agent_start_after_its_time(name: str, then: str, tmp_path) -> None:
    """What is away holds up no service for longer."""
    with socket.socket() as gateway:
        gateway.bind(("127.0.0.1", 0))
        port = gateway.getsockname()[1]
        with started(port, 1, tmp_path, name=name) as waiting:
            output, _ = waiting.communicate(timeout=30)

    assert 0 == waiting.returncode
    assert f"{name} 127.0.0.1:{port}: cannot be reached after 1 s. {then}\n" == output


def test_it_ends_when_its_pod_is_deleted(tmp_path) -> None:
    """At once, not after the pod's grace period."""
    with socket.socket() as gateway:
        gateway.bind(("127.0.0.1", 0))
        with started(gateway.getsockname()[1], 600, tmp_path) as waiting:
            wait_until(lambda: catches_sigterm(waiting.pid), 30)
            waiting.send_signal(signal.SIGTERM)

            assert 143 == waiting.wait(30)
