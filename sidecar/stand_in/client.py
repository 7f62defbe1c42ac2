"""Asks a running stand-in over HTTP, and changes its faults."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sidecar.stand_in.sockets import Address

_SECONDS = 2.0
_CHANGE_SECONDS = 10.0
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class RefusedError(ValueError):
    """The stand-in refuses faults, and says why."""


def fetch(address: Address, path: str) -> bytes:
    """Return what a path of the API answers. Raises OSError."""
    try:
        with _DIRECT.open(f"http://{address}{path}", timeout=_SECONDS) as answer:
            body: bytes = answer.read()
    except http.client.HTTPException as error:  # another program listens there
        raise OSError(f"it does not speak HTTP: {error}") from error
    return body


def active_faults(address: Address) -> dict[str, Any]:
    """Return the active faults. Raises OSError."""
    try:
        active: dict[str, Any] = json.loads(fetch(address, "/api/faults"))
    except ValueError as error:
        raise OSError("what answers is no stand-in") from error
    return active


def set_faults(address: Address, faults: str) -> None:
    """Replace all faults by those of a JSON object. Raises RefusedError, OSError."""
    request = urllib.request.Request(
        f"http://{address}/api/faults",
        faults.encode(),
        {"Content-Type": "application/json"},
        method="PUT",
    )
    try:
        with _DIRECT.open(request, timeout=_CHANGE_SECONDS):
            pass
    except urllib.error.HTTPError as error:
        raise RefusedError(_message(error)) from error


def _message(error: urllib.error.HTTPError) -> str:
    try:
        message: str = json.load(error)["errors"][0]["msg"]
    except (ValueError, LookupError, TypeError):
        return f"it answered {error.code}"
    return message
