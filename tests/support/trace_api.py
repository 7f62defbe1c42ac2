"""A stand-in for the vendor's trace API: RPC over HTTP, answers by action, requests recorded."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNED = re.compile(r"ACS3-HMAC-SHA256 Credential=(\w+),SignedHeaders=\S+,Signature=[0-9a-f]{64}")
KEY = "LTAIexampleexample"


@dataclass
class FakeTraceApi:
    """Answers GetTrace with the spans of a trace, in pages, and SearchTraces with a count."""

    endpoint: str = ""
    traces: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    others: int = 0
    """What SearchTraces counts."""
    first: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """Statuses and bodies of the first answers, before the others."""
    asked: list[dict[str, str]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    """Every request's line and headers."""

    def answer(self, action: str, query: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Return the status and body of an answer."""
        self.asked.append({"Action": action, **query})
        if self.first:
            return self.first.pop(0)
        if action == "SearchTraces":
            return 200, {"PageBean": {"TotalCount": self.others}, "RequestId": "1"}
        spans = self.traces.get(query["TraceID"], [])
        size, page = int(query["PageSize"]), int(query["PageNumber"])
        return 200, {"Spans": {"Span": spans[(page - 1) * size : page * size]}, "RequestId": "1"}


def refusal(status: int, code: str) -> tuple[int, dict[str, Any]]:
    """Return an error as the API words it, with the key in its message."""
    message = f"Specified access key {KEY} is not valid"
    return status, {"Code": code, "Message": message, "RequestId": "1"}


def trace(count: int, *, lost: int = 0) -> list[dict[str, str]]:
    """Return a root and its children; the first `lost` spans, so the root, are missing."""
    spans = [{"SpanId": "a0", "ParentSpanId": "0", "TraceID": "t"}]
    spans += [{"SpanId": f"a{n}", "ParentSpanId": "a0", "TraceID": "t"} for n in range(1, count)]
    return spans[lost:]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        fake: FakeTraceApi = self.server.fake
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fake.seen.append(f"{self.path}\n{self.headers}")
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        signed = SIGNED.fullmatch(self.headers.get("Authorization", ""))
        if signed is None or signed[1] != KEY:
            status, body = refusal(400, "IncompleteSignature")
        else:
            status, body = fake.answer(self.headers["x-acs-action"], query)
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve() -> Iterator[FakeTraceApi]:
    """Serve the API on a free port of loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.fake = FakeTraceApi(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.fake
    finally:
        server.shutdown()
        server.server_close()
