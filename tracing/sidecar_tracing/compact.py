"""Thrift's compact protocol, by thrift's own C code where that writes the bytes of its Python code.

jaeger-client's generated classes are of Thrift 0.9 and never call that code: it has wanted other
specifications since. They are corrected here, and compared at import with a span of each kind.
"""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from jaeger_client.thrift_gen.jaeger import ttypes
from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.Thrift import TType
from thrift.transport.TTransport import TMemoryBuffer

if TYPE_CHECKING:
    from collections.abc import Callable

    Encode = Callable[[Any], bytes]

logger = logging.getLogger("sidecar_tracing")


def in_python(struct: Any) -> bytes:
    """Return the bytes of any Thrift struct. Raises whatever a value in it causes."""
    buffer = TMemoryBuffer()
    struct.write(TCompactProtocol(buffer))
    data: bytes = buffer.getvalue()
    return data


def corrected(spec: Any) -> tuple[Any, ...]:
    """Return the specification of a generated class as thrift's C code has it since 0.11.

    A struct is a list of class and specification, and a list also says whether it is immutable.
    """
    return tuple(field and _corrected(*field) for field in spec)


def _corrected(number: int, kind: int, name: str, argument: Any, default: Any) -> tuple[Any, ...]:
    return number, kind, name, _argument(kind, argument), default


def _argument(kind: int, argument: Any) -> Any:
    if kind == TType.STRUCT:
        return [argument[0], corrected(argument[1])]
    if kind == TType.LIST:
        return (argument[0], _argument(*argument), False)
    return "UTF8" if kind == TType.STRING else argument


def find_fast() -> tuple[Encode | None, str]:
    """Return thrift's C code for a span; None, and why, where it cannot be used."""
    try:
        from thrift.protocol.fastbinary import encode_compact  # noqa: PLC0415 - may be missing
    except Exception as error:  # noqa: BLE001 - it may also be built for another Python
        return None, str(error)
    kind = [ttypes.Span, corrected(ttypes.Span.thrift_spec)]

    def fast(span: Any) -> bytes:
        data: bytes = encode_compact(span, kind)
        return data

    return (fast, "") if writes_the_same(fast) else (None, "it writes other bytes")


def writes_the_same(encode: Encode) -> bool:
    """Whether a function writes the bytes of `in_python` for a span of each kind."""
    try:
        return all(encode(span) == in_python(span) for span in samples())
    except Exception:  # noqa: BLE001 - whatever it is, then
        return False


def samples() -> list[Any]:
    """Return a span of each kind: every type of tag, numbers at their limits, nothing at all."""
    low, high = -(2**63), 2**63 - 1
    texts = ("", "GET /", "Zürich 東京 🚀", "x" * 300)
    numbers = (0, 1, -1, 127, 128, -128, 2**31, low, high)
    doubles = (0.0, -0.0, 1.5, 1e308, float("inf"), float("nan"))
    tags = [
        *(ttypes.Tag(key=text, vType=ttypes.TagType.STRING, vStr=text) for text in texts),
        *(ttypes.Tag(key="n", vType=ttypes.TagType.LONG, vLong=number) for number in numbers),
        *(ttypes.Tag(key="d", vType=ttypes.TagType.DOUBLE, vDouble=value) for value in doubles),
        *(ttypes.Tag(key="b", vType=ttypes.TagType.BOOL, vBool=value) for value in (True, False)),
        ttypes.Tag(key="text", vType=ttypes.TagType.BINARY, vBinary="binary"),
        ttypes.Tag(),
    ]
    logs = [ttypes.Log(timestamp=high, fields=tags), ttypes.Log(timestamp=-1, fields=[])]
    references = [
        ttypes.SpanRef(refType=kind, traceIdLow=low, traceIdHigh=-1, spanId=high) for kind in (0, 1)
    ]
    return [
        ttypes.Span(),
        ttypes.Span(low, -1, high, 0, "", None, 0, 0, 0, [], []),
        ttypes.Span(high, 0, low, -1, texts[2], references, -(2**31), high, -1, tags, logs),
        ttypes.Span(1, 2, 3, 4, texts[1], references[:1], 2**31 - 1, 1, 2, tags[:1] * 20, logs[1:]),
    ]


class _Found:
    is_said = False


fast, why_not = find_fast()
"""The first returns a span's bytes in a tenth of the time, or raises; None if it cannot be used.

It also takes bytes as text, which the Python code refuses.
"""


def warn_if_slow() -> None:
    """Say once in a process that Python code encodes the spans."""
    if fast is None and not _Found.is_said:
        _Found.is_said = True
        text = "thrift's C code cannot be used (%s): spans are encoded in Python, at a higher cost"
        logger.warning(text, why_not)
