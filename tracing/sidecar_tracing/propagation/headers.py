"""A carrier's headers as text, from a dictionary or from a framework's own type."""

# ruff: noqa: ANN401 - a carrier is whatever the service passes

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from opentracing import InvalidCarrierException

from sidecar_tracing.environment import warn

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""What the name of a header, or a key of baggage, consists of."""
BAGGAGE_MEMBERS, BAGGAGE_BYTES = 64, 8192
"""What W3C's format asks every service to pass on. Jaeger's and B3's baggage has the same limit."""


class Headers:
    """The values by name in lower case; a header may occur several times."""

    def __init__(self, carrier: Any) -> None:
        if not hasattr(carrier, "items"):
            raise InvalidCarrierException("carrier not a collection")
        self._values: dict[str, list[str]] = {}
        for name, value in carrier.items():
            values = value if isinstance(value, (list, tuple)) else [value]
            key = text(name).lower()
            self._values.setdefault(key, []).extend(text(one) for one in values if one is not None)

    def all(self, name: str) -> list[str]:
        """Return each value of a header."""
        return self._values.get(name, [])

    def one(self, name: str) -> str | None:
        """Return the value of a header, or None; ValueError if there are several."""
        values = self.all(name)
        if len(set(values)) > 1:
            raise ValueError(name)
        return values[0].strip() if values else None

    def starting_with(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield the rest of the name, and the value, of each header with a prefix."""
        for name, values in self._values.items():
            if values and name.startswith(prefix) and name != prefix:
                yield name[len(prefix) :], values[0]


def text(value: Any) -> str:
    """Return a header's name or value as text."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def baggage_items(baggage: dict[Any, Any]) -> Iterator[tuple[str, str]]:
    """Yield baggage that can be in headers: keys as they are, values percent-encoded.

    What does not fit is left out, with one warning: servers refuse a request with longer headers.
    """
    size = count = 0
    for key, value in baggage.items():
        name = text(key)
        if not TOKEN.fullmatch(name):
            continue
        data = value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
        quoted = quote(data) if len(data) <= BAGGAGE_BYTES else None
        needed = len(name) + len(quoted or "") + 2
        if quoted is None or count == BAGGAGE_MEMBERS or size + needed > BAGGAGE_BYTES + 1:
            warn("Baggage above 64 items or 8 KiB does not fit into headers: it is not passed on")
            continue
        size, count = size + needed, count + 1
        yield name, quoted
