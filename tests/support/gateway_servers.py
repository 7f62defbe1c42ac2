"""Servers that a gateway's port may turn out to be: real sockets on loopback."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import grpc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def grpc_server(certificate: tuple[Path, Path] | None = None) -> Iterator[int]:
    """Serve gRPC without any service, in plain text or with (key, certificate); yield the port."""
    server = grpc.server(ThreadPoolExecutor(2))
    if certificate is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        key, chain = (path.read_bytes() for path in certificate)
        credentials = grpc.ssl_server_credentials([(key, chain)])
        port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


class _Web(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(self.server.status)
        self.end_headers()

    def do_POST(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_HEAD()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return self.server.date or super().date_time_string(timestamp)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def web_server(status: int = 200, date: str = "") -> Iterator[int]:
    """Serve HTTP/1 with one status, and perhaps a wrong Date; yield the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Web)
    server.status, server.date = status, date
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def secure_web_server(
    status: int, certificate: tuple[Path, Path]
) -> Iterator[tuple[int, list[str]]]:
    """Serve HTTP/1 over TLS with one status; yield the port, and what is asked."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Web)
    server.status, server.date, server.asked = status, "", []
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate[1], certificate[0])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port, server.asked
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def raw_server(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Accept connections and leave each to a function; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_accept, args=(listener, answer), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)  # ends the thread, which would keep it open


def _accept(listener: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    kept = []
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        kept.append(connection)
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def silent(connection: socket.socket) -> None:
    """Read, and never answer."""
    with suppress(ConnectionResetError):
        while connection.recv(4096):
            pass


def closing(connection: socket.socket) -> None:
    """Read once, and close."""
    connection.recv(4096)
    connection.close()


def ssh(connection: socket.socket) -> None:
    """Greet as another service does."""
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    silent(connection)


def tls_of(certificate: tuple[Path, Path]) -> Callable[[socket.socket], None]:
    """Return an answer that shakes hands, and says nothing more."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate[1], certificate[0])

    def answer(connection: socket.socket) -> None:
        try:
            silent(context.wrap_socket(connection, server_side=True))
        except OSError:
            connection.close()

    return answer


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Return a new key and its certificate for localhost, signed by itself."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return key, certificate
