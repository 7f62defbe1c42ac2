"""The search form of the page: what is typed into it, as a query."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sidecar.stand_in.show.search import TraceQuery, read_query

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMITS = (50, 200, 2000)
LOOKBACKS = {"": "any time", "5m": "5 minutes", "1h": "1 hour", "1d": "1 day"}
ORDERS = {"": "newest first", "longest": "longest first"}
_NAMES = ("service", "operation", "tag", "minDuration", "maxDuration", "lookback")
_ERROR = ("error", "true")


@dataclass(frozen=True)
class Form:
    """The fields as typed; names are those of Jaeger's search where it has them."""

    service: str = ""
    operation: str = ""
    tag: str = ""
    minDuration: str = ""  # noqa: N815 - the name of the field
    maxDuration: str = ""  # noqa: N815
    lookback: str = ""
    errors: bool = False
    limit: int = LIMITS[0]
    order: str = ""

    @property
    def empty(self) -> bool:
        """Whether it asks for nothing but the newest traces."""
        return replace(self, limit=LIMITS[0], order="") == Form()

    @property
    def title(self) -> str:
        """What the list of traces is."""
        if not self.empty:
            return "Traces found"
        return "Longest traces" if self.order else "Latest traces"

    def query(self, now: float) -> TraceQuery:
        """Return the query; `now` is in µs. Raises ValueError."""
        typed = {name: getattr(self, name).strip() for name in _NAMES}
        tags = _tags(typed.pop("tag"))
        query = read_query({name: text for name, text in typed.items() if text}, (), now)
        # the longest may be anywhere among the newest
        limit = LIMITS[-1] if self.order else self.limit
        return replace(query, tags=(*tags, _ERROR) if self.errors else tags, limit=limit)


def read_form(fields: Mapping[str, str]) -> Form:
    """Return the form of a request; a choice that the form does not offer is its first."""
    typed = {name: fields.get(name, "") for name in _NAMES}
    limit = fields.get("limit", "")
    chosen = [choice for choice in LIMITS if str(choice) == limit]
    return Form(
        **typed,
        errors=bool(fields.get("errors")),
        limit=chosen[0] if chosen else LIMITS[0],
        order=fields.get("order", "") if fields.get("order", "") in ORDERS else "",
    )


def _tags(text: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs in `key=value` or `key:value`; quotes hold a value together."""
    try:
        words = shlex.split(text)
    except ValueError:
        raise ValueError("tags: a quotation mark is not closed") from None
    pairs = [word.partition("=" if "=" in word else ":") for word in words]
    if not all(key and sign for key, sign, _ in pairs):
        raise ValueError("tags: write key=value, several with spaces between them")
    return tuple((key, value) for key, _, value in pairs)
