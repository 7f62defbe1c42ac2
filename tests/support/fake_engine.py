"""A container engine with prepared answers behind a real Unix socket."""

from __future__ import annotations

import json
import re
import socketserver
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

VERSION = {"Version": "20.10.24", "ApiVersion": "1.41"}


@dataclass(frozen=True)
class Answer:
    """One answer: a status and JSON; a list is a stream of events, one per chunk."""

    body: Any = ""
    status: int = 200
    delay: float = 0.0
    cut: bool = False
    """Close the connection before the stream's end."""


@dataclass
class FakeEngine:
    """Answers by "METHOD path" (without the version prefix); records requests and bodies."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict)
    endpoint: str = ""

    def answer(self, request: str, body: Any = "", **details: Any) -> None:
        """Set an answer."""
        self.answers[request] = Answer(body, **details)


class _EngineHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        fake: FakeEngine = self.server.fake
        path, _, query = self.path.partition("?")
        request = f"{self.command} {re.sub(r'^/v[0-9.]+', '', path)}"
        fake.asked.append(request + (f"?{query}" if query else ""))
        fake.bodies[request] = self._body()
        answer = fake.answers.get(request, Answer({"message": f"no such thing: {request}"}, 404))
        time.sleep(answer.delay)
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        if isinstance(answer.body, list):
            self._stream(answer)
        else:
            content = json.dumps(answer.body).encode()
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def _stream(self, answer: Answer) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in answer.body:
            line = f"{json.dumps(event)}\r\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.close_connection = answer.cut
        if not answer.cut:
            self.wfile.write(b"0\r\n\r\n")

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - http.server's names

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *args: Any) -> None:
        pass


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing: tests make clients give up, and other tests read standard error."""

    fake: FakeEngine


def serve(folder: Path) -> tuple[FakeEngine, _Server]:
    """Start a fake engine on folder/engine.sock; the caller shuts the server down."""
    path = folder / "engine.sock"
    server = _Server(str(path), _EngineHandler)
    server.fake = FakeEngine({"GET /version": Answer(VERSION)}, endpoint=f"unix://{path}")
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    ).start()
    return server.fake, server
