"""Tags that Thrift cannot encode: they are sent as text, or left out, so that the span is sent."""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jaeger_client.thrift_gen.jaeger import ttypes

from sidecar_tracing import compact

if TYPE_CHECKING:
    from collections.abc import Iterable

_FLAGS = 0xFF
"""Jaeger's flags are a byte; a header may claim any number."""
_VALUES = ("vStr", "vLong", "vDouble", "vBool", "vBinary")


def is_encodable(item: Any) -> bool:
    """Whether Thrift can write this tag, log or reference."""
    try:
        compact.in_python(item)
    except Exception:  # noqa: BLE001 - whatever it contains
        return False
    return True


def text(value: Any) -> str:
    """Return a value as text that UTF-8 can encode."""
    try:
        shown = value if isinstance(value, str) else _shown(value)
        return str(shown).encode("utf-8", "backslashreplace").decode()
    except Exception as error:  # noqa: BLE001 - str() of the service's objects
        return f"({type(error).__name__})"


def _shown(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def repaired_tags(tags: Iterable[Any]) -> tuple[list[Any], int]:
    """Return tags that can be encoded, and how many are not as they were."""
    found, repaired = [], 0
    for tag in tags:
        if is_encodable(tag):
            found.append(tag)
            continue
        repaired += 1
        values = [getattr(tag, name, None) for name in _VALUES]
        value = next((value for value in values if value is not None), "")
        replaced = ttypes.Tag(
            key=text(getattr(tag, "key", "")), vType=ttypes.TagType.STRING, vStr=text(value)
        )
        if is_encodable(replaced):
            found.append(replaced)
    return found, repaired


def repair(span: Any) -> int:
    """Make a Thrift span encodable, as far as that is possible; return how many tags it cost."""
    span.operationName = text(span.operationName)
    span.flags &= _FLAGS
    span.tags, repaired = repaired_tags(span.tags)
    for number, log in enumerate(span.logs):
        fields, count = repaired_tags(log.fields)
        span.logs[number] = ttypes.Log(timestamp=log.timestamp, fields=fields)
        if not is_encodable(span.logs[number]):  # its time
            span.logs[number].timestamp, count = span.startTime, count + 1
        repaired += count
    references = span.references or []
    span.references = [one for one in references if is_encodable(one)] or None
    return repaired + len(references) - len(span.references or [])
