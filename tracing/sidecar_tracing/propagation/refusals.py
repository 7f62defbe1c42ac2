"""Headers that name no valid trace: the request gets a new trace, and the header is counted."""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import logging
import os
from typing import Any

from sidecar_tracing.ledger import Tally

logger = logging.getLogger("sidecar_tracing")

METRIC = "jaeger:span_context_decoding_errors"
"""The name in Jaeger's clients for Go and Java."""
_TRACE_BITS, _SPAN_BITS, _FLAGS = 128, 64, 0xFF


class Refusals:
    """The count of one tracer in one process; any thread may add."""

    def __init__(self, metrics_factory: Any) -> None:
        self._count = metrics_factory.create_counter(name=METRIC)
        self._tally, self._pid = Tally(), os.getpid()
        self._is_told = False

    def add(self) -> None:
        """Count one header; the first is logged, without its text, which a stranger wrote."""
        if self._pid != os.getpid():
            self._tally, self._pid = Tally(), os.getpid()
        self._tally.add()
        try:
            self._count(1)
        except Exception:
            logger.exception("The metrics factory's counter failed")
        if not self._is_told:
            self._is_told = True
            logger.warning("A trace header is not valid; ignoring it. stats() counts such headers.")

    @property
    def total(self) -> int:
        """The ignored headers of this process."""
        return self._tally.total if self._pid == os.getpid() else 0


def is_sound(context: Any) -> bool:
    """Whether a context can be sent: IDs of Jaeger's lengths. Flags are cut to their byte."""
    if context is None or not context.has_trace:
        return True
    parent = context.parent_id or 0
    lengths = ((context.trace_id, _TRACE_BITS), (context.span_id, _SPAN_BITS))
    context.flags &= _FLAGS
    return parent.bit_length() <= _SPAN_BITS and all(
        number > 0 and number.bit_length() <= bits for number, bits in lengths
    )
