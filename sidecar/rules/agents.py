"""What is known of jaeger-agent's versions and flags, and what is wrong with them."""

from __future__ import annotations

import difflib
import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules.agent_flags import SPANS, Version

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSION_PATTERN = r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})"
OLDEST, NEWEST = (1, 15, 0), (1, 62, 0)
OLDEST_VERSION, DEFAULT_VERSION = "1.15.0", "1.62.0"
"""The default is the newest: Jaeger removed the agent after it."""

COMPACT_PORT = 6831
"""UDP: where jaeger-client sends spans to."""
BINARY_PORT = 6832
ZIPKIN_PORT = 5775
SAMPLING_PORT = 5778
ADMIN_PORT = 14271
UDP_PORTS = (ZIPKIN_PORT, COMPACT_PORT, BINARY_PORT)
"""Where spans arrive."""
PORTS = (*UDP_PORTS, SAMPLING_PORT, ADMIN_PORT)
TAKEN = tuple((port, "udp" if port in UDP_PORTS else "tcp") for port in PORTS)
"""The same with their protocols: a port over TCP leaves the one over UDP free."""

STOCK_WORKERS, STOCK_QUEUE = 10, 1000
STOCK_BATCH = 10
"""Spans in a packet of a client without sidecar_tracing."""

AGENT_TAGS, JAEGER_TAGS = "agent.tags", "jaeger.tags"
ADMIN_HOST_PORT, ADMIN_PORT_FLAG = "admin.http.host-port", "admin-http-port"
WORKERS = "processor.jaeger-compact.workers"
SOCKET_BUFFER = "processor.jaeger-compact.server-socket-buffer-size"
STATUS_SINCE: Version = (1, 22, 0)
"""From here the program has `status`, which probes a running agent."""


class Flag(NamedTuple):
    """The versions that know a flag."""

    since: Version
    """OLDEST: it, and perhaps versions before it."""
    until: Version | None
    """The first version without it; None: the newest has it."""
    instead: str
    """Its counterpart in the other versions; empty where there is none."""

    def includes(self, version: Version) -> bool:
        """Tell whether a version knows the flag, as far as known."""
        return not self.is_added_after(version) and not self.is_removed_by(version)

    def is_added_after(self, version: Version) -> bool:
        """Tell whether the flag was added after a version."""
        return version < self.since != OLDEST

    def is_removed_by(self, version: Version) -> bool:
        """Tell whether the flag was removed before a version, or in it."""
        return self.until is not None and self.until <= version


REPORTER = "reporter.grpc.host-port"
DIRECT = "passthrough:///"
"""In front of a gateway's address: gRPC does not resolve the name, each connection does."""
_INSTEAD = {
    JAEGER_TAGS: AGENT_TAGS,
    AGENT_TAGS: JAEGER_TAGS,
    ADMIN_HOST_PORT: ADMIN_PORT_FLAG,
    ADMIN_PORT_FLAG: ADMIN_HOST_PORT,
    "health-check-http-port": ADMIN_HOST_PORT,
    "collector.host-port": REPORTER,
    "reporter.tchannel.host-port": REPORTER,
    "discovery.min-peers": "reporter.grpc.discovery.min-peers",
    "reporter.tchannel.discovery.min-peers": "reporter.grpc.discovery.min-peers",
    "reporter.grpc.tls": "reporter.grpc.tls.enabled",
    "reporter.grpc.tls.enabled": "reporter.grpc.tls",
}
FLAGS = {name: Flag(*span, _INSTEAD.get(name, "")) for name, span in SPANS.items()}
"""Every flag of every version, without dashes."""
TCHANNEL = ("collector.host-port", "reporter.tchannel.host-port")
TLS_SINCE: Version = (1, 18, 0)
"""From here the kit turns TLS on. 1.17 has the same flag; before it, another name."""
_HELP = ("help", "h")


# Versions -------------------------------------------------------------------------------------

NOT_A_VERSION = Rule(
    "not-an-agent-version",
    Severity.ERROR,
    "The agent's version is not a jaeger-agent version that the kit knows.",
    "Flags differ by version, and an agent does not start with a flag that it does not know.",
    f"Use {OLDEST_VERSION} to {DEFAULT_VERSION}",
    'agent: {version: "2.0.0"}',
)
NO_TLS = Rule(
    "agent-without-tls",
    Severity.ERROR,
    "The agent's version is not known to support TLS.",
    "An agent does not start with a flag that it does not know.",
    "Use 1.18.0 or later",
    "agent: {version: 1.15.0}, gateway: {tls: true}",
)
IMAGE_OF_ANOTHER_VERSION = Rule(
    "agent-image-of-another-version",
    Severity.WARNING,
    "The agent's image has another version than agent.version.",
    "The kit renders the flags of agent.version, and the image may not know them.",
    "Set `version` to the image's",
    'agent: {image: "jaegertracing/jaeger-agent:1.20.0", version: "1.62.0"}',
)


def read_version(text: str) -> Version | None:
    """Return a version as numbers; None where it is not a version that the kit knows."""
    numbers = _numbers(text)
    return numbers if numbers and OLDEST <= numbers <= NEWEST else None


def version(text: str) -> Problem | None:
    """Judge the version of an agent; the cause does not repeat it."""
    numbers = _numbers(text)
    if numbers is None:
        return NOT_A_VERSION.problem("is not a version", f"Give one such as {DEFAULT_VERSION}")
    if numbers > NEWEST:
        cause = f"the agent was removed from Jaeger after {DEFAULT_VERSION}"
        return NOT_A_VERSION.problem(cause)
    if numbers < OLDEST:
        return NOT_A_VERSION.problem(f"the oldest known is {OLDEST_VERSION}")
    return None


def tls(version: Version) -> Problem | None:
    """Judge whether an agent can use TLS."""
    if version >= TLS_SINCE:
        return None
    return NO_TLS.problem(f"agent {dotted(version)} is not known to support TLS")


def image_version(image: str) -> str | None:
    """Return the version that an image's tag names, as text; None where it names none."""
    found = _pattern(r":v?(\d+\.\d+\.\d+)(?:[-@].*)?\Z").search(image)
    return found[1] if found else None


def agent_image(image: str, wanted: str) -> Problem | None:
    """Judge the image of a spec's agent against its agent.version."""
    named = image_version(image)
    if named in (None, wanted):
        return None
    cause = f"is of version {named}, and the flags are those of agent.version {wanted}"
    fix = f"Set `version: {named}`, or name the image of {wanted}"
    return IMAGE_OF_ANOTHER_VERSION.problem(cause, fix)


def workers_of(arguments: Iterable[str]) -> int:
    """Return how many calls an agent with these arguments makes at a time."""
    pairs = (argument.lstrip("-").partition("=") for argument in arguments)
    given = [value for name, _, value in pairs if name == WORKERS and value.isdecimal()]
    return int(given[-1]) if given else STOCK_WORKERS


def has_flag(flag: str, version: Version) -> bool:
    """Tell whether a version knows a flag; the flag is without dashes."""
    known = FLAGS.get(flag)
    return known is not None and known.includes(version)


def tags_flag(version: Version) -> str:
    """Return the flag, and key of the config file, that holds the token in a version."""
    return AGENT_TAGS if has_flag(AGENT_TAGS, version) else JAEGER_TAGS


def _numbers(text: str) -> Version | None:
    found = _pattern(VERSION_PATTERN).fullmatch(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


# Arguments ------------------------------------------------------------------------------------

UNKNOWN_FLAG = Rule(
    "unknown-agent-flag",
    Severity.WARNING,
    "The agent's version does not know a flag.",
    "The agent does not start.",
    "Use the flag of the version; the kit renders the flags of each version",
    "image: jaegertracing/jaeger-agent:1.62.0 with --jaeger.tags",
)
TCHANNEL_FLAG = Rule(
    "tchannel-flag",
    Severity.WARNING,
    "The agent reports by TChannel.",
    "A region's gateway accepts gRPC only, and every span is lost.",
    f"Use --{REPORTER}",
    "--collector.host-port=gateway:14267",
)
UNREADABLE_TAGS = Rule(
    "unreadable-agent-tags",
    Severity.WARNING,
    "A piece of the agent's tags has no `=`.",
    "The agent panics at start and prints the piece, which may be a part of the token.",
    "Write NAME=VALUE; a comma ends a value",
    "--agent.tags=team",
)
NO_TOKEN = Rule(
    "agent-without-token",
    Severity.WARNING,
    "The agent sends no token.",
    "A region's gateway drops or refuses spans without a token.",
    "Copy it from the console, then run `sidecar token set`",
    "command: [--reporter.grpc.host-port=gateway:1883] without tags",
)


def flag(name: str, version: Version | None) -> Problem | None:
    """Judge one flag of a hand-made agent, without dashes, against the agent's version.

    None for a version that is not known: then only what holds for all of them is a problem.
    """
    known = FLAGS.get(name)
    if known is None:
        return _never_known(name, version)
    if version and not known.includes(version):
        cause = f"{dotted(version)} does not know --{name}, {history(known, version)}"
        fix = f"{_use(known)}; the kit renders the flags of each version"
        return UNKNOWN_FLAG.problem(f"{cause}: the agent does not start", fix)
    return tchannel(name)


def tchannel(name: str) -> Problem | None:
    """Judge whether a flag makes an agent report by TChannel."""
    if name not in TCHANNEL:
        return None
    cause = f"--{name} uses TChannel, and a region's gateway accepts gRPC only"
    return TCHANNEL_FLAG.problem(cause, _use(FLAGS[name]))


def history(known: Flag, version: Version) -> str:
    """Return when a flag that a version does not know was added or removed."""
    if known.until is not None and known.is_removed_by(version):
        return f"removed in {known.until[0]}.{known.until[1]}"
    return f"added in {known.since[0]}.{known.since[1]}"


def nearest(name: str, version: Version | None) -> str | None:
    """Return the flag that is spelled most like a name, or its counterpart in the version."""
    near = next(iter(difflib.get_close_matches(name, FLAGS, n=1, cutoff=0.7)), None)
    if near is None or has_flag(near, version or NEWEST):
        return near
    return FLAGS[near].instead or None


def dotted(version: Version) -> str:
    """Return a version as text."""
    return ".".join(map(str, version))


def _never_known(name: str, version: Version | None) -> Problem | None:
    if name in _HELP or (version and not OLDEST <= version < (*NEWEST[:2], NEWEST[2] + 1)):
        return None
    near = nearest(name, version)
    cause = f"no version of the agent knows --{name[:60]}: the agent does not start"
    return UNKNOWN_FLAG.problem(cause, f"Did you mean --{near}?" if near else "Remove it")


def tags(name: str, value: str) -> Problem | None:
    """Judge the value of an agent's tags flag."""
    if all("=" in piece for piece in value.split(",")):
        return None
    cause = f"a piece of --{name} has no `=`: the agent panics at start and prints it"
    return UNREADABLE_TAGS.problem(cause)


def token(*, reports: bool, sets_tags: bool) -> Problem | None:
    """Judge whether an agent that reports to a gateway is given a token, perhaps in a file."""
    if sets_tags or not reports:
        return None
    cause = "sends no token: a region's gateway drops or refuses spans without one"
    return NO_TOKEN.problem(cause)


def _use(known: Flag) -> str:
    return f"Use --{known.instead}" if known.instead else "Remove it"
