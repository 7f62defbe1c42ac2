"""Sends requests to a service, so that it makes spans: plain ones, and then with a trace id.

The first shows what the service's own sampler decides. The second is sampled by its headers, and
its trace can be followed to the gateway.
"""

from __future__ import annotations

import secrets
import urllib.error
import urllib.request
from dataclasses import dataclass

from sidecar.rules.parts import words_of
from sidecar.rules.recognition import mask
from sidecar.rules.service_reports import ASKED

_SECONDS = 10.0
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Answer:
    """What a service answered."""

    url: str
    status: int = 0
    """0 where it did not answer."""
    error: str = ""
    trace_id: str = ""
    """The id that the request carried; empty for a plain one."""

    @property
    def answered(self) -> bool:
        """Tell whether the service handled the request: a 404 or 502 is not its work."""
        return self.status not in (0, 404, 502, 503, 504)

    def __str__(self) -> str:
        return f"{self.url}: {self.error or self.status}"


def new_trace_id() -> str:
    """Return a trace id that the stand-in knows as verify's."""
    return ASKED + secrets.token_hex(4)


def ask(url: str, trace_id: str = "") -> Answer:
    """Send a GET request; one with a trace id is part of a sampled trace."""
    headers = {}
    if trace_id:
        span = secrets.token_hex(8)
        headers["uber-trace-id"] = f"{trace_id}:{span}:0:1"
        headers["traceparent"] = f"00-{trace_id.zfill(32)}-{span}-01"
    shown = mask(url)
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - as the user says
        with _DIRECT.open(request, timeout=_SECONDS) as answer:
            answer.read(65_536)
            return Answer(shown, answer.status, trace_id=trace_id)
    except urllib.error.HTTPError as error:
        return Answer(shown, error.code, f"answers {error.code}", trace_id)
    except (OSError, ValueError) as error:
        return Answer(shown, 0, f"does not answer: {mask(words_of(error))}", trace_id)
