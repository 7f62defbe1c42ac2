"""Looks at a gateway from the place where this program runs, and prints one line of JSON.

preflight sends this text to a container, a pod or a process: `python -c TEXT REQUEST`. So it needs
the standard library only, and no image must hold it. The request is JSON: host, port, tls,
http_port, buffer, seconds.
"""

from __future__ import annotations

import email.utils
import http.client
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, PING, ACK = 4, 6, 1
"""Frame types, and the flag of an answer."""
_HEAD = 9
_PINGS = 2
"""A gRPC server closes the connection of a client that pings three times without a call."""
_NAME_SECONDS, _CONNECT_SECONDS, _ANSWER_SECONDS, _WEB_SECONDS = 3.0, 3.0, 1.5, 2.5


_MOST_ADDRESSES = 3


class Deadline:
    """The time that is left for everything."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def at_most(self, seconds: float) -> float:
        """Return `seconds`, or what is left."""
        return max(0.05, min(seconds, self._end - time.monotonic()))


def in_time(work: Callable[[], Any], seconds: float) -> Any:  # noqa: ANN401 - whatever it returns
    """Return what a function returns, or None where it does not within `seconds`."""
    done: list[Any] = []
    thread = threading.Thread(target=lambda: done.append(work()), daemon=True)
    thread.start()
    thread.join(seconds)
    return done[0] if done else None


def resolve(host: str, port: int) -> tuple[list[str], str]:
    """Return the addresses of a name, and why there are none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        known = {socket.EAI_AGAIN: "no DNS server answers", socket.EAI_NONAME: "no such name"}
        return [], known.get(error.errno or 0, error.strerror or str(error))
    except (OSError, UnicodeError) as error:
        return [], str(error)
    return [str(entry[4][0]) for entry in found], ""


def connect(
    addresses: list[str], port: int, seconds: float
) -> tuple[socket.socket | None, float, str]:
    """Return a connection to the first address that answers, its seconds, and why there is none."""
    tried = addresses[:_MOST_ADDRESSES]
    error = ""
    for address in tried:
        connection, took, error = connect_to(address, port, seconds / len(tried))
        if connection:
            return connection, took, ""
    return None, 0, error


def connect_to(address: str, port: int, seconds: float) -> tuple[socket.socket | None, float, str]:
    """Return a connection, the seconds it took, and why there is none."""
    began = time.monotonic()
    try:
        connection = socket.create_connection((address, port), seconds)
    except TimeoutError:
        return None, 0, f"no answer within {seconds:.1f} s"
    except ConnectionRefusedError:
        return None, 0, "refused"
    except OSError as error:
        return None, 0, error.strerror or str(error)
    return connection, time.monotonic() - began, ""


def spoken(connection: socket.socket, seconds: float) -> tuple[str, list[float]]:
    """Return what a server speaks, and the round trips of pings where that is HTTP/2."""
    connection.settimeout(seconds)
    try:
        connection.sendall(PREFACE + frame(SETTINGS))
        first = connection.recv(4096)
    except TimeoutError:
        return "silent", []
    except OSError as error:
        return f"breaks the connection ({error.strerror or error})", []
    spoken = name_of(first)
    return spoken, pings(connection, first) if spoken == "http2" else []


def name_of(first: bytes) -> str:
    """Return the protocol that a server's first bytes are of."""
    if not first:
        return "closes the connection"
    if first.startswith((b"HTTP/", b"<")):  # `<`: a web server's error page without a head
        return "http1"
    if first[:2] in (b"\x15\x03", b"\x16\x03"):
        return "tls"
    return "http2" if len(first) >= _HEAD and first[3] == SETTINGS else "another protocol"


def frame(kind: int, flags: int = 0, payload: bytes = b"") -> bytes:
    """Return an HTTP/2 frame of the connection itself."""
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + b"\0\0\0\0" + payload


def pings(connection: socket.socket, received: bytes) -> list[float]:
    """Return the seconds of each ping that a server answers, after its first bytes."""
    took: list[float] = []
    try:
        connection.sendall(frame(SETTINGS, ACK))
        for number in range(_PINGS):
            payload = struct.pack(">Q", number + 1)
            began = time.monotonic()
            connection.sendall(frame(PING, 0, payload))
            while frame(PING, ACK, payload) not in received:
                more = connection.recv(4096)
                if not more:
                    return took
                received += more
            took.append(time.monotonic() - began)
    except OSError:
        pass
    return took


def with_tls(
    connection: socket.socket, host: str, seconds: float
) -> tuple[ssl.SSLSocket | None, str]:
    """Return the TLS connection over another one, and why there is none."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2"])
    connection.settimeout(seconds)
    try:
        return context.wrap_socket(connection, server_hostname=host), ""
    except ssl.SSLCertVerificationError as error:
        return None, f"the certificate is not trusted: {error.verify_message}"
    except TimeoutError:
        return None, "no answer to the handshake"
    except (OSError, ValueError) as error:
        return None, str(getattr(error, "reason", None) or error)


def dated(addresses: list[str], host: str, port: int, deadline: Deadline) -> dict[str, Any]:
    """Return the status of a web server, and how far the clock here is ahead of its Date."""
    connected, _, error = connect(addresses, port, deadline.at_most(_WEB_SECONDS / 2))
    if connected is None:
        return {"error": error}
    connected.settimeout(deadline.at_most(_WEB_SECONDS / 2))
    connection = http.client.HTTPConnection(host, port)
    connection.sock = connected
    try:
        connection.request("HEAD", "/")
        answer = connection.getresponse()
        date = email.utils.parsedate_to_datetime(answer.headers.get("Date", ""))
    except (OSError, ValueError, TypeError, http.client.HTTPException) as error:
        return {"error": str(error) or type(error).__name__}
    finally:
        connection.close()
    return {"status": answer.status, "ahead": time.time() - date.timestamp()}


def buffer_of(wanted: int) -> int:
    """Return the bytes of receive buffer that the kernel grants here; it doubles what it grants."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        if wanted:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, wanted)
        return probe.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2


def proxies(host: str) -> list[str]:
    """Return the names of the proxy variables that apply to a host here, never their values."""
    if urllib.request.proxy_bypass_environment(host):  # type: ignore[attr-defined]
        return []
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    return [name for word in names for name in (word, word.lower()) if os.environ.get(name)]


def look(request: dict[str, Any]) -> dict[str, Any]:
    """Return all that can be seen from here."""
    deadline, host, port = Deadline(request["seconds"]), request["host"], request["port"]
    seen = {"buffer": buffer_of(request["buffer"]), "proxies": proxies(host)}
    resolved = in_time(lambda: resolve(host, port), deadline.at_most(_NAME_SECONDS))
    late: tuple[list[str], str] = ([], f"no DNS server answers within {_NAME_SECONDS:g} s")
    addresses, seen["name_error"] = resolved or late
    seen["addresses"] = addresses
    if not addresses:
        return seen
    web: dict[str, Any] = {}

    def ask_web() -> None:
        web.update(dated(addresses, host, request["http_port"], deadline))

    asking = threading.Thread(target=ask_web, daemon=True)
    asking.start()
    seen.update(look_at_port(request, addresses, deadline))
    asking.join(deadline.at_most(_WEB_SECONDS))
    return {**seen, "web": dict(web) or {"error": "no answer"}}


def look_at_port(
    request: dict[str, Any], addresses: list[str], deadline: Deadline
) -> dict[str, Any]:
    """Return what answers at the gateway's port."""
    connection, took, error = connect(
        addresses, request["port"], deadline.at_most(_CONNECT_SECONDS)
    )
    if connection is None:
        return {"port_error": error}
    with connection:
        speaks, round_trips = spoken(connection, deadline.at_most(_ANSWER_SECONDS))
    seen = {"port_error": "", "speaks": speaks, "round_trips": [took, *round_trips]}
    if request["tls"] or speaks not in ("http2", "http1"):
        seen.update(look_at_tls(request, addresses, deadline))
    return seen


def look_at_tls(
    request: dict[str, Any], addresses: list[str], deadline: Deadline
) -> dict[str, Any]:
    """Return whether TLS works at the gateway's port, and what is spoken inside."""
    connection, _, error = connect(addresses, request["port"], deadline.at_most(_ANSWER_SECONDS))
    if connection is None:
        return {"tls_error": error}
    with connection:
        secure, error = with_tls(connection, request["host"], deadline.at_most(_ANSWER_SECONDS))
        if secure is None:
            return {"tls_error": error}
        with secure:
            speaks, _ = spoken(secure, deadline.at_most(_ANSWER_SECONDS))
    return {"tls_error": "", "tls_speaks": speaks}


def main() -> None:
    """Print what is seen, and end at once: a name that hangs must not keep the process."""
    print(json.dumps(look(json.loads(sys.argv[1]))), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
