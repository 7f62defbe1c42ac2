"""The types of a spec's own fields: names, images, hosts, ports, sizes, volumes and paths.

Each has words for the usual mistakes.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from sidecar.rules import agents
from sidecar.rules.specs import INVALID_VALUE
from sidecar.spec.records import AGENT_SUFFIX, HIGHEST_PORT, LOOPBACK, Publish, Volume
from sidecar.spec.scalars import Integer, Mistake, PatternText
from sidecar.spec.sources import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.findings import Problem

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PRINTED = r"[^\x00-\x1f\x7f]"

_BLANK = Mistake(r"\s", "contains a space or a line break", "Remove it")
_VALUE = "Write the value itself"
_EXPANDED = Mistake(r"\$\{?\w", "contains a variable, and a spec expands none", _VALUE)
_BRACES = Mistake(r"\{\{|\}\}|\{%", "contains template braces, and a spec expands nothing", _VALUE)
_FOREIGN = Mistake(r"[^\x00-\x7f]", "contains letters outside ASCII", "Use a-z, 0-9 and -")
_HOME = Mistake(
    r"^~",
    "begins with ~, which differs between users",
    "Give an absolute path, or one that begins with ./",
)

ANY_TEXT = PatternText(
    r"[^\x00]*",
    "text",
    "Give text",
    (Mistake(r"\x00", "contains a NUL character", "Remove it"),),
)
REGION = PatternText(r"\S+", "a region id", "`sidecar regions` lists them")

# Names ----------------------------------------------------------------------------------------

LONGEST_NAME = 63 - len(AGENT_SUFFIX)
NAME = PatternText(
    rf"(?!x-)[a-z]([a-z0-9-]{{0,{LONGEST_NAME - 2}}}[a-z0-9])?",
    "a name",
    f"Use at most {LONGEST_NAME} of a-z, 0-9 and -, beginning with a letter, but not with x-",
    (
        _BRACES,
        _EXPANDED,
        _BLANK,
        _FOREIGN,
        Mistake(
            rf"^[^\n]{{{LONGEST_NAME + 1}}}",
            f"is longer than {LONGEST_NAME} characters",
            f"Shorten it: with {AGENT_SUFFIX} it is its agent's host name, of at most 63",
        ),
    ),
)
"""Also a Compose key, in which `x-` means an extension, and part of the agent's host name."""

ANY_NAME = PatternText(r"[\s\S]*", "a name", NAME.fix)
"""NAME judges that of a service of the kit's own project; others exist, or do not."""
PROJECT = PatternText(
    r"[a-z0-9][a-z0-9_-]{0,62}",
    "a Compose project name",
    "Use at most 63 of a-z, 0-9, _ and -, beginning with a letter or digit",
    (
        _BRACES,
        _EXPANDED,
        _BLANK,
        _FOREIGN,
        Mistake("[A-Z]", "has uppercase letters", "Compose accepts lowercase letters only"),
        Mistake(r"^[^\n]{64}", "is longer than 63 characters", "Shorten it"),
    ),
)
VARIABLE = PatternText(
    r"[A-Za-z_][A-Za-z0-9_]*",
    "a variable name",
    "Use letters, digits and _",
    (
        Mistake(r"[\r\n]", "contains a line break", "Keep the name on one line"),
        Mistake(r"=", "contains =", "Write NAME: value"),
    ),
)

# Images ---------------------------------------------------------------------------------------

_COMPONENT = r"[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*"
_REGISTRY = r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?"
_TAG = r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
_DIGEST = r"(@[a-z0-9+._-]+:[0-9a-fA-F]+)?"
_IMAGE = "registry.example.com/team/web:1.0"
_MIRROR = "mirror.example.com/dockerhub/"

IMAGE = PatternText(
    rf"({_REGISTRY}/)?{_COMPONENT}(/{_COMPONENT})*{_TAG}{_DIGEST}",
    "an image name",
    f"Give one such as {_IMAGE}",
    (
        _BRACES,
        _EXPANDED,
        _BLANK,
        Mistake(r"://", "has a scheme", f"Remove it: {_IMAGE}"),
        Mistake(r"[^\x00-\x7f]", "contains letters outside ASCII", f"Give one such as {_IMAGE}"),
        Mistake(
            r"/[^:@]*[A-Z]|^[^/:@]*[A-Z][^/]*$",
            "has uppercase letters",
            "Registries accept lowercase letters only",
        ),
    ),
)
MIRROR = PatternText(
    rf"|{_REGISTRY}(/{_COMPONENT})*/?",
    "a mirror name",
    f"Give one such as {_MIRROR}",
    (_EXPANDED, _BLANK, Mistake(r"://", "has a scheme", f"Remove it: {_MIRROR}")),
)


# Hosts and ports ------------------------------------------------------------------------------


def _host(text: str) -> str:
    if text.startswith("["):
        _address(text, ipaddress.IPv6Address)
    elif re.fullmatch(r"(0[xX][0-9a-fA-F]*|[0-9]+)", text.rpartition(".")[2]):
        # some resolvers read 2130706433 and 0x7f.1 as addresses, too
        _address(text, ipaddress.IPv4Address)
    if len(text) > 253:
        raise ValueError("is longer than 253 characters")
    return text


def _address(text: str, parse: Callable[[str], object]) -> str:
    """Return the address without brackets, in its shortest form."""
    try:
        return str(parse(text.strip("[]")))
    except ValueError:
        raise ValueError("is not an address") from None


_HOST_ONLY = "Give only the host"
HOST = PatternText(
    rf"{_LABEL}(\.{_LABEL})*|\[[0-9a-fA-F:.]+\]",
    "a host name or address",
    'Give one such as gateway.example.com, 192.0.2.1 or "[2001:db8::1]"',
    (
        _EXPANDED,
        Mistake(r"://", "has a scheme", _HOST_ONLY),
        _BLANK,
        Mistake(
            r"[^\x00-\x7f]",
            "contains letters outside ASCII, which can look like others",
            "Write it in ASCII; a name in another script has a form that begins with xn--",
        ),
        Mistake(r"/", "has a path", _HOST_ONLY),
        Mistake(r"^[^:\[]*:[^:]*$|\]:", "has a port", f"{_HOST_ONLY}; the port is gateway.port"),
        Mistake(
            r"^[^\[]*:[^\]]*:",
            "is an IPv6 address without brackets",
            'Write it as "[2001:db8::1]", in quotes',
        ),
    ),
    convert=_host,
)

_PROTOCOL = Mistake(r"/", "names a protocol", "Give only the number")
PORT = Integer(1, HIGHEST_PORT, "a port", (_PROTOCOL,))


def _publish(text: str) -> Publish:
    address, _, port = text.rpartition(":")
    if int(port) > HIGHEST_PORT:
        raise ValueError("is not a port")
    return Publish(int(port), _address(address, ipaddress.ip_address) if address else LOOPBACK)


PUBLISH = PatternText(
    r"(([0-9.]+|\[[0-9a-fA-F:.]+\]):)?[1-9][0-9]{0,4}",
    "a port",
    f'Give a whole number from 1 to {HIGHEST_PORT}, or "ADDRESS:PORT"',
    (
        _PROTOCOL,
        Mistake(
            r"^\d+:\d+$",
            "names two ports",
            "Give only the host's port; `port` is the container's",
        ),
    ),
    convert=_publish,
    number=Integer(1, HIGHEST_PORT, "a port"),
)
URL_PATH = PatternText(r"/[!-~]*", "a path", "Give one such as /healthz", (_EXPANDED,))


# Sizes and versions ---------------------------------------------------------------------------

_UNITS = {"m": 1, "g": 1024}
LEAST_MEMORY, MOST_MEMORY = 6, 1024 * 1024
"""MiB; the least is Docker's own."""


def _memory(text: str) -> int:
    digits = text.rstrip("MGmgibIB")
    unit = text[len(digits) :][:1].lower() or "m"
    size = int(digits) * _UNITS[unit]
    if not LEAST_MEMORY <= size <= MOST_MEMORY:
        raise ValueError("is not between 6m, Docker's minimum, and 1024g")
    return size


MEMORY = PatternText(
    r"[1-9][0-9]{0,6}([mMgG][iI]?[bB]?)?",
    "a memory size",
    "Give one such as 256m or 1g; a number without a unit is MiB",
    convert=_memory,
    number=Integer(LEAST_MEMORY, MOST_MEMORY, "a memory size"),
)


VERSION = PatternText(
    agents.VERSION_PATTERN,
    "a version",
    f"Give one such as {agents.DEFAULT_VERSION}",
    judge=lambda _: None,
)
"""Judged where the kind is known."""

_SECONDS = {"s": 1, "m": 60, "h": 3600}
LONGEST = 7 * 24 * 3600


def _duration(text: str) -> int:
    seconds = int(text[:-1]) * _SECONDS[text[-1]]
    if seconds > LONGEST:
        raise ValueError("is longer than 168h")
    return seconds


DURATION = PatternText(
    r"[1-9][0-9]{0,6}[smh]", "a duration", "Give one such as 90s, 30m or 2h", convert=_duration
)

# Rules ----------------------------------------------------------------------------------------


_RULE = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
_RULES = "docs/checks.md lists the ids"


def _not_ignorable(text: str) -> Problem | None:
    # few specs ignore a rule, and the catalogue imports them all
    from sidecar.rules import catalogue  # noqa: PLC0415

    if not re.fullmatch(_RULE, text):
        return INVALID_VALUE.problem(f"{shown(text)} is not a rule's id", _RULES)
    return next(iter(catalogue.not_ignorable([text])), None)


RULE = PatternText(_RULE, "a rule's id", _RULES, judge=_not_ignorable)

# Paths and volumes ----------------------------------------------------------------------------

FILE_PATH = PatternText(
    rf"{_PRINTED}+",
    "a path",
    "Give one without line breaks, such as ./web.env",
    (_HOME, _EXPANDED),
)
CONTEXT = PatternText(
    rf"{_PRINTED}+",
    "a folder",
    "Give one without line breaks, such as ./web",
    (_HOME, _EXPANDED),
)
TARGET = PatternText(
    r"[A-Za-z0-9_][A-Za-z0-9_.-]*", "a build target", "Give the name of a stage of the Dockerfile"
)

_SOURCE = rf"\.{{0,2}}/{_PRINTED}*|\.{{1,2}}|[A-Za-z0-9][A-Za-z0-9_.-]*"
_SOURCE_FIX = "Begin a path with ./ or /"
_SOURCE_MISTAKES = (
    _HOME,
    _EXPANDED,
    Mistake(
        r"^[A-Za-z0-9_-][^:]*/",
        "is neither a volume name nor a path that begins with ./ or /",
        _SOURCE_FIX,
    ),
)
VOLUME_SOURCE = PatternText(_SOURCE, "a path or a volume name", _SOURCE_FIX, _SOURCE_MISTAKES)
VOLUME_TARGET = PatternText(
    rf"/{_PRINTED}+", "a path in the container", "Give an absolute one, such as /var/lib/web"
)


def _volume(text: str) -> Volume:
    source, _, rest = text.partition(":")
    target, _, mode = rest.partition(":")
    if not re.fullmatch(_SOURCE, source):
        raise ValueError("has a source that is neither a path nor a volume name")
    return Volume(source, target, mode == "ro")


VOLUME = PatternText(
    r"[^:\x00-\x1f\x7f]+:/[^:\x00-\x1f\x7f]+(:(ro|rw))?",
    "SOURCE:TARGET or SOURCE:TARGET:ro",
    "Give one such as ./web.conf:/etc/web.conf:ro, or a map with source and target",
    _SOURCE_MISTAKES,
    convert=_volume,
)
