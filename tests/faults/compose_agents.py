"""Faults under Compose: of agents, their tokens, and what is between a service and its agent."""

from __future__ import annotations

import copy

from faults.compose_bed import TOKEN, WRONG
from faults.compose_gateway import (
    ENDED,
    GONE,
    USUAL,
    agent_flag,
    answering,
    both,
    compose,
    edited,
    more_flags,
    restored,
    rule,
)
from faults.model import Fault

ON_THE_WAY = "no counter sees a packet that is lost between two network namespaces"
_TO_AGENT = ("INPUT", "-p", "udp", "--dport", "6831")
_HALF = ("-m", "statistic", "--mode", "random", "--probability", "0.5")


def _little_memory(services):
    services["orders-agent"]["mem_limit"] = "6m"
    agent_flag("workers=64", "workers=5000")(services)  # it needs more at once


def _small_queue(services):
    agent_flag("server-queue-size=1000", "server-queue-size=1")(services)
    agent_flag("workers=64", "workers=1")(services)


def _small_buffer(services):
    agent_flag("buffer-size=4194304", "buffer-size=2304")(services)
    services["orders-agent"]["cpus"] = 0.02


def _double(services):
    twin = copy.deepcopy(services["orders-agent"])
    twin["networks"] = {"gateway": {}, "orders-tracing": {"aliases": ["orders-agent"]}}
    services["orders-agent-twin"] = twin


def _off_network(bed):
    bed.docker("network", "disconnect", bed.network("orders-tracing"), *bed.names("orders-agent"))


def _on_network(bed):
    alias = "--alias=orders-agent"
    name = bed.network("orders-tracing")
    bed.docker("network", "connect", alias, name, *bed.names("orders-agent"))


def _mtu(size):
    def set_it(bed):
        interface = bed.interface("orders-agent", "orders-tracing")
        bed.inside("orders-agent", "ip", "link", "set", interface, "mtu", size)

    return set_it


def _token(name, what, right, content, mode=0o644):
    return Fault(
        name,
        what,
        right,
        lambda bed: bed.other_token(content, mode),
        restored("orders-agent"),
        uncounted=ENDED,
        wait=4.0,
    )


TOKENS = (
    _token("token-wrong", "the agent has another token", ("token-refused",), WRONG),
    _token(
        "token-empty",
        "the agent's token is empty",
        ("token-refused",),
        'agent: {tags: "Authentication="}\n',
    ),
    _token(
        "token-unreadable",
        "the agent may not read its token file (0600)",
        ("token-file-closed-to-agent",),
        TOKEN,
        0o600,
    ),
    Fault(
        "token-stale",
        "the gateway has a new token, the agents keep their old one",
        ("token-refused",),
        lambda bed: bed.other_gateway_token(WRONG),
        restored("gateway"),
        wait=10.0,
    ),
    Fault(
        "token-dropped",
        "the gateway drops spans with this token and answers OK",
        ("token-not-accepted",),
        answering(bad_token="drop"),
        USUAL,
    ),
)

AGENTS = (
    Fault(
        "agent-stopped",
        "the agent is stopped",
        GONE,
        compose("stop", "--timeout=3", "orders-agent"),
        compose("start", "orders-agent"),
        uncounted=ENDED,
    ),
    Fault(
        "agent-killed",
        "the agent's process is killed (-9)",
        GONE,
        compose("kill", "orders-agent"),
        compose("start", "orders-agent"),
        uncounted=ENDED,
    ),
    Fault(
        "agent-paused",
        "the agent's process is frozen",
        ("part-paused",),
        compose("pause", "orders-agent"),
        compose("unpause", "orders-agent"),
    ),
    Fault(
        "agent-oom",
        "the agent may use 6 MB of memory, and is killed for more",
        ("part-out-of-memory",),
        edited(_little_memory, "orders-agent"),
        restored("orders-agent"),
        uncounted=ENDED,
    ),
    Fault(
        "agent-crash-loop",
        "the agent gets a flag that it does not know, and ends at each start",
        ("part-crashing",),
        edited(more_flags("--no-such-flag=1"), "orders-agent"),
        restored("orders-agent"),
        uncounted=ENDED,
        wait=4.0,
    ),
    Fault(
        "agent-queue-small",
        "the agent has a queue of 1 and one worker, the gateway answers after 500 ms",
        ("agent-queue-full",),
        both(edited(_small_queue, "orders-agent"), answering(latency_ms=500)),
        both(USUAL, restored("orders-agent")),
        uncounted=ENDED,
        wait=4.0,
    ),
    Fault(
        "agent-buffer-small",
        "the agent's kernel buffer is 2 kB, and it may use 2% of a core",
        ("kernel-dropped-packets",),
        edited(_small_buffer, "orders-agent"),
        restored("orders-agent"),
        uncounted=ENDED,
        wait=4.0,
    ),
    Fault(
        "agent-off-network",
        "the agent is taken off the network of its service",
        ("service-agent-unresolved", "agent-not-reached"),
        _off_network,
        _on_network,
        uncounted=ON_THE_WAY,
    ),
    Fault(
        "agent-doubled",
        "a second agent answers to the same name",
        ("agents-doubled",),
        edited(_double, "orders-agent-twin"),
        both(
            lambda bed: bed.docker("rm", "--force", *bed.names("orders-agent-twin")),
            restored("orders-agent"),
        ),
        uncounted=ENDED,
        wait=6.0,
    ),
    Fault(
        "agent-mtu",
        "the agent's end of the network takes packets of 1,280 bytes at most",
        ("packets-above-mtu",),
        _mtu(1280),
        _mtu(1500),
        uncounted=ON_THE_WAY,
    ),
    Fault(
        "agent-packets-lost",
        "half of the packets from the service to the agent are lost",
        ("agent-not-reached",),
        *rule("orders-agent", *_TO_AGENT, *_HALF, "-j", "DROP"),
        uncounted=ON_THE_WAY,
    ),
    Fault(
        "agent-packets-dropped",
        "a firewall drops all packets to the agent",
        ("agent-not-reached",),
        *rule("orders-agent", *_TO_AGENT, "-j", "DROP"),
        uncounted=ON_THE_WAY,
    ),
)
