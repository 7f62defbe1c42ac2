"""What is wrong with the values that hand-made agents, and their clients, are given."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules import agents
from sidecar.rules.clients import AGENT_PORT

if TYPE_CHECKING:
    from sidecar.rules.agent_flags import Version

PACKET_SIZE = "processor.jaeger-compact.server-max-packet-size"
COMPACT_HOST_PORT = "processor.jaeger-compact.server-host-port"
CLIENT_PACKET = 65_000
"""Bytes: the largest packet of jaeger-client and sidecar_tracing, and the agent's own default."""
USUAL_MTU, _HEADERS = 1500, 28
"""Of a network that sets none, and the bytes of each packet that IPv4 and UDP take."""
_QUOTES = ("'", '"')
_PREFIXES = ("JAEGER_AGENT_", "JAEGER_")

IGNORED_VARIABLE = Rule(
    "ignored-agent-variable",
    Severity.WARNING,
    "The agent's version does not read a variable.",
    "The agent starts without the setting, and no log names it.",
    "Use the variable of the version; the kit sets flags and a config file",
    "image: jaegertracing/jaeger-agent:1.62.0 with JAEGER_TAGS",
)
QUOTED_VALUE = Rule(
    "quoted-agent-value",
    Severity.WARNING,
    "A value of the agent holds literal quotes.",
    "The agent takes them as part of the value: a tag's name, a token or an address is wrong.",
    "Remove them: in a YAML list, quotes inside a word are kept",
    """command: ['--agent.tags="Authentication=name@hash_name@hash"']""",
)
SMALL_PACKETS = Rule(
    "agent-packet-size",
    Severity.WARNING,
    "The agent takes smaller packets than its clients send.",
    "It cuts the rest off and cannot read the packet: all its spans are lost.",
    f"Remove it: the default is {CLIENT_PACKET:,}",
    f"--{PACKET_SIZE}=1500",
)
SMALL_MTU = Rule(
    "agent-network-mtu",
    Severity.WARNING,
    "The agent's network has a small MTU.",
    "Larger packets travel in fragments, and one lost fragment loses all spans of the packet.",
    "The kit gives each service and its agent a network of their own with the usual MTU",
    "driver_opts: {com.docker.network.driver.mtu: 1400}",
)
ANOTHER_PORT = Rule(
    "agent-port-of-another-protocol",
    Severity.WARNING,
    "JAEGER_AGENT_PORT is not where the agent takes a Python client's packets.",
    "The agent cannot read them, or nothing listens there: every span is lost without an error.",
    f"Use {agents.COMPACT_PORT}, or remove it: that is the default",
    "environment: {JAEGER_AGENT_PORT: 6832}",
)
_TAKES = {
    agents.BINARY_PORT: "takes binary Thrift",
    agents.SAMPLING_PORT: "is for sampling, over TCP",
    agents.ADMIN_PORT: "is for its metrics, over TCP",
}


def variable_of(flag: str) -> str:
    """Return the environment variable that stands for a flag."""
    return flag.replace(".", "_").replace("-", "_").upper()


_FLAGS = {variable_of(flag): flag for flag in agents.FLAGS}


def variable(name: str, version: Version | None) -> Problem | None:
    """Judge the name of a variable that an agent is given.

    None for a version that is not known: then only what holds for all of them is a problem.
    """
    flag = _FLAGS.get(name)
    if flag is None:
        return _never_read(name, version)
    known = agents.FLAGS[flag]
    if version is None or known.includes(version):
        return agents.tchannel(flag)
    past = agents.history(known, version)
    cause = f"{agents.dotted(version)} ignores {name}: --{flag} was {past}"
    instead = f"Use {variable_of(known.instead)}" if known.instead else "Remove it"
    return IGNORED_VARIABLE.problem(cause, instead)


def is_read(flag: str, version: Version | None) -> bool:
    """Tell whether an agent takes a flag's value from its environment."""
    known = agents.FLAGS.get(flag)
    return known is not None and (version is None or known.includes(version))


def quoted(name: str, value: str) -> Problem | None:
    """Judge the value of a flag or variable for literal quotes."""
    pieces = (value, *(piece.partition("=")[2] for piece in value.split(",")))
    if not any(piece.strip().startswith(_QUOTES) for piece in pieces):
        return None
    cause = f"the value of {name} holds literal quotes, and the agent takes them as part of it"
    return QUOTED_VALUE.problem(cause)


def packet_size(value: str) -> Problem | None:
    """Judge the largest packet that an agent takes for jaeger-client's protocol."""
    readable = value.isascii() and value.isdigit() and len(value) < 9
    if not readable or int(value) >= CLIENT_PACKET:
        return None
    cause = (
        f"takes packets of at most {int(value):,} bytes, and a client sends up to "
        f"{CLIENT_PACKET:,}: it cuts off the rest and cannot read the packet"
    )
    return SMALL_PACKETS.problem(cause)


def mtu(network: str, value: str) -> Problem | None:
    """Judge the MTU of a network over which an agent gets its packets."""
    readable = value.isascii() and value.isdigit() and len(value) < 9
    if not readable or int(value) >= USUAL_MTU:
        return None
    cause = (
        f"the network {network} has an MTU of {int(value):,}: packets above "
        f"{max(0, int(value) - _HEADERS):,} bytes travel in fragments, "
        "and one lost fragment loses all spans of the packet"
    )
    return SMALL_MTU.problem(cause)


def replaced_port(value: str, workload: str) -> Problem | None:
    """Judge a JAEGER_AGENT_PORT that gets the value for compact Thrift."""
    if value.strip() != str(agents.BINARY_PORT):
        return None
    cause = f"{AGENT_PORT}={value}, for binary Thrift, becomes {agents.COMPACT_PORT}, for compact"
    fix = f"If its tracer is one for Node.js, which sends binary Thrift, give --not {workload}"
    return ANOTHER_PORT.problem(cause, fix)


def client_port(value: str, compact: str | None) -> Problem | None:
    """Judge the JAEGER_AGENT_PORT of a client for Python.

    `compact` is where its agent takes compact Thrift; None where the agent is not known. What
    listens on Zipkin's port takes a client's batches as well.
    """
    readable = value.isascii() and value.isdigit() and len(value) < 6
    takes = _TAKES.get(int(value)) if readable else None
    right = (compact, str(agents.ZIPKIN_PORT))
    if not readable or value in right or (takes is None and compact is None):
        return None
    port = compact or str(agents.COMPACT_PORT)
    that = f"that port of an agent {takes}" if takes else f"its agent listens on {port}"
    cause = f"{AGENT_PORT}={value}: {that}, and jaeger-client for Python sends compact Thrift"
    return ANOTHER_PORT.problem(cause, f"Use {port}")


def _never_read(name: str, version: Version | None) -> Problem | None:
    """Judge a name that is no version's, but close to one."""
    if version and version < agents.OLDEST:
        return None
    bare = (name.removeprefix(prefix) for prefix in _PREFIXES if name.startswith(prefix))
    near = next((rest for rest in bare if rest in _FLAGS), None)
    if near is None:
        near = next(iter(difflib.get_close_matches(name, _FLAGS, n=1, cutoff=0.85)), None)
    if near is None:
        return None
    flag = _FLAGS[near]
    if not agents.has_flag(flag, version or agents.NEWEST):
        flag = agents.FLAGS[flag].instead
    cause = f"no version of the agent reads {name[:60]}"
    return IGNORED_VARIABLE.problem(cause, f"Did you mean {variable_of(flag)}?" if flag else None)
