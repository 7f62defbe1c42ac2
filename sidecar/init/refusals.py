"""What the spec's own reader refuses of proposed services: it is left out, with a finding."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.existing.compose.traced import Untraced, untraced
from sidecar.init.document import document
from sidecar.rules import composefiles
from sidecar.spec.load import load
from sidecar.spec.sources import SpecError

if TYPE_CHECKING:
    from sidecar.errors import SidecarError
    from sidecar.existing.compose.records import ComposeService
    from sidecar.findings import Finding

    Pair = tuple[ComposeService, dict[str, Any]]
    """A service, and its data in the spec."""

_REFUSED = re.compile(r": services\[(\d+)\](?:\.(\w+))?(?:\.(\w+)|\[(\d+)\])?")
_ESSENTIAL = ("", "name", "image", "build")
"""A service cannot do without these; the empty text is the service itself."""
_KEYS = {"publish": "ports", "env_files": "env_file", "health": "healthcheck"}
"""Field of a spec → key of the Compose file, where the two differ."""
_ROUNDS = 50
"""The reader may find the next error only after the first one is removed."""


@dataclass(frozen=True)
class _Refusal:
    index: int
    field: str
    part: str
    error: SidecarError


def without_refused(
    pairs: list[Pair],
) -> tuple[list[dict[str, Any]], list[Finding], list[Untraced]]:
    """Return the services as the reader accepts them, findings, and the services it refuses."""
    findings: list[Finding] = []
    left: list[Untraced] = []
    for _ in range(_ROUNDS):
        refusals = _refusals([data for _, data in pairs])
        if not refusals:
            break
        for refusal in reversed(refusals):  # from the end, so that indexes before it still hold
            service, data = pairs[refusal.index]
            if refusal.field in _ESSENTIAL:
                why = f"{refusal.field or 'service'}: {refusal.error.cause}"
                left.append(untraced(service, why))
                data.clear()
            elif data:
                _remove(data, refusal)
                findings.append(_finding(service, refusal))
        pairs = [pair for pair in pairs if pair[1]]
    return [data for _, data in pairs], findings[::-1], left


def check(text: str) -> None:
    """Raise SpecError with all errors that the spec's reader finds in a text."""
    with tempfile.TemporaryDirectory(prefix="sidecar-init-") as scratch:
        path = Path(scratch) / "sidecar.yaml"
        path.write_text(text, encoding="utf-8")
        load([path])


def compose_place(service: ComposeService, field: str) -> str:
    """Return where a field of the spec comes from in the Compose file."""
    return service.place_of(_KEYS.get(field, field))


def _refusals(services: list[dict[str, Any]]) -> list[_Refusal]:
    if not services:
        return []
    try:
        check(document({"region": "local", "services": services}, ""))
    except SpecError as refused:
        found = [_refusal(error) for error in refused.errors]
        if not all(found):
            raise
        return [refusal for refusal in found if refusal]
    return []


def _refusal(error: SidecarError) -> _Refusal | None:
    match = _REFUSED.search(error.subject)
    if match is None:
        return None
    return _Refusal(int(match[1]), match[2] or "", match[3] or match[4] or "", error)


def _finding(service: ComposeService, refusal: _Refusal) -> Finding:
    part = f".{refusal.part}" if refusal.part and not refusal.part.isdigit() else ""
    cause = f"{refusal.field}{part}: {refusal.error.cause}; not taken over"
    place = compose_place(service, refusal.field)
    return composefiles.NOT_TAKEN_OVER.finding(service.name, place, cause, refusal.error.fix)


def _remove(data: dict[str, Any], refusal: _Refusal) -> None:
    """Remove the refused part of a field, or the field where no valid value would be left."""
    value, part = data.get(refusal.field), refusal.part
    if isinstance(value, dict) and part in value and len(value) > 1:
        del value[part]
    elif isinstance(value, list) and _is_optional_item(value, refusal):
        del value[int(part)]
    else:
        data.pop(refusal.field, None)


def _is_optional_item(items: list[Any], refusal: _Refusal) -> bool:
    """Tell whether a list makes sense without the refused item; a command does not."""
    if refusal.field == "command" or not refusal.part.isdigit():
        return False
    return int(refusal.part) < len(items) > 1
