"""Runs the matrix of servers and ends, and writes it as a page: `make matrix`."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

from agent_process import AgentProcess, StandInProcess, write_token
from programs import find_program

from servers.catalogue import ROWS
from servers.running import COUNT, RealAgent, run

PAGE = Path("docs/servers.md")
TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
HEAD = f"""# Do all spans arrive when a server stops?

Each row is a server on Linux that runs one traced service (tests/servers/service.py). It gets
{COUNT} requests, tasks or calls, one after another, and is then stopped as the column "end" shows.
"Received" is the number of spans that a real jaeger-agent 1.62.0 received and passed on to the
stand-in. Nothing in the service closes its tracer. "Stock" is jaeger-client 4.8.0. `make matrix`
writes this page.

| server | end | answered | received | stock: answered | stock: received |
|---|---|---|---|---|---|
"""
TAIL = """
uWSGI runs no exit hook in a worker that is busy when it is stopped, nor in its gevent mode. So
under uWSGI, `finish` sends a span immediately, up to 50 at once and 10 a second in each worker.
Above that, spans wait for a full packet, at most for 0.1 s; those that wait in a busy worker are
lost. "In a request": the last request has finished its span but still runs; it counts as answered.
Spans are sent in the same way under the reloaders of `flask run --debug` and Django's `runserver`,
which kill the serving process with SIGKILL.

"failed": the server did not answer, or did not stop in time. gunicorn's control socket is off: all
servers of a user share one, and its thread sometimes delays the exit of a server with greenlets,
with the stock client, too.

There can be more spans than answers: when a server replaces a worker, it may drop a connection
after the request has run, and the client asks again.

gunicorn 27 no longer has an eventlet worker, so `eventlet.wsgi` is tried instead.

Some servers miss a signal that comes while they start, even without a tracer. granian passes it to
a worker that still imports its service, and waits for this worker for ever:
`--workers-kill-timeout` ends the wait. cheroot, at SIGINT, leaves the threads running that it has
started so far. A traced import takes longer, so this can happen for a longer time.

`uvicorn --workers` keeps running after SIGQUIT, even without a tracer: send SIGTERM.

Not in the table: SIGKILL and a crash of the interpreter, after which no process can send. With
`--graceful-timeout 0`, gunicorn sends SIGKILL to its workers right after SIGTERM: of 25 spans, 17
to 20 arrived, and 25 with 1 s. Windows and macOS were not tried.
"""


def main() -> int:
    """Run the rows whose name contains a word; without words, run all and write the page."""
    parser = argparse.ArgumentParser(prog="make matrix", description=__doc__)
    parser.add_argument("words", nargs="*", help="parts of servers' names")
    args = parser.parse_args()
    rows = [row for row in ROWS if not args.words or any(word in row.name for word in args.words)]
    if absent := [row.name for row in rows if not row.can_run]:
        print(f"not run: {', '.join(absent)}: {LACK}", file=sys.stderr)
        rows = [row for row in rows if row.can_run]
    lines, lost = [], []
    _take_signals()
    with _agent() as agent:
        for row in rows:
            line, is_complete = _line(row, agent)
            print(line, flush=True)
            lines.append(line)
            lost += [] if is_complete else [row.name]
    if not args.words and not absent:
        PAGE.write_text(HEAD + "\n".join(lines) + "\n" + TAIL, encoding="utf-8")
    print(f"not complete: {', '.join(lost) or 'none'}", file=sys.stderr)
    return 1 if lost or absent else 0


def _take_signals():
    """Give servers the default action of SIGINT and SIGQUIT, which a background job ignores."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


LACK = "needs root, and pip install -r tests/servers/requirements.txt"


@contextmanager
def _agent():
    """Start a real agent and the stand-in that it reports to."""
    binary = find_program("jaeger-agent")
    if binary is None:
        sys.exit("make matrix: jaeger-agent is not on PATH: put jaeger-agent 1.62.0 there")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        token = write_token(Path(folder) / "token.yaml", TOKEN)
        gateway = StandInProcess(stack, token)
        yield AgentProcess(stack, binary, Path(folder) / "log", token, gateway.grpc)


def _line(row, agent):
    found = []
    for library in ("sidecar_tracing", "jaeger_client"):
        with tempfile.TemporaryDirectory() as folder:
            try:
                outcome = run(row, library, Path(folder), RealAgent(agent))
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
