"""Ports: the documented one where it is free, else another, with the holder's name."""

from __future__ import annotations

import os
import socket

import pytest

from sidecar.demo.ports import HostPort, choose

KINDS = [socket.SOCK_STREAM, socket.SOCK_DGRAM]


@pytest.fixture(params=KINDS, ids=["tcp", "udp"])
def listener(request):
    """A socket that holds a port on loopback."""
    with socket.socket(socket.AF_INET, request.param) as held:
        held.bind(("127.0.0.1", 0))
        if request.param == socket.SOCK_STREAM:
            held.listen()
        yield held


def test_a_free_port_is_used(listener):
    """The preferred one, without a message."""
    number = listener.getsockname()[1]
    listener.close()

    assert HostPort(number, number) == choose(number, listener.type)
    assert str(number) == str(HostPort(number, number))


def test_a_taken_port_is_replaced_and_its_holder_named(listener):
    """Another port is chosen; the message names program and process."""
    taken = listener.getsockname()[1]
    port = choose(taken, listener.type)

    assert taken != port.number
    assert f"(process {os.getpid()})" in port.holder
    assert f"port {taken} is taken by {port.holder}; using {port.number}" == str(port)


def test_a_port_held_on_every_address_is_taken():
    """A wildcard listener holds loopback too."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("0.0.0.0", 0))
        held.listen()

        assert choose(held.getsockname()[1]).holder


def test_a_holder_that_cannot_be_seen_is_another_program(listener, monkeypatch):
    """/proc does not name it; the message still makes sense."""
    monkeypatch.setattr("sidecar.demo.ports.port_holder", lambda *_: None)

    assert "another program" == choose(listener.getsockname()[1], listener.type).holder
