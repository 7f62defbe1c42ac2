"""The copier: each packet goes to both places, and a connection to the second."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import psutil
import pytest
import pytest_asyncio
from compose_deployment import free_port, wait_for
from udp_agent import UdpAgent

from sidecar.copier.packets import Copier, Place, listener
from sidecar.copier.streams import pass_on

LOOPBACK = "127.0.0.1"
SECONDS = 60
PACKETS = [bytes([number % 251]) * size for number, size in enumerate((1, 1400, 65_000) * 10)]


def send(port, packets):
    """Send packets to a port of loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for packet in packets:
            sender.sendto(packet, (LOOPBACK, port))


@contextmanager
def program(*places, options=()):
    """Run the copier as a program of its own; yield it with its port and its counts."""
    ports = free_port(), free_port()
    argv = [sys.executable, "-m", "sidecar.copier", f"--host={LOOPBACK}"]
    argv += [f"--port={ports[0]}", f"--state-port={ports[1]}", *(f"--to={each}" for each in places)]
    argv += options
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
        assert "goes to" in process.stderr.readline()

        def state():
            with urllib.request.urlopen(f"http://{LOOPBACK}:{ports[1]}/", timeout=5) as answer:
                return json.load(answer)

        yield process, ports[0], state
        process.kill()


@pytest_asyncio.fixture
async def started():
    """Start copiers with places; what they hold ends with the test."""
    made = []

    async def start(*places):
        port = listener(LOOPBACK, 0)
        made.append(Copier(port, places))
        await made[-1].start()
        return made[-1], port.getsockname()[1]

    yield start
    for each in made:
        each.stop()


async def arrived(port, count):
    """Return the packets at a port, once there are so many."""
    return await asyncio.to_thread(
        wait_for, lambda: port.packets, lambda found: len(found) >= count, SECONDS
    )


@pytest.mark.asyncio
async def test_each_packet_goes_to_both_as_it_came(started):
    """In order and byte for byte, up to the largest that a client sends."""
    with UdpAgent() as agent, UdpAgent() as collector:
        copier, port = await started(
            Place(LOOPBACK, agent.port), Place("localhost", collector.port)
        )
        for number, packet in enumerate(PACKETS, 1):
            send(port, [packet])
            for each in (agent, collector):  # the kernel holds few packets of this size
                await arrived(each, number)

        assert PACKETS == agent.packets == collector.packets
        assert len(PACKETS) == copier.packets


@pytest.mark.asyncio
async def test_a_place_that_is_away_costs_the_other_nothing(started):
    """An unknown name and a closed port: what does not go is counted, and not waited for."""
    with UdpAgent() as agent:
        gone, closed = Place("no-such-host.invalid", 1), Place(LOOPBACK, free_port())
        copier, port = await started(gone, closed, Place(LOOPBACK, agent.port))
        send(port, PACKETS[:3])

        assert PACKETS[:3] == await arrived(agent, 3)
        assert {"sent": 0, "failed": 3} == copier.state()["copies"]["no-such-host.invalid"]


@pytest.mark.asyncio
async def test_places_of_one_host_are_counted_by_their_ports(started):
    """As in a pod, where both are on loopback."""
    with UdpAgent() as agent, UdpAgent() as collector:
        ports = agent.port, collector.port
        copier, port = await started(*(Place(LOOPBACK, each) for each in ports))
        send(port, PACKETS[:2])
        await arrived(collector, 2)

        sent = {f"{LOOPBACK}:{each}": {"sent": 2, "failed": 0} for each in ports}
        assert sent == copier.state()["copies"]


@pytest.mark.asyncio
async def test_connections_reach_the_collector():
    """Both ways, with the end of each; one that nobody takes is closed."""

    async def echo(reader, writer):
        writer.write(await reader.read())
        writer.close()

    server = await asyncio.start_server(echo, LOOPBACK, 0)
    behind = server.sockets[0].getsockname()[1]
    for there, expected in ((behind, b"spans"), (free_port(), b"")):
        passing = await pass_on(LOOPBACK, 0, LOOPBACK, there)
        port = passing.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(b"spans")
        writer.write_eof()

        assert expected == await reader.read()
        writer.close()
        passing.close()
    server.close()


def test_the_program_counts_and_sends_on_what_came_before_its_end():
    """It ends at SIGTERM with 0, and logs its counts."""
    with UdpAgent() as agent, program(f"{LOOPBACK}:{agent.port}") as (process, port, state):
        send(port, PACKETS[:1])
        wait_for(lambda: state()["packets"], lambda packets: packets == 1)
        os.kill(process.pid, signal.SIGSTOP)
        send(port, PACKETS[1:3])
        os.kill(process.pid, signal.SIGTERM)
        os.kill(process.pid, signal.SIGCONT)

        assert 0 == process.wait(SECONDS)
        assert PACKETS[:3] == wait_for(lambda: agent.packets, lambda found: len(found) >= 3)
        assert "'packets': 3" in process.stderr.read()


def test_its_counts_may_be_seen_where_packets_are_not_taken():
    """For a pod: packets come from loopback only, and the kubelet asks from outside."""
    with UdpAgent() as agent:
        place = f"{LOOPBACK}:{agent.port}"
        with program(place, options=["--state-host="]) as (process, port, state):
            (taken,) = psutil.Process(process.pid).net_connections("udp4")[:1]
            shown = {each.laddr.ip for each in psutil.Process(process.pid).net_connections("tcp")}

            assert 0 == state()["packets"]
            assert ((LOOPBACK, port), True) == (taken.laddr, bool(shown & {"0.0.0.0", "::"}))
