"""Runs the matrix of servers and ends, and writes it as a page: `make matrix`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from servers.catalogue import ROWS
from servers.running import COUNT, run

PAGE = Path("docs/servers.md")
HEAD = f"""# Servers and their ends

Do the spans arrive, whatever serves and however it ends? Each row is a server of its own, on Linux,
with one traced service (tests/servers/service.py): {COUNT} requests, tasks or calls at once, then
the end, and the spans that a UDP listener on loopback has received. Nothing in the service closes
its tracer. Stock is jaeger-client 4.8.0. `make matrix` writes this page.

| server | end | answered | received | stock: answered | stock: received |
|---|---|---|---|---|---|
"""
TAIL = """
uWSGI runs no exit hook in its gevent mode, so there a span waits for others for 5 ms only: what is
finished in the last 5 ms before its end may be lost.

Not in the table: SIGKILL and a crash of the interpreter, after which no process can send. Windows
and macOS were not tried.
"""


def main() -> int:
    """Run the rows whose name contains a word; without words, run all and write the page."""
    parser = argparse.ArgumentParser(prog="make matrix", description=__doc__)
    parser.add_argument("words", nargs="*", help="parts of servers' names")
    args = parser.parse_args()
    lines, lost = [], []
    for row in ROWS:
        if args.words and not any(word in row.name for word in args.words):
            continue
        line, is_complete = _line(row)
        print(line, flush=True)
        lines.append(line)
        lost += [] if is_complete else [row.name]
    if not args.words:
        PAGE.write_text(HEAD + "\n".join(lines) + "\n" + TAIL, encoding="utf-8")
    print(f"not complete: {', '.join(lost) or 'none'}", file=sys.stderr)
    return 1 if lost else 0


def _line(row):
    if not row.can_run:
        return f"| {row.name} | {row.end} | not installed | | | |", True
    found = []
    for library in ("sidecar_tracing", "jaeger_client"):
        with tempfile.TemporaryDirectory() as folder:
            try:
                outcome = run(row, library, Path(folder))
            except (AssertionError, OSError, subprocess.SubprocessError) as error:
                print(f"{row.name}, {library}: {error!r}", file=sys.stderr)
                found += [None]
            else:
                found += [outcome]
    ours = found[0]
    cells = [f"{one.answered} | {one.received}" if one else "failed |" for one in found]
    return f"| {row.name} | {row.end} | {' | '.join(cells)} |", bool(ours and ours.is_complete)


if __name__ == "__main__":
    sys.exit(main())
