"""jaeger-client's span at a fraction of its cost for the caller.

A tag of a common type is kept as a pair; Thrift's object of it is made by the thread that sends it,
or where the service looks at `tags` or `logs`. All other values become what jaeger-client makes of
them, at once.

No lock is taken: each change is one step that neither another thread nor a signal handler tears.
"""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import jaeger_client
from jaeger_client.constants import SAMPLED_FLAG
from jaeger_client.thrift import id_to_int, make_references, make_tag, timestamp_micros
from jaeger_client.thrift_gen.jaeger import ttypes
from opentracing.ext.tags import SAMPLING_PRIORITY

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger("jaeger_tracing")

_NUMBERS = frozenset({int, float, bool})
_LOW = 2**64 - 1
_STRING, _DOUBLE = ttypes.TagType.STRING, ttypes.TagType.DOUBLE
_BOOL, _LONG = ttypes.TagType.BOOL, ttypes.TagType.LONG


class Span(jaeger_client.Span):  # type: ignore[misc] # jaeger-client publishes no types here
    """A span that behaves as jaeger-client's."""

    def __init__(  # noqa: PLR0913, PLR0917 - jaeger-client's own
        self,
        context: Any,
        tracer: Any,
        operation_name: Any,
        tags: Mapping[str, Any] | None = None,
        start_time: float | None = None,
        references: list[Any] | None = None,
    ) -> None:
        self._context = context
        self._tracer = tracer
        self.operation_name = operation_name
        self.start_time = start_time or time.time()
        self.end_time: Any = None
        self.finished = False
        self.update_lock = threading.Lock()
        self.references = references
        self._is_open = True
        self.is_shown = False
        """Whether the service holds the list of tags or logs, and may change it."""
        self._tags: list[Any] = []
        """Pairs of name and value, and Thrift's tags."""
        self._logs: list[Any] = []
        """Pairs of microseconds and such a list, and Thrift's logs."""
        if tags:
            self._set_tags(tags)

    def _set_tags(self, tags: Mapping[str, Any]) -> None:
        if SAMPLING_PRIORITY in tags:
            for key, value in tags.items():
                self.set_tag(key, value)
        elif self._context.flags & SAMPLED_FLAG:
            self._tags = _kept_all(tags, self._tracer)

    @property
    def tags(self) -> list[Any]:
        """The tags, as Thrift's objects."""
        self.is_shown = True
        return _as_thrift(self._tags)

    @tags.setter
    def tags(self, tags: list[Any]) -> None:
        self.is_shown = True
        self._tags = tags

    @property
    def logs(self) -> list[Any]:
        """The logs, as Thrift's objects."""
        self.is_shown = True
        logs = self._logs
        for number, log in enumerate(logs):
            if type(log) is tuple:
                logs[number] = _thrift_log(log)
        return logs

    @logs.setter
    def logs(self, logs: list[Any]) -> None:
        self.is_shown = True
        self._logs = logs

    def set_operation_name(self, operation_name: Any) -> Span:
        """Set or change the operation's name."""
        self.operation_name = operation_name
        return self

    def set_tag(self, key: Any, value: Any) -> Span:
        """Add a tag; one of the same name before it stays."""
        if key == SAMPLING_PRIORITY and not self._set_sampling_priority(value):
            return self
        if self._context.flags & SAMPLED_FLAG:
            self._tags.append(_kept(key, value, self._tracer))
        return self

    def log_kv(self, key_values: Mapping[str, Any], timestamp: float | None = None) -> Span:
        """Add a log."""
        if self._context.flags & SAMPLED_FLAG:
            micros = timestamp_micros(timestamp or time.time())
            self._logs.append((micros, _kept_all(key_values or {}, self._tracer)))
        return self

    def set_baggage_item(self, key: str, value: str | None) -> Span:
        """Set an item of the baggage, and log it."""
        logged = {"event": "baggage", "key": key, "value": value}
        if self.get_baggage_item(key=key):
            logged["override"] = "true"
        self._context = self._context.with_baggage_item(key=key, value=value)
        return self.log_kv(logged)

    def finish(self, finish_time: float | None = None) -> None:
        """End the span, and report it if it is sampled; only once."""
        if not self._context.flags & SAMPLED_FLAG:
            return
        if not self._close():
            logger.warning("Span has already been finished; will not be reported again.")
            return
        self.finished = True
        # the clock may have been set back meanwhile
        self.end_time = finish_time or max(self.start_time, time.time())
        self._tracer.report_span(self)

    def _close(self) -> bool:
        """Whether this call ends the span: of several at once, one does."""
        try:
            del self._is_open
        except AttributeError:
            return False
        return not self.finished

    def is_sampled(self) -> bool:
        """Whether it is reported."""
        return bool(self._context.flags & SAMPLED_FLAG)

    @property
    def weight(self) -> int:
        """The length of its text in tags and logs."""
        logs = [log[1] if type(log) is tuple else log.fields for log in self._logs]
        return sum(_length(item) for items in (self._tags, *logs) for item in items)

    def as_thrift(self) -> Any:
        """Return Thrift's object of the span as it is now, with lists of its own."""
        context = self.context
        return ttypes.Span(
            traceIdLow=id_to_int(context.trace_id & _LOW),
            traceIdHigh=id_to_int(context.trace_id >> 64 & _LOW),
            spanId=id_to_int(context.span_id),
            parentSpanId=id_to_int(context.parent_id) or 0,
            operationName=self.operation_name,
            references=make_references(self.references),
            flags=context.flags,
            startTime=timestamp_micros(self.start_time),
            duration=timestamp_micros(self.end_time - self.start_time),
            tags=_thrift_tags(self._tags),
            logs=[_thrift_log(log) for log in self._logs],
        )


def _kept_all(fields: Mapping[Any, Any], tracer: Any) -> list[Any]:
    return [_kept(key, value, tracer) for key, value in fields.items()]


def _kept(key: Any, value: Any, tracer: Any) -> Any:
    """Return a pair; for a value of another type, or above the limit, Thrift's tag at once."""
    kind, most = type(value), tracer.max_tag_value_length
    if type(key) is str and (kind in _NUMBERS or (kind is str and len(value) <= most)):
        return key, value
    return make_tag(key, value, most, tracer.max_traceback_length)


def _as_thrift(items: list[Any]) -> list[Any]:
    """Replace the pairs of a list by Thrift's tags, and return the list."""
    for number, item in enumerate(items):
        if type(item) is tuple:
            items[number] = _thrift_tag(*item)
    return items


def _thrift_tags(items: list[Any]) -> list[Any]:
    return [_thrift_tag(*item) if type(item) is tuple else item for item in items]


def _thrift_log(log: Any) -> Any:
    return ttypes.Log(log[0], _thrift_tags(log[1])) if type(log) is tuple else log


def _thrift_tag(key: str, value: Any) -> Any:
    kind = type(value)
    if kind is str:
        return ttypes.Tag(key, _STRING, value)
    if kind is bool:
        return ttypes.Tag(key, _BOOL, None, None, value)
    if kind is int:
        return ttypes.Tag(key, _LONG, None, None, None, value)
    return ttypes.Tag(key, _DOUBLE, None, value)


def _length(item: Any) -> int:
    text = item[1] if type(item) is tuple else item.vStr
    return len(text) if isinstance(text, str) else 0
