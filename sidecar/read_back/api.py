"""The vendor's API for traces, through the vendor's library, with the kit's errors."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sidecar.errors import SidecarError
from sidecar.rules import read_back as rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.read_back.key import AccessKey

SUBJECT = "the region's API"
_ANSWER_MS = 5000
_PAGE = 100
_MOST_PAGES = 20
_RECENT_SECONDS = 600


class StoredSpan(NamedTuple):
    """A span as the region stores it."""

    identity: str
    parent: str
    """Empty for a root."""


class ApiError(SidecarError):
    """The API refused a request, or does not answer."""

    throttled = False


@dataclass(frozen=True)
class TraceApi:
    """The API of one region."""

    region: str
    key: AccessKey
    endpoint: str = ""
    """HOST, or http://HOST:PORT for a stand-in; empty: the region's own."""
    _client: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make the library's client. Raises SidecarError where the library is not installed."""
        protocol, _, host = self.endpoint.rpartition("://")
        library = _library()
        config = library.Config(
            access_key_id=self.key.identity,
            access_key_secret=self.key.secret,
            security_token=self.key.session or None,
            region_id=self.region,
            endpoint=host or f"xtrace.{self.region}.aliyuncs.com",
            protocol=protocol or "https",
        )
        object.__setattr__(self, "_client", library.Client(config))

    def spans(self, trace_id: str) -> list[StoredSpan]:
        """Return the spans of a trace; none where it is not stored yet. Raises ApiError."""
        found: dict[str, StoredSpan] = {}
        for page in range(1, _MOST_PAGES + 1):
            body = self._ask("get_trace", trace_id=trace_id, page_number=page, page_size=str(_PAGE))
            rows = (body.get("Spans") or {}).get("Span") or []
            before = len(found)
            found.update((row["SpanId"], _span(row)) for row in rows)
            if len(rows) < _PAGE or len(found) == before:
                break
        return list(found.values())

    def recent_traces(self, service: str) -> int:
        """Return how many traces of a service the region stored lately. Raises ApiError."""
        now = int(time.time() * 1000)
        times = {"start_time": now - _RECENT_SECONDS * 1000, "end_time": now}
        body = self._ask("search_traces", service_name=service, **times)
        total: int = (body.get("PageBean") or {}).get("TotalCount") or 0
        return total

    def _ask(self, action: str, **values: int | str) -> dict[str, Any]:
        library = _library()
        request = library.requests[action](region_id=self.region, **values)
        options = library.RuntimeOptions(read_timeout=_ANSWER_MS, connect_timeout=_ANSWER_MS)
        call: Callable[..., Any] = getattr(self._client, f"{action}_with_options")
        try:
            body: dict[str, Any] = call(request, options).body.to_map()
        except library.Error as error:
            # `from None`: the library's message may show the key
            raise self._error(error) from None
        return body

    def _error(self, error: Any) -> ApiError:  # noqa: ANN401 - the library has no types
        status, code = getattr(error, "status_code", None), getattr(error, "code", None)
        if status:
            problem = rules.answered(int(status), str(code))
        else:
            host = self.endpoint or f"xtrace.{self.region}.aliyuncs.com"
            problem = rules.out_of_reach(host, _cause(error))
        found = ApiError(SUBJECT, problem.cause, problem.fix, id=problem.rule.id)
        found.throttled = problem.rule is rules.THROTTLED
        return found


def _cause(error: Exception) -> str:
    """Return why there is no answer, without the library's URL around it."""
    text = str(error)
    for words, cause in (
        ("Connection refused", "the connection is refused"),
        ("timed out", "no answer in time"),
        ("Name or service not known", "the name does not resolve"),
        ("name resolution", "the name does not resolve"),
        ("CERTIFICATE", "its certificate is not trusted"),
    ):
        if words in text:
            return cause
    return type(error).__name__


def _span(row: dict[str, Any]) -> StoredSpan:
    parent = str(row.get("ParentSpanId") or "")
    return StoredSpan(str(row["SpanId"]), "" if set(parent) <= {"0"} else parent)


class _Library(NamedTuple):
    Client: Any
    Config: Any
    RuntimeOptions: Any
    Error: Any
    requests: dict[str, Any]


def _library() -> _Library:
    """Return what is used of the vendor's library. Raises SidecarError without it."""
    try:
        from alibabacloud_tea_openapi.models import Config  # noqa: PLC0415 - an extra
        from alibabacloud_tea_util.models import RuntimeOptions  # noqa: PLC0415
        from alibabacloud_xtrace20190808 import models  # noqa: PLC0415
        from alibabacloud_xtrace20190808.client import Client  # noqa: PLC0415
        from Tea.exceptions import TeaException  # noqa: PLC0415
    except ImportError:
        raise SidecarError.from_problem("--read-back", rules.not_installed()) from None
    requests = {"get_trace": models.GetTraceRequest, "search_traces": models.SearchTracesRequest}
    return _Library(Client, Config, RuntimeOptions, TeaException, requests)
