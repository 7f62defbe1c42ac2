"""What the spec's own reader accepts of proposed services: the rest is taken out, and said with the reader's words."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.findings import Finding, Severity
from sidecar.init.candidates import LeftAlone, left_alone
from sidecar.init.document import document
from sidecar.spec.load import load
from sidecar.spec.values import SpecError

if TYPE_CHECKING:
    from sidecar.errors import SidecarError
    from sidecar.existing.compose.records import ComposeService

    Pair = tuple[ComposeService, dict[str, Any]]

_REFUSED = re.compile(r": services\[(\d+)\](?:\.(\w+))?(?:\.(\w+)|\[(\d+)\])?")
_ESSENTIAL = ("", "name", "image", "build")
_ROUNDS = 50
"""A reader may find the next error only when the first is gone."""


@dataclass(frozen=True)
class _Refusal:
    index: int
    field: str
    part: str
    error: SidecarError


def accepted(pairs: list[Pair]) -> tuple[list[dict[str, Any]], list[Finding], list[LeftAlone]]:
    """Return the services as the reader takes them, what it refused of them, and those that it refused."""
    findings: list[Finding] = []
    left: list[LeftAlone] = []
    for _ in range(_ROUNDS):
        refusals = _refusals([data for _, data in pairs])
        if not refusals:
            break
        for refusal in reversed(refusals):  # from the end: positions before it stay as they are
            service, data = pairs[refusal.index]
            if refusal.field in _ESSENTIAL:
                left.append(
                    left_alone(service, f"{refusal.field or 'service'}: {refusal.error.cause}")
                )
                data.clear()
            elif data:
                _take_out(data, refusal)
                findings.append(_finding(service, refusal))
        pairs = [pair for pair in pairs if pair[1]]
    return [data for _, data in pairs], findings[::-1], left


def check(text: str) -> None:
    """Raise SpecError with all that the spec's reader says against a text."""
    with tempfile.TemporaryDirectory(prefix="sidecar-init-") as scratch:
        path = Path(scratch) / "sidecar.yaml"
        path.write_text(text, encoding="utf-8")
        load([path])


def _refusals(services: list[dict[str, Any]]) -> list[_Refusal]:
    if not services:
        return []
    try:
        check(document({"region": "local", "services": services}, ""))
    except SpecError as refused:
        found = [(_REFUSED.search(error.subject), error) for error in refused.errors]
        if not all(match for match, _ in found):
            raise
        return [
            _Refusal(int(one[1]), one[2] or "", one[3] or one[4] or "", error)
            for one, error in found
            if one
        ]
    return []


def _finding(service: ComposeService, refusal: _Refusal) -> Finding:
    part = f".{refusal.part}" if refusal.part and not refusal.part.isdigit() else ""
    cause = f"{refusal.field}{part}: {refusal.error.cause}; left out"
    place = service.place_of(
        {"publish": "ports", "env_files": "env_file"}.get(refusal.field, refusal.field)
    )
    return Finding(Severity.WARNING, service.name, place, cause, refusal.error.fix)


def _take_out(data: dict[str, Any], refusal: _Refusal) -> None:
    value = data.get(refusal.field)
    if isinstance(value, dict) and refusal.part in value and len(value) > 1:
        del value[refusal.part]
    elif (
        isinstance(value, list)
        and refusal.part.isdigit()
        and int(refusal.part) < len(value) > 1
        and refusal.field != "command"
    ):
        del value[int(refusal.part)]
    else:
        data.pop(refusal.field, None)
