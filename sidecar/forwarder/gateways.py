"""The way to a region's gateway: OTLP over gRPC, or over HTTP with the token in the path."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

import aiohttp
import grpc

from sidecar.rules import forwarders as rules

METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
HTTP_PATH = "/adapt_{token}/api/otlp/traces"
_METADATA = "authentication"
MAX_MESSAGE = 4 * 1024 * 1024
_MAX_ANSWER = 64 * 1024
_PROTOBUF = "application/x-protobuf"
_CHANNEL = (
    ("grpc.max_send_message_length", MAX_MESSAGE),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    ("grpc.enable_retries", 0),
    # Docker 20.10 leaves a TXT record of an internal network unanswered, and the first call waits
    ("grpc.service_config_disable_resolution", 1),
)
"""A connection that no longer answers ends, and the collector repeats, not the channel."""


@dataclass(frozen=True)
class Answer:
    """What a gateway answered to one call."""

    code: str
    """In gRPC's terms."""
    body: bytes = b""
    details: str = ""
    """Its words, which may hold the token: they are never shown."""


class Gateway(Protocol):
    """Sends the bytes of a call on."""

    async def send(self, raw: bytes, token: str, seconds: float) -> Answer:
        """Send an ExportTraceServiceRequest with a token; wait no longer than `seconds`."""
        ...

    async def open(self) -> None:
        """Open the way; inside the event loop."""
        ...

    async def close(self) -> None:
        """Close it."""
        ...


class GrpcGateway:
    """A gateway's gRPC port."""

    def __init__(self, address: str, *, tls: bool = False) -> None:
        self._address = address
        self._tls = tls
        self._channel: Any = None
        self._export: Any = None

    async def open(self) -> None:
        """Make the channel, which connects at the first call."""
        options = {"options": _CHANNEL, "compression": grpc.Compression.Gzip}
        if self._tls:
            credentials = grpc.ssl_channel_credentials()
            self._channel = grpc.aio.secure_channel(self._address, credentials, **options)
        else:
            self._channel = grpc.aio.insecure_channel(self._address, **options)
        self._export = self._channel.unary_unary(METHOD)  # bytes in, bytes out

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()

    async def send(self, raw: bytes, token: str, seconds: float) -> Answer:
        """Send bytes as they are, the token as metadata."""
        try:
            body = await self._export(raw, timeout=seconds, metadata=((_METADATA, token),))
        except grpc.aio.AioRpcError as error:
            return Answer(error.code().name, details=error.details() or "")
        return Answer(rules.OK, body)


class HttpGateway:
    """A gateway's HTTP port. The URL holds the token: no error of a call is ever shown."""

    def __init__(self, host: str, port: int, *, tls: bool = False) -> None:
        self._base = f"{'https' if tls else 'http'}://{host}:{port}"
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the session, which connects at the first call."""
        self._session = aiohttp.ClientSession(trust_env=True)

    async def close(self) -> None:
        """Close the session."""
        if self._session:
            await self._session.close()

    async def send(self, raw: bytes, token: str, seconds: float) -> Answer:
        """POST bytes as they are, to the path with the token."""
        assert self._session is not None  # noqa: S101 - for the type checker
        url = self._base + HTTP_PATH.format(token=quote(token, safe=""))
        body = await asyncio.to_thread(gzip.compress, raw, 1)
        headers = {"Content-Type": _PROTOBUF, "Content-Encoding": "gzip"}
        limit = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self._session.post(
                url, data=body, headers=headers, timeout=limit, allow_redirects=False
            ) as response:
                return await _answer(response)
        except (TimeoutError, asyncio.TimeoutError):
            return Answer(rules.DEADLINE)
        except (aiohttp.ClientError, OSError) as error:
            return Answer(rules.UNAVAILABLE, details=type(error).__name__)


async def _answer(response: aiohttp.ClientResponse) -> Answer:
    body = await response.content.read(_MAX_ANSWER)
    code = rules.of_http(response.status)
    if code == rules.OK and response.content_type == "text/html":
        return Answer("UNKNOWN")  # no gateway's, but that of something on the way
    return Answer(code, body if response.content_type == _PROTOBUF else b"")
