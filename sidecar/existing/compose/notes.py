"""Warnings about a service, and what a step of translation returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.findings import Finding, Severity

if TYPE_CHECKING:
    from sidecar.existing.compose.records import ComposeService

Step = tuple[dict[str, Any], list[Finding]]
"""Fields of a service of the spec, and what is not taken over."""


def warning(service: ComposeService, place: str, cause: str, fix: str) -> Finding:
    """Return a warning about a service."""
    return Finding(Severity.WARNING, service.name, place, cause, fix)
