"""OTLP over HTTP, on the port of the page: answers as the vendor's table says."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from typing import TYPE_CHECKING, Any

import grpc
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTracePartialSuccess

from sidecar.stand_in.faults import Strike
from sidecar.stand_in.keep.intake import Intake, Verdict
from sidecar.stand_in.keep.store import OTLP
from sidecar.stand_in.receive.otlp import Call, take

if TYPE_CHECKING:
    from sidecar.stand_in.faults import FaultSwitch

MAX_BODY = 4 * 1024 * 1024
"""After decompression, as over gRPC."""
_BODY_SECONDS = 10.0
_HELD_SECONDS = 0.1
_PATH = "api/otlp/traces"
_PROTOBUF, _JSON = "application/x-protobuf", "application/json"
_NO_LINGER = struct.pack("ii", 1, 0)
_CODES = {
    Verdict.MISSING: (401, "UNAUTHENTICATED"),
    Verdict.WRONG: (403, "PERMISSION_DENIED"),
    Verdict.MALFORMED: (400, "INVALID_ARGUMENT"),
}
BY_STATUS = {
    "INVALID_ARGUMENT": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "UNIMPLEMENTED": 404,
    "RESOURCE_EXHAUSTED": 405,
    "FAILED_PRECONDITION": 406,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
"""By the gRPC status of a fault: 405 is a used-up quota, 406 a collection switched off."""


class BodyError(ValueError):
    """A body that cannot be read: the HTTP code, and why."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


class OtlpHttp:
    """Takes spans at /adapt_<token>/api/otlp/traces; no answer and no log holds the path."""

    def __init__(self, intake: Intake, faults: FaultSwitch) -> None:
        self._intake = intake
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """Return the route of every path that begins as a token's."""
        return [web.post("/adapt_{token:[^/]*}/{path:.*}", self.export)]

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Take one ExportTraceServiceRequest."""
        faults = self._faults.current
        strike = self._faults.take()
        if strike:
            return await self._strike(strike, request)
        if request.match_info["path"] != _PATH:
            return _failed(request, 403, "PERMISSION_DENIED", f"the path does not end in {_PATH}")
        self._intake.counters.otlp.http += 1
        try:
            body = await _body(request)
        except BodyError as error:
            self._intake.malformed(request.remote or "", OTLP)
            return _failed(request, error.code, "INVALID_ARGUMENT", str(error))
        call = Call(request.match_info["token"], faults.bad_token, request.remote or "")
        verdict = take(body, call, self._intake, is_json=request.content_type == _JSON)
        await asyncio.sleep(faults.latency_ms / 1000)
        if verdict in _CODES:
            return _failed(request, *_CODES[verdict], verdict.words("the token in the path"))
        return _answer(request, 200, b"", {})

    async def _strike(self, strike: Strike, request: web.Request) -> web.StreamResponse:
        batches = self._intake.counters.batches
        if strike is Strike.FAIL:
            batches.failed += 1
            status = self._faults.status.name
            return _failed(request, BY_STATUS.get(status, 500), status, "a fault that was set")
        if strike is Strike.HOLD:
            batches.held += 1
            await self._hold(request)
        else:
            batches.reset += 1
        _reset(request)
        return web.Response()  # nobody is left to read it

    async def _hold(self, request: web.Request) -> None:
        """Wait until the client gives up, or a fault resets all connections."""
        while request.transport and not self._resets():  # noqa: ASYNC110 - there is no event of it
            await asyncio.sleep(_HELD_SECONDS)

    def _resets(self) -> bool:
        return self._faults.current.reset or self._faults.current.away


async def _body(request: web.Request) -> bytes:
    if request.content_type not in (_PROTOBUF, _JSON):
        raise BodyError(400, f"the body is neither {_PROTOBUF} nor {_JSON}")
    try:
        return await asyncio.wait_for(_read(request), _BODY_SECONDS)
    except asyncio.TimeoutError:
        raise BodyError(408, "the body did not arrive in time") from None
    except (web.RequestPayloadError, HttpProcessingError):
        raise BodyError(400, "the body is not compressed as its header says") from None


async def _read(request: web.Request) -> bytes:
    body = bytearray()
    async for part in request.content.iter_any():
        body += part
        if len(body) > MAX_BODY:
            raise BodyError(413, f"the body is longer than {MAX_BODY} bytes")
    return bytes(body)


def _failed(request: web.Request, code: int, status: str, why: str) -> web.Response:
    number = grpc.StatusCode[status].value[0]
    # a google.rpc.Status: on the wire this message has its two fields
    binary = ExportTracePartialSuccess(rejected_spans=number, error_message=why)
    return _answer(request, code, binary.SerializeToString(), {"code": number, "message": why})


def _answer(request: web.Request, code: int, binary: bytes, data: dict[str, Any]) -> web.Response:
    if request.content_type == _JSON:
        return web.Response(status=code, body=json.dumps(data), content_type=_JSON)
    return web.Response(status=code, body=binary, content_type=_PROTOBUF)


def _reset(request: web.Request) -> None:
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
