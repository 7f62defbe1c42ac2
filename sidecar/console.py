"""Output on a terminal: tables that fit its width, findings, colour that respects NO_COLOR."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sidecar.rules.recognition import mask

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TextIO

    from sidecar.findings import Finding

_COLOURS = {"ok": "32", "warning": "33", "error": "31", "dim": "2", "bold": "1"}


def colour(text: str, style: str, stream: TextIO | None = None) -> str:
    """Return the text in a style: ok, warning, error, dim or bold.

    It is unchanged where the stream (default: standard output) is not a terminal with colours.
    """
    unwanted = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if unwanted or not (stream or sys.stdout).isatty():
        return text
    return f"\x1b[{_COLOURS[style]}m{text}\x1b[0m"


def findings_text(
    findings: Iterable[Finding], ignored: int = 0, stream: TextIO | None = None
) -> str:
    """Return one line per finding, its id last, and how many were ignored, if any.

    It has the colours of the stream (default: standard output), and is empty without findings.
    """
    lines = []
    for finding in findings:
        severity = colour(finding.severity.value, finding.severity.value, stream)
        rule = f" {colour(f'[{finding.id}]', 'dim', stream)}" if finding.id else ""
        lines.append(f"{severity}: {_masked(finding)}{rule}")
    if ignored:
        lines.append(f"{ignored} ignored")
    return "\n".join(lines)


def say(text: str, by: str = "sidecar") -> None:
    """Print a line to standard error immediately: what follows may take a while."""
    print(f"{by}: {text}", file=sys.stderr, flush=True)


def findings_data(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return findings as JSON-ready data, without what looks like a token."""
    return [_masked(finding).as_dict() for finding in findings]


def _masked(finding: Finding) -> Finding:
    """Return a finding without what looks like a token: a subject or path may be one."""
    return replace(
        finding,
        subject=mask(finding.subject),
        place=mask(finding.place),
        cause=mask(finding.cause),
        fix=mask(finding.fix),
    )


def masked(data: Any) -> Any:  # noqa: ANN401 - JSON-ready data
    """Return JSON-ready data without what looks like a token in its texts and keys."""
    if isinstance(data, dict):
        return {masked(key): masked(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [masked(value) for value in data]
    return mask(data) if isinstance(data, str) else data


def width() -> int:
    """Return the columns of the terminal; 200 if there is none, so that pipes get whole lines."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 200


def wrapped(text: str, columns: int, indent: str = "", further: str = "  ") -> str:
    """Return a text folded at a width; `indent` begins its first line, `further` the others."""
    return textwrap.fill(
        text,
        columns,
        initial_indent=indent,
        subsequent_indent=further,
        break_on_hyphens=False,
        break_long_words=False,
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], columns: int | None = None) -> str:
    """Return aligned columns, or one block per row where the terminal is too narrow for them."""
    widths = [max(_cells(row[i]) for row in (head, *rows)) for i in range(len(head))]
    if sum(widths) + 2 * (len(widths) - 1) > (columns or width()):
        return "\n".join(_block(head, row) for row in rows)
    return "\n".join(_line(row, widths) for row in (head, *rows))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (size - _cells(cell)) for cell, size in zip(row, widths, strict=True))
    return "  ".join(padded).rstrip()


def _cells(text: str) -> int:
    """Return how many columns a text takes: two for a wide (Chinese, Japanese) character."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _block(head: Sequence[str], row: Sequence[str]) -> str:
    label = max(len(name) for name in head)
    rest = "\n".join(
        f"  {name.lower().ljust(label)}  {cell}"
        for name, cell in zip(head[1:], row[1:], strict=True)
    )
    return f"{row[0]}\n{rest}"
