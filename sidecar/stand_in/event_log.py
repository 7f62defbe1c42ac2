"""The stand-in's log: a line for the first event of a kind, then counts, not a line per event."""

from __future__ import annotations

import logging
import time

LOGGER = logging.getLogger("sidecar.stand_in")
INTERVAL = 10.0


class EventLog:
    """Limits the rate of log lines per text; the texts are fixed, so no input reaches the log."""

    def __init__(self, interval: float = INTERVAL) -> None:
        self._interval = interval
        self._pending: dict[str, int] = {}
        self._last: dict[str, float] = {}

    def note(self, text: str, count: int = 1) -> None:
        """Log the text now, or count it until `interval` seconds after its last line."""
        self._pending[text] = self._pending.get(text, 0) + count
        if time.monotonic() - self._last.get(text, float("-inf")) >= self._interval:
            self._flush(text)

    def flush(self) -> None:
        """Log what is counted and not yet logged."""
        for text in list(self._pending):
            self._flush(text)

    def _flush(self, text: str) -> None:
        count = self._pending.pop(text)
        first = text not in self._last
        self._last[text] = time.monotonic()
        LOGGER.warning("%s: %d%s", text, count, "" if first else " more")
