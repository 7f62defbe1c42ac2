"""The kinds of this field: service names, images, hosts, ports, sizes, volumes; each with words for its usual slips."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar import agent
from sidecar.spec.kinds import Hint, Integer, Text
from sidecar.spec.records import LOOPBACK, Publish, Volume

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_NAME = 63 - len(agent.SUFFIX)
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_COMPONENT = r"[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*"
_REGISTRY = r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?"
_PRINTED = r"[^\x00-\x1f\x7f]"


def _hint(pattern: str, cause: str, fix: str) -> Hint:
    return Hint(pattern, cause, fix)


_BLANK = _hint(r"\s", "holds a blank or a line break", "Take it out")
_EXPANDED = _hint(
    r"\$\{?\w", "holds a variable, and nothing is expanded in a spec", "Write the value itself"
)
_BRACES = _hint(
    r"\{\{|\}\}|\{%",
    "holds template braces, and nothing is expanded in a spec",
    "Write the value itself",
)
_FOREIGN = _hint(r"[^\x00-\x7f]", "has letters outside ASCII", "Use a-z, 0-9 and -")
_NO_HOME = _hint(
    r"^~",
    "begins with ~, which differs from user to user",
    "Give an absolute path, or one that begins with ./",
)

ANY_TEXT = Text(
    r"[^\x00]*", "text", "Give text", (_hint(r"\x00", "holds a NUL character", "Leave it out"),)
)
REGION = Text(r"\S+", "a region id", "`sidecar regions` lists them")

NAME = Text(
    rf"(?!x-)[a-z]([a-z0-9-]{{0,{LONGEST_NAME - 2}}}[a-z0-9])?",
    "a name",
    f"Use a-z, 0-9 and -, a letter but not x- first, at most {LONGEST_NAME}",
    (
        _BRACES,
        _EXPANDED,
        _BLANK,
        _FOREIGN,
        _hint(
            rf"^[^\n]{{{LONGEST_NAME + 1}}}",
            f"is longer than {LONGEST_NAME} characters",
            f"Shorten it: with {agent.SUFFIX} behind it, it is its agent's host name, of at most 63",
        ),
    ),
)
"""Also a Compose key (`x-` would make it an extension) and, with the agent's suffix, a host name."""

PROJECT = Text(
    r"[a-z0-9][a-z0-9_-]{0,62}",
    "a Compose project's name",
    "Use a-z, 0-9, _ and -, a letter or digit first, at most 63",
    (
        _BRACES,
        _EXPANDED,
        _BLANK,
        _FOREIGN,
        _hint("[A-Z]", "has capital letters", "Compose takes small ones alone"),
        _hint(r"^[^\n]{64}", "is longer than 63 characters", "Shorten it"),
    ),
)

VARIABLE = Text(
    r"[A-Za-z_][A-Za-z0-9_]*",
    "a variable's name",
    "Use letters, digits and _",
    (
        _hint(r"[\r\n]", "holds a line break", "Keep the name on one line"),
        _hint(r"=", "holds an =", "Write NAME: value"),
    ),
)

IMAGE = Text(
    rf"({_REGISTRY}/)?{_COMPONENT}(/{_COMPONENT})*(:[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(@[a-z0-9+._-]+:[0-9a-fA-F]+)?",
    "an image name",
    "Give one such as registry.example.com/team/web:1.0",
    (
        _BRACES,
        _EXPANDED,
        _BLANK,
        _hint(r"://", "has a scheme", "Leave it out: registry.example.com/team/web:1.0"),
        _hint(
            r"[^\x00-\x7f]",
            "has letters outside ASCII",
            "Give one such as registry.example.com/team/web:1.0",
        ),
        _hint(
            r"/[^:@]*[A-Z]|^[^/:@]*[A-Z][^/]*$",
            "has capital letters",
            "Registries take small letters alone",
        ),
    ),
)
MIRROR = Text(
    rf"|{_REGISTRY}(/{_COMPONENT})*/?",
    "a mirror's name",
    "Give one such as mirror.example.com/dockerhub/",
    (
        _EXPANDED,
        _BLANK,
        _hint(r"://", "has a scheme", "Leave it out: mirror.example.com/dockerhub/"),
    ),
)


def _host(text: str) -> str:
    import ipaddress

    if text.startswith("["):
        _address(text, ipaddress.IPv6Address)
    elif re.fullmatch(r"(0[xX][0-9a-fA-F]*|[0-9]+)", text.rpartition(".")[2]):
        # some resolvers read 2130706433 and 0x7f.1 as addresses, too
        _address(text, ipaddress.IPv4Address)
    if len(text) > 253:
        raise ValueError("is longer than 253 characters")
    return text


def _address(text: str, kind: Callable[[str], object]) -> str:
    """Return the address without brackets, in its shortest form."""
    try:
        return str(kind(text.strip("[]")))
    except ValueError:
        raise ValueError("is not an address") from None


HOST = Text(
    rf"{_LABEL}(\.{_LABEL})*|\[[0-9a-fA-F:.]+\]",
    "a host name or address",
    'Give one such as gateway.example.com, 192.0.2.1 or "[2001:db8::1]"',
    (
        _EXPANDED,
        _hint(r"://", "has a scheme", "Give the host alone"),
        _BLANK,
        _hint(
            r"[^\x00-\x7f]",
            "has letters outside ASCII, which can look like others",
            "Write it in ASCII; a name in another script has a form that begins with xn--",
        ),
        _hint(r"/", "has a path", "Give the host alone"),
        _hint(
            r"^[^:\[]*:[^:]*$|\]:", "has a port", "Give the host alone; the port is gateway.port"
        ),
        _hint(
            r"^[^\[]*:[^\]]*:",
            "is an IPv6 address without brackets",
            'Write it as "[2001:db8::1]", in quotes',
        ),
    ),
    convert=_host,
)

_PROTOCOL = _hint(r"/", "names a protocol", "Give the number alone")
PORT = Integer(1, 65535, "a port", (_PROTOCOL,))


def _publish(text: str) -> Publish:
    import ipaddress

    address, _, port = text.rpartition(":")
    if int(port) > 65535:
        raise ValueError("is not a port")
    return Publish(int(port), _address(address, ipaddress.ip_address) if address else LOOPBACK)


PUBLISH = Text(
    r"(([0-9.]+|\[[0-9a-fA-F:.]+\]):)?[1-9][0-9]{0,4}",
    "a port",
    'Give a whole number from 1 to 65535, or "ADDRESS:PORT"',
    (
        _PROTOCOL,
        _hint(r"^\d+:\d+$", "names two ports", "Give the host's alone; `port` is the container's"),
    ),
    convert=_publish,
    whole=Integer(1, 65535, "a port"),
)

_UNITS = {"m": 1, "g": 1024}


def _memory(text: str) -> int:
    digits = text.rstrip("MGmgibIB")
    unit = text[len(digits) :][:1].lower() or "m"
    size = int(digits) * _UNITS[unit]
    if not 6 <= size <= 1024 * 1024:
        raise ValueError("is not between 6m, the least that Docker takes, and 1024g")
    return size


MEMORY = Text(
    r"[1-9][0-9]{0,6}([mMgG][iI]?[bB]?)?",
    "a size of memory",
    "Give one such as 256m or 1g; a number alone is MiB",
    convert=_memory,
    whole=Integer(6, 1024 * 1024, "a size of memory"),
)


def _version(text: str) -> str:
    agent.parse_version(text)
    return text


VERSION = Text(agent.VERSION.pattern, "a version", "Give one such as 1.62.0", convert=_version)

FILE_PATH = Text(
    rf"{_PRINTED}+",
    "a path",
    "Give one without line breaks, such as ./web.env",
    (_NO_HOME, _EXPANDED),
)
CONTEXT = Text(
    rf"{_PRINTED}+",
    "a folder",
    "Give one without line breaks, such as ./web",
    (_NO_HOME, _EXPANDED),
)
TARGET = Text(
    r"[A-Za-z0-9_][A-Za-z0-9_.-]*", "a build target", "Give the name of a stage of the Dockerfile"
)

_SOURCE = rf"\.{{0,2}}/{_PRINTED}*|\.{{1,2}}|[A-Za-z0-9][A-Za-z0-9_.-]*"
_SOURCE_HINTS = (
    _NO_HOME,
    _EXPANDED,
    _hint(
        r"^[A-Za-z0-9_-][^:]*/",
        "is neither a volume's name nor a path that shows it",
        "Begin a path with ./ or /",
    ),
)
VOLUME_SOURCE = Text(
    _SOURCE, "a path or a volume's name", "Begin a path with ./ or /", _SOURCE_HINTS
)
VOLUME_TARGET = Text(
    rf"/{_PRINTED}+", "a path in the container", "Give an absolute one, such as /var/lib/web"
)


def _volume(text: str) -> Volume:
    source, _, rest = text.partition(":")
    target, _, mode = rest.partition(":")
    if not re.fullmatch(_SOURCE, source):
        raise ValueError("has a source that is neither a path nor a volume's name")
    return Volume(source, target, mode == "ro")


VOLUME = Text(
    r"[^:\x00-\x1f\x7f]+:/[^:\x00-\x1f\x7f]+(:(ro|rw))?",
    "SOURCE:TARGET or SOURCE:TARGET:ro",
    "Give one such as ./web.conf:/etc/web.conf:ro, or a map with source and target",
    _SOURCE_HINTS,
    convert=_volume,
)
URL_PATH = Text(r"/[!-~]*", "a path", "Give one such as /healthz", (_EXPANDED,))
