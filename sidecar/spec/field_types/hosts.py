"""Types of hosts, ports and what is requested there."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from sidecar.spec.field_types.mistakes import BLANK, EXPANDED
from sidecar.spec.scalars import Integer, Mistake, PatternText
from sidecar.spec.service_records import HIGHEST_PORT, LOOPBACK, Publish

if TYPE_CHECKING:
    from collections.abc import Callable

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"


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
        EXPANDED,
        Mistake(r"://", "has a scheme", _HOST_ONLY),
        BLANK,
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
URL_PATH = PatternText(r"/[!-~]*", "a path", "Give one such as /healthz", (EXPANDED,))
