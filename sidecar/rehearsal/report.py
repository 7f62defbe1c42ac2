"""Shows a rehearsal: as text for people, as JSON for programs."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

from sidecar.console import colour, table, width, wrapped
from sidecar.verify import report as proofs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sidecar.rehearsal.faults import Fault
    from sidecar.rehearsal.ledger import Ledger
    from sidecar.rehearsal.run import Rehearsal, Rehearsed

_HEAD = ("FAULT", "NOTICED BY", "SENT", "ARRIVED", "COUNTED AS LOST", "RECOVERY", "RESULT")

_INDENT = max(len(name) for name in _HEAD) + 4
"""Of the values in a block of a narrow table."""


def as_json(rehearsal: Rehearsal) -> str:
    """Return the rehearsal as JSON."""
    return json.dumps(rehearsal.as_dict(), indent=2)


def as_text(rehearsal: Rehearsal, columns: int | None = None) -> str:
    """Return a table of the faults, what is wrong, and the verdict."""
    columns = columns or width()
    if not rehearsal.faults:
        return f"{proofs.as_text(rehearsal.proof, columns)}\n\n{_not_proven(columns)}"
    rows = [_row(one) for one in rehearsal.faults]
    lines = [
        proofs.painted(_fitted(line, columns)) for line in table(_HEAD, rows, columns).splitlines()
    ]
    return "\n".join([*lines, "", *_verdict(rehearsal, columns)])


def _not_proven(columns: int) -> str:
    text = "not rehearsed: the deployment is not proven without a fault, see above"
    return colour(wrapped(text, columns), "error")


def _row(one: Rehearsed) -> tuple[str, ...]:
    hop, ledger = one.noticed, one.ledger
    recovery = "none" if one.recovery is None else f"{one.recovery:.1f} s"
    return (
        one.fault.name,
        f"{hop.hop} [{hop.id}]" if hop else "-",
        str(ledger.sent),
        str(ledger.arrived),
        _lost(ledger),
        recovery,
        "FAIL" if one.problem else "ok",
    )


def _lost(ledger: Ledger) -> str:
    about = "" if ledger.exact else "about "
    parts = [f"{about}{count} {place}" for place, count in ledger.lost.items()]
    if ledger.surplus:
        parts.append(f"{ledger.surplus} of them arrived or are not marked")
    return ", ".join(parts) or "-"


def _fitted(line: str, columns: int) -> str:
    """Return a line of a block folded at the terminal's width, below its value."""
    if len(line) <= columns:
        return line
    return textwrap.fill(
        line,
        columns,
        subsequent_indent=" " * _INDENT,
        replace_whitespace=False,
        drop_whitespace=True,
    )


def _verdict(rehearsal: Rehearsal, columns: int) -> Iterator[str]:
    for one in rehearsal.faults:
        if problem := one.problem:
            text = f"{one.fault.name}: {problem.cause} [{problem.rule.id}]"
            yield colour(wrapped(text, columns), "error")
            yield wrapped(problem.fix, columns, "  ")
    if not rehearsal.proof.ok:
        yield proofs.as_text(rehearsal.proof, columns)
    if rehearsal.ok:
        count = len(rehearsal.faults)
        faults = "1 fault" if count == 1 else f"{count} faults"
        text = f"rehearsed: {faults}; every span arrived or is counted as lost"
        yield colour(wrapped(text, columns), "ok")
    else:
        yield colour("failed: see above", "error")


def list_text(faults: Sequence[Fault], columns: int | None = None) -> str:
    """Return the faults with what each does."""
    return table(("FAULT", "WHAT HAPPENS"), [(one.name, one.what) for one in faults], columns)


def list_json(faults: Sequence[Fault]) -> str:
    """Return the faults as JSON."""
    return json.dumps([{"fault": one.name, "what": one.what} for one in faults], indent=2)
